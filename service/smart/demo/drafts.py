"""The list of draft orders of the demo page, and what the actions of a suggestion do to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one order. ``kind``: ``created``, ``updated``, ``deleted``, or ``not found``."""

    kind: str
    title: str


def title_of(order: Any) -> str:
    """What an order is for, in the words of the resource."""
    if not isinstance(order, Mapping):
        return "?"
    for key in ("medicationCodeableConcept", "code", "medicationReference", "description", "title"):
        said = _said(order.get(key))
        if said:
            return said
    return str(order.get("resourceType") or "?")


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping):
        return ""
    coding = value.get("coding")
    first = coding[0] if isinstance(coding, list) and coding and isinstance(coding[0], Mapping) else {}
    found = (
        value.get("text") or value.get("display") or first.get("display") or first.get("code") or value.get("reference")
    )
    return found if isinstance(found, str) else ""


def named(drafts: Sequence[Any], draft: Mapping[str, Any]) -> dict[str, Any]:
    """A new draft with an id that no other has, if it brings none."""
    if draft.get("id"):
        return dict(draft)
    taken = [row.get("id") for row in drafts if isinstance(row, Mapping)]  # anything may stand there
    number = next(n for n in range(1, len(drafts) + 2) if f"draft-{n}" not in taken)
    return {"resourceType": draft.get("resourceType"), "id": f"draft-{number}", **draft}


def applied(drafts: Sequence[Any], actions: Sequence[Any]) -> tuple[list[Any], list[Change]]:
    """The drafts after all actions of a suggestion (CDS Hooks 2.0, "Action"), and what changed."""
    found, changes = list(drafts), []
    for action in actions:
        resource = action.get("resource")
        match action.get("type"):
            case "create" if isinstance(resource, Mapping):
                found.append(named(found, resource))
                changes.append(Change("created", title_of(resource)))
            case "update" if isinstance(resource, Mapping):
                at = _index(found, reference_of(resource))
                if at is None:
                    changes.append(Change("not found", title_of(resource)))
                else:
                    found[at] = dict(resource)
                    changes.append(Change("updated", title_of(resource)))
            case "delete":
                reference = str(action.get("resourceId") or reference_of(resource))
                at = _index(found, reference)
                if at is None:
                    changes.append(Change("not found", reference))
                else:
                    changes.append(Change("deleted", title_of(found.pop(at))))
    return found, changes


def reference_of(resource: Any) -> str:
    """``MedicationRequest/draft-1``; empty without type or id."""
    if not isinstance(resource, Mapping) or not resource.get("resourceType") or not resource.get("id"):
        return ""
    return f"{resource['resourceType']}/{resource['id']}"


def number_in(text: str, most: int) -> int | None:
    """A number from 0 that stands in a field and is below ``most``; None for anything else, however long."""
    found = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else most
    return found if found < most else None


def _index(drafts: Sequence[Any], reference: str) -> int | None:
    """Where a draft is; the reference may be whole, relative, or a bare id, as clients have it."""
    for number, draft in enumerate(drafts):
        own = reference_of(draft)
        if own and (reference == own or reference.endswith(f"/{own}") or reference == draft["id"]):
            return number
    return None
