"""Where an order says what it is for, in every shape that clients send."""

from __future__ import annotations

from typing import Any

import pytest

from service.record.build import build_record
from service.record.model import PatientRecord
from tests.facts.fhir import Json, patient
from tests.facts.order_support import bundle, drug, names, of_line, read, service
from tests.facts.support import AS_OF, terminology

URN = "urn:uuid:0b9f4a52-5d0c-4a3e-9a4c-1f2a63c0a9f1"


def med(text: str | None = "Iclusig", own: str | None = "9", **more: Any) -> Json:
    named = {"code": {"text": text}} if text else {}
    return {"resourceType": "Medication", **({"id": own} if own else {}), **named, **more}


def record(*resources: Json, url: str | None = None) -> PatientRecord:
    rows = [(url if row["resourceType"] == "Patient" else None, row) for row in (patient(), *resources)]
    return build_record(rows, patient_id="p", coverage={}, as_of=AS_OF, terminology=terminology())


@pytest.mark.parametrize(
    "came",
    [
        pytest.param(drug("Iclusig"), id="a resource"),
        pytest.param({"resource": drug("Iclusig")}, id="an entry"),
        pytest.param((URN, drug("Iclusig")), id="with its fullUrl"),
        pytest.param(bundle(bundle(drug("Iclusig"))), id="a Bundle in a Bundle"),
        pytest.param([bundle(drug("Iclusig"))], id="a list"),
        pytest.param({"resourceType": "Bundle", "entry": {"resource": drug("Iclusig")}}, id="an entry as an object"),
        pytest.param({"resourceType": "Bundle", "entry": [drug("Iclusig")]}, id="a resource where an entry belongs"),
        pytest.param({"resourceType": "Bundle", "entry": [{}, None, {"resource": drug("Iclusig")}]}, id="beside empty entries"),
        pytest.param(bundle(drug("Iclusig"), drug("Iclusig")), id="sent twice"),
        pytest.param(bundle(drug(medicationReference={"reference": URN}), (URN, med(own=None))), id="urn:uuid"),
        pytest.param(bundle(drug(medicationReference={"reference": "Medication/9"}), med()), id="relative"),
        pytest.param(bundle(drug(medicationReference={"reference": "https://e.org/r4/Medication/9/_history/1"}), med()), id="absolute"),
        pytest.param(bundle(drug(medicationReference={"reference": "https://e.org/r4/Medication/9"}), ("https://e.org/r4/Medication/9", med(own=None))), id="fullUrl"),
        pytest.param(drug(medicationReference={"reference": "#m"}, contained=[med(own="m")]), id="contained"),
        pytest.param(drug(medicationReference={"reference": "#m"}, contained=[med(own="#m")]), id="contained with the sign in its id"),
        pytest.param(drug(medicationReference={"display": "Iclusig 45 mg"}), id="display alone"),
        pytest.param(drug(medicationReference=[{"reference": "#m"}], contained=med(own="m")), id="list and object swapped"),
        pytest.param(drug(medicationCodeableConcept=[{"text": "Iclusig"}]), id="a list where an object belongs"),
        pytest.param(drug(medicationCodeableConcept="Iclusig"), id="a text where an object belongs"),
        pytest.param(drug(medication={"text": "Iclusig"}), id="medication as a concept"),
        pytest.param(drug(medication="Iclusig"), id="medication as a text"),
        pytest.param(drug(medication={"reference": "#m"}, contained=[med(own="m")]), id="medication as a reference"),
        pytest.param(drug(medication={"concept": {"text": "Iclusig"}}), id="R5 concept"),
        pytest.param(drug(medication={"reference": {"reference": "#m"}}, contained=[med(own="m")]), id="R5 reference"),
        pytest.param(drug("Iclusig", status=None, intent=None, subject=None), id="nothing else said"),
        pytest.param({**drug("Iclusig"), "resourceType": "MedicationOrder", "patient": {"reference": "Patient/p"}}, id="DSTU2"),
        pytest.param(drug(dosageInstruction=[{"text": "Iclusig 45 mg p.o."}]), id="in the text of the dosage"),
        pytest.param(drug("Iclusig", intent="option"), id="option"), pytest.param(drug("Iclusig", status="active"), id="signed again"),
        pytest.param(drug("Iclusig", status="on-hold"), id="on hold"), pytest.param(drug("Iclusig geplant"), id="planned is ordered"),
    ],
)  # fmt: skip
def test_one_order(came: Any) -> None:
    found = read(came)
    assert [line.drugs for line in found.lines] == [{"ponatinib"}]
    assert not found.unreadable


