"""FHIR dates as intervals of days, and lengths of time in calendar units as bounds."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from functools import lru_cache

from service.record.model import When

_DATE = re.compile(
    r"^\s*(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?)?)?\s*$"
)


def parse_when(text: object) -> When | None:
    """A FHIR date, dateTime or instant as the days it may mean; ``None`` for anything else.

    Times of day and zones are dropped: no fact of the vocabulary depends on them.

    >>> parse_when("2024-02").end
    datetime.date(2024, 2, 29)
    """
    return _parse(text) if isinstance(text, str) else None


@lru_cache(maxsize=4096)
def _parse(text: str) -> When | None:
    found = _DATE.match(text)
    if not found:
        return None
    year, month, day = int(found[1]), found[2], found[3]
    try:
        if day:
            exact = date(year, int(month), int(day))
            return When(exact, exact, text)
        if month:
            return When(date(year, int(month), 1), date(year, int(month), monthrange(year, int(month))[1]), text)
        return When(date(year, 1, 1), date(year, 12, 31), text)
    except ValueError:
        return None


def months_between(start: date, end: date) -> float:
    """Calendar months from one day to another: completed months, and the days left over as a part of a month.

    From 31 January the month is complete on the last day of February. Negative if ``end`` is before ``start``.

    >>> months_between(date(2020, 1, 15), date(2023, 1, 15))
    36.0
    >>> months_between(date(2020, 1, 15), date(2023, 1, 16)) > 36
    True
    """
    if end < start:
        return -months_between(end, start)
    whole = (end.year - start.year) * 12 + end.month - start.month
    if _same_day(start, end.year, end.month) > end:
        whole -= 1
    reached = _same_day(start, *_month_after(start, whole))
    following = _same_day(start, *_month_after(start, whole + 1))
    return whole + (end - reached).days / (following - reached).days


def _month_after(start: date, months: int) -> tuple[int, int]:
    total = start.year * 12 + start.month - 1 + months
    return total // 12, total % 12 + 1


def _same_day(start: date, year: int, month: int) -> date:
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def months_bounds(start: When, end: When) -> tuple[float, float]:
    """The least and the most months that may lie between two dates known only within bounds."""
    return months_between(start.end, end.start), months_between(start.start, end.end)


def completed_months(birth: When, at: date) -> tuple[int, int]:
    """Completed months of age on a day, as bounds."""
    return int(max(0.0, months_between(birth.end, at))), int(max(0.0, months_between(birth.start, at)))


def completed_years(birth: When, at: date) -> tuple[int, int]:
    """Completed years of age on a day, as bounds. A child of 29 February turns a year older on 28 February."""
    low, high = completed_months(birth, at)
    return low // 12, high // 12
