"""Patients of a cohort who do not have ALL: what a register of everybody holds most of."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from service.population.synthesis.codes import HL7, LOINC, SNOMED, Json, coded, drug, plain, quantity
from service.population.synthesis.resources import finished, patient
from service.population.synthesis.results import condition, observation
from service.population.synthesis.truth import Truth

# Near misses stand among them: other leukemias, and methotrexate for arthritis. The terminology has no codes of such
# diseases: these are SNOMED CT's own.
_DISEASES = (
    ("44054006", "Type 2 diabetes mellitus"), ("38341003", "Hypertensive disorder"), ("13645005", "Chronic obstructive lung disease"),
    ("69896004", "Rheumatoid arthritis"),
)  # fmt: skip
_LEUKEMIAS = (("diagnosis.other_leukemia", SNOMED, "91861009"), ("diagnosis.other_leukemia", SNOMED, "92818009"))


def other(rng: Random, name: str, as_of: date) -> tuple[Truth, tuple[dict[str, Any], ...]]:
    """A patient without ALL; one in ten has another leukemia."""
    birth = as_of - timedelta(days=round(rng.uniform(20, 90) * 365.2425))
    sex = "male" if rng.random() < 0.5 else "female"
    truth = Truth(name, False, sex, birth)
    day = as_of - timedelta(days=rng.randint(30, 3000))
    made: list[Json] = []
    if rng.random() < 0.1:
        code = coded(*rng.choice(_LEUKEMIAS))
    else:
        snomed, text = rng.choice(_DISEASES)
        code = {"coding": [{"system": SNOMED, "code": snomed, "display": text}], "text": text}
    listed = condition(day.isoformat(), code, "active")
    listed["category"] = [plain(f"{HL7}/condition-category", "problem-list-item")]
    made.append(listed)
    for weeks in range(rng.randint(1, 6)):
        seen = (as_of - timedelta(weeks=9 * weeks + 1)).isoformat()
        made.append(
            observation(
                seen,
                coded("labs.wbc", LOINC, "6690-2"),
                valueQuantity=quantity(round(rng.uniform(4, 11), 1), "10*3/uL"),
            )
        )
    if code["text"] == "Rheumatoid arthritis":
        made.append(
            {
                "resourceType": "MedicationStatement",
                "status": "active",
                "medicationCodeableConcept": drug("methotrexate"),
                "effectivePeriod": {"start": day.isoformat()},
            }
        )
    return truth, (patient(truth), *finished(name, made))
