"""A population run in processes of this machine: first its input parted by patient, then each partition judged."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol, TypeVar

from service import __version__
from service.population.asking import Asker, Asking
from service.population.definitions import DEFINITIONS
from service.population.judge import EVERY_OUTCOME
from service.population.questions import Questions
from service.population.rows import arrow
from service.population.running.inputs import Input, read_input
from service.population.running.journal import ASIDE, RUN, SUMMARY, Begun, Journal, NotThisRun, differences
from service.population.running.lines import spans
from service.population.running.parting import Part, Parted, aside_lines, gather, part_input
from service.population.running.partition import Job, Judging, aside_file, begin, run_partition
from service.population.running.spill import write_whole
from service.population.running.summary import summary
from service.rules.digest import digest as digest_of
from service.rules.verdict import Outcome

_SPAN = 128 * 1024 * 1024  # bytes of a part of a file
_PARTITION = 16 * 1024 * 1024  # bytes of a partition, which a process holds while it judges it
_MOST = 4096  # partitions
T = TypeVar("T")
R = TypeVar("R")


class Progress(Protocol):
    """Told how far a run is: of a step with so many units in all, so many more are done."""

    def step(self, name: str, total: int, done: int) -> None:
        """A step begins."""
        ...

    def more(self, count: int) -> None:
        """More of it is done."""
        ...


class _Silent:
    def step(self, name: str, total: int, done: int) -> None:
        """Nobody is told."""

    def more(self, count: int) -> None:
        """Nobody is told."""


class ProcessDied(RuntimeError):
    """A process of the run was killed; what was done is kept."""


@dataclass(frozen=True, slots=True)
class OnSpark:
    """Where Spark runs, and settings of its own beside ours."""

    master: str = "local[*]"
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """What is asked for. ``spark``: on Apache Spark in place of processes. ``as_of`` None: today, or the day of the run that is taken up again. ``partitions`` 0: by the size."""

    folder: Path
    output: Path
    asking: Asking = field(default_factory=Asking)
    as_of: date | None = None
    outcomes: frozenset[Outcome] = EVERY_OUTCOME
    processes: int = 0
    partitions: int = 0
    span: int = _SPAN
    spark: OnSpark | None = None


def run(wanted: Run, *, afresh: bool = False, progress: Progress | None = None) -> dict[str, Any]:
    """Do it, or what is left of it; the summary, which also stands in ``summary.json``.

    Raises:
        service.population.running.inputs.NoInput: there is nothing to read.
        NotThisRun: the output folder holds another run, or something else.
        service.population.rows.NoPyarrow: pyarrow is not installed.
        ProcessDied: one of the processes was killed. Run again: what is done stays done.
        service.rules.editions.UnknownSource, service.content.NoContent, service.rules.load.ContentProblems,
        service.population.definitions.BadQuestions: as `Asker` and `Questions` raise them.
    """
    arrow()
    given = read_input(wanted.folder)
    if wanted.output.resolve() == wanted.folder.resolve() or wanted.folder.resolve() in wanted.output.resolve().parents:
        raise NotThisRun(f"{wanted.output}: lies in the input folder. Allowed: a folder outside of it.")
    asker = Asker(wanted.asking)
    journal = Journal(wanted.output)
    wanted.output.mkdir(parents=True, exist_ok=True)
    with journal.held():
        before = None if afresh and (wanted.output / RUN).is_file() else journal.begun()
        asked = _asked(wanted, given, asker, before)
        if before is None:
            journal.forget()
            journal.begin(asked)
            before = Begun(asked, {}, None, {}, finished=False)
        elif differs := differences(before.asked, asked):
            raise NotThisRun(
                f"{wanted.output}: holds another run. It differs in " + "; ".join(differs)
                + ". Ask for the same, name another folder, or begin anew with --afresh."
            )  # fmt: skip
        if before.finished:
            shutil.rmtree(journal.work, ignore_errors=True)  # stopped when all but this was done
            found: dict[str, Any] = json.loads((wanted.output / SUMMARY).read_text(encoding="utf-8"))
            return found
        journal.work.mkdir(exist_ok=True)
        running: type[Running] = Running
        if wanted.spark is not None:
            from service.population.spark.running import SparkRunning as running
        return running(
            wanted, given, asked, journal, before, progress or _Silent(), asker.of_data(_data_day(asked))
        ).finish()


def _asked(wanted: Run, given: Input, asker: Asker, before: Begun | None) -> dict[str, Any]:
    """Everything that the rows hang on, as the journal keeps it."""
    content = asker.engine.content
    day = wanted.as_of or (date.fromisoformat(before.asked["as_of"]) if before else date.today())  # noqa: DTZ011
    data_day = given.manifest.day if given.manifest else None
    if data_day is None:  # then it is the day on which the run began
        data_day = date.fromisoformat(before.asked["data_day"]) if before else date.today()  # noqa: DTZ011
    parts = before.asked["partitions"] if before and not wanted.partitions else wanted.partitions
    return {
        "version": __version__,
        "content": content.digest,
        "questions": digest_of({DEFINITIONS.name: DEFINITIONS.read_text(encoding="utf-8")}),
        "as_of": day.isoformat(),
        "data_day": data_day.isoformat(),
        "sources": sorted(content.source_named(name).id for name in wanted.asking.sources),
        "region": asker.engine.site.region,
        "care_setting": asker.engine.site.care_setting,
        "outcomes": sorted(outcome.value for outcome in wanted.outcomes),
        "partitions": parts or min(_MOST, max(8, math.ceil(given.size / _PARTITION))),
        "span": wanted.span,
        "engine": "processes" if wanted.spark is None else "spark",
        "input": str(wanted.folder.resolve()),
        "files": given.fingerprint(),
    }


def _data_day(asked: Mapping[str, Any]) -> date:
    return date.fromisoformat(asked["data_day"])


class Running:
    """A run from wherever its journal stands to its end."""

    def __init__(
        self,
        wanted: Run,
        given: Input,
        asked: Mapping[str, Any],
        journal: Journal,
        before: Begun,
        progress: Progress,
        asker: Asker,
    ):
        self._asker = asker
        self._wanted, self._given, self._asked = wanted, given, asked
        self._journal, self._before, self._progress = journal, before, progress
        self._partitions: int = asked["partitions"]
        count = wanted.processes or os.cpu_count() or 1
        self._pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), begin)  # starts none unasked
        every = [(given.name_of(file), span) for file in given.files for span in spans(file, wanted.span)]
        self._parts = [
            Part(number, name, span, journal.work, self._partitions) for number, (name, span) in enumerate(every)
        ]

    def finish(self) -> dict[str, Any]:
        """Do what is left; the summary."""
        try:
            return self._finished()
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _finished(self) -> dict[str, Any]:
        questions = Questions(self._asker.engine.content)
        parted = self._parted()
        gathered = self._gathered()
        rows = self._judged(parted, gathered)
        before = _lines_before(self._parts, parted)
        self._write_aside(before)
        found = summary(self._asked, parted.values(), rows, self._given, gathered["aside"], questions.definitions)
        write_whole(self._wanted.output / SUMMARY, json.dumps(found, indent=1) + "\n")
        shutil.rmtree(self._journal.work)
        return found

    def _parted(self) -> dict[int, Parted]:
        found = {number: Parted.of_json(dict(raw)) for number, raw in self._before.parts.items()}
        left = [part for part in self._parts if part.number not in found]
        self._progress.step("Reading", len(self._parts), len(found))

        def done(part: Parted) -> None:
            self._journal.add({"part": part.as_json()})
            found[part.number] = part
            self._progress.more(1)

        if self._wanted.processes == 1:
            for part in left:
                done(part_input(part))
        else:
            self._in_processes(part_input, left, done)
        return dict(sorted(found.items()))

    def _gathered(self) -> Mapping[str, Any]:
        if self._before.gathered is not None:
            return self._before.gathered
        extra, problems = gather(self._parts, self._given.deleted, self._journal.work, self._partitions)
        found = {"extra": extra, "aside": dict(problems)}
        self._journal.add({"gathered": found})
        return found

    def _judged(self, parted: Mapping[int, Parted], gathered: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        before = _lines_before(self._parts, parted)
        job = Job(
            replace(self._wanted.asking, data_day=_data_day(self._asked)),
            date.fromisoformat(self._asked["as_of"]),
            self._wanted.outcomes,
            self._wanted.output,
            self._journal.work,
            (*parted, gathered["extra"]),
            tuple((part.name, before[part.number]) for part in self._parts),
            self._given.provided(parted.values()),
        )
        found = dict(self._before.partitions)
        left = [partition for partition in range(self._partitions) if partition not in found]
        self._progress.step("Judging", self._partitions, len(found))

        def done(row: dict[str, Any]) -> None:
            self._journal.add(row)
            found[row["partition"]] = row
            self._progress.more(1)

        self._run_partitions(job, left, done)
        return [found[partition] for partition in sorted(found)]

    def _run_partitions(self, job: Job, left: list[int], done: Callable[[dict[str, Any]], None]) -> None:
        if self._wanted.processes == 1:
            judging = Judging(job, self._asker)
            for partition in left:
                done(judging.run(partition))
        else:
            self._in_processes(run_partition, [(job, partition) for partition in left], done)

    def _write_aside(self, before: Mapping[int, int]) -> None:
        """All that was set aside in one file: first what no patient could be told of."""
        beside = self._wanted.output / f".{ASIDE}.part"
        with beside.open("w", encoding="utf-8") as stream:
            for part in self._parts:
                stream.writelines(aside_lines(part, before[part.number]))
            for partition in range(self._partitions):
                with aside_file(self._journal.work, partition).open(encoding="utf-8") as own:
                    shutil.copyfileobj(own, stream)
        beside.replace(self._wanted.output / ASIDE)

    def _in_processes(self, work: Callable[[T], R], items: list[T], done: Callable[[R], None]) -> None:
        """Tell of each result as it comes. On an interruption what is under way is finished, and counts."""
        pool = self._pool
        pending: set[Future[R]] = set()
        try:
            pending.update(pool.submit(work, item) for item in items)
            while pending:
                finished, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in finished:
                    done(future.result())
                    pending.discard(future)
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
            for future in pending:
                if future.done() and not future.cancelled() and future.exception() is None:
                    done(future.result())
            raise
        except BrokenProcessPool:
            raise ProcessDied(
                "a process of the run was killed, perhaps for want of memory. What is done is kept: run it again, with "
                "fewer --processes if memory is short."
            ) from None


def _lines_before(parts: Iterable[Part], parted: Mapping[int, Parted]) -> dict[int, int]:
    """Of each part, the lines of its file that stand in the parts before it."""
    found: dict[int, int] = {}
    counted: Counter[str] = Counter()
    for part in parts:
        found[part.number] = counted[part.name]
        counted[part.name] += parted[part.number].lines
    return found
