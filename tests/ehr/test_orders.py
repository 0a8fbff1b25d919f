"""Orders in an EHR: chosen, warned of, changed by a suggestion, signed again, dispatched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from fhir.resources.R4B import get_fhir_model_class

from fhir_examples.request import day_of
from tests.ehr.client import Ehr
from tests.ehr.conftest import DAY, Clinic
from tests.ehr.drafts import CardError, Drafts, reference
from tests.test_order_examples import NAMES, ORDERS, story, told

Raw = dict[str, Any]
WITH_SUGGESTIONS = [
    name
    for name in NAMES
    if day_of(story(name)["patient"]).isoformat() == DAY
    and not story(name).get("region")
    and any(
        one.get("suggests") for hook in story(name)["expect"].values() if isinstance(hook, list) for one in hook
    )
]  # fmt: skip

SETTLED = dict.fromkeys([  # a part of those, each once
    *WITH_SUGGESTIONS[::6], "ifosfamide-without-mesna", "high-dose-methotrexate-without-leucovorin", "mercaptopurine-never-tested",
    "glucarpidase-without-leucovorin", "inotuzumab-with-cd22-unknown", "pegaspargase-with-alt-of-grade-3",
])  # fmt: skip


def drafts_of(clinic: Clinic, name: str) -> Drafts:
    """The draft orders of an example of ``fhir_examples/orders``, for a new patient of its story."""
    about = story(name)
    more = ORDERS / f"{name}.record.json"
    patient = clinic.admit(about["patient"], told(more)["entry"] if more.is_file() else None)
    rows = [entry["resource"] for entry in told(Path(ORDERS / f"{name}.json"))["entry"]]
    old = next(found["reference"] for row in rows for found in (row.get("subject"), row.get("for")) if found)
    text = json.dumps(rows).replace(f'"{old}"', f'"Patient/{patient}"')
    return Drafts(patient, *json.loads(text))


def stays_open(name: str, suggestion: Raw) -> bool:
    """Whether a card rightly comes again: a test is ordered, but its result is not there; a drug is ordered, but not when."""
    kinds = [action.get("resource", {}).get("resourceType") for action in suggestion["actions"]]
    return kinds == ["ServiceRequest"] or name == "glucarpidase-without-leucovorin"


def created(suggestion: Raw) -> list[Raw]:
    """What a suggestion creates: the codes and names of tests and drugs."""
    made = [action["resource"] for action in suggestion["actions"] if action["type"] == "create"]
    return [one.get("code") or one["medicationCodeableConcept"] for one in made]


def check_is_not_offered_again(suggestion: Raw, again: list[Raw]) -> None:
    """What was applied is suggested by no card; one that still asks for it says that it is ordered."""
    offered = [made for card in again for one in card.get("suggestions", ()) for made in created(one)]
    assert not [made for made in created(suggestion) if made in offered], suggestion["label"]


@pytest.mark.parametrize("name", SETTLED)
def test_a_suggestion_that_is_applied_settles_its_card(name: str, clinic: Clinic) -> None:
    """Each suggestion alone: it can be applied as the specification says, and its card does not come again."""
    start = drafts_of(clinic, name)
    for hook in ("order-select", "order-sign"):
        for card in ask(clinic.ehr, start, hook):
            check_card(card, start.patient)
            for suggestion in card.get("suggestions", ()):
                drafts = Drafts(start.patient, *start.orders.values())
                drafts.take(card, suggestion)
                assert drafts.orders != start.orders
                again = ask(clinic.ehr, drafts, hook) if drafts.orders else []
                check_is_not_offered_again(suggestion, again)
                same = [one for one in again if one["summary"] == card["summary"]]
                if not stays_open(name, suggestion):
                    assert not same, suggestion["label"]
                named = suggestion["label"].removeprefix("Draft order: ")
                assert all(f"**Already ordered**\n\n- {named} (among these orders)" in one["detail"] for one in same)


def ask(ehr: Ehr, drafts: Drafts, hook: str) -> list[Raw]:
    return ehr.sign(drafts) if hook == "order-sign" else ehr.select(drafts, drafts.orders)


def check_card(card: Raw, patient: str) -> None:
    """What an EHR relies on before it shows a card (CDS Hooks 2.0, "Card Attributes")."""
    assert UUID(card["uuid"])
    assert 0 < len(card["summary"]) < 140
    assert card["indicator"] in ("info", "warning", "critical")
    assert card["source"]["label"]
    assert all(reason["code"] and reason["system"] and reason["display"] for reason in card["overrideReasons"])
    for link in card.get("links", ()):
        parts = urlsplit(link["url"])
        assert (link["type"], parts.scheme, bool(parts.netloc)) == ("absolute", "https", True)
        assert link["label"]
        assert "appContext" not in link
    if suggestions := card.get("suggestions", []):
        assert card["selectionBehavior"] in ("at-most-one", "any")
        assert (
            len({one["uuid"] for one in suggestions}) == len({one["label"] for one in suggestions}) == len(suggestions)
        )
    for suggestion in suggestions:
        for action in suggestion["actions"]:
            assert action["description"]
            assert ("resource" in action) != ("resourceId" in action)
            if "resource" in action:
                assert action["resource"]["subject"]["reference"] == f"Patient/{patient}"
                get_fhir_model_class(action["resource"]["resourceType"]).model_validate(action["resource"])


def test_signing_after_selecting_is_worked_out_once(clinic: Clinic) -> None:
    """The same warning when the same drafts are signed; then the drug is replaced, and nothing is left to warn of."""
    ehr, drafts = clinic.ehr, drafts_of(clinic, "imatinib-with-t315i")
    (chosen,), (signed,) = ehr.select(drafts, drafts.orders), ehr.sign(drafts)
    assert chosen["indicator"] == signed["indicator"] == "critical"
    assert chosen["summary"] == signed["summary"]
    assert [line["run_ahead"] for line in clinic.lines() if "run_ahead" in line][-2:] == [False, True]
    ((old, _),) = drafts.orders.items()
    instead = signed["suggestions"][0]
    drafts.take(signed, instead)
    ehr.accepted("order-sign", signed, instead)
    assert old not in drafts.orders
    assert ehr.sign(drafts) == []
    ehr.report()
    with pytest.raises(CardError, match="at most one"):
        drafts.take(signed, signed["suggestions"][1])


def test_of_tests_that_are_missing_any_number_is_taken(clinic: Clinic) -> None:
    drafts = Drafts(clinic.admit("relapsed-ph-positive-t315i"))
    (card,) = (one for one in clinic.ehr.call("patient-view", drafts.patient) if one.get("selectionBehavior") == "any")
    for suggestion in card["suggestions"]:
        drafts.take(card, suggestion)
    assert len(drafts.orders) == len(card["suggestions"]) > 1
    assert all(order["status"] == "draft" for order in drafts.orders.values())
    assert clinic.ehr.sign(drafts) == []
    for number, order in enumerate(drafts.orders.values()):  # signed: from now on the chart says that they are ordered
        order |= {"id": f"{drafts.patient}-signed-{number}", "status": "active", "intent": "order", "authoredOn": DAY}
        clinic.ehr.server.records.setdefault("ServiceRequest", {})[order["id"]] = order
    again = clinic.ehr.call("patient-view", drafts.patient)
    for suggestion in card["suggestions"]:
        check_is_not_offered_again(suggestion, again)
    told = "\n".join(one["detail"] for one in again)
    for order in drafts.orders.values():
        assert f"({reference(order)}, active, {DAY})" in told


def test_dispatched_orders_are_found_on_record(clinic: Clinic) -> None:
    ehr, drafts = clinic.ehr, drafts_of(clinic, "vincristine-subcutaneous")
    for order in drafts.orders.values():
        order |= {"id": f"{drafts.patient}-{order['id']}", "status": "active", "intent": "order"}
        ehr.server.records["MedicationRequest"][order["id"]] = order
    references = [reference(order) for order in drafts.orders.values()]
    (warning,) = ehr.call("order-dispatch", drafts.patient, dispatchedOrders=references, performer="Organization/ward")
    assert warning["indicator"] == "critical"
    assert "suggestions" not in warning  # they are signed: nothing is a draft any more
    lost = ehr.call(
        "order-dispatch", drafts.patient, dispatchedOrders=["MedicationRequest/lost"], performer="Organization/ward"
    )
    assert any("MedicationRequest/lost" in card["detail"] for card in lost)


def test_what_the_client_itself_does_with_actions() -> None:
    """Deletes before creates before updates; all of a suggestion or nothing; only what concerns these drafts."""

    def order(name: str, dose: str = "") -> Raw:
        subject = {"reference": "Patient/p"}
        return {
            "resourceType": "MedicationRequest",
            "id": name,
            "subject": subject,
            "dosageInstruction": [{"text": dose}],
        }

    def taken(*actions: Raw) -> Drafts:
        drafts = Drafts("p", order("a"), order("b"))
        drafts.take({"uuid": "c", "selectionBehavior": "any"}, {"uuid": "s", "actions": actions})
        return drafts

    update = {"type": "update", "resource": order("b", "weekly")}
    create = {"type": "create", "resource": order("x")}
    delete = {"type": "delete", "resourceId": "MedicationRequest/a"}
    found = taken(update, create, delete).orders
    assert list(found) == ["MedicationRequest/b", "MedicationRequest/own-1"]
    assert found["MedicationRequest/b"]["dosageInstruction"] == [{"text": "weekly"}]
    for bad in (
        {"type": "update", "resource": order("x")},
        {"type": "delete", "resourceId": "MedicationRequest/x"},
        {"type": "replace", "resource": order("b")},
        {"type": "create", "resource": {**order("y"), "subject": {"reference": "Patient/other"}}},
    ):
        with pytest.raises(CardError):
            taken(delete, bad)
