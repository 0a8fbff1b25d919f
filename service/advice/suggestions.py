"""Ready-made actions: orders built with fhir.resources R4B, checked once, then filled in for each patient.

What is checked when the content is loaded is the whole resource with a stand-in patient; per request only the
reference to the patient is put in. No dose is ever invented; codes are sent only where they are verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.servicerequest import ServiceRequest

from service.advice.ids import CardId
from service.rules.tables import Orderable

_LABORATORY = {"coding": [{"system": "http://snomed.info/sct", "code": "108252007", "display": "Laboratory procedure"}]}
_STAND_IN = {"reference": "Patient/stand-in"}


class OrderBook:
    """All orderable things of some content as validated FHIR templates.

    Raises:
        ValueError: a row of the tables cannot be written as a valid FHIR resource.
    """

    def __init__(self, orderables: Mapping[str, Orderable]):
        self.orderables = orderables
        self._templates = {key: _template(order) for key, order in orderables.items()}

    def suggestion(self, key: str, patient_id: str, card: CardId, why: str = "") -> dict[str, Any]:
        """A CDS Hooks suggestion that creates the order for this patient."""
        order = self.orderables[key]
        resource = {**self._templates[key], "subject": {"reference": f"Patient/{patient_id}"}}
        if why:
            resource["note"] = [{"text": why}]
        return {
            "label": order.title,
            "uuid": card.suggestion(key),
            "actions": [{"type": "create", "description": order.title, "resource": resource}],
        }


def _template(order: Orderable) -> dict[str, Any]:
    concept: dict[str, Any] = {"text": order.text}
    if order.codes:
        concept = {"coding": [code.model_dump(exclude_none=True) for code in order.codes], **concept}
    common = {"status": "draft", "intent": "proposal", "subject": _STAND_IN}
    made: MedicationRequest | ServiceRequest
    if order.kind == "medication":
        made = MedicationRequest.model_validate({**common, "medicationCodeableConcept": concept})
    else:
        category = {"category": [_LABORATORY]} if order.kind == "test" else {}
        made = ServiceRequest.model_validate({**common, **category, "code": concept})
    plain: dict[str, Any] = made.model_dump(mode="json", exclude_none=True)
    return plain
