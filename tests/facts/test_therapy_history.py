"""What was given so far: drugs, and treatments that are no drug."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Reason, TokenSet
from service.facts.vocabulary.drugs import DRUG_NAMES
from service.record.model import Coverage
from tests.facts.fhir import ICD, administration, concept, condition, procedure, request, resource, statement
from tests.facts.support import COMPLETE
from tests.facts.therapy_cases import ALL, members, read


@pytest.mark.parametrize(
    ("entry", "given"),
    [
        pytest.param(administration("blinatumomab", "2025-01-01"), True, id="administered"),
        pytest.param(administration("blinatumomab", "2025-01-01", status="not-done"), False, id="not done"),
        pytest.param(statement("blinatumomab", "2025-01-01", "2025-01-29"), True, id="stated"),
        pytest.param(statement("blinatumomab", state="active"), True, id="active statement"),
        pytest.param(statement("blinatumomab", state="intended"), False, id="intended: not yet"),
        pytest.param(statement("blinatumomab", state="not-taken"), False, id="not taken"),
        pytest.param(statement("blinatumomab", "2025-07-01", state="active"), None, id="planned start"),
        pytest.param(request("blinatumomab", "2025-05-01"), None, id="only ordered"),
        pytest.param(request("blinatumomab", "2025-05-01", intent="plan"), False, id="only planned"),
        pytest.param(request("blinatumomab", "2025-01-01", status="completed"), True, id="completed order"),
        pytest.param(request("blinatumomab", "2025-01-01", reportedBoolean=True), True, id="reported"),
        pytest.param(request("blinatumomab", "2025-01-01", status="cancelled"), False, id="cancelled"),
        pytest.param(procedure("J9039", "2025-01-01", "urn:oid:2.16.840.1.113883.6.285"), True, id="billed"),
        pytest.param(statement("dasatinib", "2025-01-01"), False, id="another drug"),
    ],
)
def test_given_ordered_or_not(entry: Any, given: bool | None) -> None:
    facts = read(ALL, entry)
    assert facts.value("prior_blinatumomab") is given
    listed = facts.value("prior_therapies")
    assert isinstance(listed, TokenSet)
    assert listed.includes("blinatumomab") is given
    if given is None:
        assert facts["prior_blinatumomab"].reason is Reason.NOT_DECIDED
        assert listed.includes("dasatinib") is False  # an open order leaves only its own drug open


@pytest.mark.parametrize(
    "gap", ["MedicationStatement", "MedicationRequest", "MedicationAdministration"], ids=lambda name: name
)
@pytest.mark.parametrize("coverage", [Coverage.PARTIAL, Coverage.FAILED, Coverage.ABSENT])
def test_no_record_of_needs_all_lists(gap: str, coverage: Coverage) -> None:
    facts = read(ALL, coverage={**COMPLETE, gap: coverage})
    for name in ("prior_blinatumomab", "prior_inotuzumab", "prior_cart", "prior_anthracycline"):
        assert facts[name].value is None
    assert facts["prior_therapies"].value is None
    assert facts["concurrent_drugs"].value is None


def test_procedures_missing_leave_cells_and_transplants_open() -> None:
    facts = read(ALL, statement("vincristine", "2024-02-01"), coverage={**COMPLETE, "Procedure": Coverage.ABSENT})
    assert facts.value("prior_blinatumomab") is False
    assert facts.value("prior_cart") is None
    listed = facts.value("prior_therapies")
    assert isinstance(listed, TokenSet)
    assert listed.includes("allo-HCT") is None
    assert listed.includes("vincristine") is True


def test_a_medication_without_name_makes_no_list_complete() -> None:
    nameless = resource("MedicationStatement", status="active", medicationReference={"reference": "Medication/gone"})
    facts = read(ALL, nameless)
    assert facts.value("prior_blinatumomab") is None
    assert facts.value("strong_cyp3a4_inhibitor") is None


def test_classes_come_with_drugs() -> None:
    facts = read(statement("daunorubicin", "2024-02-01"), statement("dasatinib", "2024-02-01"))
    assert {"anthracycline", "TKI"} <= members("prior_therapies", statement("daunorubicin"), statement("dasatinib"))
    assert facts.value("prior_anthracycline") is True


def test_a_regimen_hides_drugs() -> None:
    full = read(ALL, resource("CarePlan", status="completed", title="Hyper-CVAD"))
    assert full.value("prior_anthracycline") is True
    mini = read(ALL, resource("CarePlan", status="completed", title="Mini-hyper-CVD"))
    assert mini["prior_anthracycline"].reason is Reason.NOT_DECIDED
    assert mini.value("prior_inotuzumab") is False


@pytest.mark.parametrize(
    ("entry", "token"),
    [
        pytest.param(procedure("58390007", "2024-09-01"), "allo-HCT", id="transplant"),
        pytest.param(procedure("38242", "2024-09-01", "http://www.ama-assn.org/go/cpt"), "DLI", id="donor lymphocytes"),
        pytest.param(procedure(text="CAR-T cell infusion", on="2024-09-01"), "CAR-T", id="cells"),
        pytest.param(procedure(text="Total body irradiation (TBI)", on="2024-09-01"), "TBI", id="TBI"),
        pytest.param(procedure(text="cranial irradiation", on="2024-09-01"), "cranial radiation", id="cranial"),
        pytest.param(procedure("1287742003", "2024-09-01"), "radiation", id="radiation"),
        pytest.param(procedure("96450", "2024-09-01", "http://www.ama-assn.org/go/cpt"), "IT chemotherapy", id="intrathecal"),
        pytest.param(administration("methotrexate", "2024-09-01", dosage={"route": concept("72607000")}), "IT chemotherapy",
                     id="intrathecal drug"),
        pytest.param(administration("MTX i.t.", "2024-09-01"), "IT chemotherapy", id="intrathecal in words"),
    ],
)  # fmt: skip
def test_treatments_that_are_no_drug(entry: Any, token: str) -> None:
    assert token in members("prior_therapies", ALL, entry)


@pytest.mark.parametrize(
    "entry",
    [
        procedure(text="cranial irradiation", on="2025-08-01"), procedure(text="TBI", on=None, status="preparation"),
        statement("omeprazole", "2024-01-01"), statement("dexamethasone eye drops", "2024-01-01"),
        resource("CarePlan", status="active", title="Hyper-CVAD", period={"start": "2025-07-01"}),
    ],
    ids=["ahead", "in preparation", "supportive", "local", "plan ahead"],
)  # fmt: skip
def test_no_prior_treatment(entry: Any) -> None:
    assert members("prior_therapies", ALL, entry) == frozenset()


OPS, PCS = "http://fhir.de/CodeSystem/bfarm/ops", "http://www.cms.gov/Medicare/Coding/ICD10"


@pytest.mark.parametrize(
    ("entry", "token", "given"),
    [
        pytest.param(procedure("D000072", "2024-09-01", PCS), "cranial radiation", True, id="ICD-10-PCS brain"),
        pytest.param(procedure("DW052ZZ", "2024-09-01", PCS), "TBI", True, id="ICD-10-PCS whole body"),
        pytest.param(procedure("8-522.91", "2024-09-01", OPS), "radiation", True, id="OPS"),
        pytest.param(procedure(text="Ganzhirnbestrahlung 18 Gy", on="2024-09-01"), "cranial radiation", True, id="German"),
        pytest.param(procedure("1287742003", "2024-09-01", bodySite=[{"text": "Brain"}]), "cranial radiation", True, id="site"),
        pytest.param(procedure(text="CT head after traumatic brain injury (TBI)", on="2024-09-01"), "TBI", False, id="injury"),
        pytest.param(procedure("77261", "2024-09-01", "http://www.ama-assn.org/go/cpt"), "radiation", False, id="planning"),
        pytest.param(procedure(text="Transfusion of irradiated platelets", on="2024-09-01"), "radiation", False, id="blood"),
        pytest.param(procedure(text="DEXA scan, hip", on="2024-09-01"), "dexamethasone", False, id="bone density"),
        pytest.param(procedure(text="Methotrexate level", on="2024-09-01"), "methotrexate", False, id="drug level"),
        pytest.param(procedure(text="Lymphodepletion: fludarabine + cyclophosphamide before CAR-T", on="2024-09-01"), "fludarabine", True,
                     id="lymphodepletion"),
        pytest.param(procedure(text="Lymphodepletion before Tecartus", on="2024-09-01"), "CAR-T", False, id="cells to come"),
        pytest.param({**procedure(on="2024-09-01"), "code": {}, "usedCode": [{"text": "Vincristin"}]}, "vincristine", True, id="used"),
        pytest.param({**procedure(on="2024-09-01"), "note": [{"text": "Rituximab 375 mg/m2"}]}, "rituximab", True, id="note alone"),
        pytest.param(administration("MTX 12 mg i.th.", "2024-09-01"), "IT chemotherapy", True, id="i.th."),
        pytest.param(statement("MTX, ARA-C", "2024-01-20", "2024-03-01", dosage=[{"route": concept("20042000", "https://standardterms.edqm.eu")}]),
                     "IT chemotherapy", True, id="EDQM route"),
        pytest.param(administration("methotrexate", "2024-09-01"), "IT chemotherapy", False, id="no route"),
    ],
)  # fmt: skip
def test_what_a_treatment_is(entry: Any, token: str, given: bool) -> None:
    assert (token in members("prior_therapies", ALL, entry)) is given


@pytest.mark.parametrize(
    "entry",
    [procedure("367336001", "2024-02-01"), procedure("8-544.1", "2024-02-01", OPS), procedure(text="Chemotherapie", on="2024-02-01")],
    ids=["SNOMED CT", "OPS", "words"],
)  # fmt: skip
def test_chemotherapy_nobody_names_hides_drugs(entry: Any) -> None:
    facts = read(ALL, entry)
    assert facts["prior_anthracycline"].reason is Reason.NOT_DECIDED
    assert facts.value("prior_blinatumomab") is False
    named = read(ALL, entry, administration("vincristine", "2024-02-01"))
    assert named.value("prior_anthracycline") is False


def test_a_collection_of_cells_is_no_infusion() -> None:
    assert read(ALL, procedure("0537T", "2025-05-01", "http://www.ama-assn.org/go/cpt")).value("prior_cart") is False
    assert read(ALL, procedure("5-410.30", "2025-05-01", OPS)).value("prior_cart") is False


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("CNS relapse, refractory to intrathecal chemotherapy", True), ("CNS leukemia, intrathecal therapy failed", True),
        ("ZNS-Rezidiv, Progress unter intrathekaler Therapie", True), ("CNS relapse, responding to intrathecal therapy", None),
    ],
)  # fmt: skip
def test_failure_of_intrathecal_therapy_in_words(text: str, failed: bool | None) -> None:
    assert read(ALL, condition(text=text)).value("it_therapy_failed") is failed


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("B-ALL, relapsed after blinatumomab", {"blinatumomab"}), ("B-ALL, Rezidiv nach Blinatumomab und Inotuzumab", {"blinatumomab", "inotuzumab ozogamicin"}),
        ("B-ALL, refractory to Besponsa", {"inotuzumab ozogamicin"}), ("B-ALL, Z.n. Tecartus", {"brexucabtagene autoleucel"}),
        ("B-ALL, no prior blinatumomab", set()), ("B-ALL, blinatumomab-naive", set()), ("B-ALL, blinatumomab planned after remission", set()),
        ("B-ALL, candidate for CAR-T", set()),
    ],
)  # fmt: skip
def test_what_the_diagnosis_tells_of(text: str, given: set[str]) -> None:
    facts = read(condition("91857003", text=text, onsetDateTime="2024-01-15"))
    value = facts.value("prior_therapies")
    assert isinstance(value, TokenSet)
    assert value.members.intersection(DRUG_NAMES) == given
    assert facts.value("prior_blinatumomab") is ("blinatumomab" in given)
    assert all(p.from_text for p in facts["prior_blinatumomab"].provenance)


def test_codes_of_a_personal_history() -> None:
    facts = read(ALL, condition("Z92.21", ICD), condition("Z92.3", ICD), condition("Z92.850", ICD))
    assert {"chemotherapy", "radiation", "CAR-T"} <= members(
        "prior_therapies", ALL, condition("Z92.21", ICD), condition("Z92.3", ICD), condition("Z92.850", ICD)
    )
    assert facts["prior_anthracycline"].reason is Reason.NOT_DECIDED


def test_a_protocol_hides_its_drugs() -> None:
    facts = read(ALL, resource("CarePlan", status="completed", title="GMALL 08/2013", period={"start": "2024-01-20"}))
    assert facts["prior_anthracycline"].reason is Reason.NOT_DECIDED
    assert facts.value("prior_blinatumomab") is False


@pytest.mark.parametrize(
    ("text", "given"),
    [("Intrathecal chemotherapy", True), ("Intrathekale Chemotherapie geplant", False), ("Intrathecal chemotherapy declined", False),
     ("no intrathecal chemotherapy given", False)],
)  # fmt: skip
def test_intrathecal_therapy_in_words(text: str, given: bool) -> None:
    assert ("IT chemotherapy" in members("prior_therapies", ALL, procedure(text=text, on="2024-05-01"))) is given


def test_a_transplant_of_unsaid_kind_leaves_both_open() -> None:
    value = read(ALL, procedure("234336002", "2024-09-01")).value("prior_therapies")
    assert isinstance(value, TokenSet)
    assert (value.includes("allo-HCT"), value.includes("auto-HCT"), value.includes("DLI")) == (None, None, False)
