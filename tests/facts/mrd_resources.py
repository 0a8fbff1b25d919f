"""Builders of MRD resources as laboratories send them, and their facts."""

from __future__ import annotations

from typing import Any

from service.facts.model import Facts
from service.facts.mrd import PROVIDERS
from tests.facts.support import facts_of

LOINC, SCT, RXNORM = "http://loinc.org", "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm"


def mrd(
    value: Any = None,
    unit: str | None = None,
    when: str | None = "2025-05-20",
    title: str = "MRD bone marrow flow cytometry",
    **more: Any,
) -> dict[str, Any]:
    """An MRD Observation: a number becomes a quantity, a string a valueString."""
    resource: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": title}}
    if when is not None:
        resource["effectiveDateTime"] = when
    if isinstance(value, str):
        resource["valueString"] = value
    elif value is not None:
        resource["valueQuantity"] = {"value": value} | ({"unit": unit} if unit else {})
    return resource | more


def transcript(value: Any = None, unit: str = "%", code: str = "52132-8", **more: Any) -> dict[str, Any]:
    return (
        mrd(value, unit, title="BCR::ABL1 p190 ratio") | {"code": {"coding": [{"system": LOINC, "code": code}]}} | more
    )


def read(*resources: dict[str, Any], **options: Any) -> Facts:
    return facts_of(*resources, providers=PROVIDERS, **options)


def vincristine(when: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationAdministration", "status": "completed", "effectiveDateTime": when,
        "medicationCodeableConcept": {"text": "vincristine"},
    }  # fmt: skip


def condition(onset: str) -> dict[str, Any]:
    code = {"coding": [{"system": SCT, "code": "91857003"}]}
    return {"resourceType": "Condition", "code": code, "onsetDateTime": onset}


def report(conclusion: str, **more: Any) -> dict[str, Any]:
    """A marrow report that may also speak of MRD."""
    code = {"coding": [{"system": LOINC, "code": "33721-2"}]}
    return {
        "resourceType": "DiagnosticReport", "status": "final", "effectiveDateTime": "2025-05-20", "code": code,
        "conclusion": conclusion,
    } | more  # fmt: skip
