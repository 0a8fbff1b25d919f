"""Synthetic resources for tests of genetic readers."""

from __future__ import annotations

from typing import Any

LOINC, SCT, HGNC = "http://loinc.org", "http://snomed.info/sct", "http://www.genenames.org/geneId"
DIAGNOSED = "2025-01-10"


def concept(system: str, code: str, text: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"coding": [{"system": system, "code": code}]}
    return {**found, "text": text} if text else found


def observation(
    code: str | None = None, value: object = None, on: str | None = DIAGNOSED, **more: Any
) -> dict[str, Any]:
    """An Observation by LOINC code, or by ``text``. ``value``: a string, a CodeableConcept or a Quantity."""
    text = more.pop("text", None)
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "id": more.pop("id", f"o-{code}-{on}-{text}".replace(" ", "-")[:60]),
        "status": "final",
        "code": concept(LOINC, code, text) if code else {"text": text},
        **more,
    }
    if on:
        found["effectiveDateTime"] = on
    if isinstance(value, str):
        found["valueString"] = value
    elif isinstance(value, dict):
        found["valueQuantity" if "value" in value else "valueCodeableConcept"] = value
    return found


def report(conclusion: str, on: str = DIAGNOSED, text: str = "FISH", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport", "id": f"r-{on}", "status": "final", "code": {"text": text},
        "effectiveDateTime": on, "conclusion": conclusion, **more,
    }  # fmt: skip


def condition(
    system: str = SCT, code: str = "91857003", on: str | None = DIAGNOSED, text: str | None = None
) -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": "Condition", "id": f"c-{code}", "code": concept(system, code, text)}
    return {**found, "onsetDateTime": on} if on else found


def component(code: str, **value: Any) -> dict[str, Any]:
    return {"code": concept(LOINC, code), **value}


def gene(hgnc: str) -> dict[str, Any]:
    return component("48018-6", valueCodeableConcept=concept(HGNC, hgnc))


def transplant(on: str) -> dict[str, Any]:
    return {
        "resourceType": "Procedure", "id": f"p-{on}", "status": "completed", "code": concept(SCT, "58390007"),
        "performedDateTime": on,
    }  # fmt: skip


def drug(
    name: str, rxnorm: str, start: str, kind: str = "MedicationStatement", end: str | None = None
) -> dict[str, Any]:
    return {
        "resourceType": kind, "id": f"m-{name}", "status": "completed",
        "medicationCodeableConcept": concept("http://www.nlm.nih.gov/research/umls/rxnorm", rxnorm, name),
        "effectivePeriod": {"start": start, **({"end": end} if end else {})},
    }  # fmt: skip
