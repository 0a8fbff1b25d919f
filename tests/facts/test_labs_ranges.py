"""Reference ranges in the shapes laboratories send, and grades and states that rest on them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.labs.ctcae import neutrophils, over, qtc
from service.facts.model import Interval, Reason
from service.facts.results.ranges import against_range, limits
from tests.facts.fhir import administration, observation, patient
from tests.facts.support import facts_of

# The day of judgement is 2025-06-01.
DAY = "2025-05-31"
AST, ALT = "1920-8", "1742-6"


def result(value: float, *ranges: Any, unit: str = "U/L", **more: Any) -> dict[str, Any]:
    return {"valueQuantity": {"value": value, "unit": unit}, "referenceRange": list(ranges), **more}


def typed(code: str, low: float, high: float) -> dict[str, Any]:
    return {"type": {"coding": [{"code": code}]}, "low": {"value": low}, "high": {"value": high}}


def sexed(word: str, high: float) -> dict[str, Any]:
    return {"high": {"value": high}, "appliesTo": [{"text": word}]}


@pytest.mark.parametrize(
    ("ranges", "sex", "expected"),
    [
        pytest.param([{"low": {"value": 10, "unit": "U/L"}, "high": {"value": 35, "unit": "U/L"}}], None, (10, 35), id="both"),
        pytest.param([{"high": {"value": 35, "unit": "IU/L"}}], None, (None, 35), id="another name of the unit"),
        pytest.param([{"high": {"value": 0.58, "unit": "ukat/L"}}], None, (None, None), id="another unit"),
        pytest.param([{"text": "0-35"}], None, (0, 35), id="text"),
        pytest.param([{"text": "0,17 - 35,5 U/l"}], None, (0.17, 35.5), id="German text"),
        pytest.param([{"text": "< 35"}], None, (None, 35), id="below"),
        pytest.param([{"text": "bis 35 U/l"}], None, (None, 35), id="bis"),
        pytest.param([{"text": "> 60"}], None, (60, None), id="above"),
        pytest.param([{"text": "m: 10-50, f: 10-35"}], None, (None, None), id="two ranges in one text"),
        pytest.param([{"text": "see comment"}], None, (None, None), id="words"),
        pytest.param([{"text": "0-0.58 ukat/L"}], None, (None, None), id="text in another unit"),
        pytest.param([typed("therapeutic", 1, 5), typed("normal", 0, 35)], None, (0, 35), id="the normal one of two"),
        pytest.param([typed("therapeutic", 1, 5)], None, (None, None), id="only a therapeutic one"),
        pytest.param([sexed("male", 50), sexed("female", 35)], "female", (None, 35), id="of a woman"),
        pytest.param([sexed("Männer", 50), sexed("Frauen", 35)], "male", (None, 50), id="of a man"),
        pytest.param([sexed("male", 50), sexed("female", 35)], None, (None, None), id="of whom is not known"),
        pytest.param([{"high": {"value": 35}}, {"high": {"value": 35}}], None, (None, 35), id="twice the same"),
        pytest.param(["x", None, {"high": "35"}, {"low": []}], None, (None, None), id="misshapen"),
    ],
)  # fmt: skip
def test_limits(ranges: list[Any], sex: str | None, expected: object) -> None:
    assert limits(result(30, *ranges), sex) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({"interpretation": [{"coding": [{"code": "HH"}]}]}, "high", id="critical"),
        pytest.param({"interpretation": [{"text": "erhöht"}]}, "high", id="in words"),
        pytest.param({"interpretation": [{"text": "L"}]}, "low", id="the letter of HL7 v2"),
        pytest.param({}, "normal", id="by the range"),
    ],
)
def test_the_laboratory_s_own_flag_goes_first(more: dict[str, Any], expected: str) -> None:
    assert against_range(result(30, {"low": {"value": 10}, "high": {"value": 35}}) | more) == expected


@pytest.mark.parametrize(
    ("value", "comparator", "expected"), [(500, ">", "high"), (35, ">", "high"), (5, "<", "low"), (30, "<", None), (30, ">", None)]
)  # fmt: skip
def test_a_value_beyond_the_machine_s_range(value: float, comparator: str, expected: str | None) -> None:
    found = result(value, {"low": {"value": 10}, "high": {"value": 35}})
    found["valueQuantity"]["comparator"] = comparator
    assert against_range(found) == expected


def enzyme(code: str, value: float, on: str = DAY, high: float | None = 40) -> Any:
    return observation(code, on, **result(value, *([{"high": {"value": high}}] if high else [])))


def test_one_enzyme_without_a_range_leaves_the_grade_open_above() -> None:
    assert facts_of(enzyme(AST, 30), enzyme(ALT, 900, high=None)).value("ast_alt_grade") == Interval(0, 4)


def test_above_the_machine_s_range_is_a_grade() -> None:
    high = observation(AST, DAY, valueString="> 5000 U/l", referenceRange=[{"text": "< 40"}])
    assert facts_of(high).value("ast_alt_grade") == 4


def test_raised_before_treatment_is_told() -> None:
    facts = facts_of(enzyme(ALT, 90, "2025-05-01"), administration("vincristine", "2025-05-02"), enzyme(ALT, 130))
    assert facts.value("ast_alt_grade") == 2
    assert "before treatment" in (facts["ast_alt_grade"].provenance[0].note or "")


@pytest.mark.parametrize(
    ("series", "peak", "days"),
    [
        pytest.param([("2025-05-10", 900), ("2025-05-14", 300), ("2025-05-17", 100)], 4, Interval(4, 7, low_open=True), id="in a week"),
        pytest.param([("2025-05-10", 900), ("2025-05-17", 200), ("2025-05-18", 100)], 4, 8, id="eight days"),
        pytest.param([("2025-05-10", 300), ("2025-05-20", 900), ("2025-05-28", 500)], 4, Interval(8, low_open=True), id="still up"),
        pytest.param([("2025-05-10", 900), ("2025-05-12", 30), ("2025-05-20", 300), ("2025-05-22", 30)], 3, Interval(0, 2, low_open=True),
                     id="the last of two"),
        pytest.param([("2025-05-10", 100)], None, None, id="never above grade 1"),
    ],
)  # fmt: skip
def test_the_last_episode(series: list[tuple[str, float]], peak: float | None, days: object) -> None:
    facts = facts_of(*(enzyme(ALT, value, on) for on, value in series))
    assert facts.value("ast_alt_peak_grade") == peak
    assert facts.value("ast_alt_days_to_grade1") == days


@pytest.mark.parametrize(
    ("kind", "code", "value", "unit", "high", "expected"),
    [
        ("hyperbilirubinemia", "1975-2", 1.2, "mg/dL", 1.2, 0), ("hyperbilirubinemia", "1975-2", 1.8, "mg/dL", 1.2, 1),
        ("hyperbilirubinemia", "1975-2", 3.6, "mg/dL", 1.2, 2), ("hyperbilirubinemia", "1975-2", 12.1, "mg/dL", 1.2, 4),
        ("hypertriglyceridemia", "2571-8", 149, "mg/dL", None, 0), ("hypertriglyceridemia", "2571-8", 150, "mg/dL", None, 1),
        ("hypertriglyceridemia", "2571-8", 300, "mg/dL", None, 1), ("hypertriglyceridemia", "2571-8", 500, "mg/dL", None, 2),
        ("hypertriglyceridemia", "2571-8", 1000, "mg/dL", None, 3), ("hypertriglyceridemia", "2571-8", 1000.1, "mg/dL", None, 4),
        ("hypertriglyceridemia", "14927-8", 12.4, "mmol/L", None, 4),
        ("hyperglycemia", "2345-7", 95, "mg/dL", None, 0), ("hyperglycemia", "2345-7", 180, "mg/dL", None, Interval(0, 2)),
        ("hyperglycemia", "2345-7", 251, "mg/dL", None, 3), ("hyperglycemia", "2345-7", 501, "mg/dL", None, 4),
        ("nephrotoxicity", "2160-0", 1.5, "mg/dL", 1.0, 1), ("nephrotoxicity", "2160-0", 3.1, "mg/dL", 1.0, 3),
        ("QT-prolongation", "8636-3", 480, "ms", None, 1), ("QT-prolongation", "8636-3", 501, "ms", None, 3),
        ("cardiac", "10230-1", 39, "%", None, 3), ("cardiac", "10230-1", 60, "%", None, None),
        ("neutropenia", "751-8", 499, "/uL", None, 4), ("neutropenia", "751-8", 350, "10*3/uL", None, None),
    ],
)  # fmt: skip
def test_grades_by_value(kind: str, code: str, value: float, unit: str, high: float | None, expected: object) -> None:
    ranges = [{"high": {"value": high}}] if high else []
    assert facts_of(observation(code, DAY, **result(value, *ranges, unit=unit))).value(f"toxicity({kind})") == expected


@given(st.floats(0, 50), st.floats(0, 50))
def test_grades_rise_with_the_value(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert over(low, ((20, 4), (5, 3), (3, 2), (1, 1))) <= over(high, ((20, 4), (5, 3), (3, 2), (1, 1)))


def test_limits_of_neutrophils_and_qtc() -> None:
    assert [neutrophils(n) for n in (0.49, 0.5, 0.99, 1.0, 1.49, 2.0)] == [4, 3, 3, 2, 2, 0]
    assert neutrophils(1.5) == Interval(0, 1)
    assert [qtc(n) for n in (449, 450, 480, 481, 500, 501)] == [0, 1, 1, 2, 2, 3]


def test_ranges_by_sex_reach_the_facts() -> None:
    ldh = observation("2532-0", DAY, **result(230, sexed("male", 250), sexed("female", 220)))
    assert facts_of(patient(gender="female"), ldh).value("ldh_elevated") is True
    assert facts_of(patient(gender="male"), ldh).value("ldh_elevated") is False
    assert facts_of(ldh)["ldh_elevated"].reason is Reason.NOT_DECIDED
