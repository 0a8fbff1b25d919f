"""Builders of small FHIR resources of one synthetic patient."""

from __future__ import annotations

from itertools import count
from typing import Any

Json = dict[str, Any]
SCT, LOINC = "http://snomed.info/sct", "http://loinc.org"
ICD, GM = "http://hl7.org/fhir/sid/icd-10-cm", "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
ICDO, ATC = "http://terminology.hl7.org/CodeSystem/icd-o-3", "http://www.whocc.no/atc"
RXNORM, MEDDRA = "http://www.nlm.nih.gov/research/umls/rxnorm", "https://www.meddra.org"
_ids = count(1)


def concept(code: str | None = None, system: str = SCT, text: str | None = None, display: str | None = None) -> Json:
    """A CodeableConcept."""
    made: Json = {}
    if code is not None:
        made["coding"] = [{"system": system, "code": code, **({"display": display} if display else {})}]
    if text is not None:
        made["text"] = text
    return made


def resource(kind: str, **members: Any) -> Json:
    """A resource of the patient with an id of its own; members that are ``None`` are left out."""
    named = {"resourceType": kind, "id": members.pop("id", None) or f"{kind.lower()}-{next(_ids)}"}
    return {**named, **{key: value for key, value in members.items() if value is not None}}


def condition(
    code: str | None = None, system: str = SCT, text: str | None = None, status: str | None = None, **more: Any
) -> Json:
    """A Condition with its clinical status."""
    clinical = {"coding": [{"code": status}]} if status else None
    return resource("Condition", **{"code": concept(code, system, text), "clinicalStatus": clinical, **more})


def observation(
    code: str | None = None, on: str | None = "2025-05-20", system: str = LOINC, text: str | None = None, **more: Any
) -> Json:
    """A final Observation."""
    made = {"status": "final", "code": concept(code, system, text), "effectiveDateTime": on}
    return resource("Observation", **{**made, **more})


def status(value: str, on: str | None = "2025-05-20", **more: Any) -> Json:
    """A disease status observation in words."""
    return observation("97509-4", on, valueCodeableConcept={"text": value}, **more)


def procedure(
    code: str | None = None, on: str | None = None, system: str = SCT, text: str | None = None, **more: Any
) -> Json:
    """A completed Procedure."""
    made = {"status": "completed", "code": concept(code, system, text), "performedDateTime": on}
    return resource("Procedure", **{**made, **more})


def statement(
    text: str | None = None, start: str | None = None, end: str | None = None, state: str = "completed", **more: Any
) -> Json:
    """A MedicationStatement, dated by a period."""
    span = {key: value for key, value in (("start", start), ("end", end)) if value is not None}
    made = {"status": state, "medicationCodeableConcept": {"text": text}, "effectivePeriod": span or None}
    return resource("MedicationStatement", **{**made, **more})


def administration(text: str | None = None, on: str | None = None, **more: Any) -> Json:
    """A completed MedicationAdministration."""
    made = {"status": "completed", "medicationCodeableConcept": {"text": text}, "effectiveDateTime": on}
    return resource("MedicationAdministration", **{**made, **more})


def request(text: str | None = None, on: str | None = None, **more: Any) -> Json:
    """An active MedicationRequest of intent order."""
    made = {"status": "active", "intent": "order", "medicationCodeableConcept": {"text": text}, "authoredOn": on}
    return resource("MedicationRequest", **{**made, **more})


def patient(born: str | None = "1990-06-15", **more: Any) -> Json:
    """The Patient."""
    return resource("Patient", **{"id": "p", "birthDate": born, **more})
