"""All past decisions of a cohort, judged and written: ``decisions.csv``, ``report.html``, ``set-aside.ndjson``.

Decisions stream: each unit of the input writes its rows beside the output, and only counters come back.
"""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import repeat
from pathlib import Path
from typing import Any, TextIO

from service.population.asking import Asker, Asking
from service.population.inputs import Unit, patients, units
from service.population.past.decisions import Found
from service.population.past.judging import Judge
from service.population.past.plots import need_matplotlib
from service.population.past.reasons import Reasons
from service.population.past.report import Asked, page
from service.population.past.rows import COLUMNS, rows
from service.population.past.summary import Summary
from service.population.past.verdicts import JudgedDecision
from service.population.patients import Patient
from service.population.running.partition import begin as begin_process

DECISIONS, REPORT, ASIDE = "decisions.csv", "report.html", "set-aside.ndjson"
Cell = Callable[[str], str | int]  # how a text is written into a table
Told = Callable[[str, int, int], None]  # what is being done, how many units of it are done, and of how many
_SERVICE = Path(__file__).resolve().parents[2]


class ProcessDied(RuntimeError):
    """A process was killed; nothing was written."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. ``named``: sources that every decision is held against besides those of its day. ``asking``: without
    sources of its own, since the policy of each day answers. ``processes`` 0: one per core."""

    inputs: tuple[Path, ...]
    output: Path
    until: date
    made: date
    asking: Asking = field(default_factory=Asking)
    named: tuple[str, ...] = ()
    processes: int = 1


def run(wanted: Wanted, cell: Cell, told: Told) -> Summary:
    """Judge the cohort and write the files, each whole at once.

    Raises:
        service.population.running.inputs.NoInput: something of the input is nothing that is read.
        service.population.past.plots.NoPlots: matplotlib is not installed.
        service.rules.editions.UnknownSource: no such source.
        ProcessDied: a process was killed, perhaps for want of memory.
        OSError: the output cannot be written.
    """
    need_matplotlib()
    judging = _Judging(wanted)
    judge = judging.judge
    wanted.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".work-", dir=wanted.output) as name:
        work = Path(name)
        found = Summary()
        with _asides(work / ASIDE, found) as aside:
            every = units(wanted.inputs, work, aside, lambda text: told(text, 0, 0))
        beside = work / DECISIONS
        with (
            beside.open("w", encoding="utf-8", newline="") as table,
            (work / ASIDE).open("a", encoding="utf-8") as left,
        ):
            csv.writer(table, lineterminator="\n").writerow(COLUMNS)
            for done, (part, summary) in enumerate(_in_turn(every, _Job(wanted, work, cell), judging), 1):
                found.merge(summary)
                for file, into in ((part, table), (part.with_suffix(".ndjson"), left)):
                    with file.open(encoding="utf-8", newline="") as own:
                        shutil.copyfileobj(own, into)
                    file.unlink()
                told("judging", done, len(every))
        region = judge.asker.engine.site.region or ""
        asked = Asked(tuple(path.name or str(path) for path in wanted.inputs), wanted.until, wanted.made, region)
        (work / REPORT).write_text(page(found, judge, asked), encoding="utf-8")
        for whole in (DECISIONS, REPORT, ASIDE):
            (work / whole).replace(wanted.output / whole)
    return found


@dataclass(frozen=True, slots=True)
class _Job:
    wanted: Wanted
    work: Path
    cell: Cell


def _in_turn(every: Sequence[Unit], job: _Job, judging: _Judging) -> Iterator[tuple[Path, Summary]]:
    """Each unit judged, in the order of the input."""
    count = min(job.wanted.processes or os.cpu_count() or 1, len(every))
    if count <= 1:
        for number, unit in enumerate(every):
            yield judging.unit(job, number, unit)
        return
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _prepare, (job.wanted,))
    try:
        yield from pool.map(_in_process, enumerate(every), repeat(job, len(every)))
    except BrokenProcessPool:
        raise ProcessDied(
            "a process was killed, perhaps for want of memory; nothing was written. Fewer --processes take less."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Judging:
    """What a process judges with."""

    def __init__(self, wanted: Wanted):
        self.judge = Judge(Asker(wanted.asking), wanted.named)
        self.reasons = Reasons(self.judge.content)

    def unit(self, job: _Job, number: int, unit: Unit) -> tuple[Path, Summary]:
        """One unit: its rows in a file of its own, what was set aside beside it, and its counts."""
        summary = Summary()
        part = job.work / f"unit-{number:06d}.csv"
        with (
            part.open("w", encoding="utf-8", newline="") as stream,
            _asides(part.with_suffix(".ndjson"), summary) as aside,
        ):
            table = csv.writer(stream, lineterminator="\n")
            for patient in patients(unit, aside):
                try:
                    found, judged = self._judged(patient, job.wanted.until)
                    told = [row for at, one in enumerate(judged, 1) for row in rows(patient.id, at, one, self.reasons)]
                except Exception as error:  # whatever one record does, the others are judged
                    where = _where(error)
                    summary.failed[where] += 1
                    aside({"patient": patient.id, "reason": f"could not be judged: {where}"}, counted=False)
                    continue
                summary.patient(found)
                for one in judged:
                    summary.add(one, self.reasons)
                table.writerows([job.cell(row[name]) for name in COLUMNS] for row in told)
        return part, summary

    def _judged(self, patient: Patient, until: date) -> tuple[Found | None, list[JudgedDecision]]:
        found = self.judge.decisions(patient, until)
        return found, list(self.judge.judged(patient, found, until)) if found is not None else []


_judging: _Judging | None = None


def _prepare(wanted: Wanted) -> None:
    global _judging  # noqa: PLW0603 - the one engine of this process
    begin_process()
    _judging = _Judging(wanted)


def _in_process(numbered: tuple[int, Unit], job: _Job) -> tuple[Path, Summary]:
    assert _judging is not None
    return _judging.unit(job, *numbered)


class _Aside:
    def __init__(self, stream: TextIO, summary: Summary):
        self._stream, self._summary = stream, summary

    def __call__(self, row: Mapping[str, Any], *, counted: bool = True) -> None:
        self._stream.write(json.dumps(dict(row)) + "\n")
        if counted:
            self._summary.aside[str(row["reason"])] += 1


@contextmanager
def _asides(file: Path, summary: Summary) -> Iterator[_Aside]:
    with file.open("w", encoding="utf-8") as stream:
        yield _Aside(stream, summary)


def _where(error: Exception) -> str:
    """Kind, module and line of the innermost own frame: enough to find the fault, without a value of the patient."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(_SERVICE)]
    if not frames:
        return type(error).__name__
    at = Path(frames[-1].filename).relative_to(_SERVICE.parent).with_suffix("")
    return f"{type(error).__name__} at {'.'.join(at.parts)}:{frames[-1].lineno}"
