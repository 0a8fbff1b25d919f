"""What a hook brings besides the patient, made up from the patient's record: for trying a hook without an EHR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from service.bundles import in_words
from service.hooks.prefetch import read_page

DRAFT_HOOKS = ("order-select", "order-sign")
ORDER_HOOKS = (*DRAFT_HOOKS, "order-dispatch", "medication-refill")  # whose orders are a list of their own on the page
HELD = frozenset(
    {"draftOrders", "selections", "medications", "dispatchedOrders", "order"}
)  # where a context has orders
_MOST = 3  # orders taken from the record
_ORDERS = ("MedicationRequest", "ServiceRequest")
_ALL = {
    "coding": [{"system": "http://snomed.info/sct", "code": "91857003", "display": "Acute lymphoid leukemia"}],
    "text": "Acute lymphoblastic leukemia",
}
Resources = Sequence[Mapping[str, Any]]


def occasion(hook: str, patient: str, resources: Resources, day: date) -> dict[str, Any]:
    """The members of ``context`` that a hook needs besides user, patient and orders."""
    who = {"reference": f"Patient/{patient}"}
    match hook:
        case "encounter-start" | "encounter-discharge":
            return {"encounterId": encounter_of(resources) or "encounter-example"}
        case "appointment-book":
            start = day + timedelta(days=7)
            visit = {
                "resourceType": "Appointment", "id": "appointment-example", "status": "proposed",
                "description": "Visit in the hematology clinic",
                "start": f"{start}T09:00:00Z", "end": f"{start}T09:30:00Z",
                "participant": [{"actor": who, "status": "needs-action"}],
            }  # fmt: skip
            return {"appointments": bundle([visit])}
        case "problem-list-item-create":
            problem = {
                "resourceType": "Condition", "id": "condition-example",
                "clinicalStatus": _coded("condition-clinical", "active"),
                "verificationStatus": _coded("condition-ver-status", "confirmed"),
                "category": [_coded("condition-category", "problem-list-item")],
                "code": _ALL, "subject": who, "onsetDateTime": day.isoformat(),
            }  # fmt: skip
            return {"conditions": bundle([problem])}
        case "allergyintolerance-create":
            reaction = {"manifestation": [{"text": "Anaphylaxis"}], "severity": "severe", "onset": day.isoformat()}
            allergy = {
                "resourceType": "AllergyIntolerance", "id": "allergy-example",
                "clinicalStatus": _coded("allergyintolerance-clinical", "active"),
                "verificationStatus": _coded("allergyintolerance-verification", "confirmed"),
                "code": {"text": "pegaspargase"}, "patient": who, "recordedDate": day.isoformat(),
                "reaction": [reaction],
            }  # fmt: skip
            return {"allergyIntolerance": allergy}
        case "order-dispatch":
            return {"performer": "Organization/example"}
    return {}


def orders_in(context: Mapping[str, Any]) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    """The orders that a context brings, and the numbers of those that were just chosen."""
    found = context.get("draftOrders") or context.get("medications")
    page = read_page(found) if isinstance(found, Mapping) else None
    rows = tuple(page.resources) if page is not None else ()
    selections = context.get("selections")
    named = set(map(str, selections)) if isinstance(selections, list) else set()
    return rows, tuple(n for n, row in enumerate(rows) if _reference(row) in named)


def orders_for(hook: str, patient: str, resources: Resources) -> tuple[dict[str, Any], ...]:
    """Orders for a hook that is about orders on record, where none was picked: those of the record, else one in words."""
    if hook not in ("order-dispatch", "medication-refill"):
        return ()
    wanted = _ORDERS if hook == "order-dispatch" else _ORDERS[:1]
    on_record = [
        r for r in resources if r.get("resourceType") in wanted and r.get("status") == "active" and r.get("id")
    ]
    if on_record:
        return tuple(dict(r) for r in on_record[-_MOST:])
    drug = "mercaptopurine" if hook == "medication-refill" else "vincristine intravenous"
    return (in_words(f"{hook}-example", drug, patient),)


def with_orders(hook: str, drafts: Sequence[Any], chosen: Sequence[int]) -> dict[str, Any]:
    """The members of ``context`` that hold or name the orders."""
    references = [_reference(draft) for draft in drafts]
    match hook:
        case "order-select":
            picked = [references[n] for n in chosen if n < len(references)]
            return {"selections": [name for name in picked if name], "draftOrders": bundle(drafts)}
        case "order-sign":
            return {"draftOrders": bundle(drafts)}
        case "order-dispatch":
            return {"dispatchedOrders": [name for name in references if name]}
        case "medication-refill":
            return {"medications": bundle(drafts)}
    return {}


def bundle(resources: Sequence[Any]) -> dict[str, Any]:
    """A Bundle; without entries if there are none, as FHIR forbids empty arrays."""
    found: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}
    if resources:
        found["entry"] = [{"resource": resource} for resource in resources]
    return found


def encounter_of(resources: Resources) -> str:
    """The id of the encounter that began last; empty if there is none."""
    rows = [r for r in resources if r.get("resourceType") == "Encounter" and isinstance(r.get("id"), str)]
    return str(max(rows, key=_begun)["id"]) if rows else ""


def _begun(encounter: Mapping[str, Any]) -> str:
    period = encounter.get("period")
    return str(period.get("start", "")) if isinstance(period, Mapping) else ""


def _reference(order: Any) -> str:
    if isinstance(order, Mapping) and order.get("resourceType") and order.get("id"):
        return f"{order['resourceType']}/{order['id']}"
    return ""


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}
