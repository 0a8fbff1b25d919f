"""What a client can apply to the orders of a call: take a draft back, put another in its place, add what is missing.

Each suggestion is safe when it alone is taken: it removes an unsafe draft, or replaces it by something no check speaks
against, or adds a partner or a test, and never does half of one change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fhir.resources.R4B.medicationrequest import MedicationRequest
from pydantic import ValidationError

from service.advice.cards import shorten
from service.advice.ids import CardId
from service.advice.suggestions import OrderBook
from service.advice.words import plain
from service.facts.orders import OrderLine
from service.facts.orders.line import CONTAINERS
from service.record.values import as_list, as_text

Suggestion = dict[str, Any]
# What an order says of patient, moment and reason holds for another drug too; dose, quantity and identity do not.
_KEPT_LISTS = ("category", "reasonCode", "reasonReference", "basedOn", "insurance", "supportingInformation")
_KEPT = ("priority", "encounter", "requester", "groupIdentifier", "authoredOn", "performer", "performerType")
_PRIORITIES = ("routine", "urgent", "asap", "stat")
_DRUG_ORDER = "MedicationRequest"
_LABEL = 200  # characters of a label
_NAMED = re.compile(r"[A-Za-z]+/[\w.~:-]{1,256}|urn:(?:uuid|oid):[\w.-]{1,256}", re.ASCII)  # what names one draft
REMOVALS = 2
_DRAFT = ("draft", "")  # drafts of real clients may come without a status


class OrderActions:
    """Writes suggestions about the orders of a call."""

    def __init__(self, orders: OrderBook):
        self.orders = orders

    def removals(self, lines: Sequence[OrderLine], card: CardId, *, forbidden: bool) -> list[Suggestion]:
        """What may be taken back of orders that must not be signed: of one drug all, of a forbidden pair either.

        Of several drugs that only miss something (another time of day) none is: each may be needed.
        """
        drugs = {line.drugs for line in lines}
        if len(drugs) > 1 and not forbidden:
            return []
        groups = [lines] if len(drugs) == 1 else [[line] for line in lines]
        made = (self.removal(group, card) for group in groups)
        return [removal for removal in made if removal is not None][:REMOVALS]

    def removal(self, lines: Sequence[OrderLine], card: CardId) -> Suggestion | None:
        """Take the drafts back; nothing where one is no draft any more, cannot be named or is a part of something else."""
        actions = [self._delete(line) for line in lines]
        found = [action for action in actions if action is not None]
        if not found or len(found) < len(actions):
            return None
        label = f"Take back: {', '.join(dict.fromkeys(plain(line.name) for line in lines))}"
        return {
            "label": shorten(label, _LABEL),
            "uuid": card.suggestion("/".join(("removal", *(str(line.reference) for line in lines)))),
            "actions": _once(found),
        }

    def replacement(self, line: OrderLine, key: str, patient_id: str, card: CardId) -> Suggestion | None:
        """Another drug in the place of a draft, which keeps what the order says besides drug and dose."""
        removal = self._delete(line)
        order = self.orders.orderables[key]
        if removal is None or order.kind != "medication":
            return None
        made = self.orders.suggestion(key, patient_id, card)
        resource = _keeping(line.resource, made["actions"][0]["resource"])
        named = order.title.removeprefix("Draft order: ")
        text = f"{named} in place of {plain(line.name)}"
        create = {"type": "create", "description": order.title, "resource": resource}
        # The new draft first: some clients apply the first medication they find and nothing else.
        return {
            "label": shorten(text, _LABEL),
            "uuid": card.suggestion(f"replace/{key}"),
            "actions": [create, removal],
        }

    def addition(self, key: str, patient_id: str, card: CardId, beside: OrderLine | None, why: str = "") -> Suggestion:
        """A partner or a test beside the orders; a drug keeps what the order says besides drug and dose."""
        made = self.orders.suggestion(key, patient_id, card, why)
        action = made["actions"][0]
        if beside is not None and action["resource"]["resourceType"] == _DRUG_ORDER == beside.kind:
            action["resource"] = _keeping(beside.resource, action["resource"])
        return made

    def _delete(self, line: OrderLine) -> dict[str, Any] | None:
        """Take back one draft: none that the reference does not tell from others, and no plan, which is more than its name."""
        reference = line.reference or ""
        if line.inline or line.kind in CONTAINERS or as_text(line.resource.get("status")) not in _DRAFT:
            return None
        if not _NAMED.fullmatch(reference):
            return None
        description = shorten(f"Take back the draft order: {plain(line.name)}", _LABEL)
        return {"type": "delete", "description": description, "resourceId": reference}


def _once(actions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each draft is taken back once, also where several of its drugs are concerned."""
    return list({action["resourceId"]: action for action in actions}.values())


def _is_local(value: Any, depth: int = 6) -> bool:
    """Whether a value refers to what the draft contains and the new order would not; what is nested deeper counts as such."""
    if isinstance(value, Mapping):
        link = value.get("reference")
        return (
            not depth or as_text(link).strip().startswith("#") or any(_is_local(v, depth - 1) for v in value.values())
        )
    if isinstance(value, list):
        return not depth or any(_is_local(part, depth - 1) for part in value)
    return False


def _keeping(draft: Any, made: dict[str, Any]) -> dict[str, Any]:
    """A new order with what a draft says besides drug and dose, as far as it is valid FHIR."""
    kept = {name: draft[name] for name in _KEPT if draft.get(name)}
    kept.update({name: as_list(draft[name]) for name in _KEPT_LISTS if draft.get(name)})
    resource = dict(made)
    for name, value in kept.items():
        if _is_local(value) or (name == "priority" and value not in _PRIORITIES):
            continue
        try:
            tried = MedicationRequest.model_validate({**resource, name: value})
        except ValidationError:  # drafts of real clients hold what no FHIR model accepts; that part is left out
            continue
        resource = tried.model_dump(mode="json", exclude_none=True)
    return resource
