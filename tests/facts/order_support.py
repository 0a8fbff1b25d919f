"""Builders of draft orders, and what is read from them."""

from __future__ import annotations

from typing import Any

from service.facts.model import Fact
from service.facts.orders import Orders, line_facts, read_orders, session_facts
from service.facts.vocabulary import VOCABULARY
from service.record.model import PatientRecord
from tests.facts.fhir import Json, concept
from tests.facts.support import terminology


def drug(text: str | None = None, own: str | None = "m1", **more: Any) -> Json:
    """A draft MedicationRequest."""
    made: Json = {"resourceType": "MedicationRequest", "status": "draft", "intent": "order"}
    named = {"medicationCodeableConcept": {"text": text}} if text else {}
    return {**made, **({"id": own} if own else {}), **named, **more}


def service(text: str | None = None, own: str = "s1", **more: Any) -> Json:
    """A draft ServiceRequest."""
    return {"resourceType": "ServiceRequest", "id": own, "status": "draft", "code": concept(text=text), **more}


def bundle(*entries: Any) -> Json:
    """A Bundle of drafts. An entry is a resource, or a (fullUrl, resource) pair."""
    rows = [{"fullUrl": e[0], "resource": e[1]} if isinstance(e, tuple) else {"resource": e} for e in entries]
    return {"resourceType": "Bundle", "entry": rows}


def read(*came: Any, record: PatientRecord | None = None) -> Orders:
    """The orders of a call."""
    return read_orders(came, terminology(), record)


def names(orders: Orders) -> list[tuple[str, set[str]]]:
    """Each line as its reference and its drugs."""
    return [(line.reference or "", set(line.drugs)) for line in orders.lines]


def of_line(orders: Orders, at: int = 0) -> dict[str, Fact]:
    """The facts of one line, all of them words of the vocabulary."""
    found = {fact.name: fact for fact in line_facts(orders.lines[at], orders, terminology())}
    assert all(name in VOCABULARY for name in found)
    return found


def of_session(*came: Any) -> dict[str, Fact]:
    """The facts of all orders together."""
    found = {fact.name: fact for fact in session_facts(read(*came), terminology())}
    assert all(name in VOCABULARY for name in found)
    return found
