"""Draft orders, as real clients send them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.model import Fact, TokenSet
from service.facts.orders import read_orders, stated_orders
from service.facts.vocabulary import VOCABULARY
from tests.facts.fhir import RXNORM, SCT, concept
from tests.facts.support import terminology


def facts(*drafts: Any) -> dict[str, Fact]:
    stated = {fact.name: fact for fact in stated_orders(drafts, terminology())}
    assert all(name in VOCABULARY for name in stated)
    return stated


def medication(text: str | None = "Blincyto", **more: Any) -> dict[str, Any]:
    made = {"resourceType": "MedicationRequest", "id": "request-1", "status": "draft", "intent": "order"}
    return {**made, **({"medicationCodeableConcept": {"text": text}} if text else {}), **more}


def service(text: str | None = None, code: str | None = None, system: str = SCT, **more: Any) -> dict[str, Any]:
    made = {"resourceType": "ServiceRequest", "id": "service-1", "status": "draft", "intent": "order"}
    return {**made, "code": concept(code, system, text), **more}


def drugs(*drafts: Any) -> TokenSet:
    value = facts(*drafts)["ordered_drug"].value
    assert isinstance(value, TokenSet)
    return value


def test_without_drafts_nothing_is_ordered() -> None:
    stated = facts()
    assert stated["ordered_drug"].value == TokenSet(frozenset())
    assert stated["ordered_test"].value == TokenSet(frozenset())
    assert stated["ordered_procedure"].value == "none"
    assert "ordered_dose" not in stated


@pytest.mark.parametrize(
    ("draft", "drug"),
    [
        pytest.param(medication("Blincyto"), "blinatumomab", id="brand"),
        pytest.param(medication(None, medicationCodeableConcept=concept("1597258", RXNORM)), "blinatumomab", id="RxNorm"),
        pytest.param(medication(None, medicationReference={"reference": "#m"},
                                contained=[{"resourceType": "Medication", "id": "m", "code": {"text": "Iclusig"}}]), "ponatinib",
                     id="contained"),
        pytest.param(medication(None, medicationReference={"reference": "#m"},
                                contained={"resourceType": "Medication", "id": "m", "code": {"text": "Iclusig"}}), "ponatinib",
                     id="contained object"),
        pytest.param(medication(None, medicationReference={"reference": "Medication/9", "display": "Sprycel 100 mg"}), "dasatinib",
                     id="display"),
        pytest.param(medication("Besponsa", reasonCode={"text": "ALL"}, category={"text": "inpatient"}), "inotuzumab ozogamicin",
                     id="objects where arrays belong"),
        pytest.param(medication("Oncaspar", status="active"), "pegaspargase", id="signed again"),
    ],
)  # fmt: skip
def test_ordered_drug(draft: Any, drug: str) -> None:
    found = drugs(draft)
    assert drug in found.members
    assert found.complete


def test_a_medication_beside_the_draft() -> None:
    beside = {"resourceType": "Medication", "id": "9", "code": {"text": "Sprycel"}}
    draft = medication(None, medicationReference={"reference": "https://example.org/fhir/Medication/9"})
    assert {"dasatinib", "TKI"} <= drugs(draft, beside).members


@pytest.mark.parametrize(
    "draft",
    [
        medication(status="cancelled"), medication(status="entered-in-error"), medication(status="stopped"),
        medication(doNotPerform=True), medication("dexamethasone eye drops"), medication("metformin"),
        {"resourceType": "NutritionOrder"},
    ],
    ids=["cancelled", "in error", "stopped", "not to perform", "local", "other drug", "other type"],
)  # fmt: skip
def test_not_ordered(draft: Any) -> None:
    assert drugs(draft) == TokenSet(frozenset())


@pytest.mark.parametrize(
    "draft",
    [
        medication(None, medicationReference={"reference": "Medication/gone"}), None, "text", 7, {},
        medication(None, medicationCodeableConcept=7), medication("chemotherapy per protocol"), medication("study drug"),
        medication(None, medicationCodeableConcept={"coding": [{"system": "urn:local", "code": "77"}]}),
        medication(None, dosageInstruction=[{"text": "2 mg i.v."}]), medication(None, medicationCodeableConcept={"coding": [{"system": RXNORM}]}),
    ],
    ids=["gone", "null", "text", "number", "no type", "no concept", "nameless", "study drug", "code nobody knows", "dose of something", "system alone"],
)  # fmt: skip
def test_what_cannot_be_read_leaves_the_list_open(draft: Any) -> None:
    found = drugs(medication("Sprycel"), draft)
    assert found.includes("dasatinib") is True
    assert found.includes("ponatinib") is None
    assert read_orders([draft], terminology()).unreadable


@pytest.mark.parametrize(
    "draft",
    [
        medication(None), medication(None, medicationCodeableConcept=""), medication(None, medicationCodeableConcept={"coding": [{}], "text": " "}),
        medication(None, reasonCode={"text": "ALL"}, dosageInstruction=[{"doseQuantity": {"value": 1, "code": "{pill}"}}]),
        {"resourceType": "MedicationOrder", "id": "order-123"}, {"resourceType": "ServiceRequest", "code": {}},
    ],
    ids=["no medication", "empty text", "empty concept", "dose and reason of nothing", "DSTU2", "service"],
)  # fmt: skip
def test_before_anything_is_chosen_nothing_is_ordered(draft: Any) -> None:
    found = read_orders([draft], terminology())
    assert (found.lines, found.unreadable) == ((), ())


def test_several_drugs_have_no_common_dose() -> None:
    two = facts(medication("vincristine", dosageInstruction=[{"route": {"text": "IV"}}]), medication("dexamethasone"))
    assert "ordered_route" not in two
    value = two["ordered_drug"].value
    assert isinstance(value, TokenSet)
    assert {"vincristine", "dexamethasone", "corticosteroid"} <= value.members


DOSE = {"doseAndRate": [{"doseQuantity": {"value": 45, "unit": "mg"}}], "route": {"text": "oral"}}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"dosageInstruction": [DOSE]}, {"ordered_dose": "45 mg", "ordered_route": "oral"}),
        ({"dosageInstruction": DOSE}, {"ordered_dose": "45 mg", "ordered_route": "oral"}),
        ({"dosageInstruction": [{"doseQuantity": {"value": "2", "code": "mg"}}]}, {"ordered_dose": "2 mg"}),
        ({"reasonCode": [{"text": "Nausea and vomiting"}]}, {"ordered_drug_indication": "antiemetic"}),
        ({"reasonCode": {"text": "B-lymphoblastic leukemia"}}, {"ordered_drug_indication": "antileukemic"}),
        ({"reasonCode": [{"text": "headache"}]}, {"ordered_drug_indication": "other"}),
        ({"dosageInstruction": [{"text": "as needed for nausea"}]}, {"ordered_drug_indication": "antiemetic"}),
        ({"dosageInstruction": [{"text": "once before blinatumomab"}]}, {"ordered_drug_indication": "other"}),
        ({"dosageInstruction": [{"text": "premedication"}]}, {"ordered_drug_indication": "other"}),
        ({"dosageInstruction": [{"text": "before breakfast"}]}, {}),
        ({"dosageInstruction": [{"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}}}]},
         {"ordered_schedule": "weekly"}),
        ({"dosageInstruction": [{"timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "wk"}}}]},
         {"ordered_schedule": "other"}),
        ({"dosageInstruction": [{"timing": {"repeat": {"period": 1, "periodUnit": "wk", "dayOfWeek": ["mon"]}}}]},
         {"ordered_schedule": "weekly"}),
        ({"dosageInstruction": [{"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}]},
         {"ordered_schedule": "daily"}),
        ({"dosageInstruction": [{"timing": {"repeat": {"frequency": 1, "period": 7, "periodUnit": "d"}}}]},
         {"ordered_schedule": "weekly"}),
        ({"dosageInstruction": [{"timing": {"repeat": {"period": 12, "periodUnit": "h"}}}]}, {"ordered_schedule": "daily"}),
        ({"dosageInstruction": [{"timing": {"repeat": {"period": 3, "periodUnit": "wk"}}}]}, {"ordered_schedule": "other"}),
        ({"dosageInstruction": [{"timing": "daily"}], "reasonCode": "x"}, {"ordered_drug_indication": "other"}),
    ],
)  # fmt: skip
def test_details_of_one_drug(members: dict[str, Any], expected: dict[str, str]) -> None:
    stated = facts(medication("methotrexate", **members))
    details = ("ordered_dose", "ordered_route", "ordered_drug_indication", "ordered_schedule")
    assert {name: stated[name].value for name in details if name in stated} == expected


@pytest.mark.parametrize(
    ("draft", "test", "procedure"),
    [
        pytest.param(service("MRD by flow cytometry, bone marrow"), {"mrd", "flow"}, "none", id="MRD"),
        pytest.param(service(code="29770-5", system="http://loinc.org"), {"karyotype"}, "none", id="karyotype"),
        pytest.param(service("FISH for BCR::ABL1"), {"fish"}, "none", id="FISH"),
        pytest.param(service("ABL1 kinase domain mutation analysis"), {"abl1-mutation"}, "none", id="ABL1"),
        pytest.param(service(code="58390007"), set(), "allo-HCT", id="transplant"),
        pytest.param(service(code="58776007"), set(), "auto-HCT", id="autologous"),
        pytest.param(service(code="234336002"), set(), "none", id="transplant of unsaid kind"),
        pytest.param(service("allogeneic HCT"), set(), "allo-HCT", id="transplant in words"),
        pytest.param(service(code="277762005"), set(), "lumbar-puncture", id="lumbar puncture"),
        pytest.param(service("Bone marrow aspiration"), set(), "marrow", id="marrow in words"),
        pytest.param(service(code="49401003"), set(), "marrow", id="marrow"),
        pytest.param(service("Chest X-ray"), set(), "none", id="other"),
    ],
)
def test_tests_and_procedures(draft: Any, test: set[str], procedure: str) -> None:
    stated = facts(draft)
    value = stated["ordered_test"].value
    assert isinstance(value, TokenSet)
    assert value == TokenSet(frozenset(test))
    assert stated["ordered_procedure"].value == procedure


def test_a_service_without_code_leaves_both_open() -> None:
    stated = facts({"resourceType": "ServiceRequest", "status": "draft", "note": [{"text": "as discussed"}]})
    assert stated["ordered_procedure"].value is None
    value = stated["ordered_test"].value
    assert isinstance(value, TokenSet)
    assert value.includes("mrd") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(["text", "coding", "code", "system", "reference", "display", "repeat", "timing", "route", "period",
                         "periodUnit", "doseQuantity", "value", "id"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "status",
                    "doNotPerform",
                    "medicationCodeableConcept",
                    "medicationReference",
                    "contained",
                    "dosageInstruction",
                    "reasonCode",
                    "code",
                ]
            ),
            JSON,
        ),
        max_size=2,
    ),
    st.booleans(),
)
def test_nothing_raises(rows: list[dict[str, Any]], medications: bool) -> None:
    kind = "MedicationRequest" if medications else "ServiceRequest"
    assert facts(*({"resourceType": kind, **row} for row in rows))["ordered_drug"].known


def dosed(value: object = None, unit: str | None = None, **more: Any) -> dict[str, Any]:
    quantity = {"doseAndRate": [{"doseQuantity": {"value": value, "unit": unit}}]} if value is not None else {}
    return {"dosageInstruction": [{**quantity, **more}]}


@pytest.mark.parametrize(
    ("text", "members", "level"),
    [
        ("Methotrexat", dosed(500, "mg/m2"), "high"), ("Methotrexat", dosed(499, "mg/m2"), None), ("Methotrexat", dosed(5, "g/m²"), "high"),
        ("Methotrexat", dosed(50, "mg/m2"), "low"), ("Methotrexat", dosed(51, "mg/m2"), None), ("HD-MTX", {}, "high"),
        ("methotrexate", dosed(text="5 g/m2 over 24 h"), "high"), ("methotrexate", dosed(text="1,5 g/m² i.v."), "high"),
        ("methotrexate", dosed(text="20 mg/m2 weekly"), "low"), ("methotrexate", dosed(1350, "mg"), "high"), ("methotrexate", dosed(1349, "mg"), None),
        ("methotrexate", dosed(30, "mg", route={"text": "oral"}), "low"), ("methotrexate 2.5 mg tablet", dosed(30, "mg"), "low"),
        ("methotrexate", dosed(12, "mg", route={"text": "intrathecal"}), None), ("MTX i.th.", dosed(12, "mg"), None),
        ("methotrexate", dosed(text="5.000 mg/m2"), None), ("methotrexate", dosed(500, "mL"), None), ("methotrexate", {}, None),
        ("methotrexate", {"dosageInstruction": ["x", {"doseAndRate": "y"}]}, None),
    ],
)  # fmt: skip
def test_methotrexate_dose_level(text: str, members: dict[str, Any], level: str | None) -> None:
    stated = facts(medication(text, **members))
    assert (stated["methotrexate_dose_level"].value if "methotrexate_dose_level" in stated else None) == level
    assert "cytarabine_dose_level" not in stated


@pytest.mark.parametrize(
    ("text", "members", "level"),
    [
        ("Cytarabin", dosed(1000, "mg/m2"), "high"), ("Cytarabin", dosed(999, "mg/m2"), None), ("Cytarabin", dosed(200, "mg/m2"), "conventional"),
        ("Cytarabin", dosed(201, "mg/m2"), None), ("HD-AraC", {}, "high"), ("HiDAC", {}, "high"), ("cytarabine IT", dosed(40, "mg"), None),
    ],
)  # fmt: skip
def test_cytarabine_dose_level(text: str, members: dict[str, Any], level: str | None) -> None:
    stated = facts(medication(text, **members))
    assert (stated["cytarabine_dose_level"].value if "cytarabine_dose_level" in stated else None) == level


def test_two_orders_of_one_drug_must_agree() -> None:
    high, low = medication("methotrexate", **dosed(5, "g/m2")), medication("methotrexate", **dosed(20, "mg/m2"))
    assert "methotrexate_dose_level" not in facts(high, low)
    assert facts(high, medication("MTX i.th.", **dosed(12, "mg")))["methotrexate_dose_level"].value == "high"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"dosageInstruction": [{"text": "20 mg/m2 p.o. once a week"}]}, {"ordered_dose": "20 mg/m2 p.o. once a week", "ordered_route": "oral", "ordered_schedule": "weekly"}),
        ({"dosageInstruction": {"text": "1 Tablette tgl."}}, {"ordered_dose": "1 Tablette tgl.", "ordered_route": "oral", "ordered_schedule": "daily"}),
        ({"dosageInstruction": [{"timing": {"code": {"coding": [{"code": "BID"}]}}}]}, {"ordered_schedule": "daily"}),
        ({"dosageInstruction": [{"text": "bi-weekly"}]}, {}),
        ({"dosageInstruction": [{"text": "12 mg intrathekal"}]}, {"ordered_dose": "12 mg intrathekal", "ordered_route": "intrathecal"}),
        ({"dosageInstruction": [{"doseAndRate": {"doseRange": {"low": {"value": 1}, "high": {"value": 2, "unit": "mg"}}}}]}, {"ordered_dose": "1-2 mg"}),
        ({"reasonReference": [{"display": "B-lymphoblastic leukemia"}]}, {"ordered_drug_indication": "antileukemic"}),
    ],
)  # fmt: skip
def test_details_in_words(members: dict[str, Any], expected: dict[str, str]) -> None:
    stated = facts(medication("methotrexate", **members))
    details = ("ordered_dose", "ordered_route", "ordered_drug_indication", "ordered_schedule")
    assert {name: stated[name].value for name in details if name in stated} == expected


def test_an_order_whose_code_and_text_differ_settles_neither() -> None:
    odd = medication(None, medicationCodeableConcept=concept("1597258", RXNORM, "Besponsa"))
    found = drugs(odd)
    assert (found.includes("blinatumomab"), found.includes("inotuzumab ozogamicin"), found.includes("vincristine")) == (
        None,
        None,
        False,
    )


def test_ingredients_of_a_contained_product() -> None:
    inner = {
        "resourceType": "Medication",
        "id": "m",
        "ingredient": [{"itemCodeableConcept": concept("L01EA02", "http://www.whocc.no/atc")}],
    }
    assert "dasatinib" in drugs(medication(None, medicationReference="#m", contained=[inner])).members


@pytest.mark.parametrize(
    ("text", "ordered"),
    [
        ("Transfuse 2 units PRBC", True), ("Erythrozytenkonzentrat 2 EK", True), ("Platelet transfusion", True), ("Transfusion reaction work-up", None),
        ("Donor lymphocyte transfusion", None), ("Stem cell transfusion", None), ("CBC", None),
        ("Transfusion of fresh frozen plasma, 2 units", None), ("Cryoprecipitate transfusion", None), ("Transfusion medicine consultation", None),
        ("Platelet transfusion, apheresis, in plasma", True), ("Transfusion of red cells and fresh frozen plasma", True),
        ("Transfusion of leukocyte-reduced red cells", True), ("Leukocyte transfusion", None), ("Notify if Hb < 7 g/dL for transfusion", None),
    ],
)  # fmt: skip
def test_transfusions(text: str, ordered: bool | None) -> None:
    stated = facts(service(text))
    assert (stated["transfusion_ordered"].value if "transfusion_ordered" in stated else None) is ordered


def test_a_marrow_ordered_is_planned() -> None:
    assert facts(service("Bone marrow aspiration"))["marrow_aspirate_planned"].value is True
