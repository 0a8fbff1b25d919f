"""The first page: key facts, what the cards say now, the course of the disease, treatments, MRD and counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from service.facts.disease.identity import birth_of
from service.record.model import PatientRecord, When
from service.smart.case import Case
from service.smart.draw.axis import Axis, axis_of, last_days
from service.smart.draw.timeline import picture
from service.smart.views import Asked
from service.smart.views.cards import shown
from service.smart.views.counts import Count, Counts, counts_of
from service.smart.views.course import CourseShown, course_of
from service.smart.views.figures import figures, power
from service.smart.views.key_facts import key_facts
from service.smart.views.mrd import Mrd, Sample, mrd_of
from service.smart.views.treatments import Lane, drawable, treatments_of

ZOOMS: Mapping[str, int] = {"year": 366, "quarter": 92}  # days; the whole course otherwise
_BEFORE = timedelta(days=60)  # what is shown of the time before the diagnosis
_AHEAD = timedelta(days=366)  # what is shown of what is planned


def build(case: Case, asked: Asked) -> Mapping[str, object]:
    """Values of ``overview.html``. A part ``year`` or ``quarter`` shows the last days of the course only."""
    record, now = case.record, case.as_of
    course = course_of(record, now)
    treatments = treatments_of(record, now)
    mrd = mrd_of(record)
    counts = counts_of(record)
    zoom = asked.part if asked.part in ZOOMS else ""
    axis = last_days(now, ZOOMS[zoom]) if zoom else _axis(record, now, course, treatments.lanes, mrd, counts)
    return {
        "cards": shown(case),
        "key": key_facts(case, asked.language),
        "zoom": zoom,
        "course": course,
        "treatments": treatments,
        "mrd": mrd,
        "counts": counts,
        "axis": axis,
        "picture": picture(course, treatments.lanes, axis, now),
        "shown_status": {bar.status for bar in drawable(treatments.lanes)},
        "undated_marks": [mark for mark in course.marks if mark.when is None],
        "undated_lanes": [(lane, bar) for lane in treatments.lanes for bar in lane.bars if not bar.dated],
        "iso": iso,
        "place": lambda when: _place(when, axis, now),
        "figures": lambda value: figures(value, asked.language),
        "power": lambda value: power(value, asked.language),
    }


def iso(when: When) -> str:
    """A date of ISO 8601 as precise as it is known, whatever way it was written."""
    if when.exact:
        return when.start.isoformat()
    return f"{when.start:%Y-%m}" if when.start.month == when.end.month else f"{when.start:%Y}"


def _place(when: When | None, axis: Axis, now: date) -> str:
    """Why a result has no place in the charts: ``undated``, ``future``, ``outside``; empty where it has one."""
    if when is None:
        return "undated"
    if when.start > now:
        return "future"
    return "" if axis.covers(when.start, when.end) else "outside"


def _axis(
    record: PatientRecord, now: date, course: CourseShown, lanes: tuple[Lane, ...], mrd: Mrd, counts: Counts
) -> Axis:
    """From two months before the diagnosis (without one: from the first result or treatment) to now, or to what is
    planned within a year. Dates before the birth are errors and stretch nothing.
    """
    birth = birth_of(record)
    earliest = birth.start if birth is not None else date.min
    shown = [day for mark in course.marks for day in _of(mark.when) if day >= earliest]
    diagnosed = [m.when for m in course.marks if m.kind == "diagnosis" and m.when is not None and not m.at_latest]
    if diagnosed:
        earliest = max(earliest, diagnosed[0].start - _BEFORE)
    samples: tuple[Sample | Count, ...] = (*mrd.cells, *mrd.international, *mrd.transcripts, *counts.blasts)
    shown += [day for day in (*_days(lanes), *_of_all(samples)) if day >= earliest]
    if not shown:
        shown = [day for day in _of_all((*counts.cells, *counts.hemoglobin)) if day >= earliest]
    return axis_of((day for day in shown if day <= now + _AHEAD), now)


def _of_all(rows: Iterable[Sample | Count]) -> Iterator[date]:
    for row in rows:
        yield from _of(row.when)


def _days(lanes: Iterable[Lane]) -> Iterator[date]:
    for bar in drawable(lanes):
        yield from _of(bar.first)
        yield from _of(bar.last)


def _of(when: When | None) -> Iterator[date]:
    if when is not None:
        yield when.start
        yield when.end
