"""A patient who was given whole, as a call: a FHIR Bundle, one resource, a prefetch object, or a CDS Hooks request."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from service.hooks.contract import Invocation, KeyState, Prefetched, ServiceDefinition
from service.hooks.prefetch import read_page, settle
from service.record.build import READ
from service.services import SERVICES

_NOT_READ = "not read"  # the key of resources of types that no fact comes from
_SAME_FILE = uuid.uuid5(uuid.NAMESPACE_URL, "allcue/file")  # the same patient gets the same card uuids each time


class Unreadable(ValueError):
    """Something that holds no patient; the message says what is allowed."""


def invocation_of(raw: object, as_of: date | None) -> Invocation:
    """Parsed JSON as a call.

    A Bundle is taken for the whole record: every type that is read counts, also those no call asks for, and a type it
    does not hold counts as searched for and empty. A request or prefetch object keeps the states of its keys.

    Raises:
        Unreadable: none of the four.
    """
    if not isinstance(raw, Mapping):
        raise Unreadable(
            "is no JSON object. Allowed: a FHIR Bundle, a resource, a prefetch object, a CDS Hooks request."
        )
    service = _service(raw.get("hook"))
    context: Mapping[str, Any] = raw["context"] if isinstance(raw.get("context"), Mapping) else {}
    if "resourceType" in raw:
        service = _with_every_type(service)
        prefetched = _of_bundle(raw, service)
    else:
        values = raw.get("prefetch") if "hook" in raw else raw
        if not isinstance(values, Mapping) or not set(values) & set(service.prefetch):
            raise Unreadable(f"holds no prefetch key of the service. Allowed: {', '.join(service.prefetch)}.")
        prefetched = {key: _state(key, values, service) for key in service.prefetch}
    patient = str(context.get("patientId") or _patient_id(prefetched) or "unknown").rsplit("/", 1)[-1]
    moment = datetime.combine(as_of, datetime.min.time(), UTC) if as_of else datetime.now(UTC)
    return Invocation(
        service, service.hook, str(raw.get("hookInstance") or _SAME_FILE), {**context, "patientId": patient},
        prefetched, None, moment,
    )  # fmt: skip


def with_orders(invocation: Invocation, drugs: tuple[str, ...], hook: str) -> Invocation:
    """The same patient at the moment of ordering some drugs, given in words."""
    patient = str(invocation.context["patientId"])
    entries = [{"resource": in_words(f"order-{number}", drug, patient)} for number, drug in enumerate(drugs, 1)]
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    context = {**invocation.context, "draftOrders": drafts}
    service = replace(invocation.service, hook=hook)
    return replace(invocation, service=service, hook=hook, context=context)


def in_words(name: str, drug: str, patient: str) -> dict[str, Any]:
    """A draft order with the id ``name`` for a drug that is told in words alone."""
    return {
        "resourceType": "MedicationRequest",
        "id": name,
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/{patient}"},
        "medicationCodeableConcept": {"text": drug},
        "dosageInstruction": [{"text": drug}],
    }


def _service(hook: object) -> ServiceDefinition:
    if hook is None:
        return SERVICES[0]
    for service in SERVICES:
        if service.hook == hook:
            return service
    raise Unreadable(f"asks for the hook {hook!r}. Allowed: {', '.join(service.hook for service in SERVICES)}.")


def _with_every_type(service: ServiceDefinition) -> ServiceDefinition:
    """The service with a key for each further type that is read, and one for all that is not."""
    served = {kind for kinds in service.resource_types.values() for kind in kinds}
    further = {kind: (kind,) for kind in sorted(READ - served)}
    return replace(service, resource_types={**service.resource_types, **further, _NOT_READ: ()})


def _state(key: str, values: Mapping[str, Any], service: ServiceDefinition) -> Prefetched:
    if key not in values:
        return Prefetched(key, KeyState.ABSENT)
    page = read_page(values[key])
    unread = "further pages did not come" if page.next_url is not None else None
    return settle(key, service.prefetch[key], [page], service.expected(key), unread)


def _of_bundle(raw: Mapping[str, Any], service: ServiceDefinition) -> dict[str, Prefetched]:
    page = read_page(dict(raw))
    if page.broken is not None:
        raise Unreadable(page.broken)
    found: dict[str, Prefetched] = {}
    served = {kind for kinds in service.resource_types.values() for kind in kinds}
    for key in service.resource_types:
        wanted = service.expected(key)
        rows = [
            (r, u)
            for r, u in zip(page.resources, page.full_urls, strict=True)
            if (r.get("resourceType") in wanted if wanted else r.get("resourceType") not in served)
        ]
        own = any(row.get("resourceType") != "Medication" for row, _ in rows)
        state = KeyState.PROVIDED if own else KeyState.EMPTY
        if page.next_url is not None:
            state = KeyState.PARTIAL
        found[key] = Prefetched(key, state, tuple(r for r, _ in rows), tuple(u for _, u in rows))
    return found


def _patient_id(prefetched: Mapping[str, Prefetched]) -> str | None:
    found = prefetched.get("patient")
    return next((str(r["id"]) for r in (found.resources if found else ()) if r.get("id")), None)
