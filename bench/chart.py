"""A patient with a long record: an example, with the results and drugs that years of treatment leave beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Any

from fhir_examples.request import FOLDER, day_of, moved

EXAMPLE = "relapsed-ph-positive-t315i"
_Resource = dict[str, Any]
_LOINC = "http://loinc.org"
_LABS = (
    ("6690-2", "Leukocytes", "10*3/uL", 4.2), ("751-8", "Neutrophils", "10*3/uL", 2.1), ("777-3", "Platelets", "10*3/uL", 140.0),
    ("718-7", "Hemoglobin", "g/dL", 10.1), ("1975-2", "Bilirubin.total", "mg/dL", 0.6), ("1742-6", "ALT", "U/L", 31.0),
    ("2160-0", "Creatinine", "mg/dL", 0.8), ("14804-9", "Lactate dehydrogenase", "U/L", 210.0),
)  # fmt: skip
_DRUGS = ("vincristine", "daunorubicin", "cyclophosphamide", "dexamethasone", "methotrexate", "cytarabine", "rituximab")
_SHARES = (1, 4, 9, 10)  # of ten further resources, up to where: MRD, drugs given, laboratory, blasts in the marrow


def bundle(size: int, today: date) -> _Resource:
    """A Bundle of ``size`` resources, the newest of this week.

    Raises:
        ValueError: the example alone has more.
    """
    found = moved(json.loads((FOLDER / f"{EXAMPLE}.json").read_text(encoding="utf-8")), today - day_of(EXAMPLE))
    patient = next(
        entry["resource"]["id"] for entry in found["entry"] if entry["resource"]["resourceType"] == "Patient"
    )
    left = size - len(found["entry"])
    if left < 0:
        raise ValueError(f"{EXAMPLE} alone has {len(found['entry'])} resources")
    found["entry"] += [{"resource": row} for row in islice(_further(f"Patient/{patient}", today), left)]
    return found


def _further(patient: str, today: date) -> Iterator[_Resource]:
    """Resources older than those of the example, the newest first, without end."""
    subject = {"subject": {"reference": patient}}
    number = 0
    while True:
        day = today - timedelta(days=30 + number)
        share = next(at for at, up_to in enumerate(_SHARES) if number % 10 < up_to)
        told = (_mrd, _given, _lab, _marrow)[share](number, day.isoformat())
        yield {**told, **subject, "id": f"further-{number}"}
        number += 1


def _observation(day: str, code: _Resource, value: float, unit: str) -> _Resource:
    quantity = {"value": round(value, 6), "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return {
        "resourceType": "Observation",
        "status": "final",
        "effectiveDateTime": day,
        "code": code,
        "valueQuantity": quantity,
    }


def _coded(code: str, text: str) -> _Resource:
    return {"coding": [{"system": _LOINC, "code": code, "display": text}], "text": text}


def _mrd(number: int, day: str) -> _Resource:
    code = {"text": "Minimal residual disease by flow cytometry, bone marrow"}
    return _observation(day, code, 10.0 ** -(1 + number // 10 % 4), "%")


def _marrow(number: int, day: str) -> _Resource:
    return _observation(day, _coded("11150-0", "Blasts/100 cells in Bone marrow"), number % 5, "%")


def _lab(number: int, day: str) -> _Resource:
    code, text, unit, value = _LABS[number % len(_LABS)]
    return _observation(day, _coded(code, text), value + number % 7 / 10, unit)


def _given(number: int, day: str) -> _Resource:
    drug = {"text": _DRUGS[number % len(_DRUGS)]}
    return {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "medicationCodeableConcept": drug,
        "effectiveDateTime": day,
    }
