"""Tolerant readers of values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.record.values import (
    Quantity,
    all_text,
    as_dict,
    as_float,
    as_list,
    as_text,
    codings_of,
    components,
    concept_text,
    notes_of,
    parse_number,
    qualitative,
    qualitative_text,
    quantity,
    value_text,
)
from tests.record.record_support import LOINC, SNOMED, coded, terminology

ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "coding",
                    "code",
                    "system",
                    "text",
                    "display",
                    "value",
                    "unit",
                    "comparator",
                    "numerator",
                    "denominator",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
KEYS = (
    "valueQuantity", "valueInteger", "valueRatio", "valueString", "valueCodeableConcept", "valueBoolean", "interpretation",
    "note", "conclusion", "component", "conclusionCode", "comment",
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "number"),
    [
        pytest.param(3, 3.0, id="integer"),
        pytest.param("4.2", 4.2, id="string"),
        pytest.param(" 4,2 ", 4.2, id="decimal comma"),
        pytest.param("0,012", 0.012, id="decimal comma with three decimals"),
        pytest.param("1E-4", 1e-4, id="exponent"),
        pytest.param("12,000", None, id="comma of thousands or decimals"),
        pytest.param("1,234,567", 1234567.0, id="thousands for certain"),
        pytest.param("nan", None, id="NaN"),
        pytest.param(float("inf"), None, id="infinite"),
        pytest.param("9" * 400, None, id="too long a string"),
        pytest.param(10**400, None, id="too large an integer"),
        pytest.param(True, None, id="boolean"),
        pytest.param("high", None, id="word"),
        pytest.param(None, None, id="nothing"),
        pytest.param([1], None, id="list"),
    ],
)
def test_numbers(value: object, number: float | None) -> None:
    assert as_float(value) == number


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("4.2", (4.2, None, None), id="plain"),
        pytest.param("<0,01 %", (0.01, "%", "<"), id="German"),
        pytest.param("≥ 95 %", (95.0, "%", ">="), id="typographic comparator"),
        pytest.param("<.01%", (0.01, "%", "<"), id="no leading zero"),
        pytest.param("<1E-5", (1e-5, None, "<"), id="exponent"),
        pytest.param("3.1 x10E3/uL", (3.1, "x10E3/uL", None), id="unit with digits"),
        pytest.param("12,000 /uL", None, id="ambiguous comma"),
        pytest.param("not detected", None, id="words"),
        pytest.param("about 5", None, id="number inside words"),
        pytest.param("", None, id="empty"),
    ],
)
def test_numbers_in_text(text: str, found: tuple[float, str | None, str | None] | None) -> None:
    number = parse_number(text)
    assert (number and (number.value, number.unit, number.comparator)) == found


@pytest.mark.parametrize(
    ("element", "found"),
    [
        pytest.param({"valueQuantity": {"value": 4.2, "unit": "K/uL", "code": "10*3/uL"}}, (4.2, "10*3/uL", None), id="code before unit"),
        pytest.param({"valueQuantity": {"value": 4.2, "unit": "K/uL"}}, (4.2, "K/uL", None), id="unit alone"),
        pytest.param({"valueQuantity": {"value": "4,2", "unit": "K/uL"}}, (4.2, "K/uL", None), id="number as string"),
        pytest.param({"valueQuantity": {"value": "<0.01", "unit": "%"}}, (0.01, "%", "<"), id="comparator in the value"),
        pytest.param({"valueQuantity": {"value": "<0.01 %"}}, (0.01, "%", "<"), id="all in the value"),
        pytest.param({"valueQuantity": {"value": 0.01, "unit": "% <"}}, (0.01, "%", "<"), id="comparator in the unit"),
        pytest.param({"valueQuantity": {"value": 0.01, "unit": "% <", "code": "%"}}, (0.01, "%", "<"), id="in the unit beside a code"),
        pytest.param({"valueQuantity": {"value": 0.01, "unit": "%", "comparator": "<"}}, (0.01, "%", "<"), id="comparator"),
        pytest.param({"valueQuantity": {"value": 0.01, "comparator": "ad"}}, None, id="comparator of another kind"),
        pytest.param({"valueQuantity": {"value": "high"}}, None, id="word for a value"),
        pytest.param({"valueQuantity": {"value": None, "unit": "%"}}, None, id="no value"),
        pytest.param({"valueQuantity": {"unit": "%"}}, None, id="unit only"),
        pytest.param({"valueQuantity": [{"value": 3, "unit": "%"}]}, (3.0, "%", None), id="array for an object"),
        pytest.param({"valueInteger": 80}, (80.0, None, None), id="integer"),
        pytest.param({"valueDecimal": "1.5"}, (1.5, None, None), id="decimal"),
        pytest.param({"valueRatio": {"numerator": {"value": 3}, "denominator": {"value": 10000}}}, (3e-4, "1", None), id="ratio"),
        pytest.param(
            {"valueRatio": {"numerator": {"value": 3, "unit": "{cells}", "comparator": "<"}, "denominator": {"value": 10000}}},
            (3e-4, "1", "<"),
            id="ratio of cells",
        ),
        pytest.param(
            {"valueRatio": {"numerator": {"value": 50, "code": "mg"}, "denominator": {"value": 10, "code": "dL"}}},
            (5.0, "mg/dL", None),
            id="ratio with units",
        ),
        pytest.param({"valueRatio": {"numerator": {"value": 5, "code": "%"}, "denominator": {"value": 1}}}, (5.0, "%", None), id="percent over one"),
        pytest.param({"valueRatio": {"numerator": {"value": 3}, "denominator": {"value": 0}}}, None, id="over nothing"),
        pytest.param({"valueRatio": {"numerator": {}, "denominator": {"value": 1}}}, None, id="ratio without numerator"),
        pytest.param({"valueRatio": {"numerator": {"value": 3}, "denominator": {"value": 9, "comparator": ">"}}}, None, id="over more than"),
        pytest.param({"valueString": "<0,01 %"}, (0.01, "%", "<"), id="string"),
        pytest.param({"valueString": "not detected"}, None, id="words"),
        pytest.param({}, None, id="no value at all"),
        pytest.param({"valueQuantity": "4.2", "valueString": None}, None, id="misshapen"),
    ],
)  # fmt: skip
def test_quantities(element: dict[str, Any], found: tuple[float, str | None, str | None] | None) -> None:
    number = quantity(element)
    assert (number and (pytest.approx(number.value), number.unit, number.comparator)) == found


def test_a_quantity_shows_itself_as_it_came() -> None:
    assert quantity({"valueQuantity": {"value": 0.01, "unit": "%", "comparator": "<"}}) == Quantity(
        0.01, "%", "<", "<0.01 %"
    )


@pytest.mark.parametrize(
    ("concept", "found"),
    [
        pytest.param(coded(LOINC, " 6690-2 "), [(LOINC, "6690-2")], id="trimmed"),
        pytest.param({"coding": {"system": LOINC, "code": "1"}}, [(LOINC, "1")], id="object for an array"),
        pytest.param([coded(LOINC, "1")], [(LOINC, "1")], id="array for an object"),
        pytest.param({"system": LOINC, "code": "1"}, [(LOINC, "1")], id="a Coding"),
        pytest.param({"coding": [{"system": SNOMED, "code": 12301000132103}]}, [(SNOMED, "12301000132103")], id="number for a code"),
        pytest.param({"coding": [{"code": "1"}]}, [("", "1")], id="no system"),
        pytest.param({"coding": [{"system": 5, "code": "1"}, None, "x", {"code": " "}, {"code": True}, {"code": {}}]}, [("", "1")], id="odd rows"),
        pytest.param("6690-2", [], id="string"),
        pytest.param(None, [], id="nothing"),
        pytest.param([], [], id="empty"),
    ],
)  # fmt: skip
def test_codings(concept: object, found: list[tuple[str, str]]) -> None:
    assert codings_of(concept) == found


@pytest.mark.parametrize(
    ("concept", "text"),
    [
        pytest.param(
            {"text": "WBC", "coding": [{"display": "Leukocytes"}, {"display": "WBC"}]},
            "WBC | Leukocytes",
            id="each once",
        ),
        pytest.param({"display": "a Coding"}, "a Coding", id="a Coding"),
        pytest.param("bare", "bare", id="string"),
        pytest.param({"text": 7, "coding": "x"}, "", id="misshapen"),
        pytest.param(None, "", id="nothing"),
    ],
)
def test_texts_of_concepts(concept: object, text: str) -> None:
    assert concept_text(concept) == text


def test_texts_of_results() -> None:
    element = {
        "valueCodeableConcept": {"text": "Present"},
        "interpretation": {"text": "Abnormal"},
        "conclusionCode": [{"text": "relapse"}],
        "note": [{"text": "haemolysed"}, None, {"text": 3}],
        "conclusion": "see above",
        "comment": "old style",
    }
    assert value_text(element) == "Present"
    assert notes_of(element) == "haemolysed\nsee above\nold style"
    assert all_text(element) == "Present\nAbnormal\nrelapse\nhaemolysed\nsee above\nold style"
    assert value_text({"valueString": "words", "valueCodeableConcept": {"text": "other"}}) == "words"


def test_shapes() -> None:
    assert (as_list(None), as_list({}), as_list([1])) == ([], [{}], [1])
    assert (as_dict([{"a": 1}]), as_dict("x"), as_dict([]), as_dict(["x"])) == ({"a": 1}, {}, {}, {})
    assert (as_text("x"), as_text(3), as_text(None)) == ("x", "", "")
    assert list(components({"component": [{"a": 1}, None, "x"]})) == [{"a": 1}]
    assert list(components({"component": {"a": 1}})) == [{"a": 1}]


@pytest.mark.parametrize(
    ("element", "word"),
    [
        pytest.param({"valueCodeableConcept": coded(SNOMED, "10828004")}, "positive", id="SNOMED positive"),
        pytest.param({"valueCodeableConcept": coded(SNOMED, "260415000")}, "negative", id="SNOMED not detected"),
        pytest.param({"valueCodeableConcept": coded("urn:oid:2.16.840.1.113883.6.96", "260415000")}, "negative", id="system as OID"),
        pytest.param({"valueCodeableConcept": coded(LOINC, "LA6576-8")}, "positive", id="LOINC answer"),
        pytest.param({"valueCodeableConcept": coded("urn:local", "X", "Not detected")}, "negative", id="text of an unknown code"),
        pytest.param({"valueBoolean": True}, "positive", id="true"),
        pytest.param({"valueBoolean": False}, "negative", id="false"),
        pytest.param({"valueBoolean": "true"}, None, id="a string is no boolean"),
        pytest.param({"valueString": "positiv"}, "positive", id="German"),
        pytest.param({"interpretation": [coded("x", "POS")]}, "positive", id="POS"),
        pytest.param({"interpretation": coded("x", "NEG")}, "negative", id="NEG as object"),
        pytest.param({"interpretation": [coded("x", "nd")]}, "negative", id="ND"),
        pytest.param({"interpretation": [coded("x", "E")]}, "indeterminate", id="E is equivocal"),
        pytest.param({"interpretation": [coded("x", "IND")]}, "indeterminate", id="IND"),
        pytest.param({"interpretation": [coded(SNOMED, "10828004")]}, "positive", id="SNOMED as interpretation"),
        pytest.param({"interpretation": [coded("x", "H"), {"text": "not detected"}]}, "negative", id="text of an interpretation"),
        pytest.param({"interpretation": [coded("x", "H")]}, None, id="high says nothing"),
        pytest.param({}, None, id="nothing"),
    ],
)  # fmt: skip
def test_qualitative(element: dict[str, Any], word: str | None) -> None:
    assert qualitative(element, terminology()) == word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("positive", "positive"),
        ("POSITIVE [Above upper LoQ]", "positive"),
        ("positive, not quantifiable (<1E-4)", "positive"),
        ("detected", "positive"),
        ("nachweisbar", "positive"),
        ("Negative", "negative"),
        ("NEGATIVE [Sufficient ABL transcript]", "negative"),
        ("not detected (sensitivity 1E-5)", "negative"),
        ("none detected", "negative"),
        ("non-reactive", "negative"),
        ("nicht nachweisbar", "negative"),
        ("kein Nachweis", "negative"),
        ("No BCR::ABL1 transcript detected", "negative"),
        ("no longer present", "negative"),
        ("normal", "negative"),
        ("Indeterminate", "indeterminate"),
        ("NO RESULT", "indeterminate"),
        ("possibly positive", "indeterminate"),
        ("KMT2A negative, BCR::ABL1 positive", None),
        ("mother positive", None),
        ("see report", None),
        ("", None),
    ],
)
def test_qualitative_words(text: str, word: str | None) -> None:
    assert qualitative_text(text) == word


@given(st.dictionaries(st.sampled_from(KEYS), ODD, max_size=5))
def test_no_shape_makes_the_readers_raise(element: dict[str, Any]) -> None:
    number = quantity(element)
    assert number is None or isinstance(number.value, float)
    assert qualitative(element, terminology()) in ("positive", "negative", "indeterminate", None)
    assert isinstance(all_text(element), str)
    assert all(isinstance(component, dict) for component in components(element))
