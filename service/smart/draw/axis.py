"""The time axis that the timeline and all charts of a patient share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from service.record.model import When

_LEAST = timedelta(days=30)  # a course of one day still needs some width
_MOST_TICKS = 8
_DAYS = (1, 2, 7, 14)
_MONTHS = (1, 2, 3, 6)
_YEARS = (1, 2, 5, 10, 20, 50)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the axis. ``text``: ISO 8601, as precise as it is worth reading. ``percent``: its place."""

    day: date
    text: str
    percent: float


@dataclass(frozen=True, slots=True)
class Axis:
    """From the first to the last day, both drawn. Places are percentages of the width."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days

    def at(self, day: date) -> float:
        """The place of a day, at the nearest edge if it lies outside."""
        share = (day - self.first).days / self.days
        return round(100 * min(1.0, max(0.0, share)), 3)

    def covers(self, first: date, last: date) -> bool:
        """Whether any of these days can be drawn."""
        return first <= self.last and last >= self.first

    def ticks(self) -> tuple[Tick, ...]:
        """Days, firsts of months or of years, at most eight."""
        for days in _steps(self):
            found = tuple(days)
            if len(found) <= _MOST_TICKS:
                return tuple(Tick(day, text, self.at(day)) for day, text in found)
        return ()


def _steps(axis: Axis) -> Iterator[Iterator[tuple[date, str]]]:
    """Series of ticks, the finest first."""
    for step in _DAYS if axis.days <= _DAYS[-1] * _MOST_TICKS else ():
        yield _every_days(axis, step)
    for step in _MONTHS if axis.days <= _MONTHS[-1] * 31 * _MOST_TICKS else ():
        yield _every_months(axis, step)
    for step in _YEARS:
        yield _every_years(axis, step)


def _every_days(axis: Axis, step: int) -> Iterator[tuple[date, str]]:
    for number in range(0, axis.days + 1, step):
        day = axis.first + timedelta(days=number)
        yield day, day.isoformat()


def _every_months(axis: Axis, step: int) -> Iterator[tuple[date, str]]:
    month = -(-(axis.first.year * 12 + axis.first.month - 1) // step) * step
    while (day := date(month // 12, month % 12 + 1, 1)) <= axis.last:
        if day >= axis.first:
            yield day, f"{day:%Y-%m}"
        month += step


def _every_years(axis: Axis, step: int) -> Iterator[tuple[date, str]]:
    for year in range(-(-axis.first.year // step) * step, axis.last.year + 1, step):
        if date(year, 1, 1) >= axis.first:
            yield date(year, 1, 1), str(year)


def axis_of(days: Iterable[date], now: date) -> Axis:
    """An axis that shows some days and the present one, with a little room at both ends."""
    all_days = [*days, now]
    first, last = min(all_days), max(all_days)
    if last - first < _LEAST:
        first = last - _LEAST
    room = timedelta(days=max(2, (last - first).days // 40))
    return Axis(first - room, last + room)


def last_days(now: date, days: int) -> Axis:
    """An axis of the last days before the present one."""
    return Axis(now - timedelta(days=days), now + timedelta(days=max(2, days // 40)))


def span_of(*whens: When | None) -> tuple[date, date] | None:
    """The first and the last day that some dates may mean; ``None`` if there is no date."""
    found = [when for when in whens if when is not None]
    return (min(when.start for when in found), max(when.end for when in found)) if found else None
