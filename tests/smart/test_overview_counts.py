"""Blasts and counts as shown: all values in one unit, and those that could not be read with the reason."""

from __future__ import annotations

from typing import Any

from service.facts.labs.series import counts
from service.smart.views.counts import Counts, counts_of
from service.smart.views.figures import figures, power
from service.smart.words import Language
from tests.facts.fhir import observation
from tests.facts.support import facts_of


def lab(code: str, value: float, unit: str, on: str | None = "2025-05-20", **more: Any) -> dict[str, Any]:
    return observation(code, on, valueQuantity={"value": value, "unit": unit}, **more)


def shown(*resources: dict[str, Any]) -> Counts:
    record = facts_of(*resources).record
    assert record is not None
    return counts_of(record)


def test_old_values_are_shown_in_one_unit() -> None:
    found = shown(lab("6690-2", 12000, "/uL", "2019-01-01"), lab("6690-2", 3.5, "10*9/L"), lab("718-7", 85, "g/L"))
    assert [(row.series, row.y) for row in found.cells] == [("wbc", 3.5), ("wbc", 12.0)]
    assert [(row.y, row.unit) for row in found.hemoglobin] == [(8.5, "g/dL")]


def test_unreadable_and_implausible_keep_their_reason() -> None:
    found = shown(lab("6690-2", 8, "furlongs"), lab("718-7", 810, "g/dL"))
    assert "cannot be converted" in (found.cells[0].why or "")
    assert found.cells[0].y is None
    assert "plausible" in (found.hemoglobin[0].why or "")


def test_blood_blasts_are_never_those_of_the_marrow() -> None:
    found = shown(lab("11150-0", 40, "%"), lab("26446-5", 7, "%"))
    assert {row.series: row.y for row in found.blasts} == {"marrow_blasts": 40.0, "blood_blasts": 7.0}


def test_below_and_above() -> None:
    found = shown(
        observation("6690-2", valueQuantity={"value": 0.1, "comparator": "<", "unit": "10*9/L"}),
        observation("777-3", valueQuantity={"value": 1000, "comparator": ">", "unit": "10*9/L"}),
    )
    assert {row.series: (row.shape, row.y) for row in found.cells} == {
        "wbc": ("below", 0.1),
        "platelets": ("above", 1000.0),
    }


def test_neutrophils_are_computed_where_none_were_counted() -> None:
    days = ("2025-05-01", "2025-05-10")
    made = [row for day in days for row in (lab("6690-2", 2.0, "10*9/L", day), lab("770-8", 50, "%", day))]
    record = facts_of(*made, lab("751-8", 0.9, "10*9/L", "2025-05-10")).record
    assert record is not None
    found = [(one.found.value, one.inferred) for one in counts(record) if one.name == "anc"]
    assert sorted(found, key=str) == [(0.9, False), (1.0, True)]


def test_undated_values_come_last() -> None:
    found = shown(lab("718-7", 9, "g/dL", None), lab("718-7", 8, "g/dL"))
    assert [row.y for row in found.hemoglobin] == [8, 9]


def test_figures() -> None:
    assert figures(0.00012345, Language("de")) == "0,000123"
    assert figures(0.0, Language("en")) == "0"
    assert figures(1234.0, Language("en")) == "1230"
    assert power(1e-4, Language("en")) == "10⁻⁴"
    assert power(3e-6, Language("en")) == "3 × 10⁻⁶"
    assert power(0.0, Language("en")) == "0"
