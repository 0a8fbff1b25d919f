"""Every hook over HTTP: what is said at its moment, when it stays silent, and what a call must bring."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_examples.request import day_of, request_of
from service.advice.engine import Question
from service.bundles import invocation_of
from service.facts.model import TokenSet
from service.facts.orders import Orders, read_orders
from service.services import HOOK_NAMES
from service.settings import Settings
from tests.apps import client_of
from tests.test_examples import bundle, clinic, empty

Raw = dict[str, Any]
NEW, RELAPSED, DONE = "new-ph-negative-adult-50", "late-relapse-ph-negative", "eot-surveillance"
ASPARAGINASE, OTHER, UNTOLD = "asparaginase-pancreatitis-grade-3", "not-a-leukemia-patient", "nothing-but-a-patient"
SNOMED = "http://snomed.info/sct"
MEDICATION, SERVICE = "MedicationRequest", "ServiceRequest"


def collection(*resources: Any) -> Raw:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": row} for row in resources]}


CONTEXT: dict[str, Raw] = {
    "patient-view": {},
    "order-select": {"selections": [], "draftOrders": collection()},
    "order-sign": {"draftOrders": collection()},
    "order-dispatch": {"dispatchedOrders": [], "performer": "Organization/1"},
    "medication-refill": {"medications": collection()},
    "encounter-start": {"encounterId": "1"},
    "encounter-discharge": {"encounterId": "1"},
    "appointment-book": {"appointments": collection()},
    "problem-list-item-create": {"conditions": collection()},
    "allergyintolerance-create": {"allergyIntolerance": {"resourceType": "AllergyIntolerance"}},
}


def client(day: date, hooks: tuple[str, ...] = HOOK_NAMES) -> FlaskClient:
    return client_of(Settings(as_of=day, hooks=hooks))


def request(name: str, hook: str, context: Mapping[str, Any] | None = None, *more: Raw) -> Raw:
    """An example patient at a hook, with further resources on record."""
    told = bundle(name)
    told = {**told, "entry": [*told["entry"], *({"resource": row} for row in more)]}
    return request_of(told, name, hook, {**CONTEXT[hook], **(context or {})})


def cards(name: str, hook: str, context: Mapping[str, Any] | None = None, *more: Raw) -> list[Raw]:
    answer = client(day_of(name)).post(f"/cds-services/allcue-{hook}", json=request(name, hook, context, *more))
    assert answer.status_code == 200, answer.data
    assert not list(empty(answer.json, "")), answer.json
    found: list[Raw] = answer.json["cards"]
    return found


def said(name: str, hook: str, context: Mapping[str, Any] | None = None, *more: Raw) -> str:
    return "\n".join(f"{card['summary']}\n{card['detail']}" for card in cards(name, hook, context, *more))


def asked(name: str, hook: str, context: Mapping[str, Any], *more: Raw) -> Question:
    return clinic().question(invocation_of(request(name, hook, context, *more), day_of(name)))


@cache
def own(name: str) -> Raw:
    """How a resource of the patient names whose it is."""
    (found,) = (e["resource"]["id"] for e in bundle(name)["entry"] if e["resource"]["resourceType"] == "Patient")
    return {"reference": f"Patient/{found}"}


def condition(name: str, text: str, code: str | None = None, **more: Any) -> Raw:
    coding = {"coding": [{"system": SNOMED, "code": code}]} if code else {}
    made = {"resourceType": "Condition", "code": {**coding, "text": text}, "subject": own(name)}
    return {**made, "onsetDateTime": day_of(name).isoformat(), **more}


def leukemia(name: str, **more: Any) -> Raw:
    return condition(name, "Acute lymphoblastic leukemia", "91857003", **more)


def allergy(name: str, text: str, **more: Any) -> Raw:
    made = {"resourceType": "AllergyIntolerance", "code": {"text": text}, "patient": own(name)}
    return {**made, "reaction": [{"manifestation": [{"text": "Anaphylaxis"}]}], **more}


def order(name: str, text: str, kind: str = MEDICATION, **more: Any) -> Raw:
    what = {"medicationCodeableConcept" if kind == MEDICATION else "code": {"text": text}}
    made = {"resourceType": kind, "id": "o1", "status": "active", "intent": "order", "subject": own(name), **what}
    return {**made, **more}


ELSEWHERE = {"reference": "Patient/somebody-else"}


def test_discovery_lists_every_hook_once() -> None:
    listed = client(day_of(NEW)).get("/cds-services").json["services"]
    assert [(service["hook"], service["id"]) for service in listed] == [(h, f"allcue-{h}") for h in HOOK_NAMES]
    assert set(HOOK_NAMES) == set(CONTEXT)
    for service in listed:
        assert service["prefetch"] == listed[0]["prefetch"]
        assert service["usageRequirements"]
        assert len(service["title"]) < 100


def test_only_the_hooks_of_the_settings_are_served() -> None:
    some = client(day_of(NEW), ("patient-view", "order-sign"))
    listed = some.get("/cds-services").json["services"]
    assert [service["id"] for service in listed] == ["allcue-patient-view", "allcue-order-sign"]
    assert some.post("/cds-services/allcue-order-sign", json=request(NEW, "order-sign")).status_code == 200
    assert some.post("/cds-services/allcue-encounter-start", json=request(NEW, "encounter-start")).status_code == 404


@pytest.mark.parametrize("hook", HOOK_NAMES)
@pytest.mark.parametrize("name", [NEW, RELAPSED, DONE, ASPARAGINASE, OTHER, UNTOLD])
def test_every_hook_answers(name: str, hook: str) -> None:
    found = cards(name, hook)
    if name == OTHER:
        assert found == []


@pytest.mark.parametrize("hook", HOOK_NAMES)
def test_what_a_hook_needs_is_demanded(hook: str) -> None:
    needed = [name for name in CONTEXT[hook] if name not in ("selections", "performer")]
    for name in ("patientId", *needed):
        made = request(NEW, hook)
        del made["context"][name]
        answer = client(day_of(NEW)).post(f"/cds-services/allcue-{hook}", json=made)
        assert answer.status_code == 400
        assert answer.json["issue"][0]["expression"] == [f"CDSHooksRequest.context.{name}"]


@pytest.mark.parametrize("hook", HOOK_NAMES)
def test_where_the_disease_cannot_be_told_that_is_said(hook: str) -> None:
    """Not where no problem is entered and nothing that treats leukemia is ordered: nothing is asked."""
    made = request(UNTOLD, hook)
    if hook == "order-select":
        made["context"]["draftOrders"] = collection(order(UNTOLD, "imatinib"))
    made["prefetch"]["conditions"] = {
        **collection(),
        "link": [{"relation": "next", "url": "https://ehr.example.org/2"}],
    }
    answer = client(day_of(UNTOLD)).post(f"/cds-services/allcue-{hook}", json=made).json
    words = [card["summary"] for card in answer["cards"]]
    if hook in ("problem-list-item-create", "order-sign", "order-dispatch", "medication-refill"):
        assert words == []
    else:
        assert [word.partition(" whether")[0] for word in words] == ["Allcue could not tell"]


MOMENTS: list[tuple[str, str, str]] = [
    (NEW, "encounter-start", "laboratory panel for tumor lysis"),
    (ASPARAGINASE, "encounter-start", "no further asparaginase"),
    (DONE, "encounter-discharge", "Surveillance, year 1"),
    ("frey-luger-patient-2-isolated-cns-relapse", "encounter-discharge", "NUDT15"),
    (DONE, "appointment-book", "Surveillance, year 1"),
    ("mrd-positive-second-remission", "appointment-book", "marrow morphology and MRD"),
]


@pytest.mark.parametrize(("name", "hook", "words"), MOMENTS)
def test_what_belongs_to_the_moment_is_said(name: str, hook: str, words: str) -> None:
    assert words in said(name, hook)


@pytest.mark.parametrize(
    ("name", "hook"),
    [(RELAPSED, "encounter-start"), (DONE, "encounter-start"), (NEW, "encounter-discharge"), (NEW, "appointment-book")],
)
def test_what_does_not_is_not(name: str, hook: str) -> None:
    assert cards(name, hook) == []


@pytest.mark.parametrize("hook", ["encounter-start", "encounter-discharge", "appointment-book"])
@pytest.mark.parametrize("name", [NEW, RELAPSED, "aya-setting-unknown"])
def test_the_chart_is_not_told_again(name: str, hook: str) -> None:
    """Options stand in the cards of chart opening, and what is missing to decide is asked there."""
    for card in cards(name, hook):
        assert "**Not known**" not in card["detail"]
        assert "Clinical trial" not in card["summary"]


def test_emergencies_of_an_admission() -> None:
    on = day_of(NEW).isoformat()
    lysis = condition(NEW, "Tumor lysis syndrome", id="tls")
    assert "Tumor lysis syndrome" in said(NEW, "encounter-start", None, lysis)
    code = {"coding": [{"system": "http://loinc.org", "code": "8310-5"}], "text": "Body temperature"}
    fever = {
        "resourceType": "Observation", "id": "fever", "status": "final", "code": code, "subject": own(NEW),
        "effectiveDateTime": on, "valueQuantity": {"value": 39.1, "system": "http://unitsofmeasure.org", "code": "Cel"},
    }  # fmt: skip
    low = {
        "resourceType": "Observation", "id": "anc", "status": "final", "subject": own(NEW), "effectiveDateTime": on,
        "code": {"coding": [{"system": "http://loinc.org", "code": "751-8"}], "text": "Neutrophils"},
        "valueQuantity": {"value": 0.1, "system": "http://unitsofmeasure.org", "code": "10*9/L"},
    }  # fmt: skip
    assert "Fever in neutropenia" in said(NEW, "encounter-start", None, fever, low)
    assert "Fever in neutropenia" not in said(NEW, "encounter-start", None, low)


def test_a_new_leukemia_asks_for_its_workup() -> None:
    """Of a patient of whom nothing was known: the record with what is being entered is what counts."""
    found = said(OTHER, "problem-list-item-create", {"conditions": collection(leukemia(OTHER))})
    assert "Tests advised in ALL: New ALL" in found
    assert "karyotype" in found
    question = asked(OTHER, "problem-list-item-create", {"conditions": collection(leukemia(OTHER))})
    read = clinic().engine.facts(question)["diagnosis"]
    assert read.value == "ALL"
    assert [seen.note for seen in read.provenance] == ["being entered, not on record yet"]


def test_a_lone_problem_is_taken_like_a_bundle() -> None:
    assert cards(OTHER, "problem-list-item-create", {"conditions": leukemia(OTHER)})


REFUTED = {"verificationStatus": {"coding": [{"code": "refuted"}]}}
NOT_OF_LEUKEMIA: dict[str, tuple[str, Raw]] = {
    "another problem of a patient with ALL": (NEW, condition(NEW, "Hypertension", "38341003")),
    "another patient's leukemia": (OTHER, leukemia(OTHER, subject=ELSEWHERE)),
    "another patient's leukemia, ALL on record": (NEW, leukemia(NEW, subject=ELSEWHERE)),
    "a leukemia that was refuted": (NEW, leukemia(NEW, **REFUTED)),
    "no problem": (NEW, {"resourceType": "Observation"}),
}


@pytest.mark.parametrize(("name", "row"), NOT_OF_LEUKEMIA.values(), ids=NOT_OF_LEUKEMIA.keys())
def test_other_problems_are_passed_over(name: str, row: Raw) -> None:
    assert cards(name, "problem-list-item-create", {"conditions": collection(row)}) == []


def test_another_patients_problem_beside_the_own_is_set_aside() -> None:
    conditions = collection(leukemia(OTHER, id="theirs", subject=ELSEWHERE), leukemia(OTHER, id="own"))
    record = asked(OTHER, "problem-list-item-create", {"conditions": conditions}).record
    assert ("Condition/theirs", "belongs to another patient") in {(a.reference, a.reason) for a in record.set_aside}
    assert cards(OTHER, "problem-list-item-create", {"conditions": conditions})


@pytest.mark.parametrize("hook", ["problem-list-item-create", "allergyintolerance-create"])
@pytest.mark.parametrize("entry", [[None], [{"resource": "x"}], [{"resource": {"id": "1"}}]])
def test_what_is_entered_and_cannot_be_read_is_not_passed_in_silence(hook: str, entry: Any) -> None:
    field = "conditions" if hook.startswith("problem") else "allergyIntolerance"
    found = said(NEW, hook, {field: {"resourceType": "Bundle", "entry": entry}})
    assert "Part of the record could not be read" in found
    other = said(OTHER, hook, {field: {"resourceType": "Bundle", "entry": entry}})
    assert ("could not tell" in other) is (field == "conditions"), "a problem that cannot be read may be leukemia"
    assert cards(NEW, hook, {field: {"resourceType": "Bundle"}}) == []


def test_an_allergy_that_does_not_say_to_what_is_not_passed_in_silence() -> None:
    row = allergy(NEW, "", code=None)
    assert "Part of the record could not be read" in said(NEW, "allergyintolerance-create", {"allergyIntolerance": row})


def test_a_reaction_to_asparaginase() -> None:
    found = said(
        ASPARAGINASE, "allergyintolerance-create", {"allergyIntolerance": allergy(ASPARAGINASE, "Pegaspargase")}
    )
    assert "no further asparaginase, of any product" in found  # the pancreatitis forbids the Erwinia product too
    again = said(RELAPSED, "allergyintolerance-create", {"allergyIntolerance": allergy(RELAPSED, "Oncaspar")})
    assert "Erwinia asparaginase (ERW-rywn) completes the course" in again


NOT_OF_ASPARAGINASE: dict[str, Raw] = {
    "another drug": allergy(ASPARAGINASE, "Penicillin"),
    "another patient's": allergy(ASPARAGINASE, "Pegaspargase", patient=ELSEWHERE),
    "refuted": allergy(ASPARAGINASE, "Pegaspargase", **REFUTED),
}


@pytest.mark.parametrize("row", NOT_OF_ASPARAGINASE.values(), ids=NOT_OF_ASPARAGINASE.keys())
def test_other_allergies_are_passed_over(row: Raw) -> None:
    assert cards(ASPARAGINASE, "allergyintolerance-create", {"allergyIntolerance": row}) == []
    assert cards(OTHER, "allergyintolerance-create", {"allergyIntolerance": allergy(OTHER, "Pegaspargase")}) == []


def read(question: Question) -> Orders:
    return read_orders(question.orders, question.record.terminology, question.record)


def ordered(question: Question) -> set[str]:
    return {drug for line in read(question).lines for drug in line.drugs}


def sent(question: Question) -> list[Any]:
    return [row for _, row in question.orders]


@pytest.mark.parametrize(
    ("hook", "field"),
    [("order-select", "draftOrders"), ("order-sign", "draftOrders"), ("medication-refill", "medications")],
)
def test_orders_of_a_call_come_in_one_place(hook: str, field: str) -> None:
    reference = {"medicationCodeableConcept": None, "medicationReference": {"reference": "Medication/m1"}}
    draft = {key: value for key, value in order(NEW, "", **reference).items() if value is not None}
    product = {"resourceType": "Medication", "id": "m1", "code": {"text": "Mercaptopurine"}}
    theirs = order(NEW, "Ponatinib", id="o2", subject=ELSEWHERE)
    context = {field: collection(draft, theirs), "selections": ["MedicationRequest/o1", 7]}
    question = asked(NEW, hook, context, order(NEW, "Dexamethasone", id="on-record"), product)
    assert sent(question) == [draft, theirs]
    assert question.selections == ("MedicationRequest/o1",)
    assert "mercaptopurine" in ordered(question)
    assert "ponatinib" not in ordered(question)
    assert read(question).unreadable == (("MedicationRequest", "MedicationRequest/o2"),)


def test_without_orders_nothing_is_ordered() -> None:
    assert asked(NEW, "patient-view", {}).orders == ()
    assert not asked(NEW, "patient-view", {}).stated
    assert ordered(asked(NEW, "order-sign", {})) == set()


FOUND = ["MedicationRequest/o1", "https://ehr.example.org/fhir/MedicationRequest/o1/_history/2", "o1"]


@pytest.mark.parametrize("reference", FOUND)
def test_a_dispatched_order_is_found_on_record(reference: str) -> None:
    row = order(NEW, "Dasatinib")
    question = asked(NEW, "order-dispatch", {"dispatchedOrders": [reference]}, row)
    assert (sent(question), question.missing_orders) == ([row], ())
    assert "dasatinib" in ordered(question)
    taken = clinic().engine.facts(question)["current_therapies"].value
    assert not isinstance(taken, TokenSet) or "dasatinib" not in taken.members


def test_a_dispatched_order_by_its_address_and_a_test() -> None:
    made = request(NEW, "order-dispatch", {"dispatchedOrders": ["urn:uuid:7"]})
    row = order(NEW, "Karyotype", SERVICE)
    made["prefetch"]["service-requests"] = {
        "resourceType": "Bundle", "type": "searchset", "entry": [{"fullUrl": "urn:uuid:7", "resource": row}],
    }  # fmt: skip
    assert sent(clinic().question(invocation_of(made, day_of(NEW)))) == [row]


def test_one_order_by_two_references_is_one_and_others_without_id_stay_on_record() -> None:
    made = request(
        NEW, "order-dispatch", {"dispatchedOrders": ["urn:uuid:7", {"reference": "urn:uuid:7"}, "urn:uuid:7|1"]}
    )
    nameless, taken = order(NEW, "Dasatinib", id=None), order(NEW, "Imatinib", id=None)
    made["prefetch"]["medication-requests"] = {
        "resourceType": "Bundle", "type": "searchset",
        "entry": [{"fullUrl": "urn:uuid:7", "resource": nameless}, {"fullUrl": "urn:uuid:8", "resource": taken}],
    }  # fmt: skip
    question = clinic().question(invocation_of(made, day_of(NEW)))
    assert (sent(question), question.missing_orders) == ([nameless], ("urn:uuid:7|1",))
    assert any(
        entry.resource["medicationCodeableConcept"]["text"] == "Imatinib"
        for entry in question.record.entries
        if entry.type == MEDICATION
    )


ODD: list[Any] = [
    {}, {"entry": {}}, {"entry": [7, {}, {"resource": []}]}, {"resourceType": [1]}, {"resourceType": "Bundle", "entry": [{"fullUrl": 3}]},
    collection({"resourceType": "MedicationRequest", "id": 5, "subject": [], "medicationReference": [7]}),
    collection({"resourceType": "MedicationRequest", "medicationReference": {"reference": {"a": 1}}, "subject": {"reference": 3}}),
    collection({"resourceType": "Medication", "id": {}}, {"resourceType": "Condition", "code": "x"}, {"resourceType": "AllergyIntolerance", "code": []}),
]  # fmt: skip


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("hook", [hook for hook in HOOK_NAMES if CONTEXT[hook]])
def test_a_misshapen_context_does_not_break_the_answer(hook: str, value: Any) -> None:
    fields = {name: value for name, usual in CONTEXT[hook].items() if isinstance(usual, dict)}
    lists = {name: [value, 3, None] for name, usual in CONTEXT[hook].items() if isinstance(usual, list)}
    cards(ASPARAGINASE, hook, {**fields, **lists})


def test_the_order_of_the_hooks_first_version() -> None:
    row = order(NEW, "Dasatinib")
    made = request(NEW, "order-dispatch", {"order": "MedicationRequest/o1"}, row)
    del made["context"]["dispatchedOrders"]
    assert client(day_of(NEW)).post("/cds-services/allcue-order-dispatch", json=made).status_code == 200
    assert sent(clinic().question(invocation_of(made, day_of(NEW)))) == [row]
    made["context"]["order"] = {"reference": "MedicationRequest/o1"}
    refused = client(day_of(NEW)).post("/cds-services/allcue-order-dispatch", json=made)
    assert refused.json["issue"][0]["expression"] == ["CDSHooksRequest.context.order"]


@pytest.mark.parametrize("reference", ["MedicationRequest/o9", "ServiceRequest/o1", "urn:uuid:1", "", None])
def test_a_dispatched_order_that_is_not_there_is_told_as_missing(reference: Any) -> None:
    question = asked(NEW, "order-dispatch", {"dispatchedOrders": [reference]}, order(NEW, "Dasatinib"))
    assert (question.orders, question.missing_orders) == ((), (reference or "?",))
    (card,) = clinic().engine.answer(question).cards
    assert "could not be read: not checked" in card["summary"]


def test_a_dispatched_order_of_another_patient_is_not_judged() -> None:
    row = order(NEW, "Dasatinib", subject=ELSEWHERE)
    question = asked(NEW, "order-dispatch", {"dispatchedOrders": ["MedicationRequest/o1"]}, row)
    assert (read(question).lines, [name for _, name in read(question).unreadable]) == ((), ["MedicationRequest/o1"])
    (card,) = clinic().engine.answer(question).cards
    assert "could not be read: not checked" in card["summary"]


def test_drafts_without_the_frame_of_an_entry_are_taken_and_a_lone_one_too() -> None:
    draft = order(NEW, "Mercaptopurine")
    for entry in ([draft], {"resource": draft}, draft):
        question = asked(NEW, "order-sign", {"draftOrders": {"resourceType": "Bundle", "entry": entry}})
        assert sent(question) == [draft]
        assert "mercaptopurine" in ordered(question)


def test_a_chosen_order_is_told_by_type_and_id_though_the_client_names_its_address() -> None:
    entry = [{"fullUrl": "urn:uuid:7", "resource": order(NEW, "Mercaptopurine")}]
    context = {"draftOrders": {"resourceType": "Bundle", "entry": entry}, "selections": ["urn:uuid:7", "urn:uuid:8"]}
    assert asked(NEW, "order-select", context).selections == ("MedicationRequest/o1", "urn:uuid:8")
