"""Draft orders of an EHR, and what a suggestion does to them (CDS Hooks 2.0, "Suggestion" and "Action")."""

from __future__ import annotations

import copy
from typing import Any

Raw = dict[str, Any]
ORDER = ("delete", "create", "update")  # of a FHIR transaction, whatever the order in the suggestion


class CardError(AssertionError):
    """A card that an EHR cannot use as it came."""


class Drafts:
    """The orders that a clinician is writing for a patient, by reference."""

    def __init__(self, patient: str, *orders: Raw):
        self.patient = patient
        self.orders: dict[str, Raw] = {reference(order): order for order in orders}
        self._taken: dict[str, list[str]] = {}
        self._made = 0

    def bundle(self) -> Raw:
        rows = [{"resource": copy.deepcopy(order)} for order in self.orders.values()]
        return {"resourceType": "Bundle", "type": "collection", "entry": rows}

    def take(self, card: Raw, suggestion: Raw) -> None:
        """Apply a suggestion: all of its actions or none.

        Raises:
            CardError: the card's selectionBehavior forbids it or is unknown, or an action cannot be applied.
        """
        behavior = card.get("selectionBehavior")
        if behavior not in ("at-most-one", "any"):
            raise CardError(f"selectionBehavior is {behavior!r}")
        taken = self._taken.setdefault(card["uuid"], [])
        if behavior == "at-most-one" and taken:
            raise CardError("at most one suggestion of this card can be taken")
        after = dict(self.orders)
        for kind in ORDER:
            for action in suggestion.get("actions", ()):
                if action["type"] == kind:
                    self._apply(after, action)
        if unknown := {action["type"] for action in suggestion.get("actions", ())} - set(ORDER):
            raise CardError(f"no such action: {unknown}")
        self.orders = after
        taken.append(suggestion["uuid"])

    def _apply(self, after: dict[str, Raw], action: Raw) -> None:
        if action["type"] == "delete":
            if after.pop(action["resourceId"], None) is None:
                raise CardError(f"there is no draft {action['resourceId']}")
            return
        order = copy.deepcopy(action["resource"])
        if order.get("subject", order.get("for", {})).get("reference") != f"Patient/{self.patient}":
            raise CardError("the order is for somebody else")
        if action["type"] == "create":
            self._made += 1
            order["id"] = f"own-{self._made}"
        elif reference(order) not in after:
            raise CardError(f"there is no draft {reference(order)}")
        after[reference(order)] = order


def reference(order: Raw) -> str:
    return f"{order['resourceType']}/{order['id']}"
