"""What is shared by patients, and what holds for some of them wherever they are met: kept in one SQLite file, read by key.

Medications and the like by reference; references that were deleted; patients who were merged into others.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from service.population.running.owners import shared_links

_TABLES = """
CREATE TABLE shared (reference TEXT PRIMARY KEY, raw BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE deleted (reference TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE merged (old TEXT PRIMARY KEY, new TEXT NOT NULL) WITHOUT ROWID;
"""
_DEEP = 3  # a mixture of Medications that are mixtures; more is a loop


def left_of(merged: Mapping[str, str], patient: str) -> str:
    """The patient that is left of one who was merged, however often; the same one otherwise.

    Of patients who are said to be merged in a circle the first by id is left, so that none is lost.
    """
    path = [patient]
    while (after := merged.get(path[-1])) is not None:
        if after in path:
            return min(path[path.index(after) :])
        path.append(after)
    return path[-1]


class SharedWriter:
    """Makes the file; there only when `finish` was called."""

    def __init__(self, file: Path):
        self._file = file
        self._beside = file.with_name(f".{file.name}.part")
        self._beside.unlink(missing_ok=True)
        self._db = sqlite3.connect(self._beside)
        self._db.executescript(_TABLES)

    def add(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Shared resources by reference; a later one replaces an earlier."""
        self._db.executemany("INSERT OR REPLACE INTO shared VALUES (?, ?)", rows)

    def delete(self, references: Iterable[str]) -> None:
        """References that were deleted in the source."""
        self._db.executemany("INSERT OR IGNORE INTO deleted VALUES (?)", ((reference,) for reference in references))

    def merge(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Patients who were merged into another."""
        self._db.executemany("INSERT OR REPLACE INTO merged VALUES (?, ?)", pairs)

    def finish(self) -> None:
        """Put the file in place."""
        self._db.commit()
        self._db.close()
        self._beside.replace(self._file)


class Shared:
    """Reads the file."""

    def __init__(self, file: Path):
        self._db = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        self._resource = lru_cache(maxsize=4096)(self._read)
        self.has_deleted = self._db.execute("SELECT 1 FROM deleted LIMIT 1").fetchone() is not None
        self.merged: dict[str, str] = dict(self._db.execute("SELECT old, new FROM merged"))

    def resources(self, own: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The shared resources that some resources of a patient refer to, with those that these refer to; each once."""
        seen: set[str] = set()
        waiting = deque((link, 0) for resource in own for link in shared_links(resource))
        while waiting:
            link, depth = waiting.popleft()
            if link in seen:
                continue
            seen.add(link)
            found = self._resource(link)
            if found is not None:
                yield found
                if depth < _DEEP:
                    waiting.extend((more, depth + 1) for more in shared_links(found))

    def is_deleted(self, reference: str) -> bool:
        """Whether a resource was deleted in the source."""
        found = self._db.execute("SELECT 1 FROM deleted WHERE reference = ?", (reference,)).fetchone()
        return found is not None

    def left(self, patient: str) -> str:
        """The patient that is left of one who was merged, however often; the same one otherwise."""
        return left_of(self.merged, patient)

    def _read(self, reference: str) -> dict[str, Any] | None:
        row = self._db.execute("SELECT raw FROM shared WHERE reference = ?", (reference,)).fetchone()
        return orjson.loads(row[0]) if row is not None else None
