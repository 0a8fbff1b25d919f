"""What may be ordered as ActivityDefinition (CPG activities): coded where the content has verified codes, never with a dose."""

from __future__ import annotations

from typing import Any

from service.exchange.names import Names, fhir_id, machine_name
from service.exchange.shared import CPG, DISEASE, common
from service.rules.tables import Orderable

Json = dict[str, Any]
_ACTIVITIES = "http://hl7.org/fhir/uv/cpg/CodeSystem/cpg-activity-type-cs"
_MEDICATION = ("MedicationRequest", "cpg-medicationrequest", "order-medication", "Order a medication")
_SERVICE = ("ServiceRequest", "cpg-servicerequest", "order-service", "Order a service")


def activity(names: Names, key: str, order: Orderable) -> Json:
    """A drug or a test that recommendations propose.

    The product is in ``productCodeableConcept``; a service has its code beside the activity type, which CPG fixes there.
    """
    is_drug = order.kind == "medication"
    kind, profile, code, display = _MEDICATION if is_drug else _SERVICE
    activity_type = {"system": _ACTIVITIES, "code": code, "display": display}
    codes = [row.model_dump(exclude_none=True) for row in order.codes]
    what: Json = {"coding": codes, "text": order.text} if codes else {"text": order.text}
    own = fhir_id(key)
    found: Json = {
        **common(names, "ActivityDefinition", own, machine_name(key), order.title, (f"{CPG}{profile}activity", CPG + "cpg-computableactivity")),
        "subjectCodeableConcept": {"coding": [{"system": "http://hl7.org/fhir/resource-types", "code": "Patient"}]},
        "description": "\n\n".join(text for text in (order.text, order.why) if text),
        "useContext": [DISEASE],
        "kind": kind,
        "profile": CPG + profile,
        "code": {"coding": [activity_type]} if is_drug else {"coding": [activity_type, *codes], "text": order.text},
        "intent": "proposal",
        "doNotPerform": False,
    }  # fmt: skip
    if is_drug:
        found["productCodeableConcept"] = what
    if order.at:
        found["relatedArtifact"] = [{"type": "citation", "citation": order.at}]
    usage = "\n\n".join(
        text for text in (order.note, f"Specimen: {order.specimen}" if order.specimen else None) if text
    )
    return {**found, "usage": usage} if usage else found