@pytest.mark.parametrize("kind", ["NutritionOrder", "DeviceRequest", "VisionPrescription", "CommunicationRequest", "Task", "Medication", "Patient"])  # fmt: skip
def test_what_orders_nothing_to_be_judged(kind: str) -> None:
    found = read({"resourceType": kind, "id": "x", "code": {"text": "Iclusig"}})
    assert (found.lines, found.unreadable) == ((), ())


@pytest.mark.parametrize(
    "more",
    [{"status": "cancelled"}, {"status": "stopped"}, {"status": "entered-in-error"}, {"doNotPerform": True}, {"doNotPerform": "true"}],
)  # fmt: skip
def test_what_is_withdrawn(more: Json) -> None:
    assert read(drug("Iclusig", **more)).lines == ()


@pytest.mark.parametrize(
    ("came", "reference"),
    [
        (drug("Iclusig", own="request-123"), "MedicationRequest/request-123"), ((URN, drug("Iclusig", own=None)), URN),
        (("https://e.org/r4/MedicationRequest/7", drug("Iclusig", own=None)), "MedicationRequest/7"), (drug("Iclusig", own=None), None),
        (drug("Iclusig", own=URN), f"MedicationRequest/{URN}"), ({**drug("Iclusig"), "id": 5}, "MedicationRequest/5"),
    ],
)  # fmt: skip
def test_an_order_is_found_again(came: Any, reference: str | None) -> None:
    assert read(came).lines[0].reference == reference


def test_the_medication_of_an_order_may_be_on_record() -> None:
    draft = drug(medicationReference={"reference": "Medication/9"})
    assert names(read(bundle(draft), record=record(med()))) == [("MedicationRequest/m1", {"ponatinib"})]
    assert read(bundle(draft)).unreadable == (("MedicationRequest", "MedicationRequest/m1"),)


@pytest.mark.parametrize(
    ("subject", "own"),
    [("Patient/p", True), ("https://e.org/r4/Patient/p", True), ("Patient/q", False), ("Group/g", False), (URN, True), (None, True)],
)  # fmt: skip
def test_whose_an_order_is(subject: str | None, own: bool) -> None:
    draft = drug("Iclusig", **({"subject": {"reference": subject}} if subject else {}))
    found = read(bundle(draft), record=record(url=URN))
    assert bool(found.lines) is own
    assert bool(found.unreadable) is not own
    assert own or "patient" in found.why["MedicationRequest/m1"]


def test_a_patient_among_the_drafts_tells_whose_they_are() -> None:
    draft = drug("Iclusig", subject={"reference": URN})
    assert read(bundle(draft, (URN, patient())), record=record()).lines
    assert not read(bundle(draft, (URN, patient(id="q"))), record=record()).lines


@pytest.mark.parametrize(
    ("came", "drugs"),
    [
        pytest.param(drug("vincristine + dexamethasone"), {"vincristine", "dexamethasone"}, id="a text"),
        pytest.param(drug(medicationReference={"reference": "#m"}, contained=[med("syringe", "m", ingredient=[
            {"itemCodeableConcept": {"text": "methotrexate"}}, {"itemCodeableConcept": {"text": "cytarabine"}}, {"itemReference": {"reference": "#s"}}]),
            {"resourceType": "Substance", "id": "s", "code": {"text": "hydrocortisone"}}]), {"methotrexate", "cytarabine", "hydrocortisone"}, id="ingredients"),
        pytest.param(drug(medicationReference={"reference": "#m"}, contained=[med("methotrexate", "m", ingredient={
            "itemCodeableConcept": {"text": "cytarabine"}})]), {"methotrexate", "cytarabine"}, id="a name and an ingredient more"),
        pytest.param(drug(medicationReference={"reference": "#m"}, contained=[med(None, "m", product={"ingredient": [{"item": {"display": "vincristine"}}]})]),
                     {"vincristine"}, id="DSTU2 product"),
        pytest.param(drug(medicationReference={"reference": "#m"}, contained=[med("vincristine", "m", ingredient=[
            {"isActive": False, "itemCodeableConcept": {"text": "dexamethasone"}}])]), {"vincristine"}, id="an inactive ingredient"),
        pytest.param(drug(medicationReference={"reference": "#m"}, contained=[med("Iclusig", "m", ingredient=[{"itemReference": {"reference": "#m"}}])]),
                     {"ponatinib"}, id="a product made of itself"),
        pytest.param({"resourceType": "ImmunizationRecommendation", "recommendation": [{"vaccineCode": [{"text": "rituximab"}]}]}, {"rituximab"}, id="recommended"),
        pytest.param({"resourceType": "Immunization", "vaccineCode": {"text": "rituximab"}}, {"rituximab"}, id="immunization"),
        pytest.param({"resourceType": "Immunization", "vaccineCode": {"text": "influenza"}}, set(), id="another vaccine"),
    ],
)  # fmt: skip
def test_what_one_order_holds(came: Any, drugs: set[str]) -> None:
    found = read(came)
    assert [set(line.drugs) for line in found.lines] == [drugs]
    assert not found.unreadable


