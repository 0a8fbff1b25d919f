"""Asparaginase: reactions and what they were to, holds and their reasons, premedication, and what has passed since."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Reason
from tests.facts.fhir import ICD, administration, concept, condition, observation, request, resource, statement
from tests.facts.support import facts_of

# The day of judgement is 2025-06-01.
HELD = "asparaginase_held_for_"


def allergy(text: str, *shown: str, **more: Any) -> Any:
    reaction = [{"manifestation": [{"text": word} for word in shown]}] if shown else None
    return resource("AllergyIntolerance", code={"text": text}, reaction=reaction, **more)


def event(text: str, suspect: Any = None, on: str = "2025-05-25", **more: Any) -> Any:
    entity = [{"instance": suspect}] if suspect else None
    return resource("AdverseEvent", actuality="actual", event={"text": text}, date=on, suspectEntity=entity, **more)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([allergy("Pegaspargase", "Anaphylaxis")], True, id="to pegaspargase"),
        pytest.param([allergy("Penicillin", "Anaphylaxis")], None, id="to penicillin"),
        pytest.param([event("Anaphylaxis", {"display": "Vancomycin"})], None, id="suspects another drug"),
        pytest.param([event("Anaphylaxis", {"display": "Oncaspar"})], True, id="suspects it"),
        pytest.param([condition(text="Anaphylaxis due to peanuts")], None, id="peanuts"),
        pytest.param([condition("T78.01XA", ICD, "Anaphylactic reaction due to peanuts")], None, id="peanuts, coded"),
        pytest.param([event("Anaphylactic reaction grade 3")], True, id="to what is not said"),
        pytest.param([allergy("Pegaspargase", "Rash")], None, id="a rash"),
    ],
)
def test_anaphylaxis_to_something_else_is_not_meant(entries: list[Any], expected: bool | None) -> None:
    assert facts_of(*entries).value("anaphylaxis") is expected


def test_another_anaphylaxis_is_told() -> None:
    assert facts_of(allergy("Penicillin", "Anaphylaxis"))["anaphylaxis"].reason is Reason.NOT_DECIDED


PEG = administration("pegaspargase", "2025-05-20", id="dose-1")


@pytest.mark.parametrize(
    ("entries", "expected", "reason"),
    [
        pytest.param([allergy("PEGASPARGASE", "Pancreatitis")], None, Reason.RECORD_EMPTY, id="an intolerance for pancreatitis"),
        pytest.param([allergy("PEGASPARGASE", "Pancreatitis", "Hives")], "E-coli-derived", None, id="and hives"),
        pytest.param([allergy("Asparaginase")], None, Reason.NOT_DECIDED, id="which one is not said"),
        pytest.param([allergy("Asparaginase", recordedDate="2025-05-21"), PEG], "E-coli-derived", None, id="only one kind was given"),
        pytest.param([allergy("Asparaginase"), PEG, administration("Erwinase", "2025-05-25")], None, Reason.NOT_DECIDED, id="both were"),
        pytest.param([condition(text="Allergische Reaktion auf Pegaspargase Grad 2")], "E-coli-derived", None, id="Condition"),
        pytest.param([condition(text="keine Allergie gegen Pegaspargase")], None, Reason.RECORD_EMPTY, id="denied"),
        pytest.param([event("Allergic reaction", {"reference": "MedicationAdministration/dose-1"}), PEG], "E-coli-derived", None,
                     id="suspects a dose by reference"),
        pytest.param([event("Urticaria, CTCAE grade 2", {"display": "Oncaspar"})], "E-coli-derived", None, id="urticaria of grade 2"),
        pytest.param([event("Urticaria, CTCAE grade 1", {"display": "Oncaspar"})], None, Reason.RECORD_EMPTY, id="of grade 1: no reason to switch"),
        pytest.param([allergy("Pegaspargase", "Flushing during infusion, grade 1")], None, Reason.RECORD_EMPTY, id="allergy of grade 1"),
        pytest.param([allergy("Pegaspargase", "Urtikaria Grad 1", "Bronchospasm")], "E-coli-derived", None, id="of grade 1 and more"),
        pytest.param([allergy("Pegaspargase", "Urticaria, grade 2")], "E-coli-derived", None, id="allergy of grade 2"),
        pytest.param([allergy("Pegaspargase", verificationStatus=concept("refuted"))], None, Reason.RECORD_EMPTY, id="refuted"),
        pytest.param([statement("Oncaspar", "2025-05-01", "2025-05-15", state="stopped",
                                statusReason=[{"text": "Hypersensitivity reaction grade 3"}])], "E-coli-derived", None, id="stopped for it"),
        pytest.param([condition(text="silent inactivation of pegaspargase")], None, Reason.RECORD_EMPTY, id="silent inactivation"),
    ],
)  # fmt: skip
def test_reactions(entries: list[Any], expected: str | None, reason: Reason | None) -> None:
    fact = facts_of(*entries)["asparaginase_hypersensitivity"]
    assert (fact.value, fact.reason) == (expected, reason)


def hold(reason: Any, status: str = "on-hold", **more: Any) -> Any:
    return request("pegaspargase", "2025-05-01", status=status, statusReason=reason, **more)


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ({"text": "Acute pancreatitis grade 2"}, "pancreatitis"), ({"text": "Lipase > 3x ULN"}, "pancreatitis"),
        ({"text": "Hyperbilirubinämie, direktes Bilirubin 4,2"}, "bilirubin"), ({"text": "GPT-Anstieg"}, "ast_alt"),
        ({"text": "ALT 12x ULN"}, "ast_alt"), ({"text": "Triglyceride 1200 mg/dl"}, "triglycerides"),
        ({"text": "TVT rechter Arm"}, "thromboembolism"), ({"text": "GI-Blutung"}, "hemorrhage"),
        ({"text": "severe hyperglycemia"}, "hyperglycemia"), ({"coding": [{"code": "197456007"}, {"code": "75694006"}]}, "pancreatitis"),
    ],
)  # fmt: skip
def test_held_for(reason: Any, name: str) -> None:
    facts = facts_of(hold(reason))
    held = {n for n in ("ast_alt", "bilirubin", "hemorrhage", "hyperglycemia", "pancreatitis", "thromboembolism", "triglycerides")
            if facts.value(HELD + n)}  # fmt: skip
    assert held == {name}


def test_holds_that_are_none() -> None:
    name = HELD + "pancreatitis"
    assert facts_of(hold(None))[name].reason is Reason.NOT_DECIDED
    assert facts_of(hold({"text": "no pancreatitis, patient's wish"})).value(name) is None
    assert (
        facts_of(request("vincristine", "2025-05-01", status="on-hold", statusReason={"text": "pancreatitis"})).value(
            name
        )
        is None
    )
    resumed = [hold({"text": "pancreatitis"}, meta={"lastUpdated": "2025-05-10T08:00:00Z"}), PEG]
    assert facts_of(*resumed).value(name) is False
    before = [hold({"text": "pancreatitis"}, meta={"lastUpdated": "2025-05-25T08:00:00Z"}), PEG]
    assert facts_of(*before).value(name) is True
    paused = statement("Pegaspargase", "2025-04-01", state="on-hold", note=[{"text": "paused because of pancreatitis"}])
    assert facts_of(paused, PEG).value(name) is True


def test_stopped_for_good_in_words() -> None:
    assert facts_of(hold({"text": "permanently discontinued"}, "stopped")).value("asparaginase_permanent_stop") is True
    assert facts_of(hold({"text": "held"}, "stopped")).value("asparaginase_permanent_stop") is None


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([PEG, administration("Clemastin", "2025-05-20")], True, id="antihistamine that day"),
        pytest.param([PEG, administration("Clemastin", "2025-05-19")], None, id="the day before"),
        pytest.param(
            [PEG, administration("Prednisolon 100 mg", "2025-05-20", note=[{"text": "Prämedikation"}])], True, id="said"
        ),
        pytest.param(
            [administration("pegaspargase", "2025-05-20", note=[{"text": "without premedication"}])], False, id="denied"
        ),
        pytest.param(
            [PEG, administration("pegaspargase", "2025-05-06", id="dose-0", note=[{"text": "without premedication"}])],
            None,
            id="denied of an earlier dose",
        ),
        pytest.param(
            [administration("pegaspargase", "2025-05-20", note=[{"text": "Premedication: none"}])], False, id="none"
        ),
    ],
)
def test_premedication(entries: list[Any], expected: bool | None) -> None:
    assert facts_of(*entries).value("asparaginase_premedication") is expected


DVT = condition("I82.621", ICD, status="resolved", onsetDateTime="2025-02-15")


def test_a_thrombosis_and_its_treatment() -> None:
    facts = facts_of(DVT, statement("enoxaparin 40 mg", "2025-02-15", "2025-05-15"))
    assert facts.value("thromboembolism_resolved") is True
    assert facts.value("antithrombotic_stable_or_completed") is True
    active = condition("I82.621", ICD, status="active", onsetDateTime="2025-02-15")
    taking = statement("Apixaban", "2025-02-15", state="active")
    assert facts_of(DVT, active).value("thromboembolism_resolved") is False
    assert facts_of(taking)["antithrombotic_stable_or_completed"].reason is Reason.NOT_DECIDED
    stable = statement("Apixaban", "2025-02-15", state="active", note=[{"text": "stable dose"}])
    assert facts_of(stable).value("antithrombotic_stable_or_completed") is True
    flush = administration("Heparin flush", "2025-05-15")
    assert facts_of(flush)["antithrombotic_stable_or_completed"].reason is Reason.RECORD_EMPTY


def lipase(value: float) -> Any:
    return observation(
        "3040-3", "2025-05-30", valueQuantity={"value": value, "unit": "U/L"}, referenceRange=[{"text": "13-60"}]
    )


@pytest.mark.parametrize(
    ("image", "value", "expected"),
    [
        pytest.param(None, 200, False, id="enzymes high"),
        pytest.param(None, 40, None, id="no imaging"),
        pytest.param("Pancreas unremarkable.", 40, True, id="both normal"),
        pytest.param("Pankreas unauffällig.", 40, True, id="German"),
        pytest.param("Pancreas with pseudocyst.", 40, False, id="pseudocyst"),
        pytest.param("Pancreas normal. No pseudocyst.", 40, True, id="pseudocyst denied"),
    ],
)
def test_pancreatitis_has_passed_by_enzymes_and_imaging(image: str | None, value: float, expected: bool | None) -> None:
    report = resource(
        "DiagnosticReport",
        status="final",
        code={"text": "CT abdomen"},
        effectiveDateTime="2025-05-29",
        conclusion=image,
    )
    attack = condition("K85.90", ICD, status="resolved", onsetDateTime="2025-05-01")
    entries = [attack, lipase(value), *([report] if image else [])]
    assert facts_of(*entries).value("pancreatitis_findings_normalized") is expected
    assert facts_of(lipase(value)).value("pancreatitis_findings_normalized") is None


@pytest.mark.parametrize(("values", "expected"), [((170, 140), True), ((190, 140), None), ((251,), False), ((), None)])
def test_glucose_on_insulin(values: tuple[float, ...], expected: bool | None) -> None:
    insulin = request("insulin lispro", "2025-05-20")
    measured = [observation("2345-7", f"2025-05-31T{8 + i:02}:00:00Z", valueQuantity={"value": v, "unit": "mg/dL"})
                for i, v in enumerate(values)]  # fmt: skip
    assert facts_of(insulin, *measured).value("glucose_regulated_with_insulin") is expected
    assert facts_of(*measured).value("glucose_regulated_with_insulin") is None


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(event("steroid-induced psychosis"), True, id="named"),
        pytest.param(event("Psychose", {"display": "Dexamethason 6 mg"}), True, id="laid to a steroid"),
        pytest.param(event("Psychose"), None, id="of what"),
        pytest.param(condition(text="Steroidpsychose", status="resolved", onsetDateTime="2025-05-20"), None, id="over"),
    ],
)
def test_steroid_psychosis(entry: Any, expected: bool | None) -> None:
    assert facts_of(entry).value("steroid_psychosis") is expected
