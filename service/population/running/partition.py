"""One partition of a run, judged and written: what each process does again and again with one engine of its own."""

from __future__ import annotations

import gc
import json
import os
import signal
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import date
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any

from service.population.asking import Asker, Asking
from service.population.judge import judged
from service.population.questions import Questions
from service.population.rows import TABLES, Row
from service.population.running.grouped import Parted, patients_of
from service.population.running.parquet import TableFiles
from service.population.running.parting import SHARED_FILE
from service.population.running.shared import Shared
from service.population.running.spill import Partitions, Spilled, put_in_place
from service.rules.verdict import Outcome

_AT = {table: {column.name: at for at, column in enumerate(columns)} for table, columns in TABLES.items()}


@dataclass(frozen=True, slots=True)
class Job:
    """What all partitions of a run have in common. Plain values: it is sent to other processes.

    ``files``: of each part the name of its file, and the lines before it.
    """

    asking: Asking
    as_of: date
    outcomes: frozenset[Outcome]
    output: Path
    work: Path
    parts: tuple[int, ...]
    files: tuple[tuple[str, int], ...]
    provided: frozenset[str]


class Judging:
    """An engine and the spilled lines, ready for any partition."""

    def __init__(self, job: Job, asker: Asker | None = None):
        self._job = job
        self._asker = asker or Asker(job.asking)
        self._questions = Questions(self._asker.engine.content)
        self._partitions = Partitions(job.work, job.parts)
        self._shared = Shared(job.work / SHARED_FILE)

    @property
    def content(self) -> str:
        """Digest of the content that this engine speaks from."""
        return self._asker.engine.content.digest

    def run(self, partition: int, lines: Parted | None = None) -> dict[str, Any]:
        """Judge a partition and write its files; what came of it, for the journal. ``lines`` in place of those spilled."""
        job = self._job
        tally = _Tally()
        files = TableFiles(job.output, partition)
        beside = job.work / f".aside-{partition:05d}.part"
        with beside.open("w", encoding="utf-8") as stream:

            def aside(line: Spilled, kind: str, reason: str) -> None:
                name, before = job.files[line.part]
                row = {"file": name, "line": line.number + before, **({"type": kind} if kind else {}), "reason": reason}
                stream.write(json.dumps(row) + "\n")
                tally.aside[reason] += 1

            patients = patients_of(lines or self._partitions, partition, self._shared, job.provided, aside)
            for row in judged(self._asker, patients, job.as_of, job.outcomes, self._questions):
                files.add(row)
                tally.add(row)
        files.finish()
        put_in_place(beside, aside_file(job.work, partition))
        return {"partition": partition, "rows": dict(files.counts), **tally.as_json()}


def aside_file(work: Path, partition: int) -> Path:
    """Where a partition writes what it set aside."""
    return work / f"aside-{partition:05d}.ndjson"


class _Tally:
    """Counts of the rows of a partition."""

    def __init__(self) -> None:
        self.patients: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.aside: Counter[str] = Counter()
        self.questions: dict[str, Counter[str]] = {}

    def add(self, row: Row) -> None:
        at = _AT[row.table]
        if row.table == "patients":
            found = row.values[at["has_all"]]
            self.patients["all"] += 1
            self.patients["undiagnosed" if found is None else "with_all" if found else "without_all"] += 1
            self.patients["deceased"] += bool(row.values[at["deceased"]])
            self.patients["judged"] += bool(found) and not row.values[at["deceased"]]
            for outcome in Outcome:
                self.outcomes[outcome.value] += row.values[at[outcome.value]]
        elif row.table == "questions":
            answers = self.questions.setdefault(row.values[at["question"]], Counter())
            answers[row.values[at["answer"]]] += 1
        elif row.table == "not_judged":
            self.patients.update(("all", "not_judged"))
            self.errors[f"{row.values[at['error']]} at {row.values[at['where']]}"] += 1

    def as_json(self) -> dict[str, Any]:
        return {name: dict(getattr(self, name)) for name in ("patients", "outcomes", "errors", "aside", "questions")}


_judging: dict[Job, Judging] = {}  # of this process; there is one run


def begin() -> None:
    """Begin a process that leaves Ctrl-C to the run it belongs to, and ends when that has ended in whatever way."""
    parent = parent_process()
    if parent is None:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sentinel = parent.sentinel

    def end() -> None:
        connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()


def run_partition(asked: tuple[Job, int]) -> dict[str, Any]:
    """A partition, in a process that begins an engine with its first one and keeps it out of the collector's way."""
    job, partition = asked
    if job not in _judging:
        _judging[job] = Judging(job)
        gc.collect()
        gc.freeze()
    return _judging[job].run(partition)
