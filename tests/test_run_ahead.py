"""Run-ahead: order-sign uses what order-select worked out, and nothing that has changed since."""

from __future__ import annotations

import copy
import json
import logging
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from fhir_examples.request import day_of, request_of
from service.advice.ordering.plan import OrderAdviser
from service.ahead import KEPT_MOST, KEPT_SECONDS, Ahead
from service.app import create_app
from service.bundles import invocation_of
from service.settings import Settings
from service.wiring import Clinic, build_clinic
from tests.test_examples import bundle

Raw = dict[str, Any]
PATIENT = "relapsed-ph-positive-t315i"


def drafts(drug: str = "dasatinib", name: str = "d1") -> Raw:
    order = {"resourceType": "MedicationRequest", "id": name, "status": "draft", "intent": "order",
             "subject": {"reference": "Patient/ph-positive-t315i"},
             "medicationCodeableConcept": {"text": drug}}  # fmt: skip
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]}


def call(hook: str, orders: Raw, told: Raw | None = None) -> Raw:
    more = {"selections": ["MedicationRequest/d1"]} if hook == "order-select" else {}
    return request_of(told or bundle(PATIENT), PATIENT, hook, {"draftOrders": orders, **more})


def ask(clinic: Clinic, request: Raw) -> tuple[list[Raw], Raw]:
    invocation = invocation_of(request, day_of(PATIENT))
    cards = list(clinic.decide(invocation)["cards"])
    return cards, invocation.remarks


@pytest.fixture
def clinic() -> Clinic:
    return build_clinic()


def test_what_order_select_worked_out_is_used_at_order_sign(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    _, first = ask(clinic, call("order-select", drafts()))
    assert first["run_ahead"] is False
    fresh, _ = ask(build_clinic(), call("order-sign", drafts()))
    monkeypatch.setattr(OrderAdviser, "assess", None)  # nothing may be assessed anew
    cards, second = ask(clinic, call("order-sign", drafts()))
    assert second == {"input": first["input"], "run_ahead": True}
    assert cards == fresh


def another_value(told: Raw) -> None:
    lab = next(e["resource"] for e in told["entry"] if "valueQuantity" in e["resource"])
    lab["valueQuantity"]["value"] += 1


def one_resource_less(told: Raw) -> None:
    told["entry"].pop()


@pytest.mark.parametrize("change", [another_value, one_resource_less])
def test_a_changed_record_is_worked_out_anew(clinic: Clinic, change: Callable[[Raw], None]) -> None:
    _, first = ask(clinic, call("order-select", drafts()))
    told = copy.deepcopy(bundle(PATIENT))
    change(told)
    _, second = ask(clinic, call("order-sign", drafts(), told))
    assert (second["run_ahead"], second["input"] == first["input"]) == (False, False)


def test_a_changed_draft_or_an_incomplete_record_is_worked_out_anew(clinic: Clinic) -> None:
    ask(clinic, call("order-select", drafts()))
    assert ask(clinic, call("order-sign", drafts("ponatinib")))[1]["run_ahead"] is False
    part = call("order-sign", drafts())
    del part["prefetch"]["observations"]
    assert ask(clinic, part)[1]["run_ahead"] is False


def test_another_order_of_members_is_no_change(clinic: Clinic) -> None:
    ask(clinic, call("order-select", drafts()))
    turned = json.loads(json.dumps(call("order-sign", drafts()), sort_keys=True))
    assert ask(clinic, turned)[1]["run_ahead"] is True


def test_the_hash_says_nothing_outside_the_process(clinic: Clinic) -> None:
    one = ask(clinic, call("order-select", drafts()))[1]["input"]
    other = ask(build_clinic(), call("order-select", drafts()))[1]["input"]
    assert one != other


def test_it_is_logged_without_values(caplog: pytest.LogCaptureFixture) -> None:
    client = create_app(Settings(as_of=day_of(PATIENT))).test_client()
    with caplog.at_level(logging.INFO, "allcue.calls"):
        for hook in ("order-select", "order-sign"):
            client.post(f"/cds-services/allcue-{hook}", json=call(hook, drafts()))
    first, second = (json.loads(record.message) for record in caplog.records)
    assert (first["run_ahead"], second["run_ahead"]) == (False, True)
    assert first["input"] == second["input"]
    assert "dasatinib" not in caplog.text


def test_old_and_surplus_results_go() -> None:
    clock = [0.0]
    kept: Ahead[int] = Ahead(now=lambda: clock[0])
    for number in range(KEPT_MOST + 1):
        kept.keep(str(number), number)
    assert (kept.get("0"), kept.get("1")) == (None, 1)
    clock[0] = KEPT_SECONDS + 1
    assert kept.get("1") is None


def test_what_cannot_be_hashed_is_worked_out_each_time(clinic: Clinic) -> None:
    orders = drafts()
    orders["entry"][0]["resource"]["extension"] = [{"url": "x", "valueInteger": 2**70}]
    cards, remarks = ask(clinic, call("order-sign", orders))
    assert cards
    assert remarks == {"input": None, "run_ahead": False}


def test_what_is_kept_is_used_by_one_call_at_a_time(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its facts are read as they are asked for, and two readers at once would take each other for a circle."""
    ask(clinic, call("order-select", drafts()))
    fresh, _ = ask(clinic, call("order-sign", drafts()))
    inside = [0]
    most = [0]
    advice = OrderAdviser.advice

    def watched(self: OrderAdviser, *args: Any) -> Any:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        found = advice(self, *args)
        inside[0] -= 1
        return found

    monkeypatch.setattr(OrderAdviser, "advice", watched)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(clinic, call("order-sign", drafts())), range(8)))
    assert all(cards == fresh and remarks["run_ahead"] for cards, remarks in answers)
    assert most[0] == 1


class Held:
    """A result that can be watched."""


def test_what_is_too_old_goes_even_if_nobody_asks_for_it() -> None:
    clock = [0.0]
    kept: Ahead[Held] = Ahead(now=lambda: clock[0])
    result = Held()
    seen = weakref.ref(result)
    kept.keep("a", result)
    del result
    clock[0] = KEPT_SECONDS + 1
    kept.keep("b", Held())
    assert seen() is None


def test_the_day_the_patient_and_the_hooks_reading_of_the_orders_count(clinic: Clinic) -> None:
    """Orders to be refilled are history too, so that the same drafts rest on another record."""
    ask(clinic, call("order-sign", drafts()))
    refill = request_of(bundle(PATIENT), PATIENT, "medication-refill", {"medications": drafts()})
    assert ask(clinic, refill)[1]["run_ahead"] is False
    later = invocation_of(call("order-sign", drafts()), day_of(PATIENT) + timedelta(days=1))
    clinic.decide(later)
    assert later.remarks["run_ahead"] is False


def test_how_complete_a_kind_came_counts(clinic: Clinic) -> None:
    """A key that did not come is another input than one that was searched and empty."""
    empty = call("order-sign", drafts())
    empty["prefetch"]["allergies"] = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    absent = copy.deepcopy(empty)
    del absent["prefetch"]["allergies"]
    assert ask(clinic, empty)[1]["input"] != ask(clinic, absent)[1]["input"]
