"""Treatment, its plans and its toxicity as resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from service.population.synthesis import events as e
from service.population.synthesis.codes import HL7, ICD, LOINC, SNOMED, Json, coded, drug, plain
from service.population.synthesis.regimens import CAR_T
from service.population.synthesis.results import condition, observation
from service.population.synthesis.truth import Truth

_PHASE = {
    "pre-treatment": "prephase", "induction": "induction", "consolidation": "consolidation",
    "interim maintenance": "interim maintenance", "intensification": "delayed intensification", "maintenance": "maintenance",
    "surveillance": "surveillance", "post-hct": "follow-up after allogeneic transplantation", "reinduction": "reinduction",
}  # fmt: skip
_ROUTE = {"intrathecal": ("72607000", "Intrathecal route")}
_TOXICITY = {
    "hypersensitivity": ("39579001", "Allergic reaction to {drug}, CTCAE grade {grade}"),
    "pancreatitis": ("197456007", "Asparaginase-associated pancreatitis, CTCAE grade {grade}"),
}


def words_of(phase: str) -> str:
    """A phase as a plan names it."""
    return _PHASE[phase]


def _phase(event: e.Phase, _: Truth) -> Iterator[Json]:
    period = {"start": event.day.isoformat()}
    if event.until is not None:
        period["end"] = event.until.isoformat()
    title = f"{event.regimen}, {_PHASE[event.name]}" if event.regimen else _PHASE[event.name].capitalize()
    yield {
        "resourceType": "CarePlan",
        "status": "active" if event.until is None else "completed",
        "intent": "plan",
        "title": title,
        "period": period,
    }


def _given(event: e.Given, _: Truth) -> Iterator[Json]:
    period = {"start": event.day.isoformat()}
    if event.until is not None:
        period["end"] = event.until.isoformat()
    named = ", ".join(part for part in (event.regimen, _PHASE.get(event.phase, "")) if part)
    if event.drug in CAR_T:
        yield {
            "resourceType": "MedicationAdministration",
            "status": "completed",
            "medicationCodeableConcept": drug(event.drug),
            "effectiveDateTime": event.day.isoformat(),
        }
        return
    made: Json = {
        "resourceType": "MedicationStatement",
        "status": "stopped" if event.stopped else "active" if event.until is None else "completed",
        "medicationCodeableConcept": drug(event.drug),
        "effectivePeriod": period,
    }
    if event.stopped:
        made["statusReason"] = [{"text": event.stopped}]
    if event.route:
        code, display = _ROUTE[event.route]
        route = {"coding": [{"system": SNOMED, "code": code, "display": display}]}
        made["dosage"] = [{"text": f"{event.route}, CNS prophylaxis", "route": route}]
    if named:
        made["note"] = [{"text": f"Part of {named}"}]
    yield made


def _donor(event: e.DonorTyping, _: Truth) -> Iterator[Json]:
    words = f"HLA typing complete; {event.donor} identified"
    yield observation(event.day.isoformat(), coded("therapy.hct_donor", LOINC, "57290-9"), valueString=words)


def _transplant(event: e.Transplant, _: Truth) -> Iterator[Json]:
    day = event.day.isoformat()
    text = f"Allogeneic hematopoietic cell transplantation, {event.donor}"
    code = coded("course.allo_hct", SNOMED, "425843001", text)
    yield {"resourceType": "Procedure", "status": "completed", "code": code, "performedDateTime": day}
    after = condition(day, coded("course.history", ICD, "Z94.84"), "active")
    after["category"] = [plain(f"{HL7}/condition-category", "problem-list-item")]
    yield after


def _toxicity(event: e.Toxicity, _: Truth) -> Iterator[Json]:
    day = event.day.isoformat()
    code, words = _TOXICITY[event.kind]
    text = words.format(drug=event.drug, grade=event.grade)
    yield {
        "resourceType": "AdverseEvent",
        "actuality": "actual",
        "event": coded(f"toxicity.{event.kind}", SNOMED, code, text),
        "date": day,
        "outcome": plain(f"{HL7}/adverse-event-outcome", "resolved", "Resolved"),
        "suspectEntity": [{"instance": {"display": event.drug}}],
    }
    if event.kind == "hypersensitivity":
        yield {
            "resourceType": "AllergyIntolerance",
            "clinicalStatus": plain(f"{HL7}/allergyintolerance-clinical", "active"),
            "verificationStatus": plain(f"{HL7}/allergyintolerance-verification", "confirmed"),
            "type": "allergy",
            "category": ["medication"],
            "code": drug(event.drug),
            "onsetDateTime": day,
            "recordedDate": day,
            "reaction": [
                {
                    "manifestation": [{"text": text}],
                    "severity": "severe" if event.grade >= 3 else "moderate",
                }
            ],
        }


def _order(event: e.Order, _: Truth) -> Iterator[Json]:
    day = event.day.isoformat()
    if event.drug:
        yield {
            "resourceType": "MedicationRequest",
            "status": event.status,
            "intent": "order",
            "medicationCodeableConcept": drug(event.drug),
            "authoredOn": day,
        }
    else:
        yield {
            "resourceType": "ServiceRequest",
            "status": event.status,
            "intent": "order",
            "code": {"text": event.test},
            "authoredOn": day,
            "occurrenceDateTime": (event.day + timedelta(days=7)).isoformat(),
        }


def _visit(event: e.Visit, _: Truth) -> Iterator[Json]:
    period = {"start": event.day.isoformat()}
    if event.until is not None:
        period["end"] = event.until.isoformat()
    kind = "Pediatric" if event.setting == "pediatric-oncology" else "Adult"
    yield {
        "resourceType": "Encounter",
        "status": "finished" if event.until is not None else "in-progress",
        "class": {"system": f"{HL7}/v3-ActCode", "code": "IMP" if event.until else "AMB"},
        "serviceType": {"text": f"{kind} hematology and oncology"},
        "period": period,
    }


TREATMENTS: dict[type[e.Event], Callable[[Any, Truth], Iterator[Json]]] = {
    e.Phase: _phase, e.Given: _given, e.DonorTyping: _donor, e.Transplant: _transplant, e.Toxicity: _toxicity,
    e.Order: _order, e.Visit: _visit,
}  # fmt: skip
