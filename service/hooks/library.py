"""The hooks of the HL7 CDS Hooks Library and what their context holds (https://cds-hooks.hl7.org/hooks/)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum


class Kind(Enum):
    """The JSON type of a context field, with the words for it in an error."""

    TEXT = "a non-empty string"
    LIST = "an array"
    RESOURCE = "a FHIR resource as an object"

    def fits(self, value: object) -> bool:
        if self is Kind.TEXT:
            return isinstance(value, str) and bool(value.strip())
        return isinstance(value, list if self is Kind.LIST else dict)


@dataclass(frozen=True, slots=True)
class Hook:
    """A hook: its version, the fields no answer is possible without, all fields that are checked, prefetch tokens.

    ``formerly``: what an earlier version of the hook called a required field; a call with that is answered too.

    The library requires ``userId`` of most hooks. A call without it is still answered: nothing but user tokens
    depends on it, and a refusal would cost the clinician the advice.
    """

    version: str
    required: tuple[str, ...]
    fields: Mapping[str, Kind]
    tokens: frozenset[str]
    formerly: Mapping[str, str] = field(default_factory=dict)


# Required by the library, yet an answer is possible without: `selections` only points into draftOrders.
_DISPENSABLE = {"selections", "performer"}


def _hook(version: str, *tokens: str, **needed: Kind) -> Hook:
    fields = {"patientId": Kind.TEXT, "userId": Kind.TEXT, "encounterId": Kind.TEXT, **needed}
    required = tuple(name for name in ("patientId", *needed) if name not in _DISPENSABLE)
    return Hook(version, required, fields, frozenset({"patientId", "userId", "encounterId", *tokens}))


def _called_otherwise(hook: Hook, **formerly: str) -> Hook:
    fields = {**hook.fields, **dict.fromkeys(formerly.values(), Kind.TEXT)}
    return replace(hook, fields=fields, formerly=formerly)


HOOKS: Mapping[str, Hook] = {
    "patient-view": _hook("1.0"),
    "order-select": _hook("1.0", selections=Kind.LIST, draftOrders=Kind.RESOURCE),
    "order-sign": _hook("1.0", draftOrders=Kind.RESOURCE),
    "order-dispatch": _called_otherwise(
        _hook("1.1", "performer", dispatchedOrders=Kind.LIST, performer=Kind.TEXT), dispatchedOrders="order"
    ),
    "encounter-start": _hook("1.0", encounterId=Kind.TEXT),
    "encounter-discharge": _hook("1.0", encounterId=Kind.TEXT),
    "appointment-book": _hook("1.0", appointments=Kind.RESOURCE),
    "medication-refill": _hook("0.1.0", medications=Kind.RESOURCE),
    "problem-list-item-create": _hook("0.1.0", conditions=Kind.RESOURCE),
    "allergyintolerance-create": _hook("0.1.0", allergyIntolerance=Kind.RESOURCE),
    "medication-verify": _hook("0.1.0", medication=Kind.RESOURCE),
}
