"""Whole charts with the defects of real life: what is wrong in a record is not read as a finding."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Interval, Reason
from tests.facts.fhir import ICD, administration, concept, condition, observation, patient, request, resource, statement
from tests.facts.support import facts_of


def lab(
    code: str, value: object, unit: str | None, on: str | None = "2025-05-30", high: float | None = None, **more: Any
) -> Any:
    amount = {"value": value, **({"unit": unit} if unit else {})}
    rows = [{"high": {"value": high, "unit": unit}}] if high is not None else None
    return observation(code, on, valueQuantity=amount, referenceRange=rows, **more)


CHART = (
    patient("1981-05-20"),
    condition("277571004", status="active", onsetDateTime="2025-03-04"),
    administration("vincristine", "2025-03-08"),
    condition("38341003", text="Hypertension", status="active"),
)


def test_laboratory_with_defects() -> None:
    """Other units, entries in error, results of the future, numbers as strings, amended results."""
    facts = facts_of(
        *CHART, lab("6690-2", 3200, "/uL"), lab("6690-2", 45, "10*9/L", status="entered-in-error"), lab("6690-2", 99, "10*9/L", "2025-07-01"),
        lab("777-3", 16, "10*9/L", status="preliminary", identifier=[{"value": "A1"}], id="one"),
        lab("777-3", 61, "10*9/L", status="amended", identifier=[{"value": "A1"}], id="two"),
        lab("751-8", "1.1", "G/L"), lab("2160-0", 95, "mg/dL", high=1.1), lab("1975-2", 0.4, None), lab("8636-3", 4.4, "ms"),
        lab("10230-1", 30, "%", status="cancelled"), lab("33914-3", 41, "mL/min/{1.73_m2}"),
    )  # fmt: skip
    wanted = {"wbc_current": 3.2, "platelets": 61.0, "anc": 1.1, "creatinine": None, "bilirubin_total": None, "qtc_ms": None,
              "toxicity(QT-prolongation)": None, "toxicity(nephrotoxicity)": None, "lvef_percent": None,
              "significant_renal_dysfunction": True, "age_at_regimen_start": 43.0, "blast_lineage": "lymphoblast"}  # fmt: skip
    assert {name: facts.value(name) for name in wanted} == wanted


@pytest.mark.parametrize("words", ["Rule out", "R/o", "No", "Family history of", "Risk of", "Ausschluss"])
def test_words_take_back_what_the_code_names(words: str) -> None:
    facts = facts_of(
        *CHART,
        condition("302226006", text=f"{words} peripheral neuropathy", status="active"),
        condition("197456007", text=f"{words} acute pancreatitis", status="active", onsetDateTime="2025-05-28"),
        condition("I82.409", ICD, text=f"{words} DVT", status="active"),
        resource(
            "AdverseEvent",
            actuality="actual",
            event=concept("302870006", text=f"{words} hypertriglyceridemia"),
            date="2025-05-28",
        ),
    )
    for name in (
        "neuropathy",
        "toxicity(pancreatitis)",
        "toxicity_worst(pancreatitis)",
        "toxicity(hypertriglyceridemia)",
    ):
        assert facts.value(name) is None, name
    assert facts["vascular_history"].reason is Reason.SET_ASIDE  # neither yes nor, on a complete list, no
    assert (
        facts_of(*CHART, condition("302226006", text="Peripheral neuropathy", status="active")).value("neuropathy")
        is True
    )


def test_serology_in_german() -> None:
    facts = facts_of(
        *CHART, observation("13952-7", valueString="reaktiv"), observation("5195-3", valueString="nicht reaktiv")
    )
    assert facts.value("hbv_serology_positive") is True
    doubtful = facts_of(*CHART, observation("13952-7", valueString="grenzwertig reaktiv"))
    assert doubtful.value("hbv_serology_positive") is None


def test_holds_and_drugs_beside() -> None:
    facts = facts_of(
        *CHART, statement("Pegaspargase", "2025-05-01", "2025-05-01"),
        request("Pegaspargase", "2025-05-25", status="on-hold", statusReason={"text": "Direct bilirubin 4.1 mg/dL"}),
        lab("1975-2", 5.0, "mg/dL", high=1.2), statement("Posaconazole 300 mg", "2025-05-20", state="active"),
        resource("AllergyIntolerance", code={"text": "Pegaspargase"}, verificationStatus=concept("refuted"),
                 reaction=[{"manifestation": [{"text": "Anaphylaxis"}]}]),
    )  # fmt: skip
    assert facts.value("asparaginase_held_for_bilirubin") is True
    assert facts.value("toxicity(hyperbilirubinemia)") == 3.0
    assert facts.value("strong_cyp3a4_inhibitor") is True
    assert facts.value("anaphylaxis") is None


def test_partial_birth_date_gives_bounds() -> None:
    facts = facts_of(patient("1981"), *CHART[1:])
    assert facts.value("age_at_regimen_start") == Interval(43, 44)
