"""Drafts damaged at random: nothing raises, every fact is one of the vocabulary, and the intact draft beside is still read."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.facts.orders import groups, line_facts, read_orders, session_facts, stated_orders
from service.facts.vocabulary import VOCABULARY
from tests.facts.order_support import bundle, drug, service
from tests.facts.support import terminology
from tests.test_mutated_requests import GARBAGE, damage, places

DOSAGE = {
    "text": "2 mg i.v.", "route": {"coding": [{"system": "http://snomed.info/sct", "code": "47625008"}]}, "doseAndRate": [{"doseQuantity": {"value": 2, "unit": "mg"}}],
    "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}, "code": {"text": "weekly"}},
}  # fmt: skip
PRODUCT = {"resourceType": "Medication", "id": "m", "code": {"text": "syringe"}, "ingredient": [{"itemCodeableConcept": {"text": "MTX"}}, {"itemReference": {"reference": "#m"}}]}  # fmt: skip
WHOLE: dict[str, Any] = bundle(
    ("urn:uuid:1", drug("vincristine + dexamethasone", dosageInstruction=[DOSAGE], reasonCode=[{"text": "ALL"}], groupIdentifier={"value": "hyper-CVAD"})),
    drug(None, "m2", medicationReference={"reference": "#m"}, contained=[PRODUCT], basedOn=[{"reference": "CarePlan/plan"}], subject={"reference": "Patient/p"}),
    service("Lumbar puncture with intrathecal methotrexate", orderDetail=[{"text": "15 mg"}], note=[{"text": "x"}]),
    {"resourceType": "RequestGroup", "id": "set", "code": {"text": "hyper-CVAD"}, "contained": [drug("doxorubicin", "c")],
     "action": [{"title": "day 1", "selectionBehavior": "exactly-one", "action": [{"resource": {"reference": "urn:uuid:1"}}, {"resource": {"reference": "#c"}}]}]},
    {"resourceType": "CarePlan", "id": "plan", "title": "POMP", "activity": [
        {"reference": {"reference": "MedicationRequest/m2"}}, {"detail": {"kind": "MedicationRequest", "productCodeableConcept": {"text": "6-MP"}, "dailyAmount": {"value": 50, "unit": "mg"}}}]},
    {"resourceType": "MedicationOrder", "id": "old", "medicationCodeableConcept": {"text": "dasatinib"}, "dosageInstruction": [{"timing": {"repeat": {"periodUnits": "d"}}}]},
    bundle({"resourceType": "ImmunizationRecommendation", "recommendation": [{"vaccineCode": [{"text": "MMR"}]}]}),
)  # fmt: skip


def everything(came: Any) -> None:
    orders = read_orders([came], terminology())
    groups(orders)
    stated = [fact for line in orders.lines for fact in line_facts(line, orders, terminology())]
    stated += [*session_facts(orders, terminology(), {"vincristine"}), *stated_orders([came], terminology())]
    assert all(fact.name in VOCABULARY for fact in stated)


def test_the_whole() -> None:
    everything(WHOLE)
    assert len(read_orders([WHOLE], terminology()).lines) == 9


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_drafts(data: st.DataObject) -> None:
    came = copy.deepcopy(WHOLE)
    for _ in range(data.draw(st.integers(1, 5))):
        found = places(came)
        if not found:
            break
        value = data.draw(st.sampled_from(("delete", *GARBAGE, "#m", "Medication/9", {"reference": "#set"})))
        damage(came, data.draw(st.sampled_from(found)), copy.deepcopy(value))
    everything(came)
    orders = read_orders([came, drug("Iclusig", "intact")], terminology())
    assert any("ponatinib" in line.drugs for line in orders.lines)


@pytest.mark.parametrize("came", [None, "", 0, True, [], {}, (), "Bundle", {"entry": []}, {"resourceType": 7}, [[[None]]], {"resourceType": "Bundle", "entry": "x"}], ids=repr)  # fmt: skip
def test_what_is_no_draft_at_all(came: Any) -> None:
    everything(came)


@pytest.mark.parametrize(
    "text",
    ["no " * 9000, "intra" * 9000, "not intravenous, intramuscular, " * 900, "vincristine IT " * 900, "IT MTX after " * 900, "fatal if given " * 900 + "intrathecally", "oral 1 " * 9000],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_endless_texts_are_read_in_time(text: str) -> None:
    everything(drug(text, dosageInstruction=[{"text": text}, {"route": {"text": text}}], note=[{"text": text}]))
    everything(service(text))


def test_products_and_plans_made_of_one_another() -> None:
    parts = [
        {
            "resourceType": "Medication",
            "id": f"x{n}",
            "ingredient": [{"itemReference": {"reference": f"Medication/x{n + 1}"}}] * 3,
        }
        for n in range(300)
    ]
    plans = [
        {"resourceType": "CarePlan", "id": f"c{n}", "activity": [{"reference": {"reference": f"#c{n + 1}"}}] * 3}
        for n in range(300)
    ]
    everything(
        [
            *parts,
            drug(medicationReference={"reference": "Medication/x0"}),
            {"resourceType": "CarePlan", "activity": [{"reference": {"reference": "#c0"}}], "contained": plans},
        ]
    )


def test_bundles_nested_too_deep_are_named() -> None:
    came = bundle(drug("Iclusig"))
    for _ in range(50):
        came = bundle(came)
    assert read_orders([came], terminology()).unreadable
