"""Hours between leucovorin and glucarpidase."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from service.facts.model import Provenance
from service.facts.therapy.rescue_timing import NAME, PROVIDERS, gap
from tests.facts.fhir import administration, request
from tests.facts.support import facts_of

DAY = date(2025, 6, 1)


def at(*times: str, **repeat: Any) -> list[dict[str, Any]]:
    """A dosage at some times of the day of judgement."""
    timing: dict[str, Any] = {"event": [f"2025-06-01T{time}:00Z" for time in times]} if times else {}
    return [{"timing": {**timing, **({"repeat": repeat} if repeat else {})}}]


def between(leucovorin: list[dict[str, Any]], glucarpidase: list[dict[str, Any]]) -> Any:
    rows = [
        (frozenset({drug}), request(drug, dosageInstruction=dosage), Provenance(drug))
        for drug, dosage in (("leucovorin", leucovorin), ("glucarpidase", glucarpidase))
    ]
    fact = gap(rows, None, DAY)
    return fact.value if fact is not None else None


EVERY_SIX = {"period": 6, "periodUnit": "h", "frequency": 1, "boundsPeriod": {"start": "2025-06-01T06:00:00Z"}}


@pytest.mark.parametrize(
    ("leucovorin", "glucarpidase", "hours"),
    [
        pytest.param(at("12:00"), at("13:00"), 1, id="an hour after"),
        pytest.param(at("12:00"), at("10:00"), 2, id="two hours before"),
        pytest.param(at("06:00", "12:00", "18:00"), at("15:00"), 3, id="the nearest of several"),
        pytest.param(at(**EVERY_SIX), at("17:00"), 1, id="a schedule with its start"),
        pytest.param(at(period=6, periodUnit="h", frequency=1), at("17:00"), None, id="a schedule without a start"),
        pytest.param(at("12:00"), [], None, id="no time"),
        pytest.param([{"timing": {"event": ["2025-06-01"]}}], at("12:00"), None, id="a date is no time"),
        pytest.param([{"timing": {"event": ["2025-06-01T12:00:00+02:00"]}}], at("11:00"), 1, id="another zone"),
        pytest.param(at(period=0, periodUnit="h", boundsPeriod={"start": "2025-06-01T06:00:00Z"}), at("07:00"), 1, id="no period"),
        pytest.param([{"timing": {"event": "noon", "repeat": "often"}}], at("12:00"), None, id="misshapen"),
    ],
)  # fmt: skip
def test_the_least_gap(
    leucovorin: list[dict[str, Any]], glucarpidase: list[dict[str, Any]], hours: float | None
) -> None:
    assert between(leucovorin, glucarpidase) == hours


def test_a_draft_and_a_dose_of_the_record() -> None:
    given = administration("leucovorin", "2025-06-01T12:00:00Z")
    record = facts_of(given, providers=PROVIDERS).record
    draft = (frozenset({"glucarpidase"}), request("glucarpidase", dosageInstruction=at("13:30")), Provenance("draft"))
    found = gap([draft], record, DAY)
    assert found is not None
    assert found.value == 1.5


def test_what_lies_behind_is_no_gap_any_more() -> None:
    given = [
        administration(drug, f"2025-05-20T{hour}:00:00Z") for drug, hour in (("leucovorin", 12), ("glucarpidase", 13))
    ]
    assert not facts_of(*given, providers=PROVIDERS)[NAME].known


def test_doses_to_come_on_the_record() -> None:
    orders = [
        request("leucovorin", "2025-06-01", dosageInstruction=at("12:00")),
        request("glucarpidase", "2025-06-01", dosageInstruction=at("13:00")),
    ]
    assert facts_of(*orders, providers=PROVIDERS)[NAME].value == 1
