"""Draft orders: what stops a signature, what is to be heeded, and where nothing is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B.medicationrequest import MedicationRequest

from service.advice.engine import Question
from service.record.model import Coverage
from tests.advice.support import (
    AS_OF,
    AVOID_INO,
    BLINA,
    BLINA_AGAIN,
    CAUTION_BLINA,
    INO,
    LABEL,
    NAME,
    RELAPSED,
    TEST,
    ask_orders,
    draft,
    engine,
    record,
    rule,
    stated,
)
from tests.rules.support import POLICY, dump

ORDERS = ["order-select", "order-sign"]


def about(
    name: str, act: str, drug: str, when: list[Any], unless: list[Any] | None = None, **more: Any
) -> dict[str, Any]:
    advise = {"kind": "safety", "act": act, "subject": more.pop("subject", drug), **more.pop("advise", {})}
    found = rule(name, advise, when, unless, topic="safety", **more)
    return {**found, "hooks": ORDERS}


INTRATHECAL = about("no-it", "avoid", "vincristine", ["ordered_drug includes vincristine", "ordered_route is intrathecal"],
                    title="Vincristine never goes into the CSF")  # fmt: skip
AZOLE = about(
    "azole", "caution", "vincristine",
    [{"any": [{"all": ["ordered_drug includes azole", "concurrent_drugs includes vincristine"]},
              {"all": ["ordered_drug includes vincristine", "concurrent_drugs includes azole"]}]}],
)  # fmt: skip
MESNA = about("mesna", "require", "ifosfamide", ["ordered_drug includes ifosfamide"],
              ["ordered_drug includes mesna", "concurrent_drugs includes mesna"], suggest=["order-mesna"],
              title="Ifosfamide needs mesna")  # fmt: skip
GENERIC = about("boxed", "caution", "blinatumomab",
                [{"any": ["ordered_drug includes blinatumomab", "concurrent_drugs includes blinatumomab"]}],
                title="Watch for neurotoxicity")  # fmt: skip
TABLE = {
    "tables/drugs.yaml": "\n".join(
        [
            'order-blina: {title: "Draft blinatumomab", kind: medication, text: blinatumomab, drug: blinatumomab}',
            'order-ino: {title: "Draft inotuzumab", kind: medication, text: inotuzumab, drug: inotuzumab ozogamicin}',
            'order-mesna: {title: "Draft mesna", kind: medication, text: mesna, drug: mesna}',
        ]
    )
}
NOTHING: dict[str, Any] = {"concurrent_drugs": []}


def cards(*args: Any, **more: Any) -> list[dict[str, Any]]:
    return list(ask_orders(*args, more=TABLE, **more).cards)


def routed(drug: str, route: str, name: str = "d1") -> dict[str, Any]:
    return draft(drug, name, dosageInstruction=[{"route": {"text": route}}])


def test_what_is_to_be_avoided_stops_the_signature() -> None:
    (card,) = cards(NOTHING, [routed("vincristine", "intrathecal")], INTRATHECAL)
    assert card["indicator"] == "critical"
    assert card["summary"] == "Vincristine never goes into the CSF"
    assert card["extension"] == {"davinci-crd.associated-resource": [{"reference": "MedicationRequest/d1"}]}
    (remove,) = card["suggestions"]
    assert remove["actions"] == [
        {
            "type": "delete",
            "description": "Take back the draft order: vincristine",
            "resourceId": "MedicationRequest/d1",
        }
    ]


def test_two_orders_are_never_read_as_one() -> None:
    drafts = [routed("vincristine", "intravenous"), routed("methotrexate", "intrathecal", "d2")]
    assert cards(NOTHING, drafts, INTRATHECAL) == []


@pytest.mark.parametrize("first", ["vincristine", "voriconazole"])
def test_a_pair_is_told_once_and_tied_to_both_orders(first: str) -> None:
    second = "voriconazole" if first == "vincristine" else "vincristine"
    (card,) = cards(NOTHING, [draft(first), draft(second, "d2")], AZOLE)
    assert card["indicator"] == "warning"
    assert [row["reference"] for row in card["extension"]["davinci-crd.associated-resource"]] == [
        "MedicationRequest/d1",
        "MedicationRequest/d2",
    ]


def test_a_pair_with_a_drug_being_taken_is_tied_to_the_order() -> None:
    (card,) = cards({"concurrent_drugs": ["voriconazole"]}, [draft("vincristine"), draft("mesna", "d2")], AZOLE)
    assert card["extension"]["davinci-crd.associated-resource"] == [{"reference": "MedicationRequest/d1"}]
    assert "voriconazole" in card["detail"]


def test_a_missing_partner_is_named_and_offered() -> None:
    (card,) = cards(NOTHING, [draft("ifosfamide", encounter={"reference": "Encounter/e1"})], MESNA)
    assert (card["indicator"], card["summary"]) == ("warning", "Ifosfamide needs mesna")
    (add,) = card["suggestions"]
    (action,) = add["actions"]
    assert action["type"] == "create"
    assert action["resource"]["medicationCodeableConcept"]["text"] == "mesna"
    assert action["resource"]["encounter"] == {"reference": "Encounter/e1"}
    assert "dosageInstruction" not in action["resource"]


@pytest.mark.parametrize(
    ("facts", "drafts"),
    [
        (NOTHING, [draft("ifosfamide"), draft("mesna", "d2")]),
        (NOTHING, [draft("ifosfamide + mesna")]),
        ({"concurrent_drugs": ["mesna"]}, [draft("ifosfamide")]),
    ],
)
def test_a_partner_that_is_there_is_not_missed(facts: dict[str, Any], drafts: list[Any]) -> None:
    assert cards(facts, drafts, MESNA) == []


def test_a_partner_that_may_be_given_already_is_asked_for_without_certainty() -> None:
    (card,) = cards({}, [draft("ifosfamide")], MESNA)
    assert card["indicator"] == "warning"
    assert "unless it is being given already" in card["detail"]
    assert "Not checked: drugs taken at the same time" in card["detail"]


def test_a_requirement_can_stop_the_signature() -> None:
    strict = {**MESNA, "advise": {**MESNA["advise"], "critical": True}}
    (card,) = cards(NOTHING, [draft("ifosfamide")], strict)
    assert card["indicator"] == "critical"
    assert [suggestion["label"] for suggestion in card["suggestions"]] == ["Draft mesna", "Take back: ifosfamide"]
    (open_,) = cards({}, [draft("ifosfamide")], strict)
    assert open_["indicator"] == "warning"


def test_an_avoid_can_be_no_more_than_a_warning() -> None:
    mild = {**INTRATHECAL, "advise": {**INTRATHECAL["advise"], "critical": False}}
    (card,) = cards(NOTHING, [routed("vincristine", "intrathecal")], mild)
    assert card["indicator"] == "warning"


def test_what_is_true_of_everybody_who_gets_the_drug_is_no_card() -> None:
    assert cards(NOTHING, [draft("blinatumomab")], GENERIC) == []
    assert cards({"concurrent_drugs": ["blinatumomab"]}, [draft("blinatumomab")], GENERIC) == []


def test_it_is_told_beside_what_concerns_this_patient() -> None:
    own = {**CAUTION_BLINA, "hooks": ORDERS}
    (card,) = cards({"wbc_current": 30, **NOTHING}, [draft("blinatumomab")], GENERIC, own)
    assert card["summary"].endswith("Lower the count first")
    assert "To heed with it" in card["detail"]
    assert "Watch for neurotoxicity" in card["detail"]
    assert cards({"wbc_current": 3, **NOTHING}, [draft("blinatumomab")], GENERIC, own) == []


def test_what_is_being_taken_is_not_told_with_an_order_of_something_else() -> None:
    either = about("pona", "avoid", "ponatinib",
                   [{"any": ["ordered_drug includes ponatinib", "concurrent_drugs includes ponatinib"]},
                    "vascular_history is true"])  # fmt: skip
    facts = {"concurrent_drugs": ["ponatinib"], "vascular_history": True}
    assert cards(facts, [draft("prednisone")], either) == []
    assert len(cards(facts, [draft("ponatinib")], either)) == 1
    both = [draft("prednisone"), draft("ponatinib", "d2")]
    (card,) = cards({**NOTHING, "vascular_history": True}, both, either)
    assert card["extension"]["davinci-crd.associated-resource"] == [{"reference": "MedicationRequest/d2"}]


def test_all_that_is_said_of_one_order_is_one_card() -> None:
    again = about("again", "avoid", "vincristine", ["ordered_drug includes vincristine", "neuropathy is true"],
                  title="Not with neuropathy", subject="neuropathy")  # fmt: skip
    (card,) = cards({"neuropathy": True, **NOTHING}, [routed("vincristine", "i.th.")], INTRATHECAL, again)
    assert card["summary"].endswith("(and 1 more)")
    assert "Not with neuropathy" in card["detail"]


def test_at_order_select_only_the_chosen_orders_are_spoken_of() -> None:
    drafts = [draft("ifosfamide"), routed("vincristine", "intrathecal", "d2")]
    (card,) = cards(NOTHING, drafts, MESNA, INTRATHECAL, hook="order-select", selected=("MedicationRequest/d1",))
    assert card["summary"] == "Ifosfamide needs mesna"
    assert len(cards(NOTHING, drafts, MESNA, INTRATHECAL, hook="order-select", selected=("MedicationRequest/x",))) == 2
    assert len(cards(NOTHING, drafts, MESNA, INTRATHECAL, hook="order-sign", selected=("MedicationRequest/d1",))) == 2


def test_an_order_that_cannot_be_read_is_named() -> None:
    broken = {"resourceType": "MedicationRequest", "id": "d9", "medicationReference": {"reference": "Medication/gone"}}
    (card,) = cards(NOTHING, [broken], MESNA)
    assert card["indicator"] == "warning"
    assert "could not be read: not checked" in card["summary"]
    assert "MedicationRequest/d9" in card["detail"]


def test_an_order_that_did_not_come_is_named() -> None:
    (card,) = cards(NOTHING, [], MESNA, missing=("MedicationRequest/77",))
    assert "MedicationRequest/77" in card["detail"]


def test_orders_of_other_things_are_silent() -> None:
    assert cards(NOTHING, [draft("amoxicillin"), draft("paracetamol", "d2")], MESNA, INTRATHECAL, BLINA) == []


def test_without_leukemia_nothing_is_said() -> None:
    assert cards(NOTHING, [routed("vincristine", "intrathecal")], INTRATHECAL, gate=False) == []


def test_while_it_is_open_whether_there_is_leukemia_a_danger_is_told() -> None:
    card, doubt = cards(NOTHING, [routed("vincristine", "intrathecal")], INTRATHECAL, gate=None)
    assert card["indicator"] == "critical"
    assert "could not tell whether this patient has" in doubt["summary"]
    assert cards(NOTHING, [draft("pantoprazole")], INTRATHECAL, gate=None) == []


def test_the_limit_on_cards_cuts_off_nothing_that_stops_the_signature() -> None:
    drafts = [routed("vincristine", "intrathecal"), draft("inotuzumab ozogamicin", "d2"), draft("ifosfamide", "d3")]
    avoid = {**AVOID_INO, "hooks": ORDERS}
    found = cards({**NOTHING, "prior_sos": True}, drafts, INTRATHECAL, avoid, MESNA, cards=1)
    assert [card["indicator"] for card in found] == ["critical", "critical"]


FACTS = {"disease_state": "relapsed", "lineage": "B", "cd19": "positive", "age_years": 40, **NOTHING}


def test_a_preferred_choice_is_silent() -> None:
    for hook in ORDERS:
        assert cards(FACTS, [draft("blinatumomab")], BLINA, INO, hook=hook) == []


def test_a_choice_that_is_not_preferred_names_what_is() -> None:
    other = {**BLINA_AGAIN, "hooks": ["patient-view", "order-select"]}
    (card,) = cards(
        {**FACTS, "cd22": "positive"},
        [draft("blinatumomab")],
        other,
        {**INO, "hooks": ["order-select"]},
        hook="order-select",
    )
    assert card["indicator"] == "info"
    assert (
        card["summary"] == "blinatumomab is listed as other recommended, category 2B; preferred: inotuzumab ozogamicin"
    )
    (instead,) = card["suggestions"]
    assert [action["type"] for action in instead["actions"]] == ["create", "delete"]
    assert instead["actions"][1]["resourceId"] == "MedicationRequest/d1"


def test_a_choice_that_is_not_listed_says_what_it_lacks() -> None:
    ino = {**INO, "hooks": ["order-select"]}
    blina = {**BLINA, "hooks": ["order-select"]}
    for hook in ORDERS:
        (card,) = cards({**FACTS, "cd19": "negative"}, [draft("blinatumomab")], blina, ino, hook=hook)
        assert card["indicator"] == "warning"
        assert card["summary"].startswith("blinatumomab is not listed for this patient: it needs CD19")
        assert "(here: negative)" in card["detail"]


def test_where_nothing_is_offered_at_all_a_choice_is_not_called_unlisted() -> None:
    blina = {**BLINA, "hooks": ["order-select"]}
    assert cards({**FACTS, "disease_state": "in-remission"}, [draft("blinatumomab")], blina, hook="order-select") == []


def test_a_drug_that_is_being_taken_already_has_made_its_choice() -> None:
    facts = {**FACTS, "cd19": "negative", "concurrent_drugs": ["blinatumomab"]}
    rules = ({**BLINA, "hooks": ["order-select"]}, {**INO, "hooks": ["order-select"]})
    assert cards(facts, [draft("blinatumomab")], *rules, hook="order-select") == []


def test_a_choice_that_hangs_on_a_test_asks_for_it() -> None:
    needs = rule("ino-cd22", {"kind": "therapy", "act": "offer", "subject": "inotuzumab ozogamicin"},
                 [RELAPSED, "cd22 is positive"])  # fmt: skip
    needs["hooks"] = ["order-select"]
    for hook in ORDERS:
        (card,) = cards(FACTS, [draft("inotuzumab ozogamicin")], needs, hook=hook)
        assert card["summary"].startswith("Before inotuzumab ozogamicin, not known: CD22")
        assert [suggestion["label"] for suggestion in card["suggestions"]] == ["CD22 on blasts"]


def test_a_choice_that_is_listed_and_not_labelled_says_so_when_it_is_made() -> None:
    label = {**LABEL, "hooks": ORDERS, "when": {"all": ["ordered_drug includes blinatumomab", "age_years >= 65"]}}
    blina = {**BLINA, "hooks": ["order-select"]}
    (card,) = cards(FACTS, [draft("blinatumomab")], blina, label, hook="order-select")
    assert card["summary"] == "blinatumomab is listed, but not labelled for this patient"
    assert cards(FACTS, [draft("blinatumomab")], blina, label, hook="order-sign") == []


def test_a_choice_that_hangs_on_something_is_not_called_listed() -> None:
    label = {**LABEL, "hooks": ORDERS, "when": {"all": ["ordered_drug includes blinatumomab", "age_years >= 65"]}}
    blina = {**BLINA, "hooks": ["order-select"]}
    unknown = {name: value for name, value in FACTS.items() if name != "cd19"}
    found = [card["summary"] for card in cards(unknown, [draft("blinatumomab")], blina, label, hook="order-select")]
    assert "blinatumomab is not labelled for this patient; whether it is listed is open" in found


def test_where_a_stopped_choice_stands_is_told_on_the_same_card() -> None:
    avoid = {**AVOID_INO, "hooks": ORDERS}
    rules = ({**INO, "hooks": ["order-select"]}, {**BLINA, "hooks": ["order-select"]}, avoid)
    facts = {**FACTS, "prior_sos": True, "cd22": "positive"}
    (card,) = cards(facts, [draft("inotuzumab ozogamicin")], *rules)
    assert card["indicator"] == "critical"
    assert "Listed for this patient: blinatumomab" in card["detail"]
    assert [s["label"] for s in card["suggestions"]] == [
        "Draft blinatumomab in place of inotuzumab ozogamicin",
        "Take back: inotuzumab ozogamicin",
    ]


def test_what_a_rule_names_in_place_is_offered_unless_a_check_speaks_against_it() -> None:
    switch = about("switch", "avoid", "ifosfamide", ["ordered_drug includes ifosfamide"], replace=["order-ino"])
    avoid = {**AVOID_INO, "hooks": ORDERS}
    (card,) = cards({**NOTHING, "prior_sos": False}, [draft("ifosfamide")], switch, avoid)
    assert card["suggestions"][0]["label"] == "Draft inotuzumab in place of ifosfamide"
    for facts in ({**NOTHING, "prior_sos": True}, NOTHING):
        (card,) = cards(facts, [draft("ifosfamide")], switch, avoid)
        assert [s["label"] for s in card["suggestions"]] == ["Take back: ifosfamide"]


BEFORE = {**TEST, "when": {"all": ["ordered_drug includes dasatinib"]}, "unless": {"any": [{"criterion": "abl1_mutation_tested is true", **NAME}]}, "hooks": ORDERS}  # fmt: skip


def test_a_test_that_belongs_to_an_order_is_named_when_the_drug_is_chosen() -> None:
    (card,) = cards(NOTHING, [draft("dasatinib")], BEFORE, hook="order-select")
    assert (card["indicator"], card["selectionBehavior"]) == ("info", "any")
    assert [s["actions"][0]["resource"]["resourceType"] for s in card["suggestions"]] == ["ServiceRequest"]
    assert cards(NOTHING, [draft("dasatinib")], BEFORE, hook="order-sign") == []


def test_at_a_refill_the_test_is_named_too() -> None:
    refill = "hooks:\n  medication-refill: {as: order-sign, topics: ['*']}\n"
    policy = {"policy.yaml": dump({**POLICY, "populations": {}, "editions": []}) + refill}
    again = {**BEFORE, "hooks": ["order-select", "medication-refill"]}
    question = Question("medication-refill", "c", AS_OF, record(), stated(NOTHING), (draft("dasatinib"),))
    (card,) = engine(again, more=policy).answer(question).cards
    assert card["summary"].startswith("Before dasatinib")


def test_a_check_that_cannot_be_made_is_told_where_the_rule_asks() -> None:
    check = about("dasa", "avoid", "dasatinib", ["ordered_drug includes dasatinib", "abl1_mutations includes T315I"])
    assert cards(NOTHING, [draft("dasatinib")], check) == []
    asking = {**check, "questions": {"abl1_mutations": "Is there T315I?"}}
    (card,) = cards(NOTHING, [draft("dasatinib")], asking)
    assert card["summary"].startswith("Before dasatinib, not known: ABL1")
    assert "Is there T315I?" in card["detail"]


def test_the_same_drug_twice_is_asked_about() -> None:
    (card,) = cards(NOTHING, [draft("dasatinib"), draft("dasatinib", "d2")], MESNA)
    assert card["summary"] == "dasatinib is ordered 2 times in these orders"
    assert card["suggestions"][0]["actions"][0]["resourceId"] == "MedicationRequest/d2"


def on(day: str) -> dict[str, Any]:
    return {"dosageInstruction": [{"timing": {"event": [day]}}]}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (on("2026-03-02"), on("2026-03-09")),
        (
            {"dosageInstruction": [{"route": {"text": "IV"}}]},
            {"dosageInstruction": [{"route": {"text": "intrathecal"}}]},
        ),
        ({"dosageInstruction": [{"text": "50 mg"}]}, {"dosageInstruction": [{"text": "100 mg"}]}),
        (
            {
                "dosageInstruction": [
                    {"text": "days 1-4", "doseAndRate": [{"doseQuantity": {"value": 40, "unit": "mg"}}]}
                ]
            },
            {
                "dosageInstruction": [
                    {"text": "Tage 11 bis 14", "doseAndRate": [{"doseQuantity": {"value": 40, "unit": "mg"}}]}
                ]
            },
        ),
    ],
)
def test_another_day_route_or_dose_is_no_repetition(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert cards(NOTHING, [draft("methotrexate", **first), draft("methotrexate", "d2", **second)], MESNA) == []


def test_a_route_told_in_the_name_of_the_order_alone_is_no_repetition() -> None:
    first, second = (
        draft("methotrexate", name, medicationCodeableConcept={"text": text})
        for name, text in (("d1", "Methotrexat 3 g/m² i.v. über 24 h"), ("d2", "Methotrexat 15 mg intrathekal"))
    )
    assert cards(NOTHING, [first, second], MESNA) == []


def test_that_the_record_is_incomplete_is_told_with_what_treats_leukemia() -> None:
    part = {"Observation": Coverage.PARTIAL}
    question = Question("order-sign", "c", AS_OF, record(part), stated(NOTHING), (draft("vincristine"),))
    (card,) = engine(INTRATHECAL).answer(question).cards
    assert "Part of the record could not be read" in card["summary"]
    other = replace(question, orders=(draft("pantoprazole"),))
    assert engine(INTRATHECAL).answer(other).cards == ()


def choices(*drugs: str) -> dict[str, Any]:
    """An order set of which one drug is to be chosen."""
    actions = [{"resource": {"reference": f"MedicationRequest/c{number}"}} for number, _ in enumerate(drugs)]
    return {"resourceType": "RequestGroup", "id": "g", "status": "draft", "intent": "order",
            "subject": {"reference": "Patient/p1"},
            "action": [{"selectionBehavior": "exactly-one", "action": actions}]}  # fmt: skip


def test_alternatives_of_an_order_set_are_not_given_together() -> None:
    drugs = ("vincristine", "voriconazole")
    drafts = [draft(drug, f"c{number}") for number, drug in enumerate(drugs)]
    assert cards(NOTHING, [choices(*drugs), *drafts], AZOLE) == []
    assert len(cards(NOTHING, drafts, AZOLE)) == 1


def test_a_part_of_a_plan_is_not_taken_back_by_itself() -> None:
    plan = {"resourceType": "CarePlan", "id": "plan", "status": "draft", "intent": "order",
            "subject": {"reference": "Patient/p1"},
            "activity": [{"detail": {"kind": "MedicationRequest", "status": "not-started",
                                     "productCodeableConcept": {"text": "vincristine"},
                                     "description": "vincristine 2 mg intrathecal"}}]}  # fmt: skip
    (card,) = cards(NOTHING, [plan], INTRATHECAL)
    assert card["indicator"] == "critical"
    assert "suggestions" not in card


def test_an_order_that_is_no_draft_any_more_is_not_deleted() -> None:
    (card,) = cards(NOTHING, [{**routed("vincristine", "intrathecal"), "status": "active"}], INTRATHECAL)
    assert "suggestions" not in card


def test_what_no_fhir_model_takes_is_left_out_of_a_replacement() -> None:
    switch = about("switch", "avoid", "ifosfamide", ["ordered_drug includes ifosfamide"], replace=["order-mesna"])
    odd = draft(
        "ifosfamide", category={"text": "inpatient"}, encounter="here", priority="urgent", reasonCode={"text": "ALL"}
    )
    (card,) = cards(NOTHING, [odd], switch)
    made = card["suggestions"][0]["actions"][0]["resource"]
    assert (made["category"], made["priority"], made["reasonCode"]) == (
        [{"text": "inpatient"}],
        "urgent",
        [{"text": "ALL"}],
    )
    assert "encounter" not in made
    MedicationRequest.model_validate(made)
