"""FHIR dates as intervals, and lengths of time in calendar units."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.record.dates import (
    completed_months,
    completed_years,
    is_after,
    months_between,
    months_bounds,
    parse_instant,
    parse_when,
)
from service.record.model import When

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1))


def when(text: str) -> When:
    found = parse_when(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        pytest.param("2024-05-01", date(2024, 5, 1), date(2024, 5, 1), id="day"),
        pytest.param("2024-05", date(2024, 5, 1), date(2024, 5, 31), id="month"),
        pytest.param("2024-02", date(2024, 2, 1), date(2024, 2, 29), id="leap February"),
        pytest.param("2023-02", date(2023, 2, 1), date(2023, 2, 28), id="plain February"),
        pytest.param("2024", date(2024, 1, 1), date(2024, 12, 31), id="year"),
        pytest.param("2024-05-01T23:30:00-05:00", date(2024, 5, 1), date(2024, 5, 1), id="zone"),
        pytest.param("2024-05-01T08:00:00.123Z", date(2024, 5, 1), date(2024, 5, 1), id="instant"),
        pytest.param("2024-05-01 08:00", date(2024, 5, 1), date(2024, 5, 1), id="blank for T"),
        pytest.param(" 2024-05-01 ", date(2024, 5, 1), date(2024, 5, 1), id="blanks around"),
        pytest.param("2024-5-1", date(2024, 5, 1), date(2024, 5, 1), id="no leading zeros"),
    ],
)
def test_dates_that_are_read(text: str, start: date, end: date) -> None:
    found = when(text)
    assert (found.start, found.end, found.text) == (start, end, text)
    assert found.exact is (start == end)


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "2024-13", "2024-02-30", "2024-04-31", "0000", "05/01/2024", "2024-W01-1", "2024-05-01x",
        "2024-05-01T8", "2024-05-01T08:00:00 noon", None, 2024, 2024.5, True, {}, [], ["2024"], {"start": "2024"},
    ],
)  # fmt: skip
def test_nonsense_is_no_date(text: Any) -> None:
    assert parse_when(text) is None


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\d.{0,12}"))
def test_no_text_makes_it_raise(text: str) -> None:
    found = parse_when(text)
    assert found is None or found.start <= found.end


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param("2024-05-01T10:00:00+02:00", datetime(2024, 5, 1, 8, tzinfo=UTC), id="zone"),
        pytest.param("2024-05-01T10:00:00", datetime(2024, 5, 1, 10, tzinfo=UTC), id="no zone"),
        pytest.param("0001-01-01T00:00:00+05:00", None, id="before year 1"),
        pytest.param("soon", None, id="nonsense"),
        pytest.param(7, None, id="no text"),
    ],
)
def test_moments(text: object, moment: datetime | None) -> None:
    assert parse_instant(text) == moment


@pytest.mark.parametrize(
    ("text", "after"),
    [
        pytest.param("2025-06-01", False, id="that day"),
        pytest.param("2025-06-02", True, id="next day"),
        pytest.param("2025-06", False, id="month under way"),
        pytest.param("2025-07", True, id="next month"),
        pytest.param("2025-06-02T01:00:00+10:00", False, id="tomorrow only in its zone"),
        pytest.param("2025-06-02T12:00:00+10:00", True, id="tomorrow everywhere"),
        pytest.param("2025-06-02 noonish", True, id="unreadable time"),
    ],
)
def test_after_a_day(text: str, after: bool) -> None:
    found = parse_when(text) or When(date(2025, 6, 2), date(2025, 6, 2), text)
    assert is_after(found, date(2025, 6, 1)) is after


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        pytest.param(date(2020, 1, 15), date(2023, 1, 15), 36.0, id="36 months to the day"),
        pytest.param(date(2020, 1, 15), date(2023, 1, 16), 36 + 1 / 31, id="and one day"),
        pytest.param(date(2020, 1, 15), date(2023, 1, 14), 35 + 30 / 31, id="less one day"),
        pytest.param(date(2024, 1, 31), date(2024, 2, 29), 1.0, id="31 January to the last of February"),
        pytest.param(date(2024, 5, 1), date(2024, 5, 1), 0.0, id="same day"),
        pytest.param(date(2024, 3, 1), date(2024, 2, 1), -1.0, id="backwards"),
        pytest.param(date(2024, 12, 1), date(9999, 12, 31), 12 * 7975 + 30 / 31, id="open end"),
    ],
)
def test_calendar_months(start: date, end: date, months: float) -> None:
    assert months_between(start, end) == pytest.approx(months, abs=1e-9)


@given(DAYS, st.integers(0, 40000))
def test_months_grow_with_time(start: date, days: int) -> None:
    end = start + timedelta(days=days)
    assert months_between(start, end) <= months_between(start, end + timedelta(days=1))
    assert months_between(end, start) == -months_between(start, end)


def test_partial_dates_give_bounds() -> None:
    low, high = months_bounds(when("2020"), when("2023-06"))
    assert low == pytest.approx(months_between(date(2020, 12, 31), date(2023, 6, 1)))
    assert high == pytest.approx(months_between(date(2020, 1, 1), date(2023, 6, 30)))


@pytest.mark.parametrize(
    ("birth", "at", "years", "months"),
    [
        pytest.param("2007-06-01", date(2025, 6, 1), (18, 18), (216, 216), id="birthday"),
        pytest.param("2007-06-02", date(2025, 6, 1), (17, 17), (215, 215), id="day before"),
        pytest.param("2007", date(2025, 6, 1), (17, 18), (209, 221), id="year only"),
        pytest.param("2007-06", date(2025, 6, 1), (17, 18), (215, 216), id="month only"),
        pytest.param("2004-02-29", date(2022, 2, 28), (18, 18), (216, 216), id="leap day"),
        pytest.param("2026-01-01", date(2025, 6, 1), (0, 0), (0, 0), id="not yet born"),
    ],
)
def test_age(birth: str, at: date, years: tuple[int, int], months: tuple[int, int]) -> None:
    assert completed_years(when(birth), at) == years
    assert completed_months(when(birth), at) == months
