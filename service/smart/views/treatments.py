"""Treatments as lanes of bars, one lane per drug: what was given, goes on, was only ordered, is planned or is unclear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from service.facts.therapy.exposure import Exposure, exposures, plans, treats
from service.record.model import Entry, PatientRecord, When

RADIOTHERAPY = "radiotherapy"
_NEXT = timedelta(days=1)  # a course that begins on the day after another goes on
_AHEAD = frozenset({"preparation", "on-hold"})
_NOW = frozenset({"in-progress"})


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of one treatment.

    ``status``: given, ongoing, doubtful (said to be taken, but long ago), ordered (not known to have been taken), planned,
    unclear (the resource may mean another drug). ``first``/``last``: ``None`` where not recorded, or open. ``stopped``:
    failure, intolerance, other. ``sources``: the resources that tell of it. ``notes``: of the readers, in English.
    """

    status: str
    first: When | None
    last: When | None
    sources: tuple[str, ...]
    stopped: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def dated(self) -> bool:
        return self.first is not None or self.last is not None


@dataclass(frozen=True, slots=True)
class Lane:
    """One drug, systemic or intrathecal."""

    drug: str
    intrathecal: bool
    bars: tuple[Bar, ...]

    @property
    def dated(self) -> tuple[Bar, ...]:
        return tuple(bar for bar in self.bars if bar.dated)


@dataclass(frozen=True, slots=True)
class Treatments:
    """``lanes``: treatments of leukemia by their first day. ``others``: other drugs that rules read. ``nameless``:
    medications whose drug cannot be told.
    """

    lanes: tuple[Lane, ...]
    others: tuple[Lane, ...]
    nameless: tuple[str, ...]


def treatments_of(record: PatientRecord, as_of: date) -> Treatments:
    """All drugs and radiotherapy of a record."""
    found = exposures(record, as_of)
    rows: dict[tuple[str, bool], list[Bar]] = {}
    for one in found.items:
        rows.setdefault((one.drug, one.intrathecal), []).append(_bar(one, as_of))
    for one in plans(record, as_of):
        rows.setdefault((one.drug, one.intrathecal), []).append(replace(_bar(one, as_of), status="planned"))
    for entry in record.about("therapy.radiation", types=("Procedure",)):
        rows.setdefault((RADIOTHERAPY, False), []).append(_of_procedure(entry, as_of))
    lanes = sorted((Lane(drug, spinal, _merged(bars)) for (drug, spinal), bars in rows.items()), key=_order)
    return Treatments(
        tuple(lane for lane in lanes if lane.drug == RADIOTHERAPY or treats(lane.drug)),
        tuple(lane for lane in lanes if lane.drug != RADIOTHERAPY and not treats(lane.drug)),
        tuple(entry.reference for entry in found.nameless),
    )


def _order(lane: Lane) -> tuple[date, str, bool]:
    return min((_first_day(bar) for bar in lane.dated), default=date.max), lane.drug, lane.intrathecal


def _first_day(bar: Bar) -> date:
    when = bar.first or bar.last
    return when.start if when else date.max


def _bar(one: Exposure, as_of: date) -> Bar:
    return Bar(
        _status(one, as_of), one.start, one.end, (one.entry.reference,), one.stopped, (one.note,) if one.note else ()
    )


def _status(one: Exposure, as_of: date) -> str:
    if one.unclear:
        return "unclear"
    if one.start is not None and one.start.start > as_of:
        return "planned"
    if not one.given:
        return "ordered"
    return "ongoing" if one.ongoing else "doubtful" if one.doubtful else "given"


def _of_procedure(entry: Entry, as_of: date) -> Bar:
    ahead = entry.status in _AHEAD or (entry.when is not None and entry.when.start > as_of)
    status = "planned" if ahead else "ongoing" if entry.status in _NOW else "given"
    last = entry.until or (entry.when if status == "given" else None)
    return Bar(status, entry.when, last, (entry.reference,), None, (entry.text,) if entry.text else ())


def _merged(bars: Iterable[Bar]) -> tuple[Bar, ...]:
    """Bars by their first day; those of one status that touch or overlap made one. Dates that are known only by month or
    year stay bars of their own, and so do courses that were stopped for different reasons.
    """
    made: list[Bar] = []
    newest: dict[str, int] = {}  # where the last bar of each status stands
    for bar in sorted(bars, key=lambda b: (not b.dated, _first_day(b))):
        at = newest.get(bar.status)
        joined = _joined(made[at], bar) if at is not None else None
        if joined is not None and at is not None:
            made[at] = joined
        else:
            newest[bar.status] = len(made)
            made.append(bar)
    return tuple(made)


def _joined(one: Bar, other: Bar) -> Bar | None:
    """Two bars as one if they touch; ``None`` if they do not."""
    both = Bar(
        one.status, one.first, one.last, (*one.sources, *other.sources), one.stopped or other.stopped,
        tuple(dict.fromkeys((*one.notes, *other.notes))),
    )  # fmt: skip
    if not one.dated and not other.dated:
        return both if one.stopped == other.stopped else None
    if one.first is None or other.first is None or not (one.first.exact and other.first.exact):
        return None
    if one.last is None:  # open: what begins later belongs to it only while it goes on
        return replace(both, last=other.last) if one.status in ("ongoing", "doubtful") and other.last is None else None
    if not one.last.exact or other.first.start > one.last.end + _NEXT or (one.stopped and other.stopped != one.stopped):
        return None
    if other.last is None:
        return replace(both, last=None)
    return replace(both, last=max(one.last, other.last, key=lambda when: when.end))


def drawable(lanes: Iterable[Lane]) -> Iterator[Bar]:
    """The bars that have a date."""
    for lane in lanes:
        yield from lane.dated
