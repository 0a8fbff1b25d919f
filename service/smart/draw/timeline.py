"""The timeline as geometry: marks and bars with their places in percent of the width and pixels of height.

Percentages let the picture fill any width while its text keeps its size. Each mark has a row of its own, so that words never
lie over each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from service.record.model import When
from service.smart.draw.axis import Axis, Tick, span_of
from service.smart.views.course import CourseShown, Mark, Phase
from service.smart.views.treatments import Bar, Lane

TOP = 26  # above the first row: the ticks
_MARK, _PHASE, _LANE = 22, 22, 31  # heights of rows
_GAP = 8
_NOW = 12  # for the word below the line of the present day
_LINES = frozenset({"diagnosis", "relapsed", "allogeneic", "autologous", "unspecified", "CAR-T"})
_LEFT = 43.0  # percent from which on words stand at the left of their mark, so that they fit into 380 px
_OPEN = frozenset({"ongoing", "doubtful", "ordered", "planned"})  # may go on where no last day is told


@dataclass(frozen=True, slots=True)
class MarkDrawn:
    """A mark in its row. ``left``/``width``: the days it may mean, where they are more than one. ``at``: its middle."""

    mark: Mark
    at: float
    left: float
    width: float
    top: int
    words_left: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a bar. ``sure`` is false for days on which it may have begun or ended."""

    left: float
    width: float
    sure: bool


@dataclass(frozen=True, slots=True)
class BarDrawn:
    """A bar. ``open``: it goes on at its right end; ``cut_left``/``cut_right``: it goes on outside of the picture."""

    bar: Bar
    stretches: tuple[Stretch, ...]
    open: bool
    cut_left: bool
    cut_right: bool

    @property
    def left(self) -> float:
        return self.stretches[0].left

    @property
    def right(self) -> float:
        return self.stretches[-1].left + self.stretches[-1].width


@dataclass(frozen=True, slots=True)
class LaneDrawn:
    """A lane: its name at the top and its bars below."""

    lane: Lane
    bars: tuple[BarDrawn, ...]
    top: int


@dataclass(frozen=True, slots=True)
class PhaseDrawn:
    """A phase as a band."""

    phase: Phase
    bar: BarDrawn
    top: int


@dataclass(frozen=True, slots=True)
class Line:
    """An upright line for what the charts below show too."""

    kind: str
    day: date
    at: float
    top: int


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything to draw. ``rest_marks`` and so on: what has a date outside of the axis; undated things are not in here."""

    axis: Axis
    now: float
    ticks: tuple[Tick, ...]
    phases: tuple[PhaseDrawn, ...]
    marks: tuple[MarkDrawn, ...]
    lanes: tuple[LaneDrawn, ...]
    lines: tuple[Line, ...]
    outside: tuple[Mark, ...]
    outside_lanes: tuple[Lane, ...]
    lanes_top: int
    height: int

    @property
    def empty(self) -> bool:
        return not (self.marks or self.lanes or self.phases)


def picture(course: CourseShown, lanes: Iterable[Lane], axis: Axis, as_of: date) -> Picture:
    """Marks, phases and treatments on an axis."""
    top = TOP
    phases = []
    for phase in course.phases:
        bar = _bar(Bar("given", phase.first, phase.last, (phase.source,)), axis, as_of, is_open=phase.last is None)
        if phase.first is not None and bar is not None:
            phases.append(PhaseDrawn(phase, bar, top))
            top += _PHASE
    top += _GAP if phases else 0
    marks = []
    for mark in course.marks:
        if mark.when is not None and axis.covers(mark.when.start, mark.when.end):
            marks.append(_mark(mark, mark.when, axis, top))
            top += _MARK
    lanes_top = top = top + (_GAP if marks else 0)
    drawn, hidden = [], []
    for lane in lanes:
        bars = tuple(found for bar in lane.dated if (found := _bar(bar, axis, as_of)) is not None)
        if bars:
            drawn.append(LaneDrawn(lane, bars, top))
            top += _LANE
        elif lane.dated:
            hidden.append(lane)
    outside = tuple(m for m in course.marks if m.when is not None and not axis.covers(m.when.start, m.when.end))
    lines = tuple(
        Line(m.mark.kind, _middle(m.mark.when), m.at, m.top + _MARK // 2)
        for m in marks
        if m.mark.kind in _LINES and m.mark.when is not None
    )
    return Picture(
        axis, axis.at(as_of), axis.ticks(), tuple(phases), tuple(marks), tuple(drawn), lines, outside, tuple(hidden),
        lanes_top, top + _GAP + _NOW,
    )  # fmt: skip


def _middle(when: When) -> date:
    return when.start + (when.end - when.start) / 2


def _mark(mark: Mark, when: When, axis: Axis, top: int) -> MarkDrawn:
    at = axis.at(_middle(when))
    left, right = axis.at(when.start), axis.at(when.end)
    return MarkDrawn(mark, at, left, round(right - left, 3), top, at > _LEFT)


def _bar(bar: Bar, axis: Axis, as_of: date, *, is_open: bool | None = None) -> BarDrawn | None:
    """A bar on the axis; ``None`` if it lies outside or has no date."""
    days = span_of(bar.first, bar.last)
    if days is None:
        return None
    goes_on = is_open if is_open is not None else bar.last is None and bar.status in _OPEN
    first, last = days
    if goes_on:
        last = max(last, as_of)
    elif bar.last is None and bar.first is not None:
        last = bar.first.end
    if not axis.covers(first, last):
        return None
    pieces = tuple(_stretches(bar, axis, last))
    return BarDrawn(bar, pieces, goes_on, first < axis.first, last > axis.last)


def _stretches(bar: Bar, axis: Axis, last: date) -> Iterator[Stretch]:
    """Certain days dark, possible ones light; a bar holds its last day to the end."""
    first = bar.first or bar.last
    assert first is not None
    begins = first.end if bar.first is not None else first.start
    ends = bar.last.start if bar.last is not None else last
    if bar.first is None or begins > ends or (bar.last is None and not first.exact and last == first.end):
        yield _stretch(first.start, last, axis, sure=bar.first is not None and first.exact)
        return
    if first.start < begins:
        yield _stretch(first.start, begins - timedelta(days=1), axis, sure=False)
    yield _stretch(begins, ends, axis, sure=True)
    if bar.last is not None and bar.last.end > ends:
        yield _stretch(ends + timedelta(days=1), bar.last.end, axis, sure=False)


def _stretch(first: date, last: date, axis: Axis, *, sure: bool) -> Stretch:
    left, right = axis.at(first), axis.at(min(last, axis.last) + timedelta(days=1))
    return Stretch(left, round(right - left, 3), sure)
