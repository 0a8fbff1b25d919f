"""Grades in words and codes, scores of neurotoxicity, and toxicities of lists, forms and laboratories."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.model import Interval, Reason
from service.facts.toxicity.grades import in_words
from service.facts.vocabulary.toxicity import KINDS
from tests.facts.fhir import GM, ICD, MEDDRA, SCT, concept, condition, observation, resource
from tests.facts.support import facts_of

# The day of judgement is 2025-06-01.


def event(text: str | None = None, on: str | None = "2025-05-25", **more: Any) -> Any:
    return resource("AdverseEvent", **{"actuality": "actual", "event": {"text": text}, "date": on, **more})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pancreatitis grade 3", 3), ("Pankreatitis Grad III", 3), ("Pankreatitis III°", 3), ("Pankreatitis 3°", 3),
        ("CTCAE 4", 4), ("CTCAE v5.0 grade 3", 3), ("CTCAE 4.03 Grad 2", 2), ("CTCAE v4 grade 3", 3), ("CTCAE 4 Grad 3", 3),
        ("CTC-Grad 2", 2), ("(G3)", 3), ("Gr. 2", 2), ("grade: 1", 1), ("grade 2-3", Interval(2, 3)), ("Grad II-III", Interval(2, 3)),
        ("grade 3/4", Interval(3, 4)), ("progressed from grade 2 to grade 4", Interval(2, 4)),
        ("no grade 3 toxicity", None), ("kein Grad 3", None), ("38.5 °C", None), ("CTCAE v5.0", None), ("grade 7", None),
        ("stage IV", None), ("grade 3.5", None), ("", None),
    ],
)  # fmt: skip
def test_words(text: str, expected: object) -> None:
    assert in_words(text) == expected


@given(st.text(max_size=40))
def test_any_text_has_a_grade_from_0_to_5_or_none(text: str) -> None:
    found = in_words(text)
    assert found is None or (0 <= found.low < found.high <= 5 if isinstance(found, Interval) else found in range(6))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(event("Pancreatitis", severity={"coding": [{"code": "C41340"}]}), 3, id="NCIt grade"),
        pytest.param(event("Pancreatitis", severity={"coding": [{"code": "grade-3"}]}), 3, id="grade in a code"),
        pytest.param(event("Pankreatitis", severity={"text": "mäßig"}), 2, id="German severity"),
        pytest.param(event("Pancreatitis", outcome=concept("fatal")), 5, id="fatal"),
        pytest.param(observation("10033645", system=MEDDRA, valueCodeableConcept=concept("K", "obds")), 0, id="oBDS: none"),
        pytest.param(observation("10033645", system=MEDDRA, valueCodeableConcept=concept("U", "obds")), None, id="oBDS: unknown"),
        pytest.param(observation(text="Adverse event", valueCodeableConcept={"text": "Pancreatitis"}, component=[
            {"code": {"text": "CTCAE Grade"}, "valueInteger": 2}]), 2, id="form"),
    ],
)  # fmt: skip
def test_codes(entry: Any, expected: float | None) -> None:
    assert facts_of(entry).value("toxicity(pancreatitis)") == expected


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("CRS Grad 2 (ASTCT)", {"CRS"}), ("ICANS grade 3", {"ICANS"}), ("SOS/VOD, EBMT grade 4", {"SOS"}),
        ("Sinusvenenthrombose", {"cerebral-thrombosis-ischemia-stroke", "thrombosis"}),
        ("cerebral venous sinus thrombosis", {"cerebral-thrombosis-ischemia-stroke", "thrombosis"}),
        ("Beinvenenthrombose Grad 2", {"thromboembolism-non-cns", "thrombosis"}),
        ("Catheter-related thrombosis", {"thromboembolism-non-cns", "thrombosis"}),
        ("Lungenarterienembolie", {"thromboembolism-non-cns", "thrombosis"}),
        ("arterial thrombosis of the leg", {"arterial-occlusion"}),
        ("Hirnblutung Grad 4", {"intracranial-hemorrhage", "hemorrhage"}), ("Nasenbluten", {"hemorrhage-non-cns", "hemorrhage"}),
        ("Differenzierungssyndrom", {"differentiation-syndrome"}), ("Infusionsreaktion Grad 1", {"infusion-reaction-iv"}),
        ("Anaphylactic reaction", {"hypersensitivity-systemic"}), ("Urtikaria", {"urticaria"}),
        ("Hypertriglyzeridämie", {"hypertriglyceridemia"}), ("transaminitis", {"ast-alt"}),
        ("Thrombozytopenie Grad 4", set()), ("heparin-induced thrombocytopenia", set()), ("No CRS", set()),
        ("Verdacht auf Pankreatitis", set()), ("Thromboseprophylaxe", set()), ("high risk of SOS", set()),
    ],
)  # fmt: skip
def test_kinds_in_words(text: str, kinds: set[str]) -> None:
    facts = facts_of(event(text))
    assert {kind for kind in KINDS if facts[f"toxicity({kind})"].known} == kinds


@pytest.mark.parametrize(
    ("code", "system", "kind"),
    [
        ("I82.621", ICD, "thromboembolism-non-cns"), ("I80.28", GM, "thromboembolism-non-cns"), ("I26.9", GM, "thrombosis"),
        ("I63.40", ICD, "cerebral-thrombosis-ischemia-stroke"), ("I63.6", GM, "cerebral-thrombosis-ischemia-stroke"),
        ("I61.9", GM, "intracranial-hemorrhage"), ("K85.9", GM, "pancreatitis"), ("K92.2", ICD, "hemorrhage-non-cns"),
        ("59282003", SCT, "thromboembolism-non-cns"), ("75694006", SCT, "pancreatitis"),
    ],
)  # fmt: skip
def test_kinds_by_code(code: str, system: str, kind: str) -> None:
    facts = facts_of(condition(code, system, status="active", onsetDateTime="2025-05-20"))
    assert facts.value(f"toxicity({kind})") == Interval(1, 5)


@pytest.mark.parametrize(
    ("score", "expected"), [(10, None), (9, 1), (7, 1), (6, 2), (3, 2), (2, 3), (0, 3), (11, None)]
)
def test_an_ice_score_is_a_least_grade_and_no_grade(score: int, expected: float | None) -> None:
    for value in ({"valueInteger": score}, {"valueString": f"{score}/10"}):
        found = facts_of(observation(text="ICE score", **value)).value("toxicity(ICANS)")
        assert found == (Interval(expected, 4) if expected else None)


def test_a_newer_grade_replaces_that_of_an_older_event_that_goes_on() -> None:
    older = event("Pancreatitis grade 3", "2025-05-10", outcome=concept("ongoing"))
    newer = observation("10033645", "2025-05-28", system=MEDDRA, valueInteger=1)
    facts = facts_of(older, newer)
    assert facts.value("toxicity(pancreatitis)") == 1
    assert facts.value("toxicity_worst(pancreatitis)") == 3


def test_an_ungraded_entry_has_the_grade_of_its_event() -> None:
    listed = condition("K85.90", ICD, status="active", onsetDateTime="2025-05-21")
    assert facts_of(event("Pancreatitis grade 3", "2025-05-20"), listed).value("toxicity(pancreatitis)") == 3


def triglycerides(value: float, on: str = "2025-05-30") -> Any:
    return observation("2571-8", on, valueQuantity={"value": value, "unit": "mg/dL"})


def test_the_newest_laboratory_value_grades_what_it_measures() -> None:
    name = "toxicity(hypertriglyceridemia)"
    said = event("Hypertriglyceridemia grade 4", "2025-05-10")
    assert facts_of(said, triglycerides(120)).value(name) == 0
    assert facts_of(said, triglycerides(1400)).value(name) == 4
    assert facts_of(event("Hypertriglyceridemia", "2025-05-30"), triglycerides(400)).value(name) == 2
    assert facts_of(event("Hypertriglyceridemia grade 2", "2025-05-31"), triglycerides(1400)).value(name) == 2
    going_on = event("Hypertriglyceridemia grade 4", "2025-05-10", outcome=concept("ongoing"))
    assert facts_of(going_on, triglycerides(120))[name].reason is Reason.CONFLICTING


def test_sugar_held_down_by_treatment_goes_on() -> None:
    ongoing = condition("E09.9", ICD, "steroid diabetes, grade 3", status="active", onsetDateTime="2025-05-10")
    glucose = observation("2345-7", "2025-06-01", valueQuantity={"value": 90, "unit": "mg/dL"})
    assert facts_of(ongoing, glucose).value("toxicity(hyperglycemia)") == 3
    assert facts_of(ongoing, glucose).value("hyperglycemia") is True


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([event("Pancreatitis", outcome=concept("resolved"))], True, id="over"),
        pytest.param([event("Pancreatitis", outcome=concept("resolved")), event("CRS", outcome=concept("ongoing"))], False, id="one goes on"),
        pytest.param([event("Pancreatitis")], None, id="not said"),
        pytest.param([], None, id="none"),
    ],
)  # fmt: skip
def test_resolved(entries: list[Any], expected: bool | None) -> None:
    assert facts_of(*entries).value("toxicity_resolved") is expected


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        pytest.param(("8636-3", 4.4, "ms", None), "QT-prolongation", id="QTc of 4.4 ms"),
        pytest.param(("2160-0", 88, "mg/dL", 1.1), "nephrotoxicity", id="creatinine in umol/L, called mg/dL"),
        pytest.param(("1975-2", 200, "mg/dL", 1.2), "hyperbilirubinemia", id="bilirubin beyond what is plausible"),
    ],
)
def test_what_cannot_be_true_has_no_grade(result: tuple[str, float, str, float | None], kind: str) -> None:
    code, value, unit, limit = result
    rows = [{"high": {"value": limit, "unit": unit}}] if limit else None
    made = observation(code, "2025-05-30", valueQuantity={"value": value, "unit": unit}, referenceRange=rows)
    assert not facts_of(made)[f"toxicity({kind})"].known
    assert facts_of(made).value("significant_renal_dysfunction") is None
