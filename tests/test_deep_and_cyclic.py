"""References in circles, resources within themselves, nesting at the limit: answered, in the order of the size."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from fhir_examples.request import day_of, names, request_of
from service.hooks.limits import BodyLimits, find
from service.settings import Settings
from tests.apps import client_of
from tests.test_examples import bundle

Raw = dict[str, Any]
NAME = "relapsed-ph-positive-t315i"
LOOSE = BodyLimits(depth=10_000, nodes=10**7, resources=10**6, entries=10**6, string=10**7)
USUAL = Settings(as_of=day_of(NAME))
OPEN = Settings(as_of=day_of(NAME), body=LOOSE, time_limit=60)
PATIENT = next(r["resource"] for r in bundle(NAME)["entry"] if r["resource"]["resourceType"] == "Patient")
OWN = {"reference": f"Patient/{PATIENT['id']}"}


def order(number: int, **more: Any) -> Raw:
    return {
        "resourceType": "MedicationRequest",
        "id": f"m{number}",
        "status": "draft",
        "intent": "order",
        "subject": OWN,
        **more,
    }


def medication(own: str, *parts: str, **more: Any) -> Raw:
    links = [{"itemReference": {"reference": part}} for part in parts]
    return {"resourceType": "Medication", "id": own, "code": {"text": "dasatinib"}, "ingredient": links, **more}


def group(own: str, *members: str, **more: Any) -> Raw:
    actions = [{"resource": {"reference": member}} for member in members]
    return {
        "resourceType": "RequestGroup",
        "id": own,
        "status": "draft",
        "intent": "order",
        "subject": OWN,
        "action": actions,
        **more,
    }


def link(reference: str) -> Raw:
    return {"medicationReference": {"reference": reference}}


def actions(levels: int) -> Raw:
    found: Raw = {"title": "dasatinib 100 mg"}
    for _ in range(levels):
        found = {"title": "more", "action": [found]}
    return found


def within(levels: int, inner: Any) -> Any:
    """A Bundle in a Bundle in a Bundle ..."""
    for _ in range(levels):
        inner = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inner}]}
    return inner


def holding(levels: int) -> Raw:
    """Contained in contained in contained ..., which FHIR forbids."""
    found = medication("deep")
    for at in range(levels):
        found = medication(f"d{at}", "#deep", contained=[found])
    return found


CIRCLES: dict[str, list[Any]] = {
    "a medication made of itself": [order(1, **link("Medication/a")), medication("a", "Medication/a")],
    "two medications made of each other": [
        order(1, **link("Medication/a")), medication("a", "Medication/b"), medication("b", "Medication/a"),
    ],
    "a ring of a hundred medications": [
        order(1, **link("Medication/0")), *(medication(str(n), f"Medication/{(n + 1) % 100}") for n in range(100)),
    ],
    "medications each made of all": [
        order(1, **link("Medication/0")), *(medication(str(n), *(f"Medication/{m}" for m in range(40))) for n in range(40)),
    ],
    "contained, made of itself": [order(1, contained=[medication("a", "#a")], **link("#a"))],
    "contained, made of what contains it": [order(1, contained=[medication("a", "MedicationRequest/m1", "#")], **link("#a"))],
    "an order for itself": [order(1, **link("MedicationRequest/m1"))],
    "an order that contains itself": [order(1, contained=[order(1, **link("#m1"))], **link("#m1"))],
    "a group that names itself": [group("g", "RequestGroup/g")],
    "groups that name each other": [group("g", "RequestGroup/h"), group("h", "RequestGroup/g")],
    "groups each of all": [group(str(n), *(f"RequestGroup/{m}" for m in range(30))) for n in range(30)],
    "a group that contains itself": [group("g", "#g", contained=[group("g", "#g")])],
    "an order based on itself": [order(1, medicationCodeableConcept={"text": "dasatinib"}, basedOn=[{"reference": "MedicationRequest/m1"}])],
    "orders based on each other": [
        order(n, medicationCodeableConcept={"text": "dasatinib"}, basedOn=[{"reference": f"MedicationRequest/m{1 - n}"}]) for n in (0, 1)
    ],
    "a plan of itself": [{"resourceType": "CarePlan", "id": "c", "status": "draft", "intent": "plan", "subject": OWN,
                          "activity": [{"reference": {"reference": "CarePlan/c"}}]}],
    "actions within actions": [group("g", action=[actions(30)])],
    "a hundred times the same": [order(1, medicationCodeableConcept={"text": "dasatinib"}) for _ in range(100)],
}  # fmt: skip
RECORDS: dict[str, list[Any]] = {
    "a result made of itself": [{"resourceType": "Observation", "id": "o", "subject": OWN, "hasMember": [{"reference": "Observation/o"}],
                                 "derivedFrom": [{"reference": "Observation/o"}]}],
    "reports of each other": [{"resourceType": "DiagnosticReport", "id": f"r{n}", "subject": OWN, "status": "final",
                               "result": [{"reference": f"DiagnosticReport/r{1 - n}"}]} for n in (0, 1)],
    "a specimen of itself": [{"resourceType": "Specimen", "id": "s", "subject": OWN, "parent": [{"reference": "Specimen/s"}]},
                             {"resourceType": "Observation", "id": "o", "subject": OWN, "specimen": {"reference": "Specimen/s"}}],
    "a procedure of itself": [{"resourceType": "Procedure", "id": "p", "subject": OWN, "status": "completed",
                               "partOf": [{"reference": "Procedure/p"}], "reasonReference": [{"reference": "Procedure/p"}]}],
    "a subject that is contained and its own subject": [
        {"resourceType": "Observation", "id": "o", "subject": {"reference": "#x"},
         "contained": [{"resourceType": "Group", "id": "x", "member": [{"entity": {"reference": "#x"}}]}]}],
    "a medication given that is made of itself": [
        {"resourceType": "MedicationStatement", "id": "m", "subject": OWN, "status": "active", **link("Medication/a")}, medication("a", "Medication/a")],
}  # fmt: skip


def call(settings: Settings, hook: str, context: Raw, more: list[Any] = [], prefetch: Raw | None = None) -> Any:  # noqa: B006
    told = bundle(NAME)
    told = {**told, "entry": [*told["entry"], *({"resource": row} for row in more)]}
    request = request_of(told, NAME, hook, context)
    request["prefetch"].update(prefetch or {})
    return client_of(settings).post(
        f"/cds-services/allcue-{hook}", data=json.dumps(request), content_type="application/json"
    )


@pytest.mark.parametrize("hook", ["order-select", "order-sign", "medication-refill"])
@pytest.mark.parametrize("orders", CIRCLES.values(), ids=CIRCLES.keys())
def test_orders_in_circles(orders: list[Any], hook: str) -> None:
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": row} for row in orders]}
    field = "medications" if hook == "medication-refill" else "draftOrders"
    assert call(USUAL, hook, {field: drafts, "selections": []}).status_code == 200


@pytest.mark.parametrize("rows", RECORDS.values(), ids=RECORDS.keys())
def test_records_in_circles(rows: list[Any]) -> None:
    answer = call(USUAL, "patient-view", {}, rows)
    assert answer.status_code == 200
    assert answer.json["cards"]


@pytest.mark.parametrize("levels", [1, 2, 12, 25])
def test_bundles_in_bundles(levels: int) -> None:
    known = copy.deepcopy(bundle(NAME))
    rows = [row["resource"] for row in known["entry"]]
    nested = within(
        levels, {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": row} for row in rows]}
    )
    assert call(USUAL, "patient-view", {}, prefetch={"observations": nested}).status_code == 200
    orders = within(levels, order(1, medicationCodeableConcept={"text": "dasatinib"}))
    answer = call(USUAL, "order-sign", {"draftOrders": orders})
    assert answer.status_code == 200
    assert answer.json["cards"], "an order that cannot be reached is told as unread"


DEEP: dict[str, Any] = {
    "contained": holding,
    "extensions": lambda levels: order(1, extension=wrapped(levels, "extension")),
    "arrays": lambda levels: order(1, note=arrays(levels)),
    "actions": lambda levels: group("g", action=[actions(levels)]),
    "parts of a code": lambda levels: order(1, medicationCodeableConcept=wrapped(levels, "medicationCodeableConcept")),
}


def wrapped(levels: int, name: str) -> Any:
    found: Any = {"text": "dasatinib"}
    for _ in range(levels):
        found = {name: [found]}
    return found


def arrays(levels: int) -> Any:
    found: Any = "dasatinib"
    for _ in range(levels):
        found = [found]
    return found


@pytest.mark.parametrize("deep", DEEP.values(), ids=DEEP.keys())
def test_nesting_at_the_limit_is_read_and_beyond_it_refused(deep: Any) -> None:
    drafts = within(1, deep(30))
    assert call(USUAL, "order-sign", {"draftOrders": drafts}).status_code == 200
    assert call(USUAL, "order-sign", {"draftOrders": within(1, deep(120))}).status_code == 422


@pytest.mark.parametrize("deep", DEEP.values(), ids=DEEP.keys())
def test_what_reads_a_body_does_not_rest_on_the_limit(deep: Any) -> None:
    """As deep as the parser lets through, nothing fails by recursion: a FHIR server's answer passes no such limit."""
    levels = 900 if deep is DEEP["arrays"] else 400
    answer = call(OPEN, "order-sign", {"draftOrders": within(1, deep(levels))})
    assert answer.status_code == 200, answer.data
    rows = [deep(levels)]
    assert call(OPEN, "patient-view", {}, rows).status_code == 200


def test_the_examples_are_far_below_the_limits() -> None:
    for name in names():
        assert (
            find(
                request_of(bundle(name), name),
                10**9,
                BodyLimits(depth=30, nodes=20_000, resources=2_000, entries=2_000),
            )
            is None
        )
