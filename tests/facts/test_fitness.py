"""Comorbidities, performance status, pregnancy, hepatitis B."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.fitness import conditions, hepatitis_b, performance
from service.facts.fitness import pregnancy as gravidity
from service.facts.model import Facts, Interval, Reason
from service.facts.vocabulary import VOCABULARY
from service.record.model import Coverage
from tests.facts.fhir import ICD, SCT, concept, condition, observation, resource
from tests.facts.support import COMPLETE, facts_of

PROVIDERS = (*conditions.PROVIDERS, *performance.PROVIDERS, *gravidity.PROVIDERS, *hepatitis_b.PROVIDERS)
# The day of judgement is 2025-06-01.


def read(*resources: Any, **options: Any) -> Facts:
    return facts_of(*resources, providers=PROVIDERS, **options)


@pytest.mark.parametrize(
    ("name", "entry", "expected"),
    [
        pytest.param("cardiac_dysfunction", condition("I50.22", ICD, status="active"), True, id="heart failure"),
        pytest.param("cardiac_dysfunction", condition(text="Herzinsuffizienz NYHA II"), True, id="German"),
        pytest.param("cardiac_dysfunction", condition("I50.9", ICD, status="resolved"), None, id="resolved"),
        pytest.param("cardiac_dysfunction", condition(text="family history of cardiomyopathy"), None, id="family"),
        pytest.param("cardiac_dysfunction", condition(text="history of heart failure"), None, id="history"),
        pytest.param("cardiac_history", condition("I50.9", ICD, status="resolved"), True, id="resolved is history"),
        pytest.param("cardiac_history", condition(text="history of myocardial infarction"), True, id="history counts"),
        pytest.param("hepatic_dysfunction", condition("K74.60", ICD), True, id="cirrhosis"),
        pytest.param("hepatic_dysfunction", condition("K76.0", ICD, "fatty liver"), None, id="fatty liver"),
        pytest.param("significant_renal_dysfunction", condition("N18.4", ICD), True, id="kidney disease 4"),
        pytest.param("significant_renal_dysfunction", condition("N18.2", ICD), None, id="kidney disease 2"),
        pytest.param("neuropathy", condition("302226006"), True, id="SNOMED neuropathy"),
        pytest.param("neuropathy", condition(text="Polyneuropathie"), True, id="neuropathy in words"),
        pytest.param("active_infection", condition("J18.9", ICD, status="active", onsetDateTime="2025-05-20"), True, id="now"),
        pytest.param("active_infection", condition("J18.9", ICD, status="active", onsetDateTime="2019-05-20"), None, id="left"),
        pytest.param("active_infection", condition("J18.9", ICD, status="active"), None, id="undated"),
        pytest.param("active_infection", condition("B18.1", ICD, onsetDateTime="2025-05-20"), None, id="chronic hepatitis"),
        pytest.param("inflammatory_disorder", condition("K50.90", ICD), True, id="Crohn"),
        pytest.param("vascular_history", condition("I82.409", ICD, status="resolved"), True, id="thrombosis ever"),
        pytest.param("vascular_history", condition("399957001"), True, id="arterial disease"),
        pytest.param("vascular_history", condition(text="history of stroke"), True, id="stroke"),
        pytest.param("vascular_history", condition(text="no thrombosis"), False, id="denied"),
        pytest.param("prior_sos", condition("K76.5", ICD, status="resolved"), True, id="SOS"),
        pytest.param("prior_sos", resource("AdverseEvent", actuality="actual", date="2024-01-01",
                                           event=concept("10063675", "https://www.meddra.org")), True, id="event"),
        pytest.param("seizure_or_cns_disorder", condition("G40.909", ICD), True, id="epilepsy"),
        pytest.param("active_tls", condition("E88.3", ICD, onsetDateTime="2025-05-30"), True, id="tumor lysis"),
        pytest.param("active_tls", condition("E88.3", ICD, onsetDateTime="2024-05-30"), None, id="tumor lysis last year"),
        pytest.param("prior_sos", condition("K76.5", ICD, onsetDateTime="2026-01-01"), None, id="dated ahead"),
        pytest.param("prior_sos", condition("K76.5", ICD, verificationStatus=concept("differential")), None, id="considered"),
    ],
)  # fmt: skip
def test_findings(name: str, entry: Any, expected: bool | None) -> None:
    assert read(entry).value(name) is expected


@pytest.mark.parametrize("finding", conditions.FINDINGS, ids=lambda f: f.fact)
def test_only_history_can_be_no(finding: conditions.Finding) -> None:
    assert finding.fact in VOCABULARY
    assert read().value(finding.fact) is (False if finding.ever else None)
    for coverage in (Coverage.PARTIAL, Coverage.FAILED, Coverage.ABSENT):
        fact = read(coverage={**COMPLETE, "Condition": coverage})[finding.fact]
        assert fact.value is None
        assert fact.reason is not Reason.RECORD_EMPTY


def ecog(on: str | None = "2025-05-20", **value: Any) -> Any:
    return observation("89247-1", on, **value)


def karnofsky(value: Any) -> Any:
    return observation("89243-0", valueInteger=value)


@pytest.mark.parametrize(
    ("entries", "score"),
    [
        pytest.param([ecog(valueInteger=1)], 1.0, id="integer"),
        pytest.param([ecog(valueQuantity={"value": 2, "unit": "{score}"})], 2.0, id="quantity"),
        pytest.param([ecog(valueCodeableConcept=concept("LA9624-3", "http://loinc.org"))], 2.0, id="LOINC answer"),
        pytest.param([ecog(valueCodeableConcept=concept("422512005"))], 1.0, id="SNOMED"),
        pytest.param([ecog(valueString="ECOG 0-1")], Interval(0, 1), id="range"),
        pytest.param([ecog(valueString="3")], 3.0, id="string"),
        pytest.param([observation(text="ECOG Performance Status", valueString="ECOG: 1")], 1.0, id="text code"),
        pytest.param([ecog("2025-05-20", valueInteger=1), ecog("2025-05-25", valueInteger=2)], 2.0, id="newest"),
        *(pytest.param([karnofsky(k)], float(e), id=f"Karnofsky {k}") for k, e in (
            (100, 0), (90, 0), (80, 1), (70, 1), (60, 2), (50, 2), (40, 3), (30, 3), (20, 4), (10, 4), (0, 5))),
        pytest.param([observation("C38144", system="http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl", valueInteger=60)],
                     2.0, id="Lansky"),
        pytest.param([observation(text="Karnofsky/Lansky", valueInteger=80)], 1.0, id="either"),
    ],
)  # fmt: skip
def test_ecog(entries: list[Any], score: object) -> None:
    assert read(*entries).value("ecog") == score


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        pytest.param(ecog("2025-01-01", valueInteger=1), Reason.STALE, id="old"),
        pytest.param(ecog(None, valueInteger=1), Reason.UNDATED, id="undated"),
        pytest.param(ecog(valueInteger=7), Reason.IMPLAUSIBLE, id="seven"),
        pytest.param(ecog(valueString="see note"), Reason.UNREADABLE, id="no score"),
        pytest.param(karnofsky(85), Reason.UNREADABLE, id="Karnofsky between"),
    ],
)  # fmt: skip
def test_no_ecog(entry: Any, reason: Reason) -> None:
    assert read(entry)["ecog"].reason is reason


def test_karnofsky_is_named() -> None:
    assert read(karnofsky(80))["ecog"].provenance[0].note == "from Karnofsky"
    assert read(observation(text="Karnofsky index", valueInteger=80)).value("ecog") == 1.0


def pregnancy(on: str | None = "2025-05-25", code: str = "82810-3", **value: Any) -> Any:
    return observation(code, on, **value)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(pregnancy(valueCodeableConcept=concept("77386006")), True, id="pregnant"),
        pytest.param(pregnancy(valueCodeableConcept=concept("60001007")), False, id="not pregnant"),
        pytest.param(
            pregnancy("2025-01-25", valueCodeableConcept=concept("60001007")), None, id="not pregnant in January"
        ),
        pytest.param(pregnancy("2025-01-25", valueCodeableConcept=concept("77386006")), True, id="pregnant in January"),
        pytest.param(pregnancy("2023-01-25", valueCodeableConcept=concept("77386006")), None, id="years ago"),
        pytest.param(pregnancy(code="2106-3", valueString="negative"), False, id="test"),
        pytest.param(pregnancy(code="2106-3", valueString="see note"), None, id="test without result"),
        pytest.param(condition("Z33.1", ICD, status="active", recordedDate="2025-03-01"), True, id="Condition"),
        pytest.param(condition("77386006", status="active", recordedDate="2025-03-01"), True, id="SNOMED Condition"),
        pytest.param(condition("O24.4", ICD, status="active", onsetDateTime="2025-03-01"), True, id="of pregnancy"),
        pytest.param(condition("Z33.1", ICD, status="resolved", recordedDate="2025-03-01"), None, id="over"),
        pytest.param(condition("Z33.1", ICD, status="active", recordedDate="2020-03-01"), None, id="left standing"),
        pytest.param(condition("44054006"), None, id="nothing"),
    ],
)
def test_pregnancy(entry: Any, expected: bool | None) -> None:
    assert read(entry).value("pregnancy") is expected


def hbv(code: str, value: str) -> Any:
    return observation(code, valueString=value)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([hbv("5195-3", "positive")], True, id="HBsAg"),
        pytest.param([hbv("13952-7", "Reactive"), hbv("13952-7", "positive")], True, id="anti-HBc"),
        pytest.param([hbv("5195-3", "negative"), hbv("13952-7", "negative")], False, id="both negative"),
        pytest.param([hbv("5195-3", "negative")], None, id="one negative"),
        pytest.param([condition("B18.1", ICD)], True, id="chronic"),
        pytest.param([condition("186639003", SCT)], True, id="SNOMED"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_hepatitis_b(entries: list[Any], expected: bool | None) -> None:
    assert read(*entries).value("hbv_serology_positive") is expected


def test_nothing_is_read_without_a_record() -> None:
    facts = Facts(date(2025, 6, 1), read().registry)
    names = [name for provider in PROVIDERS for name in provider.provides]
    assert {facts[name].reason for name in names} == {Reason.NOT_GIVEN}


VALUES = st.sampled_from(
    [None, 7, "", "x", [], {}, "2020", {"text": "ECOG 1"}, {"coding": {"code": "LA9622-7"}}, {"value": "1", "unit": 3},
     {"value": float("nan")}, -3, 10**30, "1-", [None], True]
)  # fmt: skip


@given(
    st.sampled_from(["89247-1", "89243-0", "82810-3", "5195-3"]),
    st.dictionaries(
        st.sampled_from(["valueInteger", "valueString", "valueCodeableConcept", "valueQuantity", "interpretation",
                         "effectiveDateTime", "note"]), VALUES,
    ),
    st.dictionaries(st.sampled_from(["code", "clinicalStatus", "onsetDateTime", "verificationStatus"]), VALUES),
)  # fmt: skip
def test_nothing_raises(code: str, of_observation: dict[str, Any], of_condition: dict[str, Any]) -> None:
    facts = read(observation(code, **of_observation), {**condition("I50.9", ICD), **of_condition})
    for provider in PROVIDERS:
        for name in provider.provides:
            assert facts[name].known or facts[name].reason
