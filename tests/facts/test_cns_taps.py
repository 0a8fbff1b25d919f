"""Lumbar punctures: each tap with the blood of its own days, at diagnosis and now, in numbers and in words."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.cns.csf import taps
from service.facts.cns.status import PROVIDERS as CNS
from service.facts.labs.counts import PROVIDERS as LABS
from service.facts.model import Facts, Reason
from service.facts.response.response import PROVIDERS as RESPONSE
from tests.facts.fhir import condition, observation, resource
from tests.facts.support import facts_of

DAY = "2025-05-21"
DISEASE = condition("91857003", onsetDateTime="2025-05-20")


def read(*resources: dict[str, Any]) -> Facts:
    return facts_of(*resources, providers=(*LABS, *CNS, *RESPONSE))


def counted(code: str, value: float, unit: str = "/uL", on: str = DAY) -> dict[str, Any]:
    return observation(code, on, valueQuantity={"value": value, "unit": unit})


def tap(wbc: float, rbc: float, on: str = DAY) -> tuple[dict[str, Any], ...]:
    """A puncture with blasts."""
    return (
        counted("26465-5", wbc, on=on), counted("26454-9", rbc, on=on), observation("26447-3", on, valueString="blasts present"),
    )  # fmt: skip


def blood(wbc: float, blasts: float, on: str = DAY) -> tuple[dict[str, Any], ...]:
    """A count with 3.5 million erythrocytes."""
    return (
        counted("6690-2", wbc, "10*9/L", on), counted("789-8", 3.5, "10*12/L", on), counted("26446-5", blasts, "%", on),
    )  # fmt: skip


def test_the_blood_of_the_day_of_the_puncture_counts_and_not_todays() -> None:
    # 8/500 over 30 000/3 500 000 is 1.87: less than twice. A week later the blood is free of blasts.
    facts = read(DISEASE, *tap(8, 500), *blood(30, 40), *blood(1, 0, "2025-05-28"))
    assert facts.value("circulating_blasts") is False
    assert facts.value("cns_status") == "CNS-2"
    assert facts["cns_status"].provenance[-1].inferred


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param((*tap(8, 500), *blood(28, 40)), "CNS-3", id="exactly twice"),
        pytest.param((*tap(8, 500), *blood(28.1, 40)), "CNS-2", id="just less than twice"),
        pytest.param((*tap(8, 500), *blood(30, 0)), "CNS-3", id="no blasts in the blood"),
        pytest.param((*tap(8, 9), *blood(30, 40)), "CNS-3", id="not traumatic"),
        pytest.param((*tap(4, 500), *blood(30, 40)), "CNS-2", id="fewer than five"),
        pytest.param((*tap(8, 500), *blood(30, 40, "2025-05-10")), None, id="blood of another week"),
        pytest.param(tap(8, 500), None, id="no blood"),
        pytest.param((counted("26465-5", 8), observation("26447-3", "2025-05-01", valueString="blasts present")), None,
                     id="count and cytology of two punctures"),
    ],
)  # fmt: skip
def test_ratio_rule(resources: tuple[dict[str, Any], ...], expected: str | None) -> None:
    assert read(*resources).value("cns_status") == expected


def test_what_is_missing_is_said() -> None:
    assert read(*tap(8, 500))["cns_status"].reason is Reason.NOT_DECIDED


def test_status_at_diagnosis_from_the_first_puncture() -> None:
    later = observation("26447-3", "2025-05-28", valueString="no blasts")
    facts = read(DISEASE, *tap(3, 0), later)
    assert (facts.value("cns_status_at_diagnosis"), facts.value("cns_status")) == ("CNS-2", "CNS-1")
    assert facts.value("cns_status_previous") == "CNS-2"


@pytest.mark.parametrize(
    ("name", "text", "blasts"),
    [
        ("Liquorzytologie", "Nachweis einzelner Blasten, keine Erythrozyten", True),
        ("Liquorzytologie", "keine Blasten", False),
        ("Liquorpunktion", "Zellzahl 2/µl, keine Blasten im Zytospin", False),
        ("Zytospin Liquor", "Lymphoblasten ++", True),
        ("CSF cytospin", "Rare blasts seen", True),
        ("CSF cytology", "No malignant cells identified", False),
        ("CSF cytology", "Positive for leukemic cells", True),
        ("CSF cytology", "Atypical cells, suspicious for leukemia", None),
        ("CSF cell count and cytology", "WBC 3/uL, no RBC seen", None),
        ("CSF cytology", "Blasts: none", False),
        ("CSF flow cytometry", "No abnormal population, no blasts", None),
        ("Liquor-Durchflusszytometrie", "0,5 % Blasten", None),
    ],
)
def test_cytology_in_words(name: str, text: str, blasts: bool | None) -> None:
    assert read(observation(text=name, valueString=text)).value("csf_blasts") is blasts


def test_counts_in_the_words_of_a_report() -> None:
    report = resource(
        "DiagnosticReport", status="final", code={"text": "CSF cell count and cytology"}, effectiveDateTime=DAY,
        conclusion="WBC 8 cells/uL, RBC 3/uL. Lymphoblasts present.",
    )  # fmt: skip
    facts = read(DISEASE, report)
    assert facts.value("cns_status") == "CNS-3"
    assert all(p.from_text for p in facts["cns_status"].provenance[:-1])


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (9, "/3", 3.0),
        (4, "Mpt/L", 4.0),
        (4, "10*6/L", 4.0),
        (4, "/mm3", 4.0),
        (4, "{cells}/uL", 4.0),
        (4, "mg/dL", None),
    ],
)
def test_units_of_csf_counts(value: float, unit: str, expected: float | None) -> None:
    found = read(observation(text="Liquor Zellzahl", valueQuantity={"value": value, "unit": unit})).record
    assert found is not None
    assert [tap.wbc.low for tap in taps(found) if tap.wbc] == ([expected] if expected is not None else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ZNS-Status 2a", "CNS-2"), ("CNS status III", "CNS-3"), ("CNS IIIa", "CNS-3"), ("ZNS neg.", "CNS-1"),
        ("CNS negative", "CNS-1"), ("CNS positive", None), ("CNS-directed therapy", None), ("CNS disease status: CNS2b", "CNS-2"),
        ("B-ALL, ZNS-Stadium: 3", "CNS-3"), ("CNS 3-weekly prophylaxis", None),
    ],
)  # fmt: skip
def test_forms_of_a_stated_status(text: str, expected: str | None) -> None:
    assert read(observation(text="Staging", valueString=text)).value("cns_status") == expected


def test_a_denial_at_diagnosis_is_no_cns_disease_then() -> None:
    assert (
        read(DISEASE, observation(text="Staging", on=DAY, valueString="kein ZNS-Befall")).value(
            "cns_disease_at_diagnosis"
        )
        is False
    )
    assert read(DISEASE, observation(text="Staging", on="2025-09-01")).value("cns_disease_at_diagnosis") is None


@pytest.mark.parametrize("value", [None, [], {}, 7, "", "++", {"value": "x"}, {"value": 1e400, "unit": "/uL"}])
def test_misshapen_counts_raise_nothing(value: Any) -> None:
    facts = read(
        DISEASE, observation("26465-5", DAY, valueQuantity=value), observation("26447-3", DAY, valueString=value)
    )
    assert facts["cns_status"].known or facts["cns_status"].reason
