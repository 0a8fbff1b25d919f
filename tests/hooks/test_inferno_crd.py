"""What the server suite of the Inferno Da Vinci CRD test kit looks at in answers, and what the profile `inferno-crd` gives.

After the suite's source, version 0.13.0 (commit 1d1f2c43191c422eaa31804b46ae5c900a79cd08 of
inferno-framework/davinci-crd-test-kit), told in our own words and code: nothing of the suite runs here. Not told are its
checks of the requests, which whoever runs it types in, and of resources against the profiles of CRD, for which it asks
a validator over the network. `docs/profiles.md` has the outcome.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from fhir_examples.request import FOLDER, day_of
from service.app import create_app
from service.settings import Settings
from tests.hooks.support import CARD
from tests.test_hooks import ASPARAGINASE, DONE, NEW, RELAPSED, collection, order, request

Raw = dict[str, Any]
T315I = "relapsed-ph-positive-t315i"
HOOKS = ("appointment-book", "encounter-start", "encounter-discharge", "order-select", "order-dispatch", "order-sign")
WITH_SYSTEM_ACTIONS = ("appointment-book", "order-sign", "order-dispatch")
ADDED = {"CommunicationRequest", "Device", "DeviceRequest", "Medication", "MedicationRequest", "NutritionOrder",
         "ServiceRequest", "VisionPrescription"}  # fmt: skip
EXCHANGED = (ADDED - {"CommunicationRequest"}) | {"Encounter"}
COVERAGE = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"


def drafts(name: str) -> Raw:
    if name == T315I:
        return dict(json.loads((FOLDER / "orders" / "dasatinib-with-t315i.json").read_text(encoding="utf-8")))
    texts = ("vincristine 2 mg intrathecal", "dasatinib 140 mg", "pegaspargase")
    return collection(*(order(name, text, id=f"d{i}", status="draft") for i, text in enumerate(texts)))


def context(name: str, hook: str) -> Raw:
    rows = [entry["resource"] for entry in drafts(name)["entry"]]
    reference = next(f"{row['resourceType']}/{row['id']}" for row in rows if row["resourceType"] == "MedicationRequest")
    if hook in ("order-sign", "order-select"):
        return {"draftOrders": drafts(name), **({"selections": [reference]} if hook == "order-select" else {})}
    return {"order": reference, "performer": "Organization/1"} if hook == "order-dispatch" else {}


@cache
def client(name: str, profile: str) -> FlaskClient:
    return create_app(Settings(as_of=day_of(name), profile=profile)).test_client()


@cache
def answer(name: str, hook: str, profile: str = "inferno-crd") -> Raw:
    """Of one of the calls; ``order-dispatch`` as the suite makes it, with one reference to an order on record."""
    signed = (
        [{**entry["resource"], "status": "active"} for entry in drafts(name)["entry"]]
        if hook == "order-dispatch"
        else []
    )
    sent = request(name, hook, context(name, hook), *signed)
    if hook == "order-dispatch":
        sent["context"].pop("dispatchedOrders", None)
    found = client(name, profile).post(f"/cds-services/allcue-{hook}", json=sent)
    assert found.status_code == 200, found.data
    return dict(found.json)


CALLS = [(name, hook) for name in (NEW, RELAPSED, DONE, ASPARAGINASE, T315I) for hook in HOOKS]


# What the suite asks


def members(value: Any, at: str, needed: dict[str, type], known: dict[str, type] | None = None) -> Iterator[str]:
    """Members that must be there, of a type and not empty, and others that must be so where they are."""
    if not isinstance(value, dict):
        yield f"{at}: no object"
        return
    for name, kind in {**needed, **(known or {})}.items():
        if name not in value and name in (known or {}):
            continue
        if not isinstance(value.get(name), kind) or not value[name]:
            yield f"{at}.{name}: {value.get(name)!r}"


def of_action(action: Any, at: str) -> Iterator[str]:
    yield from members(action, at, {"type": str, "description": str})
    if action.get("type") in ("create", "update"):
        yield from members(action.get("resource"), f"{at}.resource", {"resourceType": str})
    elif action.get("type") == "delete":
        kind, _, identifier = str(action.get("resourceId", "")).partition("/")
        if not (kind and identifier):
            yield f"{at}.resourceId: no Type/id"
    else:
        yield f"{at}.type: {action.get('type')!r}"


def of_card(card: Raw, at: str) -> Iterator[str]:
    yield from members(card, at, {"summary": str, "indicator": str, "source": dict},
                       {"uuid": str, "detail": str, "suggestions": list, "overrideReasons": list, "links": list})  # fmt: skip
    yield from members(card.get("source"), f"{at}.source", {"label": str, "topic": dict})
    yield from members(card.get("source", {}).get("topic"), f"{at}.source.topic", {"code": str, "system": str})
    if len(card.get("summary", "")) >= 140:
        yield f"{at}.summary: too long"
    if card.get("indicator") not in ("info", "warning", "critical"):
        yield f"{at}.indicator"
    if card.get("suggestions") and card.get("selectionBehavior") not in ("at-most-one", "any"):
        yield f"{at}.selectionBehavior"
    for reason in card.get("overrideReasons", ()):
        yield from members(reason, f"{at}.overrideReasons", {"code": str, "system": str, "display": str})
    for link in card.get("links", ()):
        yield from members(link, f"{at}.links", {"label": str, "type": str, "url": str})
        parts = urlsplit(link.get("url", ""))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            yield f"{at}.links.url"
        if link.get("type") not in ("absolute", "smart") or (link["type"] == "absolute" and link.get("appContext")):
            yield f"{at}.links.type"
    for suggestion in card.get("suggestions", ()):
        yield from members(suggestion, f"{at}.suggestions", {"label": str}, {"actions": list})
        for action in suggestion.get("actions", ()):
            yield from of_action(action, f"{at}.suggestions.actions")


def of_answer(found: Raw, hook: str) -> Iterator[str]:
    if hook in WITH_SYSTEM_ACTIONS and not isinstance(found.get("systemActions"), list):
        yield "systemActions: not there"
    for action in found.get("systemActions", ()):
        yield from of_action(action, "systemActions")
    if not isinstance(found.get("cards"), list):
        yield "cards: no list"
        return
    for i, card in enumerate(found["cards"]):
        yield from of_card(card, f"cards[{i}]")


def kind_of(card: Raw) -> str:
    """The type of response that the suite takes a card for, in its order."""
    actions = [row.get("actions", []) for row in card.get("suggestions", ())]
    if actions and all(made(action, "create") in ADDED for row in actions for action in row):
        return "additional orders"
    if card.get("links") and all(link["type"] == "absolute" for link in card["links"]):
        return "external reference"
    if not card.get("links") and not card.get("suggestions"):
        return "instructions"
    if card.get("links") and all(link["type"] == "smart" for link in card["links"]):
        return "SMART app"
    return "alternate request" if is_alternate(card) else "none"


def made(action: Raw, kind: str) -> str | None:
    """The type of resource that an action of a kind is about."""
    if action["type"] != kind:
        return None
    return str(action["resourceId"].partition("/")[0] if kind == "delete" else action["resource"]["resourceType"])


def is_alternate(card: Raw) -> bool:
    for suggestion in card.get("suggestions", ()):
        kinds = {
            kind for kind in ("create", "update", "delete") for a in suggestion["actions"] if made(a, kind) in EXCHANGED
        }
        if "update" in kinds or {"create", "delete"} <= kinds:
            return True
    return False


# What it finds


def test_discovery() -> None:
    services = client(NEW, "inferno-crd").get("/cds-services").json["services"]
    assert set(HOOKS) <= {service["hook"] for service in services}
    for service in services:
        assert list(members(service, "service", {"hook": str, "description": str, "id": str})) == []


@pytest.mark.parametrize(("name", "hook"), CALLS, ids=lambda value: value)
def test_answers_have_the_form(name: str, hook: str) -> None:
    assert list(of_answer(answer(name, hook), hook)) == []


def test_every_hook_has_cards() -> None:
    """Or the form of cards would not have been looked at."""
    assert {hook for name, hook in CALLS if answer(name, hook)["cards"]} == set(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_without_the_profile_system_actions_are_missing(hook: str) -> None:
    told = {words for name, each in CALLS if each == hook for words in of_answer(answer(name, hook, "3.0"), hook)}
    assert told == ({"systemActions: not there"} if hook in WITH_SYSTEM_ACTIONS else set())


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_brings_an_external_reference(hook: str) -> None:
    """A card whose links are all absolute; the suite asks it of every hook that is tried, and fails a hook without."""
    cards = [card for name, each in CALLS if each == hook for card in answer(name, hook)["cards"]]
    assert any(card.get("links") and all(link["type"] == "absolute" for link in card["links"]) for card in cards)


def test_what_is_taken_back_was_drafted_and_what_is_exchanged_is_of_the_same_type() -> None:
    """The suite's (optional) check of alternate requests also wants a new order for every one that is taken back, in every
    suggestion of such a card: there it fails, since "take it back" stands beside "replace it"."""
    exchanged = alone = 0
    for name, hook in CALLS:
        sent = {f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in drafts(name)["entry"]}
        for card in filter(is_alternate, answer(name, hook)["cards"]):
            for suggestion in card["suggestions"]:
                created = {made(action, "create") for action in suggestion["actions"]} - {None}
                for action in suggestion["actions"]:
                    if action["type"] == "delete":
                        assert action["resourceId"] in sent
                        assert not created or made(action, "delete") in created
                        exchanged, alone = exchanged + bool(created), alone + (not created)
    assert exchanged
    assert alone


def test_kinds_of_cards() -> None:
    found = {kind_of(card) for name, hook in CALLS for card in answer(name, hook)["cards"]}
    assert found >= {"additional orders", "external reference"}


def test_an_order_that_is_nowhere_brings_an_instructions_card() -> None:
    """A card with neither links nor suggestions, which the suite wants once over all hooks."""
    sent = request(NEW, "order-dispatch", {"order": "MedicationRequest/nowhere", "performer": "Organization/1"})
    del sent["context"]["dispatchedOrders"]
    found = client(NEW, "inferno-crd").post("/cds-services/allcue-order-dispatch", json=sent).json
    assert list(of_answer(found, "order-dispatch")) == []
    assert "instructions" in [kind_of(card) for card in found["cards"]]


def test_there_is_no_coverage_information() -> None:
    """What the suite demands of appointment-book, order-sign and order-dispatch, and Allcue has nothing to say of."""
    assert all(answer(name, hook).get("systemActions", []) == [] for name, hook in CALLS)
    assert not any(COVERAGE in json.dumps(answer(name, hook)) for name, hook in CALLS)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"summary": "x" * 140}, "cards[0].summary: too long"),
        ({"source": {"label": "x"}}, "cards[0].source.topic: None"),
        ({"indicator": "red"}, "cards[0].indicator"),
        ({"suggestions": [{"label": "x"}]}, "cards[0].selectionBehavior"),
        (
            {"suggestions": [{"label": "x", "actions": []}], "selectionBehavior": "any"},
            "cards[0].suggestions.actions: []",
        ),
        ({"links": [{"label": "x", "url": "ftp://x", "type": "absolute"}]}, "cards[0].links.url"),
        ({"overrideReasons": [{"code": "x", "system": "y"}]}, "cards[0].overrideReasons.display: None"),
        ({"uuid": ""}, "cards[0].uuid: ''"),
    ],
)
def test_the_checks_find_faults(change: Raw, told: str) -> None:
    topic = {"topic": {"code": "guideline", "system": "http://example.org"}}
    card = {**CARD, "source": {**CARD["source"], **topic}}  # type: ignore[dict-item]
    assert list(of_answer({"cards": [card]}, "order-select")) == []
    assert told in list(of_answer({"cards": [{**card, **change}]}, "order-select"))


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ({"type": "delete", "description": "x", "resourceId": "1"}, "systemActions.resourceId: no Type/id"),
        ({"type": "create", "description": "x"}, "systemActions.resource: no object"),
        ({"type": "make", "description": "x"}, "systemActions.type: 'make'"),
    ],
)
def test_the_checks_find_faults_of_actions(action: Raw, told: str) -> None:
    assert told in list(of_answer({"cards": [], "systemActions": [action]}, "order-sign"))
    assert list(of_answer({"cards": []}, "order-sign")) == ["systemActions: not there"]
