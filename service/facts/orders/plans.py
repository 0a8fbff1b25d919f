"""Order sets and plans of care as drafts: their members, nested, referenced, contained or written in line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from service.record.model import Resource
from service.record.values import as_dict, as_list, as_text, concept_text
from service.record.whose import reference_in

_DEPTH = 8  # actions within actions
_ONE_OF = ("exactly-one", "at-most-one")
_CLOSED = frozenset({"cancelled", "stopped", "completed", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class Member:
    """A part of a plan: ``link``, a Reference to another resource, or ``made``, an order made of what is written in line.

    ``choice``: it is one of several of which one is to be chosen.
    """

    link: Any = None
    made: Resource = field(default_factory=dict)
    choice: bool = False


def members_of(plan: Resource) -> Iterator[Member]:
    """The parts of a RequestGroup or CarePlan that are still to be carried out."""
    for raw in as_list(plan.get("action")):
        yield from _actions(as_dict(raw), False, _DEPTH)
    for raw in as_list(plan.get("activity")):
        activity = as_dict(raw)
        link = activity.get("reference") or activity.get("plannedActivityReference")
        detail = as_dict(activity.get("detail"))
        if link:
            yield Member(link=link)
        elif detail and as_text(detail.get("status")) not in _CLOSED:
            yield Member(made=_of_detail(detail, plan))


def _actions(action: Resource, choice: bool, depth: int) -> Iterator[Member]:
    inner = [as_dict(raw) for raw in as_list(action.get("action"))]
    if action.get("resource"):
        yield Member(link=action["resource"], choice=choice)
    elif not inner and (said := title_of(action)):
        yield Member(made={"resourceType": "ServiceRequest", "code": {"text": said}}, choice=choice)
    one_of = choice or as_text(action.get("selectionBehavior")) in _ONE_OF
    for part in inner if depth else ():
        yield from _actions(part, one_of, depth - 1)


def title_of(plan: Resource) -> str:
    """What a plan, an order set or one of its actions is called: title, code, description."""
    parts = [as_text(plan.get(name)) for name in ("title", "textEquivalent")]
    parts += [concept_text(code) for code in as_list(plan.get("code"))]
    parts += [concept_text(category) for category in as_list(plan.get("category"))]
    parts = [part for part in parts if part.strip()] or [as_text(plan.get("description"))]
    return " | ".join(dict.fromkeys(part for part in parts if part.strip()))


def heading_of(plan: Resource) -> str:
    """The same with the titles of actions that hold others, and of what the plan follows."""
    parts = [title_of(plan)]
    for raw in as_list(plan.get("action")):
        action = as_dict(raw)
        if action.get("action"):
            parts.append(title_of(action))
    parts += (as_text(uri).rpartition("/")[2] for uri in as_list(plan.get("instantiatesCanonical")))
    return " | ".join(part for part in parts if part)


def _of_detail(detail: Resource, plan: Resource) -> Resource:
    """An activity in line as an order of the kind it says it is; one with a product is an order of it."""
    kind = as_text(detail.get("kind"))
    said = as_text(detail.get("description"))
    product = {
        name: detail[key]
        for key, name in (
            ("productCodeableConcept", "medicationCodeableConcept"),
            ("productReference", "medicationReference"),
        )
        if detail.get(key)
    }
    made: dict[str, Any] = {
        key: detail[key] for key in ("status", "doNotPerform", "reasonCode", "reasonReference") if key in detail
    }
    if product or kind in ("MedicationRequest", "MedicationOrder"):
        code = {"medicationCodeableConcept": detail.get("code") or {"text": said}}
        timing = as_dict(detail.get("scheduledTiming"))
        texts = [said, as_text(detail.get("scheduledString"))]
        dose = as_dict(detail.get("dailyAmount")) or as_dict(detail.get("quantity"))
        dosage = {
            "text": "; ".join(filter(None, texts)),
            **({"timing": timing} if timing else {}),
            **({"doseQuantity": dose} if dose else {}),
        }
        contained = {"contained": plan["contained"]} if "contained" in plan else {}
        return {
            "resourceType": "MedicationRequest",
            **made,
            **(product or code),
            **contained,
            "dosageInstruction": [dosage],
        }
    return {
        "resourceType": kind or "ServiceRequest",
        **made,
        "code": {**as_dict(detail.get("code")), **({} if concept_text(detail.get("code")) else {"text": said})},
        "note": [{"text": said}] if said else [],
    }


def groups_named(order: Resource) -> Iterator[tuple[str, str]]:
    """What an order says it belongs to, each with its words: a common identifier, what it is based on, a protocol."""
    for name in ("groupIdentifier", "requisition"):
        identifier = as_dict(order.get(name))
        value = as_text(identifier.get("value")).strip()
        if value:
            system = as_text(identifier.get("system")).strip()
            yield f"{system}|{value}" if system else value, value
    for name in ("basedOn", "instantiates", "partOf"):
        for link in as_list(order.get(name)):
            reference, said = reference_in(link), as_text(as_dict(link).get("display"))
            if reference or said:
                yield reference or said, said
    for name in ("instantiatesCanonical", "instantiatesUri"):
        for uri in as_list(order.get(name)):
            if as_text(uri).strip():
                yield as_text(uri).strip(), as_text(uri).rpartition("/")[2]
