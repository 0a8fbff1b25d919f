"""Draft orders damaged at random against the whole service, at each hook about orders: never a 5xx, and cards that hold."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_examples.request import day_of
from service.occasion import ORDER_HOOKS
from service.settings import Settings
from tests.apps import client_of
from tests.test_examples import empty
from tests.test_mutated_requests import GARBAGE, damage, places
from tests.test_order_examples import NAMES, request, story

Raw = dict[str, Any]
ODD = (
    *GARBAGE, "#m1", "Medication/1", "<b>x</b>\u202e", "2026-13-45", "x" * 3000, {"reference": ["a"]}, {"coding": [None]},
    {"resourceType": ["x"]}, {"text": "ifosfamide"}, {"text": "vincristine intrathecal"}, 2**70,
)  # fmt: skip


def client() -> FlaskClient:
    return client_of(Settings(as_of=day_of(story(NAMES[0])["patient"])))


@cache
def sent(name: str, hook: str) -> str:
    """The example's drafts as one of the hooks brings them."""
    made = {**request(name, "order-sign"), "hook": hook}
    drafts = made["context"].pop("draftOrders")
    rows = [entry["resource"] for entry in drafts["entry"]]
    references = [f"{row['resourceType']}/{row.get('id')}" for row in rows]
    if hook == "order-dispatch":
        made["context"] |= {"dispatchedOrders": references, "performer": "Organization/1"}
        entries = made["prefetch"]["medication-requests"].get("entry", [])
        entries = [*entries, *({"resource": row} for row in rows)]
        made["prefetch"]["medication-requests"] = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    else:
        made["context"]["medications" if hook == "medication-refill" else "draftOrders"] = drafts
        made["context"] |= {"selections": references} if hook == "order-select" else {}
    return json.dumps(made)


def post(body: Raw) -> tuple[int, Raw]:
    found = client().post(f"/cds-services/allcue-{body['hook']}", json=body)
    return found.status_code, json.loads(found.data)


def check(cards: list[Raw]) -> None:
    """What holds of all cards: lengths, plain text where no Markdown is, names that tell apart."""
    suggested = [suggestion for card in cards for suggestion in card.get("suggestions", ())]
    actions = [action for suggestion in suggested for action in suggestion["actions"]]
    names = [part["uuid"] for part in (*cards, *suggested)]
    assert len(set(names)) == len(names)
    plain = [*(c["summary"] for c in cards), *(s["label"] for s in suggested), *(a["description"] for a in actions)]
    assert not [text for text in plain if "<" in text or "\u202e" in text]
    assert all(0 < len(card["summary"]) < 140 for card in cards)
    assert all(("suggestions" in card) == ("selectionBehavior" in card) for card in cards)
    assert all(" " not in a["resourceId"] for a in actions if a["type"] == "delete")
    assert not [place for card in cards for place in empty(card, "")]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(NAMES), st.sampled_from(sorted(ORDER_HOOKS)), st.data())
def test_damaged_orders_are_answered(name: str, hook: str, data: st.DataObject) -> None:
    body = json.loads(sent(name, hook))
    part = "prefetch" if hook == "order-dispatch" else "context"
    for _ in range(data.draw(st.integers(0, 5))):
        found = [place for place in places(body[part]) if place[0] != "patientId"]
        if not found:
            break
        damage(body[part], data.draw(st.sampled_from(found)), data.draw(st.sampled_from(("delete", *ODD))))
    status, answer = post(body)
    assert status < 500, answer
    if status == 200:
        check(answer["cards"])
        assert post(body)[1] == answer  # and from what was kept the same


@pytest.mark.parametrize("hook", sorted(ORDER_HOOKS))
def test_a_resource_of_no_type_in_the_record_does_not_break_the_answer(hook: str) -> None:
    body = json.loads(sent(NAMES[0], hook))
    odd = [{"resource": {"resourceType": kind, "id": kind}} for kind in (["x"], {"a": 1}, 7, None)]
    body["prefetch"]["observations"].setdefault("entry", []).extend(odd)
    assert post(body)[0] == 200
