"""FHIR dates as intervals of days, and lengths of time in calendar units as bounds."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import MAXYEAR, UTC, date, datetime

from service.record.model import When

_TIME = re.compile(r"[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[Zz]|[+-]\d{2}:?\d{2})?\s*")
# Not FHIR, and yet of one meaning only: 20240131 (HL7 v2, with or without a time) and 31.01.2024 (German).
_COMPACT = re.compile(
    r"\s*(?:(\d{4})(\d\d)(\d\d)(?:\d{2,6}(?:\.\d+)?(?:[+-]\d{4})?)?|(\d\d?)\.\s?(\d\d?)\.\s?(\d{4}))\s*"
)
_DATE = re.compile(rf"\s*(\d{{4}})(?:-(\d{{1,2}})(?:-(\d{{1,2}})(?:{_TIME.pattern})?)?)?\s*")


def parse_when(text: object) -> When | None:
    """A FHIR date, dateTime or instant as the days it may mean; ``None`` for anything else.

    Times of day and zones are dropped: no fact of the vocabulary depends on them.

    >>> parse_when("2024-02").end
    datetime.date(2024, 2, 29)
    """
    if not isinstance(text, str):
        return None
    try:
        # The common forms without the pattern: this runs for every resource of every request.
        if text[4:5] == "-" and text[7:8] == "-" and (len(text) == 10 or _TIME.fullmatch(text, 10)):
            exact = date.fromisoformat(text[:10])
            return When(exact, exact, text)
        found = _DATE.fullmatch(text)
        if found is None and (other := _COMPACT.fullmatch(text)) is not None:
            year, month, day = (other[1], other[2], other[3]) if other[1] else (other[6], other[5], other[4])
            return _within(int(year), month, day, text)
        return _within(int(found[1]), found[2], found[3], text) if found else None
    except ValueError:  # the 31st of April
        return None


def _within(year: int, month: str | None, day: str | None, text: str) -> When:
    if month is None:
        return When(date(year, 1, 1), date(year, 12, 31), text)
    if day is None:
        return When(date(year, int(month), 1), date(year, int(month), monthrange(year, int(month))[1]), text)
    exact = date(year, int(month), int(day))
    return When(exact, exact, text)


def parse_instant(text: object) -> datetime | None:
    """A date with time as a moment, in UTC where it names no zone; ``None`` for anything else.

    For ordering versions of a resource and for telling whether a day of another zone has come; facts use days.
    """
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # OverflowError: the first hours of year 1 in a zone east of Greenwich
        return None


def is_after(when: When, day: date) -> bool:
    """Whether a date lies after a day for certain.

    A dateTime of a zone ahead of UTC may bear tomorrow's date while it has happened: it counts by its UTC day too.
    """
    if when.start <= day:
        return False
    moment = parse_instant(when.text) if len(when.text) > 10 else None
    return moment is None or moment.date() > day


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
    year, month = _month_after(start, whole + 1)
    # 9999-12-31 stands for "open" in many systems; the month after it is not a date any more.
    length = 31 if year > MAXYEAR else (_same_day(start, year, month) - reached).days
    return whole + (end - reached).days / length


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
