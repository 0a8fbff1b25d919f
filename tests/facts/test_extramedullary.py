"""Sites outside the marrow: what asks is no answer, what resolved is free, what is recalled says nothing."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Facts, Reason, TokenSet
from service.facts.response.extramedullary import PROVIDERS
from tests.facts.fhir import concept, condition, observation, resource
from tests.facts.support import facts_of


def read(*resources: dict[str, Any]) -> Facts:
    return facts_of(*resources, providers=PROVIDERS)


def report(name: str, conclusion: str, on: str = "2025-05-02") -> dict[str, Any]:
    """A report with its conclusion."""
    return resource(
        "DiagnosticReport", status="final", code={"text": name}, effectiveDateTime=on, conclusion=conclusion
    )


@pytest.mark.parametrize(
    ("name", "text", "mass"),
    [
        ("CT chest", "Large anterior mediastinal mass 10 x 8 cm.", True),
        ("CT Thorax", "Großer Mediastinaltumor", True),
        ("CT Thorax", "Mediastinalverbreiterung", True),
        ("CT chest", "Residual mediastinal mass 2 x 1 cm", True),
        ("CT chest", "Complete resolution of the mediastinal mass.", False),
        ("CT chest", "Mediastinal mass no longer visible", False),
        ("CT Thorax", "Mediastinaltumor komplett regredient", False),
        ("X-ray chest", "No mediastinal widening", False),
        ("Röntgen Thorax", "keine Mediastinalverbreiterung", False),
        ("X-ray chest", "normal mediastinum", False),
        ("CT chest", "previously seen mediastinal mass", None),
        ("CT chest", "clear lungs", None),
    ],
)
def test_mediastinal_mass(name: str, text: str, mass: bool | None) -> None:
    assert read(report(name, text)).value("mediastinal_mass") is mass


@pytest.mark.parametrize(
    ("value", "disease"),
    [
        ({"valueBoolean": False}, False),
        ({"valueBoolean": True}, True),
        ({"valueCodeableConcept": {"text": "No"}}, False),
        ({"valueCodeableConcept": {"text": "Ja"}}, True),
        ({"valueCodeableConcept": concept("260385009", display="Negative")}, False),
        ({"valueString": "absent"}, False),
        ({"valueString": "see report"}, None),
        ({}, None),
        ({"valueString": None, "interpretation": [concept("POS", "http://x")]}, True),
    ],
)
def test_an_observation_answers_and_its_name_only_asks(value: dict[str, Any], disease: bool | None) -> None:
    facts = read(observation(text="Extramedullary disease", **value))
    assert facts.value("extramedullary_disease") is disease
    assert read(observation(text="Testicular involvement", **value)).value("testicular_disease") is disease
    assert read(observation(text="Mediastinal mass", **value)).value("mediastinal_mass") is disease


@pytest.mark.parametrize(
    ("name", "text", "testis"),
    [
        ("Testicular examination", "normal", False),
        ("Exam", "Hoden unauffällig", False),
        ("Exam", "Testes unremarkable", False),
        ("Biopsy testis", "Infiltration by lymphoblasts", True),
        ("Hodenbiopsie", "kein Hodenbefall", False),
        ("Exam", "testicular enlargement", None),
    ],
)
def test_testis(name: str, text: str, testis: bool | None) -> None:
    assert read(observation(text=name, valueString=text)).value("testicular_disease") is testis


def test_a_biopsy_tells_of_the_site_it_is_named_after() -> None:
    found = read(report("Pathology, skin biopsy", "Dense infiltrate of B lymphoblasts"))["extramedullary_sites"].value
    assert isinstance(found, TokenSet)
    assert found.includes("skin") is True


def test_enlarged_nodes_and_spleen_leave_the_question_open() -> None:
    fact = read(report("Ultrasound", "Hepatosplenomegaly"), report("Staging", "No extramedullary disease"))[
        "extramedullary_disease"
    ]
    assert fact.reason is Reason.NOT_DECIDED
    found = read(report("Exam", "No lymphadenopathy, no splenomegaly"))["extramedullary_sites"].value
    assert isinstance(found, TokenSet)
    assert (found.includes("spleen"), found.includes("lymph-node"), found.includes("CNS")) == (False, False, None)


def test_the_site_of_a_relapse_in_remission_is_history() -> None:
    told = condition("91857003", text="B-ALL, isolated CNS relapse 2022, in CR2")
    assert read(told)["extramedullary_disease"].reason is Reason.RECORD_EMPTY
    now = condition("91857003", text="B-ALL, isolated CNS relapse")
    assert read(now).value("extramedullary_disease") is True


def test_a_note_on_the_disease_tells_of_other_times() -> None:
    noted = condition("277575008", note=[{"text": "mediastinal mass in 2019"}])
    assert read(noted).value("mediastinal_mass") is None
