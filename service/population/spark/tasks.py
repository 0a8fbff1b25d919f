"""What Spark does with a part of the input and with a partition of patients, in processes anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from service import __version__
from service.population.running.parting import Part, Parted, reading
from service.population.running.partition import Job, Judging
from service.population.running.shared import left_of
from service.population.running.spill import Spilled, partition_of, write_whole
from service.population.spark.session import SparkFailed


class At(NamedTuple):
    """A line under way: what it is sorted by, the number of its line, and the line itself.

    ``moved``: 0; of a patient who was merged into another, 1 and more by the partition it would have been in: so these
    lines come after the other's own, in the order of a run in processes.
    """

    moved: int
    part: int
    order: int
    number: int
    raw: bytes


Keyed = tuple[str, At]


class OtherVersion(SparkFailed):
    """A worker has another version of Allcue, or other content, than the machine that began the run."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads parts of the input, yields the lines of patients by patient. What belongs to no patient is written to the work
    folder, as the first pass in processes writes it; also how many lines there were."""

    version: str

    def __call__(self, parts: Iterable[Part]) -> Iterator[Keyed]:
        check(self.version)
        for part in parts:
            taken = _Taken()
            done = Parted(part.number, part.name)
            for _ in reading(part, taken, done):
                yield from taken.lines
                taken.lines.clear()
            write_whole(part.folder / f"part-{part.number:05d}.done", json.dumps(done.as_json()))


class _Taken:
    def __init__(self) -> None:
        self.lines: list[Keyed] = []
        self._order = 0

    def add(self, patient: str, part: int, number: int, raw: bytes) -> None:
        self._order += 1
        self.lines.append((patient, At(0, part, self._order, number, raw)))


@dataclass(frozen=True, slots=True)
class Sending:
    """Sends lines to the patient who is left of merged ones, and drops those of partitions that are done."""

    merged: Mapping[str, str]
    done: frozenset[int]
    partitions: int

    def __call__(self, lines: Iterable[Keyed]) -> Iterator[Keyed]:
        for patient, line in lines:
            left = left_of(self.merged, patient)
            if partition_of(left, self.partitions) not in self.done:
                yield left, line if left == patient else line._replace(moved=1 + partition_of(patient, self.partitions))


@dataclass(frozen=True, slots=True)
class Placing:
    """The partition of a patient."""

    partitions: int

    def __call__(self, patient: str) -> int:
        return partition_of(patient, self.partitions)


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges a partition, with one engine for each process, and writes its files; yields what came of it."""

    job: Job
    version: str
    content: str
    done: frozenset[int]

    def __call__(self, partition: int, lines: Iterable[Keyed]) -> Iterator[dict[str, Any]]:
        if partition in self.done:
            return
        check(self.version)
        judging = _judging(self.job)
        if judging.content != self.content:
            raise OtherVersion("a worker has other content than the machine that began the run")
        row = judging.run(partition, _Held(lines))
        write_whole(self.job.work / f"partition-{partition:05d}.done", json.dumps(row))
        yield row


class _Held:
    """The lines of one partition, in the order of the input whatever order they came in."""

    def __init__(self, lines: Iterable[Keyed]):
        self._lines = sorted(lines, key=lambda line: line[1][:3])

    def lines(self, _: int) -> Iterator[Spilled]:
        for patient, line in self._lines:
            at = At(*line)
            yield Spilled(patient, at.part, at.number, at.raw)


@lru_cache(maxsize=1)
def _judging(job: Job) -> Judging:
    return Judging(job)


def check(version: str) -> None:
    """Raises OtherVersion where this process has another version than the machine that began the run."""
    if version != __version__:
        raise OtherVersion(f"a worker has Allcue {__version__}, the machine that began the run {version}")
