"""Finding and reading files that ship with the service: the content folder and the terminology. The one place for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from pathlib import Path

from service import compiled
from service.apart import done_apart
from service.collector import paused
from service.contentfiles import PACKAGED, NoContent, bytes_of, content_at, content_files, site_at, site_files, texts_of
from service.facts.vocabulary import VOCABULARY
from service.record.terminology import Terminology
from service.rules.load import load_content
from service.rules.packing import Unreadable, packed, unpacked
from service.rules.rule import Content

__all__ = ["PACKAGED", "NoContent", "content_files", "forget", "read_content", "read_terminology", "site_files"]


def read_content(folder: Path | None = None, site: Path | None = None, cache: Path | None = None) -> Content:
    """The checked content.

    Args:
        folder: the content folder; the packaged one where none is given.
        site: folder of a site, which adds to the content and changes it as its ``site.yaml`` says.
        cache: folder where checked content is kept in a form that is quick to read, and is looked for; None for nowhere.

    Raises:
        NoContent: no such folder, or a file in it that is no text.
        service.rules.load.ContentProblems: everything that is wrong with it.
    """
    if folder is None and site is None:
        return _packaged(cache)
    return _read(folder, site, cache)


@lru_cache(maxsize=1)
def _packaged(cache: Path | None) -> Content:
    """What ships with the service: read once, since that takes seconds, until `forget`."""
    return _read(None, None, cache)


def _read(folder: Path | None, site: Path | None, cache: Path | None) -> Content:
    with paused():
        if cache is None:
            return _Texts(folder, site).load()
        own = _hashed(bytes_of(site_at(site))) if site is not None else None
        key = compiled.key_of(_hashed(bytes_of(content_at(folder))), own)
        found = compiled.read(cache, key) if key is not None else None
        return found or _Texts(folder, site).load_apart(cache)


def compile_content(folder: Path | None, site: Path | None, cache: Path) -> tuple[Content, Path | None]:
    """Check content and keep it in ``cache``, whether or not it is there; None: Allcue's code cannot be seen.

    Raises:
        NoContent, service.rules.load.ContentProblems: as `read_content`; nothing is written.
        OSError: it cannot be written.
    """
    with paused():
        texts = _Texts(folder, site)
        found, key = texts.load(), texts.key
        return found, compiled.write(cache, key, found) if key is not None else None


class _Texts:
    """Texts of content, read once: the name under which they are kept compiled is that of these very bytes."""

    def __init__(self, folder: Path | None, site: Path | None):
        found = list(bytes_of(content_at(folder)))
        own = list(bytes_of(site_at(site))) if site is not None else None
        self.key = compiled.key_of(_hashed(found), _hashed(own) if own is not None else None)
        self._files, self._site = texts_of(found), texts_of(own) if own is not None else None

    def load(self) -> Content:
        return load_content(self._files, VOCABULARY, self._site)

    def load_apart(self, cache: Path) -> Content:
        """Load without what loading takes, which would stay with a process that serves; keep it compiled."""
        data = done_apart(lambda: packed(self.load()))
        try:
            found: Content = unpacked(data or b"")
        except Unreadable:
            found = self.load()  # if there are problems, they are told here
        if self.key is not None:
            compiled.keep(cache, self.key, found)
        return found


def _hashed(files: Iterable[tuple[str, Path, bytes]]) -> list[tuple[str, bytes]]:
    return [(path, hashlib.sha256(data).digest()) for path, _, data in files]


def forget() -> None:
    """Have the shipped content read anew when it is asked for next."""
    _packaged.cache_clear()


@lru_cache(maxsize=1)
def read_terminology() -> Terminology:
    """The terminology that ships with the service."""
    data = resources.files("service.record") / "data" / "terminology.json"
    return Terminology.from_json(data.read_text(encoding="utf-8"))
