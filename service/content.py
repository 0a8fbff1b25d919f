"""Finding and reading files that ship with the service: the content folder and the terminology. The one place for it."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path

from service.facts.vocabulary import VOCABULARY
from service.record.terminology import Terminology
from service.rules.load import load_content
from service.rules.rule import Content

# `cards/` has no Python and lies beside the package, in a checkout as in an installed wheel.
PACKAGED = Path(__file__).resolve().parents[1] / "cards"
_KINDS = (".yaml", ".md")
_DOCS = frozenset({"README.md"})


class NoContent(ValueError):
    """The folder that should hold the content is not there, or holds a file that is no text."""


def content_files(folder: Path | None = None) -> dict[str, str]:
    """Texts of the content folder by relative path; the packaged folder where none is given.

    Raises:
        NoContent: no such folder, or a file in it that is no text.
    """
    root = folder if folder is not None else PACKAGED
    if not root.is_dir():
        raise NoContent(
            f"{root} is not a folder. Allowed: a folder with sources/, rules/, tables/, wording/, policy.yaml."
        )
    return dict(_walk(root, "", _KINDS))


def site_files(folder: Path) -> dict[str, str]:
    """Texts of a site's own folder by relative path, with those whose name ends almost right.

    Raises:
        NoContent: no such folder, or a file in it that is no text.
    """
    if not folder.is_dir():
        raise NoContent(f"{folder} is not a folder. Allowed: the folder of a site, with site.yaml.")
    return dict(_walk(folder, "", (*_KINDS, ".yml")))


def _walk(folder: Path, prefix: str, kinds: tuple[str, ...]) -> list[tuple[str, str]]:
    found = []
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{prefix}{item.name}"
        if item.is_dir() and not item.name.startswith((".", "_")):
            found += _walk(item, f"{path}/", kinds)
        elif item.name.endswith(kinds) and not item.name.startswith(".") and item.name not in _DOCS:
            found.append((path, _text(item)))
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise NoContent(f"{file} is not UTF-8 text: byte {error.start + 1} cannot be read. Save it as UTF-8.") from None


def read_content(folder: Path | None = None, site: Path | None = None) -> Content:
    """The checked content.

    Args:
        folder: the content folder; the packaged one where none is given.
        site: folder of a site, which adds to the content and changes it as its ``site.yaml`` says.

    Raises:
        NoContent: no such folder, or a file in it that is no text.
        service.rules.load.ContentProblems: everything that is wrong with it.
    """
    if folder is None and site is None:
        return _packaged()
    return load_content(content_files(folder), VOCABULARY, site_files(site) if site is not None else None)


@lru_cache(maxsize=1)
def _packaged() -> Content:
    """What ships with the service: read once, since that takes seconds, until `forget`."""
    return load_content(content_files(), VOCABULARY)


def forget() -> None:
    """Have the shipped content read anew when it is asked for next."""
    _packaged.cache_clear()


@lru_cache(maxsize=1)
def read_terminology() -> Terminology:
    """The terminology that ships with the service."""
    data = resources.files("service.record") / "data" / "terminology.json"
    return Terminology.from_json(data.read_text(encoding="utf-8"))
