"""The files of the content folder and of a site's own: where they lie, which of them count, their texts. Loads nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

# `cards/` has no Python and lies beside the package, in a checkout as in an installed wheel.
PACKAGED = Path(__file__).resolve().parents[1] / "cards"
_KINDS = (".yaml", ".md")
_DOCS = frozenset({"README.md"})


class NoContent(ValueError):
    """The folder that should hold the content is not there, or holds a file that cannot be used."""


def content_files(folder: Path | None = None) -> dict[str, str]:
    """Texts of the content folder by relative path; the packaged folder where none is given.

    Raises:
        NoContent: no such folder, or a file in it that is no text.
    """
    return texts_of(bytes_of(content_at(folder)))


def site_files(folder: Path) -> dict[str, str]:
    """Texts of a site's own folder by relative path, with those whose name ends almost right.

    Raises:
        NoContent: no such folder, or a file in it that is no text.
    """
    return texts_of(bytes_of(site_at(folder)))


def content_at(folder: Path | None) -> list[tuple[str, Path]]:
    """The files of the content folder, by relative path. Raises NoContent."""
    root = folder if folder is not None else PACKAGED
    if not root.is_dir():
        raise NoContent(
            f"{root} is not a folder. Allowed: a folder with sources/, rules/, tables/, wording/, policy.yaml."
        )
    return _walk(root, "", _KINDS)


def site_at(folder: Path) -> list[tuple[str, Path]]:
    """The files of a site's own folder, by relative path. Raises NoContent."""
    if not folder.is_dir():
        raise NoContent(f"{folder} is not a folder. Allowed: the folder of a site, with site.yaml.")
    return _walk(folder, "", (*_KINDS, ".yml"))


def _walk(folder: Path, prefix: str, kinds: tuple[str, ...]) -> list[tuple[str, Path]]:
    found = []
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{prefix}{item.name}"
        if item.is_dir() and not item.name.startswith((".", "_")):
            found += _walk(item, f"{path}/", kinds)
        elif item.name.endswith(kinds) and not item.name.startswith(".") and item.name not in _DOCS:
            found.append((path, item))
    return found


def bytes_of(files: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, Path, bytes]]:
    """The files with what they hold."""
    return ((path, file, file.read_bytes()) for path, file in files)


def texts_of(files: Iterable[tuple[str, Path, bytes]]) -> dict[str, str]:
    """Their texts by relative path. Raises NoContent for one that is no text."""
    return {path: _text(file, data) for path, file, data in files}


def _text(file: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise NoContent(f"{file} is not UTF-8 text: byte {error.start + 1} cannot be read. Save it as UTF-8.") from None
