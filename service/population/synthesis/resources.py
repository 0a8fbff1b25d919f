"""Events of a course as FHIR R4 resources of one patient, in their order, with ids that depend on nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from service.population.synthesis import events as e
from service.population.synthesis.codes import TAG, Json
from service.population.synthesis.results import RESULTS
from service.population.synthesis.treatments import TREATMENTS
from service.population.synthesis.truth import Truth

TYPES = (
    "Patient", "Condition", "Observation", "DiagnosticReport", "Procedure", "MedicationStatement", "MedicationRequest",
    "MedicationAdministration", "AllergyIntolerance", "AdverseEvent", "CarePlan", "ServiceRequest", "Encounter",
)  # fmt: skip
Maker = Callable[[Any, Truth], Iterator[Json]]
_MAKERS: dict[type[e.Event], Maker] = {**RESULTS, **TREATMENTS}


def resources(truth: Truth) -> Iterator[Json]:
    """The resources of a patient: the Patient first, then what happened, day by day."""
    yield patient(truth)
    made = [
        resource for event in truth.events if type(event) in _MAKERS for resource in _MAKERS[type(event)](event, truth)
    ]
    yield from finished(truth.patient, made)


def patient(truth: Truth) -> Json:
    """The Patient: a name that nobody takes for a person's."""
    number = truth.patient.rsplit("-", 1)[-1]
    made: Json = {
        "resourceType": "Patient",
        "id": truth.patient,
        "meta": {"tag": [TAG]},
        "active": truth.death is None,
        "name": [
            {
                "use": "usual",
                "text": f"Synthetic Patient-{number}",
                "family": f"Patient-{number}",
                "given": ["Synthetic"],
            }
        ],
        "gender": truth.sex,
        "birthDate": truth.birth.isoformat(),
    }
    if truth.death is not None:
        made["deceasedDateTime"] = truth.death.isoformat()
    return made


def finished(owner: str, made: list[Json]) -> Iterator[Json]:
    """Resources with id, tag and subject."""
    for number, resource in enumerate(made, 1):
        kind = resource.pop("resourceType")
        who = "patient" if kind == "AllergyIntolerance" else "subject"
        head = {"resourceType": kind, "id": f"{owner}-{number}", "meta": {"tag": [TAG]}}
        yield {**head, **resource, who: {"reference": f"Patient/{owner}"}}
