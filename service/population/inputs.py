"""The patients of folders of FHIR Bulk Data and of Bundle files, in units that processes take one at a time.

A folder is read twice: once to part its lines by patient on disk, then patient by patient, so that memory stays flat.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, TypeAlias

from service.population.patients import Patient
from service.population.running.grouped import patients_of
from service.population.running.inputs import ENDINGS, Input, NoInput, read_input
from service.population.running.lines import spans
from service.population.running.owners import owner_of
from service.population.running.parting import SHARED_FILE, Part, aside_lines, gather, part_input
from service.population.running.parting import Parted as Came
from service.population.running.shared import Shared
from service.population.running.spill import Partitions, Spilled
from service.record.build import READ
from service.record.whose import id_of

BUNDLE = ".json"
ALLOWED = f"Allowed: a folder with {' or '.join(ENDINGS)} files, or with Bundles ({BUNDLE}); or such files."
NO_BUNDLE = "is no FHIR Bundle of one patient"
_SPAN, _PARTITION, _MOST = 128 * 1024 * 1024, 8 * 1024 * 1024, 1024  # bytes of a part, of a partition; partitions
_FILES = 50  # of Bundles in one unit
Aside: TypeAlias = Callable[[Mapping[str, Any]], None]  # told of what is not used: file, line, type, reason


@dataclass(frozen=True, slots=True)
class Parted:
    """One partition of a folder that was parted. Plain values: it is sent to other processes.

    ``names``: of each part its file and the lines before it.
    """

    work: Path
    partition: int
    parts: tuple[int, ...]
    names: Mapping[int, tuple[str, int]]
    provided: frozenset[str]


@dataclass(frozen=True, slots=True)
class Bundled:
    """Some files, each with a Bundle of one patient."""

    files: tuple[Path, ...]


Unit: TypeAlias = Parted | Bundled


def units(inputs: Sequence[Path], work: Path, aside: Aside, told: Callable[[str], None]) -> list[Unit]:
    """All units of some folders and files, in order.

    Args:
        work: folder for what is parted.
        told: what is being done, a line for people.

    Raises:
        NoInput: something that is neither a folder with patients nor a file with one.
    """
    made: list[Unit] = []
    for number, path in enumerate(inputs):
        if path.is_dir() and _holds_bundles(path):
            files = sorted(path.glob(f"*{BUNDLE}"))
            made += [Bundled(tuple(files[at : at + _FILES])) for at in range(0, len(files), _FILES)]
        elif path.is_dir():
            made += _parted(read_input(path), work / str(number), aside, told)
        elif path.name.endswith(ENDINGS):
            made += _parted(Input(path.parent, (path,)), work / str(number), aside, told)
        elif path.is_file():
            made.append(Bundled((path,)))
        else:
            raise NoInput(f"{path}: no such file or folder. {ALLOWED}")
    return made


def patients(unit: Unit, aside: Aside) -> Iterator[Patient]:
    """The patients of one unit."""
    if isinstance(unit, Parted):
        yield from _of_partition(unit, aside)
    else:
        for file in unit.files:
            yield from _of_bundle(file, aside)


def _holds_bundles(folder: Path) -> bool:
    return any(folder.glob(f"*{BUNDLE}")) and not any(path.name.endswith(ENDINGS) for path in folder.rglob("*"))


def _parted(given: Input, work: Path, aside: Aside, told: Callable[[str], None]) -> Iterator[Unit]:
    """A folder of NDJSON, parted by patient."""
    work.mkdir(parents=True)
    count = min(_MOST, max(1, ceil(given.size / _PARTITION)))
    every = [(given.name_of(file), span) for file in given.files for span in spans(file, _SPAN)]
    parts = [Part(number, name, span, work, count) for number, (name, span) in enumerate(every)]
    names: dict[int, tuple[str, int]] = {}
    lines: Counter[str] = Counter()
    came: list[Came] = []
    for part in parts:
        told(f"reading {part.name}")
        done = part_input(part)
        names[part.number] = (part.name, lines[part.name])
        for line in aside_lines(part, lines[part.name]):
            aside(json.loads(line))
        lines[part.name] += done.lines
        came.append(done)
    extra, problems = gather(parts, given.deleted, work, count)
    for reason in problems.elements():
        aside({"reason": reason})
    numbers = (*names, extra)
    for partition in range(count):
        yield Parted(work, partition, numbers, names, given.provided(came))


def _of_partition(unit: Parted, aside: Aside) -> Iterator[Patient]:
    def told(line: Spilled, kind: str, reason: str) -> None:
        name, before = unit.names[line.part]
        aside({"file": name, "line": line.number + before, **({"type": kind} if kind else {}), "reason": reason})

    partitions, shared = Partitions(unit.work, unit.parts), Shared(unit.work / SHARED_FILE)
    yield from patients_of(partitions, unit.partition, shared, unit.provided, told)


def _of_bundle(file: Path, aside: Aside) -> Iterator[Patient]:
    """The one patient of a Bundle, which is taken for the whole record: a type it does not hold was asked for and empty.

    Resources of others are left to the record, which sets them aside.
    """
    try:
        raw = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        aside({"file": file.name, "reason": f"cannot be opened: {error.strerror}"})
        return
    except (ValueError, RecursionError):
        aside({"file": file.name, "reason": "is not JSON"})
        return
    found = patient_of(raw)
    if found is None:
        aside({"file": file.name, "reason": NO_BUNDLE})
    else:
        yield found


def patient_of(raw: Any) -> Patient | None:
    """The patient of a parsed Bundle; ``None`` where it is none, or holds no patient or several."""
    if not isinstance(raw, Mapping) or raw.get("resourceType") != "Bundle":
        return None
    entries = raw.get("entry")
    rows = [row.get("resource") for row in entries if isinstance(row, Mapping)] if isinstance(entries, list) else []
    resources = tuple(row for row in rows if isinstance(row, Mapping) and isinstance(row.get("resourceType"), str))
    ids = {id_of(row) for row in resources if row["resourceType"] == "Patient"}
    if not ids:
        ids = {owner_of(row).patient or "" for row in resources}
    ids.discard("")
    return Patient(ids.pop(), resources, READ) if len(ids) == 1 else None