def test_the_form_of_the_sandbox() -> None:
    """As DSTU2, which the sandbox sends by default: a pill a day, units and reason by their old names."""
    named = {
        "text": "Dasatinib 100 MG Oral Tablet",
        "coding": [{"code": "799047", "display": "Dasatinib 100 MG Oral Tablet"}],
    }
    timing = {"repeat": {"frequency": 1, "period": 1, "periodUnits": "d"}}
    draft = {
        "resourceType": "MedicationOrder", "id": "order-123", "status": "draft", "medicationCodeableConcept": named,
        "reasonCodeableConcept": {"text": "B-lymphoblastic leukemia"},
        "dosageInstruction": [{"doseQuantity": {"value": 1, "code": "{pill}"}, "timing": timing}],
    }  # fmt: skip
    stated = of_line(read(bundle(draft)))
    assert read(draft).lines[0].text.count("|") == 0, "the same name twice is one"
    assert {name: stated[name].value for name in ("ordered_dose", "ordered_schedule", "ordered_route", "ordered_drug_indication")} == {
        "ordered_dose": "1 {pill}", "ordered_schedule": "daily", "ordered_route": "oral", "ordered_drug_indication": "antileukemic",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "drugs"),
    [
        ("Blinatumomab infusion", {"blinatumomab"}), ("vincristine", {"vincristine"}), ("Vincristin 2 mg Tag 1", {"vincristine"}),
        ("Lumbar puncture with intrathecal methotrexate", {"methotrexate"}), ("hyper-CVAD cycle 1", {"hyper-CVAD"}),
        ("Intrathecal methotrexate before cycle 2", {"methotrexate"}), ("methotrexate level", set()), ("Blinatumomab pump education", set()),
        ("TPMT genotyping before mercaptopurine", set()), ("Hepatitis B serology before rituximab", set()), ("Echo before doxorubicin", set()),
        ("Asparaginase activity after dose 1", set()), ("CBC before vincristine", set()), ("Chemotherapy consent, vincristine", set()),
    ],
)  # fmt: skip
def test_services_that_give_a_drug(text: str, drugs: set[str]) -> None:
    assert read(service(text)).lines[0].drugs == drugs


@pytest.mark.parametrize(
    ("text", "fact", "value"),
    [
        ("Allogeneic HCT", "planned_procedure", "allo-HCT"), ("Donor lymphocyte infusion", "planned_procedure", "DLI"),
        ("Cranial irradiation 12 Gy", "planned_procedure", "cranial-radiation"), ("Craniospinal irradiation", "planned_procedure", "craniospinal-radiation"),
        ("TBI 12 Gy", "tbi_planned", True), ("HLA typing for HCT", "planned_procedure", None), ("Referral for allogeneic HCT", "planned_procedure", None),
        ("CT head", "planned_procedure", None), ("Bone marrow aspiration", "marrow_aspirate_planned", True), ("CT head", "marrow_aspirate_planned", None),
    ],
)  # fmt: skip
def test_what_a_service_plans(text: str, fact: str, value: object) -> None:
    stated = of_line(read(service(text)))
    assert (stated[fact].value if fact in stated else None) == value


def test_an_old_order_of_several_tests() -> None:
    items = [{"code": {"text": "FISH BCR::ABL1"}}, {"code": {"text": "Karyotype"}}]
    stated = of_line(read({"resourceType": "DiagnosticOrder", "id": "d", "item": items}))
    assert str(stated["ordered_test"].value) == "fish, karyotype"


def test_the_facts_of_a_line_are_its_own() -> None:
    orders = read(
        drug("Iclusig", dosageInstruction=[{"text": "45 mg p.o. daily"}]),
        drug("omeprazole", own="m2"),
        service("Karyotype"),
    )
    first, second, third = (of_line(orders, at) for at in range(3))
    assert (first["ordered_route"].value, first["ordered_schedule"].value) == ("oral", "daily")
    assert str(second["ordered_drug"].value) == "PPI, omeprazole"
    assert "ordered_route" not in second
    assert (str(third["ordered_drug"].value), str(third["ordered_test"].value)) == ("none", "karyotype")
