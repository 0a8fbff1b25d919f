"""The course of a run on Spark: input read once, lines brought together by patient in one shuffle, partitions judged.

Input and output lie where every worker sees them by the same path. Between reading and judging the lines lie on the disks of
the workers, since only after all are read it is known who was merged into whom.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from service import __version__
from service.population.running.parting import SHARED_FILE, Part, Parted, gather_shared
from service.population.running.partition import Job
from service.population.running.run import OnSpark, Running
from service.population.running.shared import Shared
from service.population.spark.session import context, interruptible, pyspark
from service.population.spark.tasks import Judge, Placing, Reading, Sending

_TEMPORARY = "spark"


class SparkRunning(Running):
    """A run on Spark, taken up again by partitions: what was judged stays, the input is read again for the rest."""

    def finish(self) -> dict[str, Any]:
        """Do what is left; the summary."""
        with ExitStack() as self._stack:
            return super().finish()

    def _parted(self) -> dict[int, Parted]:
        how = self._wanted.spark or OnSpark()
        work = self._journal.work.resolve() / _TEMPORARY
        shutil.rmtree(work, ignore_errors=True)
        self._spark = self._stack.enter_context(context(how.master, dict(how.settings), work))
        self._take_up()
        self._progress.step("Reading", 1, 0)
        levels = pyspark().StorageLevel
        parts = self._spark.parallelize([_absolute(part) for part in self._parts], max(1, len(self._parts)))
        self._lines = parts.mapPartitions(Reading(__version__)).persist(levels.DISK_ONLY)
        interruptible(self._spark, self._lines.count)
        self._progress.more(1)
        found = (Parted.of_json(row) for row in _rows(self._journal.work, "part-"))
        return {part.number: part for part in sorted(found, key=lambda part: part.number)}

    def _take_up(self) -> None:
        """Count what tasks finished whose run did not live to hear of it."""
        found: dict[int, Mapping[str, Any]] = dict(self._before.partitions)
        for row in _rows(self._journal.work, "partition-"):
            if row["partition"] not in found:
                self._journal.add(row)
                found[row["partition"]] = row
        self._before = replace(self._before, partitions=found)

    def _gathered(self) -> Mapping[str, Any]:
        problems = gather_shared(self._parts, self._given.deleted, self._journal.work)
        return {"extra": len(self._parts), "aside": dict(problems)}

    def _run_partitions(self, job: Job, left: list[int], done: Callable[[dict[str, Any]], None]) -> None:
        already = frozenset(range(self._partitions)) - frozenset(left)
        merged = Shared(job.work / SHARED_FILE).merged
        asking = replace(job.asking, content=_resolved(job.asking.content), site=_resolved(job.asking.site))
        job = replace(job, asking=asking, output=job.output.resolve(), work=job.work.resolve(), parts=())
        judge = Judge(job, __version__, self._asked["content"], already)
        placed = self._lines.mapPartitions(Sending(merged, already, self._partitions)).partitionBy(
            self._partitions, Placing(self._partitions)
        )
        rows = interruptible(self._spark, placed.mapPartitionsWithIndex(judge).collect)
        for row in rows:
            done(row)
        self._stack.close()


def _absolute(part: Part) -> Part:
    return replace(part, span=replace(part.span, file=part.span.file.resolve()), folder=part.folder.resolve())


def _resolved(path: Path | None) -> Path | None:
    return path.resolve() if path is not None else None


def _rows(work: Path, beginning: str) -> Iterator[dict[str, Any]]:
    for file in sorted(work.glob(f"{beginning}*.done")):
        yield json.loads(file.read_text(encoding="utf-8"))
