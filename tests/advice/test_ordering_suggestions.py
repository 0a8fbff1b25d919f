"""Suggestions about draft orders: each safe alone, each about the draft it names; and cards that are told apart."""

from __future__ import annotations

from typing import Any

import pytest
from fhir.resources.R4B.medicationrequest import MedicationRequest

from service.advice.engine import Question
from service.record.build import build_record
from service.record.model import Coverage
from tests.advice.support import AS_OF, BLINA_AGAIN, INO, ask_orders, draft, engine, record, stated
from tests.advice.test_ordering import (
    FACTS,
    INTRATHECAL,
    MESNA,
    NOTHING,
    TABLE,
    about,
    cards,
    choices,
    on,
    routed,
)

SWITCH = about("switch", "avoid", "ifosfamide", ["ordered_drug includes ifosfamide"], replace=["order-ino"])
PAIR = about(
    "pair", "avoid", "inotuzumab ozogamicin",
    [{"any": [{"all": ["ordered_drug includes inotuzumab ozogamicin", "concurrent_drugs includes voriconazole"]},
              {"all": ["ordered_drug includes voriconazole", "concurrent_drugs includes inotuzumab ozogamicin"]}]}],
)  # fmt: skip


def labels(card: dict[str, Any]) -> list[str]:
    return [suggestion["label"] for suggestion in card.get("suggestions", ())]


def deleted(found: list[dict[str, Any]]) -> list[str]:
    actions = (a for card in found for s in card.get("suggestions", ()) for a in s["actions"])
    return [action["resourceId"] for action in actions if action["type"] == "delete"]


def test_a_replacement_is_checked_against_the_other_orders_too() -> None:
    (card,) = cards(NOTHING, [draft("ifosfamide"), draft("pantoprazole", "d2")], SWITCH, PAIR)
    assert labels(card)[0] == "Draft inotuzumab in place of ifosfamide"
    (card,) = cards(NOTHING, [draft("ifosfamide"), draft("voriconazole", "d2")], SWITCH, PAIR)
    assert labels(card) == ["Take back: ifosfamide"]


def test_what_is_preferred_is_not_offered_where_a_check_speaks_against_it() -> None:
    other = {**BLINA_AGAIN, "hooks": ["patient-view", "order-select"]}
    rules = (other, {**INO, "hooks": ["order-select"]}, PAIR)
    facts = {**FACTS, "cd22": "positive"}
    drafts = [draft("blinatumomab"), draft("voriconazole", "d2")]
    (card,) = cards(facts, drafts, *rules, hook="order-select", selected=("MedicationRequest/d1",))
    assert card["summary"].endswith("preferred: inotuzumab ozogamicin")
    assert labels(card) == []


@pytest.mark.parametrize(
    ("odd", "name"),
    [
        ({"reasonReference": [{"reference": "#leukemia"}]}, "reasonReference"),
        ({"requester": {"reference": "#who"}}, "requester"),
        ({"priority": "quickly"}, "priority"),
        ({"priority": ["urgent"]}, "priority"),
    ],
)
def test_what_would_lead_nowhere_or_be_no_fhir_is_not_kept(odd: dict[str, Any], name: str) -> None:
    (card,) = cards(NOTHING, [draft("ifosfamide", encounter={"reference": "Encounter/e1"}, **odd)], SWITCH)
    made = card["suggestions"][0]["actions"][0]["resource"]
    assert name not in made
    assert made["encounter"] == {"reference": "Encounter/e1"}
    MedicationRequest.model_validate(made)


def test_two_drafts_of_one_id_are_not_taken_back_by_it() -> None:
    drafts = [routed("vincristine", "intrathecal"), routed("vincristine", "intravenous")]
    (card,) = [card for card in cards(NOTHING, drafts, INTRATHECAL) if card["indicator"] == "critical"]
    assert labels(card) == []


@pytest.mark.parametrize("own", ["0.2 mg/kg once daily", "<b>", "a b", "ab" * 150])
def test_a_draft_that_no_reference_can_name_is_not_taken_back(own: str) -> None:
    (card,) = cards(NOTHING, [routed("vincristine", "intrathecal", own)], INTRATHECAL)
    assert card["indicator"] == "critical"
    assert labels(card) == []


def test_a_plan_is_not_taken_back_for_what_its_name_orders() -> None:
    plan = {"resourceType": "CarePlan", "id": "plan", "status": "draft", "intent": "plan", "title": "ifosfamide",
            "subject": {"reference": "Patient/p1"}}  # fmt: skip
    found = cards(NOTHING, [plan], SWITCH)
    assert [card["indicator"] for card in found] == ["critical"]
    assert deleted(found) == []


