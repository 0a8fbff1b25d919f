"""Relapse and treatment, risk groups as stated, and the signs of recovery and progression."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Facts, Reason
from service.record.model import Coverage
from tests.facts.course_support import ALL, FRESH, RELAPSE, aspirate
from tests.facts.fhir import ICD, administration, condition, observation, resource, statement, status
from tests.facts.support import COMPLETE, facts_of

FRONTLINE = (
    statement("vincristine", "2020-01-20", "2020-06-01"),
    statement("mercaptopurine", "2020-07-01", "2022-06-15"),
)
LONGER = statement("mercaptopurine", "2020-07-01", "2023-05-15")


def read(*resources: dict[str, Any], **options: Any) -> Facts:
    """All facts of the service."""
    return facts_of(*resources, **options)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param([ALL, RELAPSE, *FRONTLINE], False, id="drugs ended before"),
        pytest.param([ALL, RELAPSE, FRONTLINE[0], LONGER], True, id="given on the day"),
        pytest.param(
            [ALL, RELAPSE, *FRONTLINE, statement("methotrexate", "2020-07-01", state="stopped")], None, id="no end"
        ),
        pytest.param([ALL, RELAPSE], None, id="no drugs"),
        pytest.param([condition("91857003", text="B-ALL, relapse during maintenance")], True, id="words"),
        pytest.param([condition("91857003", text="B-ALL, Rezidiv unter Erhaltungstherapie")], True, id="German"),
        pytest.param([condition("91857003", text="off-therapy relapse of ALL")], False, id="off therapy"),
        pytest.param([condition("91857003", text="B-ALL relapse nach Therapieende")], False, id="after the end"),
    ],
)
def test_relapse_on_therapy(resources: list[dict[str, Any]], expected: bool | None) -> None:
    assert read(*resources).value("relapse_on_therapy") is expected


def test_relapse_on_therapy_needs_complete_lists() -> None:
    part = {**COMPLETE, "MedicationStatement": Coverage.PARTIAL}
    assert read(ALL, RELAPSE, *FRONTLINE, coverage=part)["relapse_on_therapy"].reason is Reason.INCOMPLETE


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param([ALL, status("CR", "2020-03-01"), RELAPSE], "CR", id="stated"),
        pytest.param([ALL, aspirate(90, "2020-01-14"), aspirate(1, "2020-02-20"), RELAPSE], "CR", id="by the marrow"),
        pytest.param([ALL, status("refractory", "2020-03-01"), RELAPSE], "less-than-CR", id="refractory"),
        pytest.param([ALL, status("CR", "2020-09-01"), RELAPSE], None, id="not of induction"),
        pytest.param([ALL, status("CR", "2020-03-01")], None, id="no relapse"),
    ],
)
def test_prior_induction_response(resources: list[dict[str, Any]], expected: str | None) -> None:
    assert read(*resources).value("prior_induction_response") == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([status("CR2", "2023-06-01")], "CR"),
        ([status("refractory", "2023-05-01")], "no-response"),
        ([status("CR", "2020-06-01")], None),
        ([status("stable", "2023-06-01")], None),
    ],
)
def test_response_to_treatment_of_relapse(said: list[dict[str, Any]], expected: str | None) -> None:
    assert read(ALL, RELAPSE, *said).value("response_to_rr_therapy") == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("B-ALL, high-risk first relapse", "relapse_risk_group", "high"),
        ("1. Rezidiv, Hochrisiko", "relapse_risk_group", "high"),
        ("IntReALL SR 2010, first relapse", "relapse_risk_group", "standard"),
        ("standard risk relapse of ALL", "relapse_risk", "standard"),
        ("high risk of relapse", "relapse_risk", None),
        ("high-risk B-ALL", "relapse_risk", None),
        ("B-ALL, SR-Avg (AALL1731)", "risk_aall1731", "SR-average"),
        ("B-ALL, standard risk favorable", "risk_aall1731", "SR-favorable"),
        ("B-ALL, SR-High", "risk_aall1731", "SR-high"),
        ("T-ALL, very high risk", "risk_group_tall", "very-high"),
        ("T-ALL, intermediate risk (AALL0434)", "risk_group_tall", "intermediate"),
        ("B-ALL, high risk", "risk_group_tall", None),
        ("T-ALL, not high risk", "risk_group_tall", None),
    ],
)
def test_risk_groups_as_stated(text: str, name: str, expected: str | None) -> None:
    fact = read(condition(text=text))[name]
    assert fact.value == expected
    assert expected is None or fact.provenance[0].from_text


@pytest.mark.parametrize(
    ("blasts", "on", "steroid", "expected"),
    [
        (0.9, "2025-05-12", "2025-05-05", "good"),
        (1.0, "2025-05-12", "2025-05-05", "poor"),
        (0.9, "2025-05-13", "2025-05-05", "good"),
        (0.9, "2025-05-14", "2025-05-05", None),
        (0.9, "2025-05-11", "2025-05-05", None),
        (0.9, "2025-05-12", "2025-05", None),
    ],
)
def test_steroid_response_of_day_8(blasts: float, on: str, steroid: str, expected: str | None) -> None:
    count = observation("30376-8", on, valueQuantity={"value": blasts, "unit": "10*9/L"})
    given = [statement("prednisone", steroid, "2025-05-30"), administration("vincristine", "2025-05-13")]
    assert read(FRESH, *given, count).value("steroid_day8_response") == expected
    assert (
        read(FRESH, *given[:1], administration("vincristine", "2025-05-06"), count).value("steroid_day8_response")
        is None
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Prednison-Good-Response", "good"), ("PPR", "poor"), ("poor response to prednisone", "poor"), ("PGR/PPR", None)],
)
def test_steroid_response_in_words(text: str, expected: str | None) -> None:
    assert read(observation(text="Early response", valueString=text)).value("steroid_day8_response") == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("2 % blasts, trilineage hematopoiesis", "trilineage_hematopoiesis", True),
        ("trilineäre Hämatopoese, Blasten < 5 %", "trilineage_hematopoiesis", True),
        ("no trilineage hematopoiesis, aplastic", "trilineage_hematopoiesis", False),
        ("aplastic marrow", "trilineage_hematopoiesis", None),
        ("complete remission with incomplete count recovery", "count_recovery", False),
        ("CR with full count recovery", "count_recovery", True),
        ("count recovery pending", "count_recovery", False),
        ("no progression", "marrow_progression", False),
        ("progressive disease, blasts 60 %", "marrow_progression", True),
    ],
)
def test_words_of_marrow_reports(text: str, name: str, expected: bool | None) -> None:
    marrow = resource(
        "DiagnosticReport",
        status="final",
        code={"text": "Bone marrow aspirate"},
        effectiveDateTime="2025-05-20",
        conclusion=text,
    )
    assert read(ALL, marrow).value(name) is expected


def test_leukostasis() -> None:
    name = "symptomatic_hyperleukocytosis"
    assert read(condition(text="Hyperleukocytosis with leukostasis")).value(name) is True
    assert read(condition(text="Leukostase", status="resolved")).value(name) is None
    assert read(observation("6690-2", valueQuantity={"value": 400, "unit": "10*9/L"})).value(name) is None


def test_blasts_up_by_a_quarter_are_progression() -> None:
    facts = read(ALL, RELAPSE, aspirate(20, "2025-05-01"), aspirate(25, "2025-05-20"))
    assert (facts.value("blast_increase_percent"), facts.value("marrow_progression")) == (25.0, True)
    less = read(ALL, RELAPSE, aspirate(20, "2025-05-01"), aspirate(24.9, "2025-05-20"))
    assert less.value("marrow_progression") is None
    assert read(FRESH, aspirate(20, "2025-05-01"), aspirate(90, "2025-05-05")).value("marrow_progression") is None
    assert read(ALL, aspirate(0, "2025-05-01"), aspirate(90, "2025-05-20")).value("blast_increase_percent") is None


def test_extramedullary_disease_that_is_new() -> None:
    later = condition("722795004", onsetDateTime="2025-04-01")
    assert read(ALL, status("CR", "2020-03-01"), later).value("new_extramedullary_disease") is True
    assert read(ALL, later).value("new_extramedullary_disease") is None
    none = observation(text="Extramedullary disease", valueBoolean=False)
    assert read(ALL, none).value("new_extramedullary_disease") is False


def test_recoded_problem_lists_do_not_date_the_relapse() -> None:
    recoded = condition("C91.02", ICD, onsetDateTime="2020-01-15", recordedDate="2020-01-16")
    assert read(recoded)["relapse_on_therapy"].value is None
