"""Calls of a service with synthetic patients, built from nothing but what its discovery document asks for."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

Json = dict[str, Any]
TOLD = date(2026, 3, 2)  # the day of which the stories of the shipped patients are told
SHIPPED = ("relapsed-ph-positive-t315i", "new-ph-negative-adult-50", "not-a-leukemia-patient")
_DATE = re.compile(r"((?:19|20)\d{2})-(\d{2})-(\d{2})(T.*)?")
_QUERY = re.compile(r"([A-Z][A-Za-z]+)([/?])")
EMPTY_BUNDLE: Mapping[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": 0}
OUTCOME: Mapping[str, Any] = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "exception", "diagnostics": "The search failed."}],
}
# What the Medication resources are for that a search for these brings along.
_WITH = dict.fromkeys(
    ("MedicationRequest", "MedicationStatement", "MedicationAdministration", "MedicationDispense"), ("Medication",)
)


@dataclass(frozen=True)
class Patient:
    """A synthetic patient: the name of the story, the resources, the Patient first."""

    name: str
    resources: tuple[Json, ...]

    @property
    def id(self) -> str:
        return str(self.resources[0]["id"])


def shipped(today: date) -> list[Patient]:
    """The patients of this package, with every full date moved so that their story happens today."""
    folder = files("service.conformance") / "patients"
    texts = ((name, (folder / f"{name}.json").read_text(encoding="utf-8")) for name in SHIPPED)
    return [patient_of(name, _moved(json.loads(text), today - TOLD)) for name, text in texts]


def patient_of(name: str, bundle: Any) -> Patient:
    """A patient out of a FHIR Bundle.

    Raises:
        ValueError: it holds not exactly one Patient.
    """
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    rows = [e["resource"] for e in entries or () if isinstance(e, dict) and isinstance(e.get("resource"), dict)]
    patients = [row for row in rows if row.get("resourceType") == "Patient" and row.get("id")]
    if len(patients) != 1:
        raise ValueError(f"{name}: a patient is a FHIR Bundle with exactly one Patient that has an id")
    return Patient(name, (patients[0], *(row for row in rows if row is not patients[0])))


def nobody() -> Patient:
    """A patient of whom nothing but a name is known, with letters beyond ASCII."""
    row = {
        "resourceType": "Patient",
        "id": "conformance-nobody",
        "name": [{"family": "Ångström-Øst", "given": ["Zoë"]}],
    }
    return Patient("nothing but a patient", (row,))


def request(service: Json, patient: Patient, **changed: Any) -> Json:
    """A good call of a service; ``changed`` replaces members, None takes them out."""
    body = {
        "hook": service["hook"],
        "hookInstance": str(uuid.uuid4()),
        "context": context(str(service["hook"]), patient),
        "prefetch": prefetch(service, patient) or None,
        **changed,
    }
    return {name: value for name, value in body.items() if value is not None}


def templates(service: Json) -> dict[str, str]:
    """The prefetch templates that can be read."""
    found = service.get("prefetch")
    return {k: t for k, t in found.items() if isinstance(t, str)} if isinstance(found, dict) else {}


def is_search(template: str) -> bool:
    """Whether a template is a search, not the read of one resource."""
    found = _QUERY.match(template)
    return found is not None and found[2] == "?"


def prefetch(service: Json, patient: Patient, searches: Callable[[], Any] | None = None) -> Json:
    """Every key with what the patient's record holds for it.

    Args:
        searches: gives what to send under every search key in place of its result.
    """
    found: Json = {}
    for key, template in templates(service).items():
        query = _QUERY.match(template)
        if query is None:
            continue
        rows = [row for row in patient.resources if row["resourceType"] in (query[1], *_WITH.get(query[1], ()))]
        if query[2] == "/":
            if rows:
                found[key] = rows[0]
        else:
            found[key] = searches() if searches else _searchset(rows)
    return found


HOOKS = frozenset(
    [
        "patient-view", "order-select", "order-sign", "order-dispatch", "encounter-start", "encounter-discharge",
        "appointment-book", "medication-refill", "problem-list-item-create", "allergyintolerance-create",
        "medication-verify",
    ]
)  # fmt: skip
"""The hooks of the HL7 library, whose context is known here."""


def context(hook: str, patient: Patient) -> Json:
    """The context of a hook of the HL7 library (`HOOKS`); of another hook what most have."""
    common = {"userId": "Practitioner/conformance", "patientId": patient.id}
    orders = _orders(patient)
    names = [f"{row['resourceType']}/{row['id']}" for row in orders]
    more: dict[str, Json] = {
        "order-select": {"selections": names, "draftOrders": _collection(orders)},
        "order-sign": {"draftOrders": _collection(orders)},
        "order-dispatch": {"dispatchedOrders": names, "performer": "Organization/conformance"},
        "encounter-start": {"encounterId": "conformance-encounter"},
        "encounter-discharge": {"encounterId": "conformance-encounter"},
        "appointment-book": {"appointments": _collection([_appointment(patient)])},
        "medication-refill": {"medications": _collection(orders[:1])},
        "problem-list-item-create": {"conditions": _collection([_condition(patient)])},
        "allergyintolerance-create": {"allergyIntolerance": _allergy(patient)},
        "medication-verify": {"medication": orders[0]},
    }
    return {**common, **more.get(hook, {})}


def _orders(patient: Patient) -> list[Json]:
    """Two drafts: one that no patient may be given, one that is harmless for most."""
    vincristine = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "11202", "display": "vincristine"}
    intrathecal = {"system": "http://snomed.info/sct", "code": "72607000", "display": "Intrathecal route"}
    common = {"resourceType": "MedicationRequest", "status": "draft", "intent": "order", "subject": _whose(patient)}
    return [
        {
            **common,
            "id": "conformance-order-1",
            "medicationCodeableConcept": {"coding": [vincristine], "text": "vincristine 2 mg intrathecal"},
            "dosageInstruction": [{"text": "2 mg intrathecal once", "route": {"coding": [intrathecal]}}],
        },
        {**common, "id": "conformance-order-2", "medicationCodeableConcept": {"text": "dasatinib 100 mg"}},
    ]


def _condition(patient: Patient) -> Json:
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "91857003"}], "text": "Acute lymphoid leukemia"}
    return {"resourceType": "Condition", "id": "conformance-condition", "code": code, "subject": _whose(patient)}


def _allergy(patient: Patient) -> Json:
    reaction = [{"manifestation": [{"text": "Anaphylaxis"}], "severity": "severe"}]
    made = {"resourceType": "AllergyIntolerance", "id": "conformance-allergy", "code": {"text": "pegaspargase"}}
    return {**made, "patient": _whose(patient), "reaction": reaction}


def _appointment(patient: Patient) -> Json:
    who = [{"actor": _whose(patient), "status": "tentative"}]
    return {"resourceType": "Appointment", "id": "conformance-appointment", "status": "proposed", "participant": who}


def _whose(patient: Patient) -> Json:
    return {"reference": f"Patient/{patient.id}"}


def _collection(rows: list[Json]) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": row} for row in rows]}


def _searchset(rows: list[Json]) -> Json:
    entries = [{"resource": row, "search": {"mode": "match"}} for row in rows]
    return {**EMPTY_BUNDLE, "total": len(rows), "entry": entries} if rows else dict(EMPTY_BUNDLE)


def _moved(value: Any, by: timedelta) -> Any:
    if isinstance(value, dict):
        return {name: _moved(child, by) for name, child in value.items()}
    if isinstance(value, list):
        return [_moved(child, by) for child in value]
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return value
    return (date(int(found[1]), int(found[2]), int(found[3])) + by).isoformat() + (found[4] or "")
