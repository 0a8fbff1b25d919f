"""What a run reads: the NDJSON files of a folder, and what the manifest of a Bulk Data export says about them.

FHIR Bulk Data Access 2.0, "Response - Complete Status": ``request``, ``output``, ``deleted`` and ``error`` with the type
and url of each file, ``transactionTime``. A folder without one is read by its files alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from service.population.running.parting import Parted

ENDINGS = (".ndjson", ".ndjson.gz")
MANIFESTS = ("manifest.json", "export.json")
_WORD = re.compile(r"[A-Za-z]+")
_BLOCK = 64 * 1024
_COMPRESSED = 10  # about how much smaller gzip makes FHIR


class NoInput(ValueError):
    """A folder that cannot be read; the message says why and what is allowed."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """``types``: those that were asked for; None where the request does not say. ``counts``: resources by type, where told.

    ``filtered``: types of which only some were asked for. ``since``: only what changed since then was.
    ``names``: of the output files. ``errors``: files with problems of the server. ``deleted``: files with what was deleted. ``provided``: as an export of
    ``allcue population export`` says it itself (`service.population.bulk`). ``day``: of the ``transactionTime``.
    """

    name: str
    types: frozenset[str] | None
    output: frozenset[str]
    counts: Mapping[str, int] = field(default_factory=dict)
    filtered: frozenset[str] = frozenset()
    since: str | None = None
    errors: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    provided: frozenset[str] | None = None
    day: date | None = None
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Input:
    """``files`` hold resources, ``deleted`` Bundles that delete some, ``errors`` OperationOutcomes of the server."""

    folder: Path
    files: tuple[Path, ...]
    deleted: tuple[Path, ...] = ()
    errors: tuple[Path, ...] = ()
    manifest: Manifest | None = None

    @property
    def size(self) -> int:
        """Bytes of NDJSON, about."""
        return sum(path.stat().st_size * (_COMPRESSED if path.suffix == ".gz" else 1) for path in self.files)

    def provided(self, parts: Iterable[Parted]) -> frozenset[str]:
        """The types of which "none" means none.

        Args:
            parts: what came of the files.

        What the manifest says was asked for; without one, or where the server reported errors, what came. A type of
        which only some were asked for is never one, nor one of which a file is damaged or less came than the manifest
        tells; and no type is where only changes were asked for.
        """
        every, manifest = list(parts), self.manifest
        there = came_of(every)
        came = frozenset(there)
        if manifest is None:
            asked = came
        elif manifest.since is not None:
            return frozenset()
        elif manifest.provided is not None:
            asked = manifest.provided
        elif manifest.types is not None and not (self.errors or manifest.errors):
            asked = manifest.types - manifest.filtered
        else:
            asked = came - manifest.filtered
        return asked.difference(self.lacking(every), _in_damaged(every, asked))

    def lacking(self, parts: Iterable[Parted]) -> dict[str, int | None]:
        """Types of which less came than the manifest tells, also with all that was set aside; how many it tells of."""
        every, manifest = list(parts), self.manifest
        if manifest is None:
            return {}
        came, aside = came_of(every), sum(sum(part.aside.values()) for part in every)
        found: dict[str, int | None] = {}
        for kind in sorted(manifest.output):
            told = manifest.counts.get(kind)
            if (told is None and not came[kind] and not aside) or (told is not None and came[kind] + aside < told):
                found[kind] = told
        return found

    def fingerprint(self) -> dict[str, Any]:
        """What tells whether these are still the same files: sizes, times and digests of their beginnings and ends."""
        every = sorted({*self.files, *self.deleted, *self.errors})
        paths = [*every, *([self.folder / self.manifest.name] if self.manifest else [])]
        return {self.name_of(path): _print_of(path) for path in paths}

    def name_of(self, path: Path) -> str:
        """A file as it is named in what is set aside: from the folder on."""
        return path.relative_to(self.folder).as_posix()


def came_of(parts: Iterable[Parted]) -> Counter[str]:
    """How many resources came, by type."""
    found: Counter[str] = Counter()
    for part in parts:
        found.update(part.resources)
        found.update(part.not_read)
    return found


def _in_damaged(parts: Iterable[Parted], kinds: frozenset[str]) -> frozenset[str]:
    """Which of some types may be missing with the rest of a damaged file; all where it does not tell what it held."""
    found: set[str] = set()
    for part in parts:
        if part.is_damaged:
            held = {*part.resources, *part.not_read} or kinds & set(_WORD.findall(part.name))
            if len(held) != 1:
                return kinds
            found |= held
    return kinds & found


def read_input(folder: Path) -> Input:
    """The files of a folder and of those below it.

    Raises:
        NoInput: no such folder, no NDJSON in it, or a manifest that cannot be read.
    """
    if not folder.is_dir():
        raise NoInput(f"{folder}: no such folder.")
    every = sorted(path for path in folder.rglob("*") if path.name.endswith(ENDINGS) and path.is_file())
    every = [path for path in every if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    manifest = _manifest(folder)
    of_deleted = tuple(p for p in every if _is_of(p, folder, manifest, "deleted", ("deleted",)))
    of_errors = tuple(p for p in every if _is_of(p, folder, manifest, "errors", ("error", "errors")))
    files = tuple(path for path in every if path not in of_deleted and path not in of_errors)
    if not files:
        raise NoInput(
            f"{folder}: holds no file to read. Allowed: FHIR Bulk Data, files that end in {' or '.join(ENDINGS)}."
        )
    return Input(folder, files, of_deleted, of_errors, manifest)


def _is_of(path: Path, folder: Path, manifest: Manifest | None, where: str, folders: tuple[str, ...]) -> bool:
    """Whether a file lies in a folder of its kind, or bears a name that the manifest gives to files of that kind alone."""
    if path.parent != folder and path.parent.name in folders:
        return True
    if manifest is None:
        return False
    named: frozenset[str] = getattr(manifest, where) - manifest.names
    return path.name in named or path.name.removesuffix(".gz") in named


def _manifest(folder: Path) -> Manifest | None:
    for name in MANIFESTS:
        path = folder / name
        if path.is_file():
            try:
                return manifest_of(name, json.loads(path.read_text(encoding="utf-8-sig")))
            except (OSError, ValueError) as error:
                raise NoInput(f"{path}: is no manifest of a Bulk Data export ({error}).") from None
    return None


def manifest_of(name: str, raw: Any) -> Manifest:
    """A parsed manifest.

    Raises:
        ValueError: it is none; says what is missing.
    """
    if not isinstance(raw, Mapping) or not isinstance(raw.get("output"), list):
        raise ValueError("has no list 'output'")
    rows = {
        key: [row for row in raw.get(key) or [] if isinstance(row, Mapping)] for key in ("output", "deleted", "error")
    }
    asked = parse_qsl(urlsplit(str(raw.get("request", ""))).query)
    types = {word for key, value in asked if key == "_type" for word in value.split(",") if word}
    filters = [part.split("?", 1)[0] for key, value in asked if key == "_typeFilter" for part in value.split(",")]
    since = next((value for key, value in asked if key == "_since"), None)
    counts: Counter[str] = Counter()
    for row in rows["output"]:
        if type(row.get("count")) is int:
            counts[str(row.get("type"))] += row["count"]
    output = frozenset(str(row["type"]) for row in rows["output"] if row.get("type"))
    complete = all(type(row.get("count")) is int for row in rows["output"])
    return Manifest(
        name, frozenset(types) or None, output, counts if complete else {},
        frozenset(word for word in filters if word.isalpha()), since, _names(rows["error"]), _names(rows["deleted"]),
        _provided(raw.get("extension")), _day(raw.get("transactionTime")),
        _names(rows["output"]),
    )  # fmt: skip


def _day(instant: Any) -> date | None:
    try:
        return datetime.fromisoformat(instant).date()
    except (TypeError, ValueError):
        return None


def _provided(extension: Any) -> frozenset[str] | None:
    found = extension.get("allcue-provided") if isinstance(extension, Mapping) else None
    return frozenset(word for word in found if isinstance(word, str)) if isinstance(found, list) else None


def _names(rows: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(unquote(urlsplit(str(row.get("url", ""))).path).rpartition("/")[2] for row in rows) - {""}


def _print_of(path: Path) -> list[Any]:
    status = path.stat()
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        digest.update(stream.read(_BLOCK))
        if status.st_size > _BLOCK:
            stream.seek(-min(_BLOCK, status.st_size - _BLOCK), 2)
            digest.update(stream.read())
    return [status.st_size, status.st_mtime_ns, digest.hexdigest()]
