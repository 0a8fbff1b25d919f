"""Toxicities: kinds, grades, now and at worst; reactions to asparaginase."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.model import Facts, Interval, Reason
from service.facts.toxicity import events as toxicity
from service.facts.toxicity import hypersensitivity
from service.facts.toxicity.kinds import _BY_CODE, _BY_GROUP, _CTCAE_NAMES
from service.facts.vocabulary.toxicity import KINDS
from service.record.model import Coverage
from tests.facts.fhir import ICD, MEDDRA, RXNORM, SCT, concept, condition, observation, resource
from tests.facts.support import COMPLETE, facts_of

# The day of judgement is 2025-06-01.
GRADE = "http://hl7.org/fhir/us/mcode/StructureDefinition/ctcae-grade"


def read(*resources: Any, **options: Any) -> Facts:
    return facts_of(*resources, providers=(*toxicity.PROVIDERS, *hypersensitivity.PROVIDERS), **options)


def event(code: str | None = None, text: str | None = None, on: str | None = "2025-05-25", **more: Any) -> Any:
    """An AdverseEvent by MedDRA code or text."""
    return resource("AdverseEvent", **{"actuality": "actual", "event": concept(code, MEDDRA, text), "date": on, **more})


def grade(n: int) -> Any:
    return [{"url": GRADE, "valueCodeableConcept": {"coding": [{"code": str(n)}]}}]


def test_kinds_are_of_the_vocabulary() -> None:
    kinds = {k for rows in (*_BY_CODE.values(), *_BY_GROUP.values(), *(r for r, _ in _CTCAE_NAMES)) for k in rows}
    assert kinds <= set(KINDS)


@pytest.mark.parametrize(
    ("entry", "kinds"),
    [
        pytest.param(event("10033645"), {"pancreatitis"}, id="MedDRA"),
        pytest.param(event(text="Acute pancreatitis"), {"pancreatitis"}, id="text"),
        pytest.param(event("10001718"), {"hypersensitivity-systemic"}, id="allergic reaction"),
        pytest.param(event("10051792"), {"infusion-reaction-iv"}, id="infusion reaction"),
        pytest.param(event("10043565"), {"thromboembolism-non-cns", "thrombosis"}, id="thrombosis"),
        pytest.param(
            condition("192759008"), {"cerebral-thrombosis-ischemia-stroke", "thrombosis"}, id="sinus thrombosis"
        ),
        pytest.param(
            condition("I63.9", ICD), {"cerebral-thrombosis-ischemia-stroke", "arterial-occlusion"}, id="stroke"
        ),
        pytest.param(event("10022763"), {"intracranial-hemorrhage", "hemorrhage"}, id="brain hemorrhage"),
        pytest.param(
            event(text="gastrointestinal bleeding"), {"hemorrhage-non-cns", "hemorrhage"}, id="other hemorrhage"
        ),
        pytest.param(event("10005364"), {"hyperbilirubinemia"}, id="bilirubin"),
        pytest.param(event("10001551"), {"ast-alt"}, id="ALT"),
        pytest.param(event("10019663"), {"hepatotoxicity"}, id="liver failure"),
        pytest.param(condition("D89.832", ICD), {"CRS"}, id="CRS"),
        pytest.param(condition("G92.03", ICD), {"ICANS"}, id="ICANS"),
        pytest.param(event("10039906"), {"neurotoxicity", "neurologic"}, id="seizure"),
        pytest.param(condition("K76.5", ICD), {"SOS"}, id="SOS"),
        pytest.param(condition("G62.0", ICD), {"neuropathy"}, id="neuropathy"),
        pytest.param(condition("I45.81", ICD), {"QT-prolongation"}, id="QT"),
        pytest.param(event("10019279"), {"cardiac"}, id="heart failure"),
        pytest.param(event("10020772"), set(), id="hypertension is no kind"),
        pytest.param(condition("T45.1X5A", ICD), set(), id="adverse effect of something"),
        pytest.param(event(text="no pancreatitis"), set(), id="denied"),
        pytest.param(event(text="suspected pancreatitis"), set(), id="suspected"),
        pytest.param(condition("44054006"), set(), id="nothing"),
    ],
)
def test_kinds(entry: Any, kinds: set[str]) -> None:
    facts = read(entry)
    assert {kind for kind in KINDS if facts[f"toxicity_worst({kind})"].known} == kinds


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(event("10033645", extension=grade(3)), 3.0, id="extension"),
        pytest.param(event("10033645", extension=[{"url": GRADE, "valueCodeableConcept": {"text": "Grade 2"}}]), 2.0,
                     id="extension in words"),
        pytest.param(event("10033645", extension=[{"url": GRADE, "valueInteger": 4}]), 4.0, id="extension as number"),
        pytest.param(event("10033645", extension=[{"url": GRADE}]), Interval(1, 5), id="empty extension"),
        pytest.param(event("10033645", severity=concept("moderate")), 2.0, id="severity moderate"),
        pytest.param(event("10033645", severity=concept("severe")), Interval(3, 5), id="severity severe"),
        pytest.param(event("10033645", severity={"text": "Grade 4"}), 4.0, id="severity as grade"),
        pytest.param(event(text="Pancreatitis CTCAE v5.0 grade 3"), 3.0, id="words"),
        pytest.param(event(text="Pankreatitis Grad III"), 3.0, id="Roman"),
        pytest.param(event("10033645"), Interval(1, 5), id="not graded"),
        pytest.param(condition("K85.30", ICD, status="active", severity=concept("24484000")), Interval(3, 5), id="SNOMED"),
        pytest.param(condition("K85.30", ICD, status="active", stage=[{"summary": {"text": "CTCAE grade 2"}}]), 2.0, id="stage"),
        pytest.param(condition("K85.30", ICD, status="active", note=[{"text": "grade 3"}]), 3.0, id="note"),
    ],
)  # fmt: skip
def test_grades(entry: Any, expected: object) -> None:
    assert read(entry).value("toxicity(pancreatitis)") == expected


def test_graded_by_icd() -> None:
    assert read(condition("D89.832", ICD, status="active")).value("toxicity(CRS)") == 2.0
    assert read(condition("D89.839", ICD, status="active")).value("toxicity(CRS)") == Interval(1, 5)
    assert read(condition("G92.04", ICD, status="active")).value("toxicity(ICANS)") == 4.0


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(observation("10033645", system=MEDDRA, valueInteger=2), 2.0, id="integer"),
        pytest.param(observation("10033645", system=MEDDRA, valueQuantity={"value": 2, "unit": "{grade}"}), 2.0, id="quantity"),
        pytest.param(observation("10033645", system=MEDDRA, valueQuantity={"value": 2, "unit": "U/L"}), None, id="another unit"),
        pytest.param(observation("10033645", system=MEDDRA, valueInteger=40), None, id="no grade"),
        pytest.param(observation("10033645", system=MEDDRA, valueString="CTCAE Grad 3"), 3.0, id="words"),
        pytest.param(observation("10033645", system=MEDDRA, valueString="G2"), 2.0, id="short"),
        pytest.param(observation("10033645", system=MEDDRA, valueCodeableConcept=concept("3", "https://example.org")), 3.0,
                     id="coded"),
        pytest.param(observation("10033645", system=MEDDRA, component=[
            {"code": {"text": "onset"}, "valueInteger": 4}, {"code": {"text": "CTCAE grade"}, "valueInteger": 1}]), 1.0,
            id="component"),
        pytest.param(observation("10033645", system=MEDDRA, valueInteger=0), 0.0, id="grade 0: looked for and not there"),
        pytest.param(observation("10033645", system=MEDDRA, valueString="none seen"), None, id="no grade in words"),
    ],
)  # fmt: skip
def test_graded_observations(entry: Any, expected: object) -> None:
    assert read(entry).value("toxicity(pancreatitis)") == expected


@pytest.mark.parametrize(
    ("entries", "now", "reason"),
    [
        pytest.param([event("10033645", extension=grade(3), outcome=concept("resolved"))], 0.0, None, id="resolved"),
        pytest.param([event("10033645", on="2024-01-01", extension=grade(3), outcome=concept("ongoing"))], 3.0, None, id="ongoing"),
        pytest.param([event("10033645", on="2025-01-01", extension=grade(3))], None, Reason.STALE, id="old, outcome not said"),
        pytest.param([event("10033645", on=None, extension=grade(3))], None, Reason.UNDATED, id="undated"),
        pytest.param([condition("K85.30", ICD, status="resolved", note=[{"text": "grade 4"}])], 0.0, None, id="over"),
        pytest.param([condition("K85.30", ICD, onsetDateTime="2025-05-20", note=[{"text": "grade 4"}])], 4.0, None, id="recent"),
        pytest.param([event("10033645", extension=grade(3), outcome=concept("resolved")),
                      event("10033645", on="2024-01-01", extension=grade(2), outcome=concept("ongoing"))], 2.0, None,
                     id="an older one goes on"),
        pytest.param([event("10033645", on="2025-05-01", extension=grade(3)), event("10033645", extension=grade(1))], 1.0, None,
                     id="the newest"),
        pytest.param([event("10033645", actuality="potential")], None, Reason.RECORD_EMPTY, id="might have been"),
        pytest.param([condition("K85.30", ICD, verificationStatus=concept("differential"))], None, Reason.RECORD_EMPTY,
                     id="considered"),
        pytest.param([condition("K85.30", ICD, onsetDateTime="2025-08-01")], None, Reason.RECORD_EMPTY, id="ahead"),
        pytest.param([], None, Reason.RECORD_EMPTY, id="nothing"),
    ],
)  # fmt: skip
def test_now(entries: list[Any], now: object, reason: Reason | None) -> None:
    fact = read(*entries)["toxicity(pancreatitis)"]
    assert (fact.value, fact.reason) == (now, reason)


def test_worst_ever() -> None:
    entries = [
        event("10033645", on="2024-01-01", extension=grade(3), outcome=concept("resolved")),
        event("10033645", on="2025-05-25", extension=grade(2)),
    ]
    name = "toxicity_worst(pancreatitis)"
    assert read(*entries).value(name) == 3.0
    assert read(*entries).value("toxicity(pancreatitis)") == 2.0
    partial = read(*entries, coverage={**COMPLETE, "AdverseEvent": Coverage.PARTIAL})
    assert partial.value(name) == Interval(3, 5)
    assert read(*entries, event("10033645", on="2024-06-01")).value(name) == Interval(3, 5)
    assert read(coverage={})[name].reason is Reason.NOT_PROVIDED


def allergy(text: str, **more: Any) -> Any:
    return resource("AllergyIntolerance", code={"text": text}, **more)


ANAPHYLAXIS = [{"manifestation": [concept("39579001")]}]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(event("10002218"), True, id="event"),
        pytest.param(condition("T78.2XXA", ICD), True, id="Condition"),
        pytest.param(allergy("Pegaspargase", reaction=ANAPHYLAXIS), True, id="coded reaction"),
        pytest.param(
            allergy("Pegaspargase", reaction=[{"manifestation": {"text": "Anaphylaxie"}}]), True, id="in words"
        ),
        pytest.param(allergy("Pegaspargase", reaction=[{"manifestation": [{"text": "rash"}]}]), None, id="rash"),
        pytest.param(event(text="no anaphylaxis"), None, id="denied"),
    ],
)
def test_anaphylaxis(entry: Any, expected: bool | None) -> None:
    assert read(entry).value("anaphylaxis") is expected


def suspected(drug: str) -> Any:
    return event("10001718", suspectEntity=[{"instance": {"display": drug}}])


@pytest.mark.parametrize(
    ("entries", "kind", "reason"),
    [
        pytest.param([allergy("Pegaspargase")], "E-coli-derived", None, id="pegaspargase"),
        pytest.param([allergy("Erwinase")], "Erwinia-derived", None, id="Erwinia"),
        pytest.param([resource("AllergyIntolerance", code=concept("34132", RXNORM, "Oncaspar"))], "E-coli-derived", None, id="coded"),
        pytest.param([suspected("Oncaspar 750 U/mL")], "E-coli-derived", None, id="suspected drug"),
        pytest.param([suspected("vincristine")], None, Reason.RECORD_EMPTY, id="another drug"),
        pytest.param([allergy("Asparaginase")], None, Reason.NOT_DECIDED, id="which one is not said"),
        pytest.param([allergy("Penicillin")], None, Reason.RECORD_EMPTY, id="another allergy"),
        pytest.param([allergy("Pegaspargase", clinicalStatus=concept("resolved"))], None, Reason.RECORD_EMPTY, id="resolved"),
        pytest.param([allergy("Pegaspargase"), allergy("Erwinase")], None, Reason.CONFLICTING, id="both"),
        pytest.param([event("10033645", suspectEntity=[{"instance": {"display": "Oncaspar"}}])], None, Reason.RECORD_EMPTY,
                     id="pancreatitis is no allergy"),
    ],
)  # fmt: skip
def test_reactions_to_asparaginase(entries: list[Any], kind: str | None, reason: Reason | None) -> None:
    facts = read(*entries)
    fact = facts["asparaginase_hypersensitivity"]
    assert (fact.value, fact.reason) == (kind, reason)
    e_coli = kind == "E-coli-derived" or reason is Reason.CONFLICTING
    assert facts.value("e_coli_asparaginase_hypersensitivity") is (True if e_coli else None)


def test_nothing_is_read_without_a_record() -> None:
    facts = Facts(date(2025, 6, 1), read().registry)
    assert facts["toxicity(CRS)"].reason is Reason.NOT_GIVEN
    assert facts["anaphylaxis"].reason is Reason.NOT_GIVEN


VALUES = st.sampled_from(
    [None, 7, "", "Grade 9", [], {}, "2020", {"text": "pancreatitis"}, {"coding": {"code": 3}}, {"coding": [{"code": "10033645"}]},
     [{"url": GRADE, "valueInteger": "x"}], [{"url": 3}], [None], [{"manifestation": "x"}], {"instance": 3}, True]
)  # fmt: skip


@given(
    st.sampled_from(["AdverseEvent", "Condition", "Observation", "AllergyIntolerance"]),
    st.dictionaries(
        st.sampled_from(["event", "code", "severity", "extension", "outcome", "stage", "suspectEntity", "reaction", "date",
                         "valueInteger", "component", "note"]), VALUES,
    ),
)  # fmt: skip
def test_nothing_raises(kind: str, entry: dict[str, Any]) -> None:
    base = {"resourceType": kind, "event": concept("10001718", MEDDRA), "code": concept("197456007", SCT)}
    facts = read({**base, **entry})
    for provider in toxicity.PROVIDERS:
        for name in provider.provides:
            assert facts[name].known or facts[name].reason


@pytest.mark.parametrize("text", ["Allergy to Oncaspar", "Allergie gegen Pegaspargase", "PEG-asparaginase"])
def test_an_allergy_names_its_asparaginase_in_any_words(text: str) -> None:
    entry = resource("AllergyIntolerance", code={"text": text}, recordedDate="2025-04-01")
    assert read(entry).value("e_coli_asparaginase_hypersensitivity") is True