def test_names_of_orders_are_plain_where_no_markdown_is() -> None:
    odd = "ifosfamide <img src=x onerror=alert(1)>\u202e [x](http://evil.example)"
    (card,) = cards(NOTHING, [draft(odd)], SWITCH)
    said = [card["summary"], *labels(card), *(a["description"] for s in card["suggestions"] for a in s["actions"])]
    assert not any(sign in text for text in said for sign in "<>\u202e")
    assert r"\<img src=x onerror=alert(1)\>" in card["detail"]
    assert r"\[x\](http:/ /evil" in card["detail"]
    assert "\u202e" not in card["detail"]


def planned(*drugs: str) -> dict[str, Any]:
    """A plan with its orders written in line, which all bear the reference of the plan."""
    details = [{"detail": {"kind": "MedicationRequest", "status": "not-started", "description": drug,
                           "productCodeableConcept": {"text": drug}}} for drug in drugs]  # fmt: skip
    return {"resourceType": "CarePlan", "id": "plan", "status": "draft", "intent": "plan",
            "subject": {"reference": "Patient/p1"}, "activity": details}  # fmt: skip


def test_cards_about_orders_of_one_plan_are_told_apart() -> None:
    plan = planned("vincristine 2 mg intrathecal", "ifosfamide", "dasatinib", "dasatinib", "mesna 1", "allopurinol",
                   "allopurinol")  # fmt: skip
    found = cards(NOTHING, [plan], INTRATHECAL, SWITCH, MESNA, cards=9)
    assert [card["indicator"] for card in found] == ["critical", "critical", "warning", "warning"]
    assert len({card["uuid"] for card in found}) == len(found)
    assert [card["uuid"] for card in cards(NOTHING, [plan], INTRATHECAL, SWITCH, MESNA, cards=9)] == [
        card["uuid"] for card in found
    ]


def test_alternatives_of_an_order_set_are_no_repetition() -> None:
    drafts = [draft("dasatinib", "c0"), draft("dasatinib", "c1")]
    assert cards(NOTHING, [choices("dasatinib", "dasatinib"), *drafts], MESNA) == []


def test_another_amount_in_the_name_is_no_repetition() -> None:
    assert cards(NOTHING, [draft("dexamethasone 4 mg"), draft("dexamethasone 8 mg", "d2")], MESNA) == []
    assert len(cards(NOTHING, [draft("dexamethasone 4 mg"), draft("dexamethasone 4mg", "d2")], MESNA)) == 1


def test_only_the_draft_that_repeats_an_active_order_is_named() -> None:
    active = {**draft("vincristine", "old", **on("2026-03-02")), "status": "active"}
    patient = {"resourceType": "Patient", "id": "p1"}
    kept = build_record(
        [(None, patient), (None, active)], patient_id="p1", coverage={"MedicationRequest": Coverage.COMPLETE},
        as_of=AS_OF, terminology=record().terminology,
    )  # fmt: skip
    drafts = (draft("vincristine", "d1", **on("2026-03-09")), draft("vincristine", "d2", **on("2026-03-02")))
    question = Question("order-sign", "c", AS_OF, kept, stated(NOTHING), drafts)
    (card,) = engine(MESNA, more=TABLE).answer(question).cards
    assert card["summary"] == "vincristine: an equal order for the same day is active"
    assert deleted([card]) == ["MedicationRequest/d2"]


@pytest.mark.parametrize(
    ("selected", "number"),
    [
        (("MedicationRequest/d1",), 1),
        (("https://ehr.example/fhir/MedicationRequest/d1/_history/2",), 1),
        (("d1",), 1),
        (("ServiceRequest/d1",), 2),  # no such draft: the client names them in its own way
        (("MedicationRequest/d1", "MedicationRequest/gone"), 2),
        (("NutritionOrder/n1",), 0),  # a draft that is nothing this service reads
    ],
)
def test_what_was_chosen_is_found_by_type_and_id(selected: tuple[str, ...], number: int) -> None:
    food = {"resourceType": "NutritionOrder", "id": "n1", "status": "draft", "intent": "order"}
    drafts = [draft("ifosfamide"), routed("vincristine", "intrathecal", "d2"), food]
    found = ask_orders(
        NOTHING, drafts, MESNA, INTRATHECAL, hook="order-select", selected=selected, more=TABLE
    ).cards  # fmt: skip
    assert len(found) == number


def test_a_chosen_order_set_is_its_members() -> None:
    drafts = [draft("ifosfamide", "c0"), routed("vincristine", "intrathecal", "d2")]
    chosen = ("RequestGroup/g",)
    (card,) = cards(
        NOTHING, [choices("ifosfamide"), *drafts], MESNA, INTRATHECAL, hook="order-select", selected=chosen
    )  # fmt: skip
    assert card["summary"] == "Ifosfamide needs mesna"
