"""The number of a result: strings, ranges, units that disagree, and German and HL7 v2 forms."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.model import Interval, Reason
from service.facts.results.lookup import results_about
from service.facts.results.measured import measured
from tests.facts.fhir import observation
from tests.facts.support import facts_of, terminology

# The day of judgement is 2025-06-01.
DAY = "2025-05-31"


def quantity(value: object, unit: str, code: str | None = None, **more: Any) -> dict[str, Any]:
    return {"valueQuantity": {"value": value, "unit": unit, **({"code": code} if code else {}), **more}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(quantity(4.2, "K/uL", "10*3/uL"), 4.2, id="two names of one unit"),
        pytest.param(quantity(4.2, "G/L", "nonsense"), 4.2, id="a code no one knows"),
        pytest.param(quantity(0.1, "10*3/uL", comparator="<"), Interval(0, 0.1, high_open=True), id="comparator"),
        pytest.param(quantity("4,2", "Gpt/l"), 4.2, id="a number as a string with a comma"),
        pytest.param({"valueString": "4,2 G/l"}, 4.2, id="decimal comma"),
        pytest.param({"valueString": "<0,1 10^3/µl"}, Interval(0, 0.1, high_open=True), id="comma before a power"),
        pytest.param({"valueString": "0.1 10*3/uL"}, 0.1, id="power in the text"),
        pytest.param({"valueString": ">500 K/uL"}, Interval(500, low_open=True), id="above the range of the machine"),
        pytest.param({"valueString": "12.500 /µl"}, 12.5, id="German thousands"),
        pytest.param({"valueString": "12,500 /uL"}, 12.5, id="English thousands"),
        pytest.param({"valueString": "1.250.000 /µl"}, 1250.0, id="two marks"),
        pytest.param({"valueString": "0,5-0,8 Gpt/l"}, Interval(0.5, 0.8), id="range"),
        pytest.param({"valueString": "0.5 to 0.8 K/uL"}, Interval(0.5, 0.8), id="range in words"),
        pytest.param({"valueRange": {"low": {"value": 3, "unit": "G/L"}, "high": {"value": 4, "unit": "G/L"}}}, Interval(3, 4),
                     id="FHIR Range"),
    ],
)  # fmt: skip
def test_numbers(value: dict[str, Any], expected: object) -> None:
    found = measured(value, "cells")
    assert found is not None
    assert found.value == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(quantity(4.2, "10*3/uL", "/uL"), Reason.UNIT, id="name and code a thousandfold apart"),
        pytest.param(quantity(4200, "/uL", "10*3/uL"), Reason.UNIT, id="the other way round"),
        pytest.param(quantity(4.2, ""), Reason.UNIT, id="no unit"),
        pytest.param({"valueString": "12.500"}, Reason.UNIT, id="text without unit"),
        pytest.param({"valueString": "12,000-14,000 /uL"}, Reason.UNREADABLE, id="a range that can be read in two ways"),
        pytest.param({"valueString": "siehe Befund 3 und 4"}, Reason.UNREADABLE, id="digits in words"),
        pytest.param({"valueRange": {"low": {"value": 3, "unit": "G/L"}, "high": {"value": 4, "unit": "/uL"}}}, None,
                     id="a Range in two units"),
        pytest.param({"valueString": "geronnen"}, None, id="clotted: no result at all"),
    ],
)  # fmt: skip
def test_no_number(value: dict[str, Any], reason: Reason | None) -> None:
    found = measured(value, "cells")
    assert (found.reason if found else None) is reason
    assert found is None or found.value is None


def test_a_newer_text_that_no_one_can_read_is_not_passed_over() -> None:
    old, new = (
        observation("6690-2", "2025-05-29", **quantity(3, "K/uL")),
        observation("6690-2", DAY, valueString="ca. 3"),
    )
    assert facts_of(old, new)["wbc_current"].reason is Reason.UNREADABLE


def test_a_failed_sample_is_passed_over() -> None:
    old, new = (
        observation("6690-2", "2025-05-29", **quantity(3, "K/uL")),
        observation("6690-2", DAY, valueString="geronnen"),
    )
    assert facts_of(old, new).value("wbc_current") == 3


def test_the_later_hour_counts_whatever_its_zone() -> None:
    early = observation("6690-2", "2025-05-31T08:00:00+02:00", **quantity(1, "K/uL"))
    late = observation("6690-2", "2025-05-31T07:00:00Z", **quantity(2, "K/uL"))
    assert facts_of(early, late).value("wbc_current") == 2
    assert facts_of(late, early).value("wbc_current") == 2


NAMES = {
    "labs.wbc": ("Leukozyten", "WBC", "White Blood Cell Count", "Leukozyten (EDTA-Blut)", "Leukocyte count", "Leukos"),
    "labs.platelets": ("Thrombozyten", "Platelet Count", "PLT"),
    "labs.anc": ("Neutrophile absolut", "Neutrophile Granulozyten absolut", "Absolute Neutrophil Count", "ANC", "Neutrophils #"),
    "labs.neutrophil_percent": ("Segmentkernige %", "Stabkernige %", "Neutrophils %", "Band Neutrophils"),
    "labs.hemoglobin": ("Hämoglobin", "Hb", "HGB", "Haemoglobin"),
    "labs.ast": ("GOT (AST)", "GOT/AST/ASAT", "ASAT (GOT)", "AST (SGOT)", "Aspartate aminotransferase"),
    "labs.alt": ("GPT (ALT)", "GPT/ALT", "ALAT", "Alanin-Aminotransferase"),
    "labs.bilirubin_total": ("Bilirubin gesamt", "Gesamtbilirubin", "Bilirubin, total", "Total Bilirubin", "Bilirubin", "Bilirubin i.S."),
    "labs.bilirubin_direct": ("Bilirubin direkt", "Direktes Bilirubin", "Bilirubin, Direct", "Conjugated bilirubin", "konjugiertes Bilirubin"),
    "labs.lipase": ("Lipase", "Pankreaslipase"),
    "labs.triglycerides": ("Triglyceride", "Triglyzeride", "Triglycerides", "Neutralfette"),
    "labs.glucose": ("Glukose", "Glucose, POC", "Blutzucker"),
    "labs.fibrinogen": ("Fibrinogen (Clauss)",),
    "labs.creatinine": ("Kreatinin", "Kreatinin i.S.", "Creatinine, serum"),
    "labs.egfr": ("GFR (CKD-EPI)", "Kreatinin-Clearance", "eGFR"),
    "labs.ldh": ("LDH", "Laktatdehydrogenase"),
    "labs.methotrexate_level": ("MTX-Spiegel", "Methotrexat-Spiegel", "Methotrexate level", "MTX 42h", "Methotrexat i.S."),
    "labs.coagulation": ("Quick", "INR", "aPTT", "Antithrombin III"),
    "fitness.lvef": ("LVEF", "EF (biplan)", "Linksventrikuläre Ejektionsfraktion"),
    "fitness.temperature": ("Körpertemperatur", "Temp. oral"),
    "fitness.weight": ("Körpergewicht", "Weight"),
    "fitness.g6pd": ("Glucose-6-phosphate dehydrogenase", "G6PD"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "group"), [(name, group) for group, names in NAMES.items() for name in names])
def test_local_names(name: str, group: str) -> None:
    found = {g for g in terminology().concepts_in_text(name) if g.startswith(("labs.", "fitness."))}
    assert found == {group}


@pytest.mark.parametrize(
    "name",
    ["Leukozyten-Esterase", "WBC differential", "Mean platelet volume", "Thrombozytenaggregation", "HbA1c", "Hemoglobin A1c",
     "Anti-neutrophil cytoplasmic antibody", "AST/ALT ratio", "Bilirubin, Indirect", "Indirect bilirubin", "Unconjugated bilirubin",
     "indirektes Bilirubin", "Lipoprotein lipase", "Fibrinogen degradation products",
     "Albumin/Creatinine ratio", "Creatine kinase", "RVEF", "Room temperature", "Birth weight", "Weight-for-height"],
)  # fmt: skip
def test_names_of_other_tests(name: str) -> None:
    assert not {g for g in terminology().concepts_in_text(name) if g.startswith(("labs.", "fitness."))}


@pytest.mark.parametrize(
    "other",
    [
        observation(text="Leukozyten im Urin", on=DAY, **quantity(4, "/uL")),
        observation(text="Leukozyten", on=DAY, specimen={"display": "Liquor"}, **quantity(4, "/uL")),
        observation(
            text="Liquordiagnostik", on=DAY, component=[{"code": {"text": "Leukozyten"}, **quantity(4, "/uL")}]
        ),
    ],
    ids=["urine", "specimen", "panel of CSF"],
)
def test_cells_of_other_fluids_are_no_blood_count(other: dict[str, Any]) -> None:
    assert facts_of(other).value("wbc_current") is None


def test_results_in_a_panel() -> None:
    panel = observation(text="Blutbild", on=DAY, component=[
        {"code": {"text": "Leukozyten"}, **quantity(4.2, "Gpt/l")}, {"code": {"coding": [{"system": "http://loinc.org", "code": "777-3"}]},
         **quantity(95, "Gpt/l")}, "x", {"code": None}])  # fmt: skip
    facts = facts_of(panel)
    assert (facts.value("wbc_current"), facts.value("platelets")) == (4.2, 95)
    assert facts.record is not None
    assert results_about(facts.record, "labs.wbc")[0].reference.startswith("Observation/")


def test_neutrophils_by_their_german_differential() -> None:
    facts = facts_of(
        observation(text="Leukozyten", on=DAY, **quantity(0.8, "Tsd/µl")),
        observation(text="Segmentkernige", on=DAY, **quantity(30, "%")),
        observation(text="Stabkernige", on=DAY, **quantity(5, "%")),
    )
    assert facts.value("anc") == 0.28
    assert facts.value("toxicity(neutropenia)") == 4
    assert facts.value("neutropenia") is True


@given(st.text(max_size=25), st.sampled_from(["cells", "percent", "enzyme", "temperature", "weight", "gfr", "hcg"]))
def test_any_text_has_a_number_or_a_reason(text: str, kind: str) -> None:
    found = measured({"valueString": text}, kind)
    assert found is None or (found.value is None) == (found.reason is not None)


@given(st.floats(0.01, 999), st.sampled_from(["10*9/L", "G/l", "Tsd/µl", "K/uL", "/nL"]))
def test_a_decimal_comma_is_a_decimal_point(value: float, unit: str) -> None:
    point, comma = f"{value:.2f} {unit}", f"{value:.2f} {unit}".replace(".", ",", 1)
    assert measured({"valueString": comma}, "cells") is not None
    assert measured({"valueString": point}, "cells").value == measured({"valueString": comma}, "cells").value  # type: ignore[union-attr]
