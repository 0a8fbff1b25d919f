"""Regimens as orders, order sets and plans of care: members become lines, once, and are known to belong together."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import TokenSet
from service.facts.orders import groups, regimen_of
from service.record.build import build_record
from tests.facts.fhir import Json, patient, request
from tests.facts.order_support import bundle, drug, names, of_line, of_session, read, service
from tests.facts.support import AS_OF, terminology


def order_set(*actions: Json, **more: Any) -> Json:
    return {
        "resourceType": "RequestGroup",
        "id": "set",
        "status": "draft",
        "intent": "proposal",
        "action": list(actions),
        **more,
    }


def plan(*activities: Json, **more: Any) -> Json:
    return {
        "resourceType": "CarePlan",
        "id": "plan",
        "status": "draft",
        "intent": "plan",
        "activity": list(activities),
        **more,
    }


def to(reference: str, **more: Any) -> Json:
    return {"resource": {"reference": reference, **more}}


@pytest.mark.parametrize(
    ("text", "drugs", "regimen"),
    [
        ("hyper-CVAD cycle 1", {"hyper-CVAD"}, "HyperCVAD"), ("R-hyper-CVAD", {"hyper-CVAD", "rituximab"}, "HyperCVAD"),
        ("dasatinib + hyper-CVAD", {"dasatinib", "hyper-CVAD"}, "HyperCVAD"), ("InO + mini-hyper-CVD", {"inotuzumab ozogamicin", "mini-hyper-CVD"}, "InO + mini-hyperCVD"),
        ("mini-hyper-CVD plus venetoclax", {"mini-hyper-CVD", "venetoclax"}, "Mini-hyperCVD + venetoclax"), ("augmented hyper-CVAD", {"augmented-hyper-CVAD"}, "augmented hyper-CVAD"),
        ("CALGB 8811 course I", {"CALGB-8811-Larson"}, "CALGB-8811-Larson"), ("ALL-BFM Protokoll I", {"BFM-like"}, "BFM-like"), ("GMALL 08/2013 Induktion I", set(), "GMALL"),
        ("POMP maintenance", {"mercaptopurine", "vincristine", "methotrexate", "prednisone"}, "POMP"), ("FLAG-IDA", {"fludarabine", "cytarabine", "G-CSF", "idarubicin"}, "FLAG-IDA"),
        ("MOpAD", {"methotrexate", "vincristine", "pegaspargase", "dexamethasone"}, "MOpAD"), ("vincristine 2 mg, hyper-CVAD day 4", {"vincristine"}, "HyperCVAD"),
        ("triple intrathecal MTX/Ara-C/HC", {"IT chemotherapy", "methotrexate", "cytarabine", "hydrocortisone"}, None), ("TIT", {"IT chemotherapy", "methotrexate", "cytarabine", "corticosteroid"}, None),
        ("intrathecal chemotherapy", {"IT chemotherapy"}, None), ("maintenance chemotherapy", {"maintenance"}, None), ("ALL Erhaltungstherapie", {"maintenance"}, None),
        ("lithium maintenance therapy", set(), None), ("maintenance IV fluids", set(), None), ("AALL1731 consolidation", set(), "AALL1731"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("make", [drug, service, lambda text: plan(title=text), lambda text: order_set(code={"text": text})], ids=["drug", "service", "plan", "set"])  # fmt: skip
def test_a_regimen_by_name(make: Any, text: str, drugs: set[str], regimen: str | None) -> None:
    orders = read(make(text))
    assert {d for line in orders.lines for d in line.drugs} == drugs
    assert regimen_of(orders.lines) == regimen


def test_a_regimen_of_which_the_drugs_are_not_known_leaves_them_open() -> None:
    value = of_line(read(drug("GMALL 08/2013")))["ordered_drug"].value
    assert isinstance(value, TokenSet)
    assert value.includes("vincristine") is None


def test_an_order_set() -> None:
    """Nested actions, a draft beside, a contained one, one in words; none of them twice."""
    made = order_set(
        {"title": "Day 1", "action": [to("MedicationRequest/m1"), to("#c")]}, {"title": "Vincristine 2 mg i.v. day 4"}, to("MedicationRequest/m2", display="doxorubicin"),
        {"title": "CBC"}, to("Appointment/7"), code={"text": "Hyper-CVAD course A"}, contained=[drug("dexamethasone", "c")],
    )  # fmt: skip
    orders = read(bundle(made, drug("cyclophosphamide")))
    assert names(orders) == [
        ("RequestGroup/set", {"hyper-CVAD"}), ("RequestGroup/set", {"dexamethasone"}), ("RequestGroup/set", {"vincristine"}), ("RequestGroup/set", {"doxorubicin"}),
        ("RequestGroup/set", set()), ("MedicationRequest/m1", {"cyclophosphamide"}),
    ]  # fmt: skip
    assert not orders.unreadable
    assert {line.group for line in orders.lines} == {"RequestGroup/set"}
    assert [line.inline for line in orders.lines] == [False, True, True, True, True, False]
    assert [(group.name, group.regimen, len(group.lines)) for group in groups(orders)] == [
        ("RequestGroup/set", "HyperCVAD", 6)
    ]
    heading = of_line(orders)["ordered_drug"].value
    assert heading == TokenSet(frozenset({"hyper-CVAD"})), "the drugs of the set are those of its members"
    assert of_line(orders, 2)["ordered_route"].value == "intravenous"


def test_a_plan_of_care() -> None:
    """Activities by reference and in line; those that are over or cancelled are none."""
    product = {"text": "methotrexate"}
    inline = {
        "kind": "MedicationRequest",
        "productCodeableConcept": product,
        "scheduledString": "once a week",
        "description": "20 mg/m2 p.o.",
        "status": "scheduled",
    }
    made = plan(
        {"reference": {"reference": "MedicationRequest/m1"}}, {"detail": inline}, {"detail": {"code": {"text": "Lumbar puncture"}}},
        {"detail": {"productReference": {"reference": "#v"}}}, {"detail": {"productReference": {"reference": "#v"}, "status": "cancelled"}},
        {"detail": {"productCodeableConcept": {"text": "dasatinib"}, "doNotPerform": True}}, {"detail": {"description": "Prednison 40 mg/m2 p.o."}}, {},
        title="Maintenance", contained={"resourceType": "Medication", "id": "v", "code": {"text": "VCR"}},
    )  # fmt: skip
    orders = read(bundle(made, drug("mercaptopurine")))
    assert names(orders) == [
        ("CarePlan/plan", {"methotrexate"}), ("CarePlan/plan", set()), ("CarePlan/plan", {"vincristine"}), ("CarePlan/plan", {"prednisone"}),
        ("MedicationRequest/m1", {"mercaptopurine"}),
    ]  # fmt: skip
    stated = of_line(orders)
    assert [stated[name].value for name in ("ordered_schedule", "ordered_route", "methotrexate_dose_level")] == [
        "weekly",
        "oral",
        "low",
    ]
    assert of_line(orders, 1)["ordered_procedure"].value == "lumbar-puncture"
    assert regimen_of(orders.lines) == "POMP"


def test_a_set_within_a_plan() -> None:
    inner = order_set(to("#c"), id="inner")
    made = plan(
        {"reference": {"reference": "#inner"}},
        {"reference": {"reference": "#inner"}},
        contained=[inner, drug("vincristine", "c")],
    )
    assert names(read(made)) == [("CarePlan/plan", {"vincristine"})]


@pytest.mark.parametrize("made", [order_set(to("#set"), contained=[order_set(to("#set"))]), plan({"reference": {"reference": "CarePlan/plan"}})])  # fmt: skip
def test_a_plan_within_itself(made: Json) -> None:
    assert read(made).lines == ()


def test_a_member_that_did_not_come_is_open_and_one_on_record_is_not_new() -> None:
    made = order_set(to("MedicationRequest/gone"), to("MedicationRequest/old"))
    rows = [(None, patient()), (None, request("Sprycel", "2025-05-01", id="old"))]
    record = build_record(rows, patient_id="p", coverage={}, as_of=AS_OF, terminology=terminology())
    orders = read(made, record=record)
    assert orders.unreadable == (("MedicationRequest", "MedicationRequest/gone"),)
    assert orders.lines == ()


def test_members_of_which_one_is_to_be_chosen() -> None:
    made = order_set(
        {"selectionBehavior": "exactly-one", "action": [to("MedicationRequest/a"), to("MedicationRequest/b")]},
        to("MedicationRequest/c"),
    )
    orders = read(bundle(made, drug("imatinib", "a"), drug("dasatinib", "b"), drug("prednisone", "c")))
    assert [line.choice for line in orders.lines] == [True, True, False]


@pytest.mark.parametrize("more", [{"status": "cancelled"}, {"status": "entered-in-error"}])
def test_a_withdrawn_plan_takes_along_what_is_in_it_alone(more: Json) -> None:
    made = plan(
        {"detail": {"productCodeableConcept": {"text": "vincristine"}}},
        {"reference": {"reference": "MedicationRequest/m1"}},
        title="hyper-CVAD",
        **more,
    )
    assert names(read(bundle(made, drug("mercaptopurine")))) == [("MedicationRequest/m1", {"mercaptopurine"})]


def test_another_patients_plan() -> None:
    record = build_record([(None, patient())], patient_id="p", coverage={}, as_of=AS_OF, terminology=terminology())
    made = plan({"detail": {"productCodeableConcept": {"text": "vincristine"}}}, subject={"reference": "Patient/q"})
    orders = read(made, record=record)
    assert (orders.lines, orders.unreadable) == ((), (("CarePlan", "CarePlan/plan"),))


@pytest.mark.parametrize(
    ("more", "group", "regimen"),
    [
        ({"groupIdentifier": {"system": "urn:x", "value": "hyper-CVAD 1A"}}, "urn:x|hyper-CVAD 1A", "HyperCVAD"),
        ({"groupIdentifier": {"value": "4711"}}, "4711", None), ({"basedOn": {"reference": "CarePlan/7/_history/1", "display": "GMALL 08"}}, "CarePlan/7", "GMALL"),
        ({"basedOn": [{"display": "GMALL 08"}]}, "GMALL 08", "GMALL"), ({"instantiatesCanonical": ["http://e.org/PlanDefinition/hyper-CVAD"]}, "http://e.org/PlanDefinition/hyper-CVAD", "HyperCVAD"),
    ],
)  # fmt: skip
def test_orders_that_say_what_they_belong_to(more: Json, group: str, regimen: str | None) -> None:
    orders = read(drug("vincristine", "a", **more), drug("mesna", "b", **more))
    assert [(g.name, g.regimen, len(g.lines)) for g in groups(orders)] == [(group, regimen, 2)]


@pytest.mark.parametrize(
    ("drugs", "regimen", "multiagent"),
    [
        (("cyclophosphamide", "vincristine", "doxorubicin", "dexamethasone", "mesna", "MTX i.th."), "HyperCVAD", True),
        (("dasatinib", "prednisone"), "TKI + corticosteroid", False), (("ponatinib", "blinatumomab"), "TKI + blinatumomab", False),
        (("vincristine", "daunorubicin", "prednisone", "pegaspargase"), None, True), (("mercaptopurine", "methotrexate"), None, None),
        (("vincristine",), None, None), (("hyper-CVAD", "GMALL"), None, None), (("mini-hyper-CVD", "Besponsa"), "InO + mini-hyperCVD", True),
        (("metformin", "levofloxacin"), None, None), ((), None, None),
    ],
)  # fmt: skip
def test_the_regimen_of_a_session(drugs: tuple[str, ...], regimen: str | None, multiagent: bool | None) -> None:
    stated = of_session(*(drug(name, f"m{at}") for at, name in enumerate(drugs)))
    assert (stated["candidate_regimen"].value if "candidate_regimen" in stated else None) == regimen
    found = stated.get("candidate_regimen_is_multiagent")
    assert (found.value if found else None) == multiagent
    assert found is None or not regimen or found.provenance[0].inferred is (regimen != "InO + mini-hyperCVD")


def test_a_steroid_against_nausea_makes_no_regimen() -> None:
    nausea = {"reasonCode": [{"text": "chemotherapy-induced nausea"}]}
    assert "candidate_regimen" not in of_session(drug("dasatinib", "a"), drug("dexamethasone", "b", **nausea))


@pytest.mark.parametrize(
    ("drugs", "holds", "perhaps"),
    [(("hyper-CVAD",), "vincristine", "pegaspargase"), (("pegaspargase", "vincristine"), "pegaspargase", "rituximab"), (("GMALL", "rituximab"), "rituximab", "vincristine")],
)  # fmt: skip
def test_the_drugs_of_a_regimen_are_never_a_complete_list(drugs: tuple[str, ...], holds: str, perhaps: str) -> None:
    value = of_session(*(drug(name, f"m{at}") for at, name in enumerate(drugs)))["regimen_contains"].value
    assert isinstance(value, TokenSet)
    assert (value.includes(holds), value.includes(perhaps)) == (True, None)


def test_drugs_beside_those_that_are_ordered_belong_to_the_regimen() -> None:
    rows = [drug("vincristine", "a"), drug("doxorubicin", "b"), drug("dexamethasone", "c")]
    assert regimen_of(read(*rows).lines) is None
    assert regimen_of(read(*rows).lines, {"cyclophosphamide", "omeprazole"}) == "HyperCVAD"
