"""The files of a comparison, written as patients come: one line a change; whole or not at all."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO

from service.population.upgrade.model import Change, Compared, Kind, Line
from service.population.upgrade.report import as_html, as_markdown
from service.population.upgrade.tally import Tally

COLUMNS = (
    "patient", "where", "as_of", "change", "rule", "title", "source", "topic", "subject", "old_verdict", "new_verdict",
    "because", "why", "values", "differs",
)  # fmt: skip
CHANGES, CHANGES_JSON, ASIDE = "changes.csv", "changes.json", "set-aside.ndjson"
SUMMARY, PAGE = "summary.md", "summary.html"
NAMES = (CHANGES_JSON, CHANGES, ASIDE, SUMMARY, PAGE)
_IN_FULL = frozenset({"wording"})  # told in the JSON alone, being long
Cell = Callable[[str], str | int]  # how a text is written into a table


class Files:
    """A context that writes into a folder; an error leaves what was there before.

    Args:
        about: of both contents and the day, for the head of the JSON and of the summaries.
        cell: makes a text harmless for a spreadsheet.
        notes: lines for the summaries: what changed in the content itself.

    Raises:
        OSError: the folder cannot be written to.
    """

    def __init__(self, folder: Path, about: Mapping[str, object], cell: Cell, notes: tuple[str, ...] = ()):
        self.tally = Tally()
        self._cell = cell
        self._folder, self._about, self._notes = folder, about, notes
        self._open = ExitStack()
        self._any = False

    def __enter__(self) -> Files:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._json = self._file(CHANGES_JSON)
        self._aside = self._file(ASIDE)
        self._rows = csv.writer(self._file(CHANGES))
        self._rows.writerow(COLUMNS)
        head = json.dumps(dict(self._about), ensure_ascii=False)[:-1]
        self._json.write(f'{head}, "changes": [')
        return self

    def __exit__(self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        try:
            if kind is None:
                self._finish()
            self._open.close()
            if kind is None:
                for name in NAMES:
                    os.replace(self._passing(name), self._folder / name)
        finally:
            self._open.close()
            for name in NAMES:
                self._passing(name).unlink(missing_ok=True)

    def _finish(self) -> None:
        counts = json.dumps(self.tally.as_json(), ensure_ascii=False, indent=1)
        self._json.write(f"\n],{counts[1:]}\n")
        for name, text in ((SUMMARY, as_markdown), (PAGE, as_html)):
            self._file(name).write(text(self._about, self.tally, self._notes))

    def add(self, found: Compared) -> None:
        """Write what changed for one patient; one without a change is only counted."""
        self.tally.add(found)
        for change in found.changes:
            self._rows.writerow([self._cell(text) for text in _row(found, change)])
            line = json.dumps(as_json(found, change), ensure_ascii=False)
            self._json.write(f"{',' if self._any else ''}\n{line}")
            self._any = True

    def set_aside(self, row: Mapping[str, object]) -> None:
        """Write down what was not used, and count it by reason: a line of a file, which leaves the rest of its patient, or
        a whole file or patient."""
        (self.tally.lines if "line" in row else self.tally.set_aside)[str(row["reason"])] += 1
        self._aside.write(json.dumps(dict(row), ensure_ascii=False) + "\n")

    def _file(self, name: str) -> IO[str]:
        newline = "" if name.endswith(".csv") else None
        return self._open.enter_context(self._passing(name).open("w", encoding="utf-8", newline=newline))

    def _passing(self, name: str) -> Path:
        return self._folder / f".{name}.{os.getpid()}"


def _row(found: Compared, change: Change) -> Iterator[str]:
    yield from (
        found.patient,
        found.where,
        found.day.isoformat(),
        str(change.kind),
        change.rule,
        change.title,
        change.source,
    )
    yield from (change.topic, change.subject, change.old, change.new, str(change.because), change.why)
    yield "; ".join(dict.fromkeys(f"{line.fact}: {line.value}" for line in change.lines))
    long = _IN_FULL | ({"suggestions"} if change.kind is Kind.CARD else set())
    yield "; ".join(d.what if d.what in long else f"{d.what}: {d.old or '-'} -> {d.new or '-'}" for d in change.differs)


def as_json(found: Compared, change: Change) -> dict[str, object]:
    """One change for machines; docs/upgrade.md lists the keys."""
    return {
        "patient": found.patient,
        "where": found.where,
        "as_of": found.day.isoformat(),
        "change": str(change.kind),
        "rule": change.rule,
        "title": change.title,
        "source": change.source,
        "topic": change.topic,
        "subject": change.subject,
        "old_verdict": change.old,
        "new_verdict": change.new,
        "because": str(change.because),
        "why": change.why,
        "criteria": [_line(line) for line in change.lines],
        "differs": {one.what: {"old": one.old, "new": one.new} for one in change.differs},
    }


def _line(line: Line) -> dict[str, object]:
    how = {False: "fails", True: "excludes", None: "unknown"}[line.holds]
    return {
        "content": line.content, "part": line.part, "how": how, "criterion": line.criterion, "says": line.says,
        "fact": line.fact, "value": line.value, "instead": list(line.instead),
    }  # fmt: skip
