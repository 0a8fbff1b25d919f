"""Synthetic resources and records for the tests of ``service.record``."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from service.record.build import build_record
from service.record.model import PatientRecord
from service.record.terminology import Terminology

AS_OF = date(2025, 6, 1)
LOINC, SNOMED, RXNORM = "http://loinc.org", "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD, ICDO = "http://hl7.org/fhir/sid/icd-10-cm", "http://terminology.hl7.org/CodeSystem/icd-o-3"
HISTOLOGY = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior"
Raw = dict[str, Any]


@lru_cache(maxsize=1)
def terminology() -> Terminology:
    path = Path(__file__).resolve().parents[2] / "service" / "record" / "data" / "terminology.json"
    return Terminology.from_json(path.read_text(encoding="utf-8"))


def coded(system: str, code: str, text: str | None = None) -> Raw:
    return {"coding": [{"system": system, "code": code}], **({"text": text} if text else {})}


def wbc(own: str = "o1", when: str | None = "2025-05-01", **more: Any) -> Raw:
    made: Raw = {
        "resourceType": "Observation",
        "id": own,
        "status": "final",
        "subject": {"reference": "Patient/p"},
        "code": coded(LOINC, "6690-2", "WBC"),
        "valueQuantity": {"value": 4.2, "unit": "10*3/uL"},
    }
    if when:
        made["effectiveDateTime"] = when
    return made | more


def condition(code: Any = None, **more: Any) -> Raw:
    made: Raw = {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p"}}
    if code is not None:
        made["code"] = code
    return made | more


def drug(kind: str = "MedicationAdministration", **more: Any) -> Raw:
    return {"resourceType": kind, "id": "m1", "status": "completed", "subject": {"reference": "Patient/p"}} | more


def record(*resources: Any, patient_id: str | None = "p", as_of: date = AS_OF) -> PatientRecord:
    """A record of resources, or of (fullUrl, resource) pairs."""
    pairs = [row if isinstance(row, tuple) else (None, row) for row in resources]
    return build_record(pairs, patient_id=patient_id, coverage={}, as_of=as_of, terminology=terminology())


def reasons(found: PatientRecord) -> list[str]:
    return [aside.reason for aside in found.set_aside]
