"""The first pass of a run: each part of the input read once, its lines parted by patient, what belongs to nobody set aside."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from service.population.running.lines import DAMAGED, Line, Lines, Span
from service.population.running.owners import KEPT, SHARED, merges, owner_of
from service.population.running.shared import Shared, SharedWriter
from service.population.running.spill import Partitions, Spill, partition_of, write_whole
from service.record.whose import id_of

SHARED_FILE = "shared.sqlite"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the input, and where it is spilled to. Plain values: it is sent to another process."""

    number: int
    name: str
    span: Span
    folder: Path
    partitions: int


@dataclass(slots=True)
class Parted:
    """What came of one part. ``lines`` of the file; ``resources`` that were kept, and ``not_read``, by type; ``aside`` by reason."""

    number: int
    name: str
    lines: int = 0
    resources: Counter[str] = field(default_factory=Counter)
    not_read: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """For the journal."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of_json(cls, raw: dict[str, Any]) -> Parted:
        """From the journal."""
        counts = {name: Counter(raw[name]) for name in ("resources", "not_read", "aside")}
        return cls(raw["number"], raw["name"], raw["lines"], **counts)

    @property
    def is_damaged(self) -> bool:
        """Whether a part of the file could not be read at all."""
        return DAMAGED in self.aside


class Taking(Protocol):
    """Takes the lines of patients."""

    def add(self, patient: str, part: int, number: int, raw: bytes) -> None:
        """A line of a patient, and where it stood in the input."""
        ...


def part_input(part: Part) -> Parted:
    """Read a part and spill its lines. What it writes counts once its index stands there; a second time replaces it."""
    done = Parted(part.number, part.name)
    with Spill(part.folder, part.number, part.partitions) as spill:
        for _ in reading(part, spill, done):
            pass
        spill.finish()
    return done


def reading(part: Part, spill: Taking, done: Parted) -> Iterator[None]:
    """Read a part line by line: what is a patient's to ``spill``, all else beside it; yields after each line."""
    lines = Lines(part.span)
    pairs: dict[str, str] = {}
    with _beside(part, "shared").open("wb") as shared, _beside(part, "aside").open("w", encoding="utf-8") as aside:
        for line in lines:
            problem = _take(line, part, spill, shared, done, pairs)
            if problem is not None:
                done.aside[problem] += 1
                kind = line.resource["resourceType"] if line.resource is not None else None
                aside.write(json.dumps({"line": line.number, "type": kind, "reason": problem}) + "\n")
            yield
        for stream in (shared, aside):
            stream.flush()
            os.fsync(stream.fileno())
    done.lines = lines.count
    write_whole(_beside(part, "merged"), json.dumps(pairs))


def _take(line: Line, part: Part, spill: Taking, shared: Any, done: Parted, pairs: dict[str, str]) -> str | None:
    """Put a line where it belongs, or say why it belongs nowhere."""
    if line.resource is None:
        return line.problem
    kind = line.resource["resourceType"]
    if kind not in KEPT:
        done.not_read[kind] += 1
        return None
    owner = owner_of(line.resource)
    if owner.problem is not None:
        return owner.problem
    if owner.patient is not None and kind not in SHARED:
        spill.add(owner.patient, part.number, line.number, line.raw)
        if kind == "Patient" and "link" in line.resource:
            pairs.update(merges(line.resource))
    else:
        own = id_of(line.resource)
        if not own:
            return f"a {kind} without id: nothing can refer to it"
        # An id in JSON has no tab and no line end
        shared.write(json.dumps(f"{kind}/{own}").encode() + b"\t" + line.raw + b"\n")
    done.resources[kind] += 1
    return None


def gather_shared(parts: Iterable[Part], deleted: Iterable[Path], folder: Path) -> Counter[str]:
    """What is shared, deleted and merged into one file; what of the files of deleted resources was set aside."""
    problems = Counter[str]()
    writer = SharedWriter(folder / SHARED_FILE)
    for part in parts:
        writer.add(_shared_lines(_beside(part, "shared")))
        writer.merge(json.loads(_beside(part, "merged").read_text()).items())
    for file in deleted:
        writer.delete(_deleted(file, problems))
    writer.finish()
    return problems


def gather(parts: Iterable[Part], deleted: Iterable[Path], folder: Path, partitions: int) -> tuple[int, Counter[str]]:
    """After all parts: what is shared in one file, and the lines of merged patients beside those of the one who is left.

    Returns:
        The number of the part that these were put into, and what of the files of deleted resources was set aside.
    """
    every = list(parts)
    problems = gather_shared(every, deleted, folder)
    extra = len(every)
    shared = Shared(folder / SHARED_FILE)
    there = Partitions(folder, (part.number for part in every))
    with Spill(folder, extra, partitions) as spill:
        gone = {old for old in shared.merged if shared.left(old) != old}
        for partition in sorted({partition_of(old, partitions) for old in gone}):
            for line in there.lines(partition):
                if line.patient in gone:
                    spill.add(shared.left(line.patient), line.part, line.number, line.raw)
        spill.finish()
    return extra, problems


def aside_lines(part: Part, before: int) -> Iterator[str]:
    """What was set aside of a part, as lines of the file for people, numbered as in the whole input file.

    Args:
        before: lines of the same file in the parts before.
    """
    with _beside(part, "aside").open(encoding="utf-8") as stream:
        for text in stream:
            row = json.loads(text)
            told = {"file": part.name, "line": row["line"] + before, "type": row["type"], "reason": row["reason"]}
            yield json.dumps({key: value for key, value in told.items() if value is not None}) + "\n"


def _shared_lines(file: Path) -> Iterator[tuple[str, bytes]]:
    with file.open("rb") as stream:
        for line in stream:
            reference, raw = line.rstrip(b"\n").split(b"\t", 1)
            yield json.loads(reference), raw


def _deleted(file: Path, problems: Counter[str]) -> Iterator[str]:
    """References in Bundles of deletions: ``entry.request`` with the method DELETE and a url like "Patient/7"."""
    for line in Lines(Span(file), apart=False):
        found = False
        bundle = line.resource if line.resource is not None else {}
        entries = bundle.get("entry")
        for entry in entries if isinstance(entries, list) else []:
            request = entry.get("request") if isinstance(entry, dict) else None
            if isinstance(request, dict) and request.get("method") == "DELETE" and isinstance(request.get("url"), str):
                found = True
                yield "/".join(request["url"].rstrip("/").split("/")[-2:])
        if not found:
            problems[line.problem or "a file of deletions: holds no Bundle with deletions"] += 1


def _beside(part: Part, what: str) -> Path:
    return part.folder / f"part-{part.number:05d}.{what}"
