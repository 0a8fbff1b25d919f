"""Performance in all its spellings, the end of a pregnancy, hepatitis B by marker, and symptoms asked and listed."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Interval
from tests.facts.fhir import ICD, LOINC, SCT, concept, condition, observation, procedure, resource
from tests.facts.support import facts_of

# The day of judgement is 2025-06-01.
DAY = "2025-05-30"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueString": "ECOG 1 (KPS 80 %)"}, 1), ({"valueString": "KPS 80 %"}, 1), ({"valueString": "ECOG PS 0-1"}, Interval(0, 1)),
        ({"valueString": "1 - restricted in strenuous activity"}, 1), ({"valueCodeableConcept": {"text": "ECOG 2: ambulatory"}}, 2),
        ({"valueString": "ECOG: 2, am 12.05.2025"}, 2), ({"valueQuantity": {"value": 80, "unit": "%"}}, 1), ({"valueString": "90%"}, 0),
        ({"valueString": "Karnofsky 70"}, 1), ({"valueCodeableConcept": {"coding": [{"code": "60%"}]}}, 2),
        ({"valueCodeableConcept": {"coding": [{"code": "U"}]}}, None), ({"valueString": "unbekannt"}, None),
    ],
)  # fmt: skip
def test_ecog(value: dict[str, Any], expected: object) -> None:
    assert facts_of(observation("89247-1", DAY, **value)).value("ecog") == expected


def test_ecog_elsewhere() -> None:
    assert (
        facts_of(observation("423740007", DAY, system=SCT, valueCodeableConcept=concept("2", "ecog"))).value("ecog")
        == 2
    )
    report = resource(
        "DiagnosticReport",
        status="final",
        code={"text": "Arztbrief"},
        effectiveDateTime=DAY,
        conclusion="AZ gut, ECOG 1.",
    )
    assert facts_of(report).value("ecog") == 1
    both = [observation("89243-0", DAY, valueInteger=50), observation("89247-1", DAY, valueInteger=1)]
    assert facts_of(*both).value("ecog") == 1
    assert facts_of(observation(text="Karnofsky-Index", on=DAY, valueString="70-80 %")).value("ecog") == 1


def status(value: Any, on: str = DAY) -> Any:
    return observation("82810-3", on, valueCodeableConcept=value)


def hcg(value: float, **more: Any) -> Any:
    return observation(text="β-hCG", on=DAY, valueQuantity={"value": value, "unit": "mIU/mL"}, **more)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([status(concept("LA15173-0", LOINC))], True, id="LOINC answer"),
        pytest.param([status(concept("LA26683-5", LOINC))], False, id="not pregnant"),
        pytest.param([status({"text": "Not pregnant"})], False, id="not, in words"),
        pytest.param([status({"text": "schwanger"})], True, id="German"),
        pytest.param([status({"text": "unknown"})], None, id="unknown"),
        pytest.param([hcg(3)], False, id="hCG low"), pytest.param([hcg(4000)], True, id="hCG high"),
        pytest.param([hcg(12)], None, id="hCG between"),
        pytest.param([observation(text="Schwangerschaftstest", on=DAY, valueString="negativ")], False, id="test"),
        pytest.param([status(concept("77386006"), "2025-01-10"), condition("O80", ICD, onsetDateTime="2025-05-25")], False, id="delivered"),
        pytest.param([status(concept("77386006"), "2025-01-10"), procedure(text="Cesarean section", on="2025-04-01")], None,
                     id="delivered two months ago"),
        pytest.param([condition("O03.9", ICD, status="active", onsetDateTime="2025-05-25")], False, id="miscarriage is no pregnancy"),
        pytest.param([condition("O80", ICD, onsetDateTime="2024-05-25"), status(concept("77386006"))], True, id="pregnant again"),
        pytest.param([condition(text="Schwangerschaft, 20. SSW", status="active", onsetDateTime="2025-03-01")], True, id="listed"),
        pytest.param([condition(text="History of pregnancy", onsetDateTime="2025-03-01")], None, id="history"),
    ],
)  # fmt: skip
def test_pregnancy(entries: list[Any], expected: bool | None) -> None:
    assert facts_of(*entries).value("pregnancy") is expected


def named(text: str, value: str) -> Any:
    return observation(text=text, on="2024-05-30", valueString=value)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([named("HBsAg", "negativ"), named("Anti-HBc", "negativ"), named("Anti-HBs", "positiv")], False, id="vaccinated"),
        pytest.param([named("Anti-HBs", "positiv")], None, id="anti-HBs alone"),
        pytest.param([named("HBsAg", "negativ"), named("Anti-HBc gesamt", "positiv")], True, id="past infection"),
        pytest.param([named("HBsAg", "negativ"), named("Anti-HBc IgM", "negativ")], None, id="IgM excludes nothing"),
        pytest.param([named("Hepatitis B surface antigen", "Non-reactive"), named("Hepatitis B core antibody, total", "Non-reactive")], False,
                     id="American names"),
        pytest.param([observation("63557-3", valueQuantity={"value": 0.2, "unit": "COI"}, referenceRange=[{"text": "< 0.9"}]),
                      named("HBc-Ak", "nicht nachweisbar")], False, id="an index in its range"),
        pytest.param([resource("DiagnosticReport", status="final", code={"text": "Virologie"}, effectiveDateTime=DAY,
                               conclusion="HBsAg negativ, Anti-HBc negativ, HIV negativ")], False, id="report"),
        pytest.param([resource("DiagnosticReport", status="final", code={"text": "Virologie"}, effectiveDateTime=DAY,
                               conclusion="HBsAg: negativ. Anti-HBc: positiv.")], True, id="positive report"),
        pytest.param([condition(text="Chronische Hepatitis B")], True, id="diagnosis"),
        pytest.param([condition(text="Hepatitis B vaccination")], None, id="vaccination"),
        pytest.param([condition(text="no hepatitis B")], None, id="denied"),
        pytest.param([condition("Z22.51", ICD)], True, id="carrier"),
    ],
)  # fmt: skip
def test_hepatitis_b(entries: list[Any], expected: bool | None) -> None:
    assert facts_of(*entries).value("hbv_serology_positive") is expected


@pytest.mark.parametrize(
    ("name", "entry", "expected"),
    [
        ("cardiac_symptoms", condition(text="Belastungsdyspnoe", onsetDateTime="2025-05-20"), True),
        ("cardiac_symptoms", condition("29857009", status="active", onsetDateTime="2025-05-20"), True),
        ("cardiac_symptoms", condition(text="denies chest pain", onsetDateTime="2025-05-20"), None),
        ("cardiac_symptoms", condition(text="Thoraxschmerz", status="resolved", onsetDateTime="2025-05-20"), None),
        ("neurologic_symptoms", condition(text="Kopfschmerzen und Doppelbilder", onsetDateTime="2025-05-20"), True),
        ("neurologic_symptoms", condition("R56.9", ICD, onsetDateTime="2025-05-20"), True),
        ("neurologic_symptoms", condition("R56.9", ICD, onsetDateTime="2020-05-20"), None),
        ("bleeding", observation(text="Bleeding", on=DAY, valueCodeableConcept={"text": "No"}), False),
        ("bleeding", observation(text="Blutungszeichen", on=DAY, valueString="keine"), False),
        ("bleeding", observation(text="Blutungszeichen", on=DAY, valueBoolean=True), True),
        ("bleeding", condition(text="Epistaxis", onsetDateTime="2025-05-28"), True),
        ("bleeding", condition(text="bleeding risk", onsetDateTime="2025-05-28"), None),
        ("pain", observation("72514-3", DAY, valueInteger=4), True),
        ("pain", observation("72514-3", DAY, valueInteger=0), False),
        ("pain", observation("72514-3", "2025-01-01", valueInteger=4), None),
        ("pain", condition(text="Knochenschmerzen", onsetDateTime="2025-05-20"), True),
        ("opportunistic_infection_symptoms", condition(text="Mundsoor", onsetDateTime="2025-05-20"), True),
        ("opportunistic_infection_symptoms", condition(text="PCP prophylaxis", onsetDateTime="2025-05-20"), None),
        ("neurologic_exam", observation(text="Neurologischer Status", on=DAY, valueString="unauffällig"), "normal"),
        ("neurologic_exam", observation(text="Neurologic exam", on=DAY, valueString="non-focal, no facial palsy"), "normal"),
        ("neurologic_exam", observation(text="Neurological examination", on=DAY, valueString="facial palsy left"), "abnormal"),
        ("active_tls", condition("277605001", onsetDateTime="2025-05-25"), True),
        ("active_tls", condition(text="risk of tumor lysis", onsetDateTime="2025-05-25"), None),
        ("active_infection", condition("91302008", status="active", onsetDateTime="2025-05-20"), True),
        ("active_infection", condition("R78.81", ICD, status="active", onsetDateTime="2025-05-20"), True),
    ],
)  # fmt: skip
def test_symptoms(name: str, entry: Any, expected: object) -> None:
    assert facts_of(entry).value(name) == expected
