"""Files of a finished export, one after the other, each whole or not there (Bulk Data Access 2.0, "Output File Request")."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from pathlib import Path

from service.population.bulk.journal import PRIVATE, File
from service.population.bulk.manifest import Item
from service.population.bulk.problems import ExportProblem, LinkExpired, Passing, Refused, issues
from service.population.bulk.wire import Wire, shown, unpacked

_FOLDERS = {"output": "", "error": "errors/", "deleted": "deleted/"}
_GONE = frozenset({403, 404, 410})  # 403: what a link that was signed for some time answers later


def files_of(items: tuple[Item, ...]) -> list[File]:
    """Names for the files of a manifest: ``Observation.0001.ndjson``; those of errors and deletions in folders."""
    numbers: Counter[tuple[str, str]] = Counter()
    found = []
    for item in items:
        numbers[item.kind, item.type] += 1
        name = f"{_FOLDERS[item.kind]}{item.type}.{numbers[item.kind, item.type]:04d}.ndjson"
        found.append(File(kind=item.kind, type=item.type, name=name, url=item.url, count=item.count))
    return found


def fetch(wire: Wire, folder: Path, file: File, token: bool, expires: str | None) -> File:
    """Fetch a file; it bears its name only when it is whole.

    Returns the file with its size, digest and number of resources.

    Raises:
        LinkExpired: the server has it no more.
        ExportProblem: it did not come whole, several times.
    """
    target = folder / file.name
    part = target.with_name(f".{target.name}.part")
    url = file.url or ""
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        done = wire.persist(lambda: _once(wire, url, part, file, token))
        part.replace(target)
    except Refused as error:
        if error.status not in _GONE:
            raise
        until = f" The server kept the files until {expires}." if expires else ""
        raise LinkExpired(
            f"{file.name}: {error}. Its link has expired or was withdrawn.{until} Start a new export with --restart"
        ) from None
    except OSError as error:
        raise ExportProblem(f"{target} cannot be written ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)
    return done


def _once(wire: Wire, url: str, part: Path, file: File, token: bool) -> File:
    digest, size, count, tail = hashlib.sha256(), 0, 0, bytearray()
    headers = {"Accept": "application/fhir+ndjson"}
    with (
        wire.open("GET", url, headers, token=token) as answer,
        open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb") as out,
    ):
        for piece in unpacked(answer):
            out.write(piece)
            digest.update(piece)
            size += len(piece)
            lines, end, rest = piece.rpartition(b"\n")
            if end:
                count += sum(1 for line in (tail + lines).split(b"\n") if line.strip())
                tail = bytearray()
            tail += rest
        out.flush()
        os.fsync(out.fileno())
    if tail.strip():
        count += 1
        if not _is_json(tail):
            raise Passing(f"{shown(url)} ends within a resource: it is cut off")
    if file.count is not None and count < file.count:
        raise Passing(f"{shown(url)} holds {count} resources of the {file.count} that the manifest promises")
    return file.model_copy(update={"bytes": size, "sha256": digest.hexdigest(), "count": count})


def _is_json(line: bytes | bytearray) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def reported(folder: Path, files: list[File]) -> tuple[Counter[str], bool]:
    """Issues of the error files, counted by severity and code, and whether any means that data are missing.

    Raises:
        ExportProblem: a file that can no more be read.
    """
    found: Counter[str] = Counter()
    missing = False
    for file in files:
        if file.kind != "error":
            continue
        try:
            with (folder / file.name).open("rb") as lines:
                for line in lines:
                    severities = _count(line, found)
                    missing = missing or not severities <= {"information", "warning"}
        except OSError as error:
            raise ExportProblem(f"{file.name} cannot be read ({error.strerror})") from None
    return found, missing


def _count(line: bytes, found: Counter[str]) -> set[str]:
    """Severities of a line; what is no OperationOutcome counts as an error."""
    if not line.strip():
        return set()
    told = list(issues(json.loads(line))) if _is_json(line) else []
    for severity, code, _ in told:
        found[f"{severity} {code}"] += 1
    if not told:
        found["unreadable"] += 1
    return {severity for severity, _, _ in told} or {"error"}
