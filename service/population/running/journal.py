"""The journal of a run: what was asked of which input, and what is done. It lets a run be taken up again, or refused.

``run.json`` says what was asked; ``journal.ndjson`` gets one line for each part of the input and each partition that is done,
in place on disk before the next one counts. A last line that was cut off is passed over.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.population.rows import TABLES
from service.population.running.spill import write_whole

RUN, WORK, SUMMARY, ASIDE = "run.json", ".work", "summary.json", "set-aside.ndjson"
EXPORT = "export"  # where an export from a server lies that the run reads
_LINES, _LOCK, _GONE = "journal.ndjson", ".lock", ".work.gone"
_FORMAT = 1


class NotThisRun(ValueError):
    """The folder holds something else than the run that is asked for; the message says what differs and what to do."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run as its journal has it. ``done``: the lines of the journal by what they are of."""

    asked: Mapping[str, Any]
    parts: Mapping[int, Mapping[str, Any]]
    gathered: Mapping[str, Any] | None
    partitions: Mapping[int, Mapping[str, Any]]
    finished: bool


class Journal:
    """The journal in an output folder."""

    def __init__(self, output: Path):
        self.output = output
        self.work = output / WORK

    @contextmanager
    def held(self) -> Iterator[None]:
        """While this is the only run in the folder.

        Raises:
            NotThisRun: another one is going on, or the folder holds something that no run wrote.
        """
        self._refuse_foreign()
        with (self.output / _LOCK).open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise NotThisRun(f"{self.output}: another run is writing here.") from None
            yield

    def begun(self) -> Begun | None:
        """What was begun here, or None in a folder without a run.

        Raises:
            NotThisRun: the folder holds something that no run wrote.
        """
        file = self.output / RUN
        if not file.is_file():
            self._refuse_foreign()
            return None
        try:
            asked = json.loads(file.read_text(encoding="utf-8"))
            if asked["format"] != _FORMAT:
                raise ValueError(f"format {asked['format']}")
        except (ValueError, KeyError, TypeError) as error:
            raise NotThisRun(f"{file}: is no journal of this version ({error}). Begin anew with --afresh.") from None
        lines = list(self._lines())
        return Begun(
            asked,
            {row["part"]["number"]: row["part"] for row in lines if "part" in row},
            next((row["gathered"] for row in lines if "gathered" in row), None),
            {row["partition"]: row for row in lines if "partition" in row},
            (self.output / SUMMARY).is_file(),
        )

    def _refuse_foreign(self) -> None:
        """Raises NotThisRun in a folder that is no run's and holds more than one that was stopped before it had begun."""
        if self.output.is_dir() and not (self.output / RUN).is_file():
            known = {EXPORT, _LOCK, _GONE, f".{RUN}.part"}
            others = sorted(path.name for path in self.output.iterdir() if path.name not in known)
            if others:
                raise NotThisRun(
                    f"{self.output}: holds {others[0]}, which no run wrote. Allowed: an empty folder, a new one, or that of a run."
                )

    def begin(self, asked: Mapping[str, Any]) -> None:
        """Begin a run in a folder without one."""
        write_whole(self.output / RUN, json.dumps({"format": _FORMAT, **asked}, indent=1) + "\n")
        self.work.mkdir(exist_ok=True)

    def add(self, row: Mapping[str, Any]) -> None:
        """Something is done: on disk when this returns."""
        with (self.work / _LINES).open("a", encoding="utf-8") as stream:
            stream.write("\n" + json.dumps(row))  # the end of a line that was cut off comes first
            stream.flush()
            os.fsync(stream.fileno())

    def forget(self) -> None:
        """Remove what a run wrote here, and nothing else.

        In this order a stop in between leaves a run that nothing is done of, which can be taken up or removed: first goes
        what says that something is done, last what says that it is a run.
        """
        shutil.rmtree(self.output / _GONE, ignore_errors=True)
        if self.work.is_dir():
            self.work.rename(self.output / _GONE)  # at once: never a journal without the files it tells of
        (self.output / SUMMARY).unlink(missing_ok=True)
        for folder in (_GONE, *(f"{table}.parquet" for table in TABLES)):
            shutil.rmtree(self.output / folder, ignore_errors=True)
        for name in (ASIDE, RUN):
            (self.output / name).unlink(missing_ok=True)

    def _lines(self) -> Iterator[dict[str, Any]]:
        file = self.work / _LINES
        if not file.is_file():
            return
        for text in file.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(text)
            except ValueError:
                continue
            yield row


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two askings, in words."""
    found = []
    for name, old in before.items():
        new = now.get(name)
        if name == "format" or old == new:
            continue
        if name == "files":
            changed = sorted(file for file in {*old, *(new or {})} if old.get(file) != (new or {}).get(file))
            more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
            found.append(f"the input: {', '.join(changed[:3])}{more}")
        else:
            found.append(f"{name}: {old} then, {new} now")
    return found
