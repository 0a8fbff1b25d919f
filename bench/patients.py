"""Requests to measure with: a patient with relapsed ALL and one without, about 80 resources and 100 KB each."""

from __future__ import annotations

import json
import uuid
from datetime import date, timedelta
from typing import Any

_LOINC, _SNOMED, _RXNORM = "http://loinc.org", "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm"
_SIZE = 100_000
_DAY = date.today() - timedelta(days=2)  # noqa: DTZ011 - recent results, whenever the benchmark runs
_Resource = dict[str, Any]


def request(with_all: bool) -> bytes:
    """A whole patient-view request as an EHR sends it."""
    keys = _all() if with_all else _other()
    narrative = "<div xmlns='http://www.w3.org/1999/xhtml'>" + "narrative " * 40 + "</div>"
    resources = [row for rows in keys.values() for row in rows]
    body = _body(keys)
    for row in resources:  # narrative, as real servers send it, until the size is reached
        if len(json.dumps(body)) >= _SIZE:
            break
        row["text"] = {"status": "generated", "div": narrative * 3}
    return json.dumps(body).encode()


def _body(keys: dict[str, list[_Resource]]) -> _Resource:
    prefetch: _Resource = {
        key: {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(rows),
            "entry": [{"resource": r} for r in rows],
        }
        for key, rows in keys.items()
    }
    prefetch["patient"] = {"resourceType": "Patient", "id": "bench", "gender": "female", "birthDate": "1990-05-17"}
    return {
        "hook": "patient-view",
        "hookInstance": str(uuid.UUID(int=7)),
        "context": {"patientId": "bench", "userId": "Practitioner/1"},
        "prefetch": prefetch,
    }


def _base(kind: str, number: int, day: date, **more: Any) -> _Resource:
    made = {"resourceType": kind, "id": f"{kind.lower()}-{number}", "subject": {"reference": "Patient/bench"}, **more}
    if kind == "Observation":
        made |= {"status": "final", "effectiveDateTime": day.isoformat()}
    return made


def _coded(system: str, code: str, text: str) -> _Resource:
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def _labs(count: int) -> list[_Resource]:
    kinds = (("6690-2", "WBC", "10*3/uL", 4.2), ("751-8", "Neutrophils", "10*3/uL", 2.1), ("777-3", "Platelets", "10*3/uL", 140.0),
             ("718-7", "Hemoglobin", "g/dL", 10.1), ("1968-7", "Bilirubin direct", "mg/dL", 0.3))  # fmt: skip
    found = []
    for number in range(count):
        code, text, unit, value = kinds[number % len(kinds)]
        quantity = {"value": value + number / 100, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
        day = _DAY - timedelta(days=number // len(kinds))
        found.append(_base("Observation", number, day, code=_coded(_LOINC, code, text), valueQuantity=quantity))
    return found


def _all() -> dict[str, list[_Resource]]:
    relapse = _base("Condition", 1, _DAY, code=_coded(_SNOMED, "277571004", "B-cell acute lymphoblastic leukemia"),
                    onsetDateTime=(_DAY - timedelta(days=800)).isoformat(),
                    clinicalStatus=_coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "relapse", "Relapse"))  # fmt: skip
    special = [
        _base("Observation", 200, _DAY, code=_coded(_LOINC, "29770-5", "Karyotype"), valueString="46,XX[20]"),
        _base("Observation", 201, _DAY, code=_coded(_LOINC, "11150-0", "Blasts in bone marrow"),
              valueQuantity={"value": 62, "unit": "%", "code": "%"}),
        _base("Observation", 202, _DAY, code=_coded(_LOINC, "21821-4", "BCR-ABL1"), valueString="not detected"),
        _base("Observation", 203, _DAY, code={"text": "Flow cytometry immunophenotype"},
              valueString="positive for CD10, CD19, CD22, CD79a and TdT; negative for CD20"),
        _base("Observation", 204, _DAY, code={"text": "MRD by flow cytometry"}, valueString="2.3 x 10^-3"),
    ]  # fmt: skip
    drugs = ("vincristine", "doxorubicin", "cyclophosphamide", "dexamethasone", "methotrexate", "cytarabine")
    given = [
        _base("MedicationAdministration", n, _DAY, status="completed", medicationCodeableConcept={"text": drugs[n % 6]},
              effectiveDateTime=(_DAY - timedelta(days=700 - n)).isoformat())
        for n in range(14)
    ]  # fmt: skip
    return {
        "conditions": [relapse], "observations": _labs(58) + special, "reports": [], "procedures": [],
        "medication-statements": [], "medication-requests": [], "medication-administrations": given,
    }  # fmt: skip


def _other() -> dict[str, list[_Resource]]:
    codes = (("44054006", "Type 2 diabetes mellitus"), ("38341003", "Hypertensive disorder"), ("13645005", "COPD"))
    conditions = [_base("Condition", n, _DAY, code=_coded(_SNOMED, code, text)) for n, (code, text) in enumerate(codes)]
    drugs = [
        _base("MedicationRequest", n, _DAY, status="active", intent="order", authoredOn=_DAY.isoformat(),
              medicationCodeableConcept=_coded(_RXNORM, "860975", "metformin"))
        for n in range(6)
    ]  # fmt: skip
    return {
        "conditions": conditions, "observations": _labs(70), "reports": [], "procedures": [],
        "medication-statements": [], "medication-requests": drugs, "medication-administrations": [],
    }  # fmt: skip
