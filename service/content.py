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
    """The folder that should hold the content is not there."""


def content_files(folder: Path | None = None) -> dict[str, str]:
    """Texts of the content folder by relative path; the packaged folder where none is given.

    Raises:
        NoContent: no such folder.
    """
    root = folder if folder is not None else PACKAGED
    if not root.is_dir():
        raise NoContent(
            f"{root} is not a folder. Allowed: a folder with sources/, rules/, tables/, wording/, policy.yaml."
        )
    return dict(_walk(root, ""))


def _walk(folder: Path, prefix: str) -> list[tuple[str, str]]:
    found = []
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{prefix}{item.name}"
        if item.is_dir() and not item.name.startswith((".", "_")):
            found += _walk(item, f"{path}/")
        elif item.name.endswith(_KINDS) and item.name not in _DOCS:
            found.append((path, item.read_text(encoding="utf-8")))
    return found


def read_content(folder: Path | None = None) -> Content:
    """The checked content.

    Raises:
        NoContent: no such folder.
        service.rules.load.ContentProblems: everything that is wrong with it.
    """
    return load_content(content_files(folder), VOCABULARY)


@lru_cache(maxsize=1)
def read_terminology() -> Terminology:
    """The terminology that ships with the service."""
    data = resources.files("service.record") / "data" / "terminology.json"
    return Terminology.from_json(data.read_text(encoding="utf-8"))
