"""Drugs given, being given and ordered; TKIs; regimens and lines."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.course import phase
from service.facts.course import reader as course
from service.facts.model import Facts, Interval, Reason, TokenSet
from service.facts.therapy import reader as therapy
from service.facts.therapy import tki
from service.facts.therapy.drug_names import drugs_in, is_local, named
from service.facts.therapy.regimens import regimen_in
from service.facts.vocabulary import VOCABULARY
from service.record.model import Coverage
from tests.facts.fhir import (
    ATC,
    RXNORM,
    administration,
    concept,
    condition,
    observation,
    procedure,
    request,
    resource,
    statement,
    status,
)  # fmt: skip
from tests.facts.support import COMPLETE, facts_of

READERS = (*therapy.PROVIDERS, *tki.PROVIDERS)
# The day of judgement is 2025-06-01.
ALL = condition("91857003", onsetDateTime="2024-01-15")
RELAPSE = condition("12301000132103", onsetDateTime="2025-02-15")
PARTIAL = {**COMPLETE, "MedicationAdministration": Coverage.PARTIAL}


def read(*resources: Any, **options: Any) -> Facts:
    return facts_of(*resources, providers=(*READERS, *course.PROVIDERS, *phase.PROVIDERS), **options)


def members(name: str, *resources: Any, **options: Any) -> frozenset[str]:
    value = read(*resources, **options).value(name)
    assert isinstance(value, TokenSet)
    return value.members


@pytest.mark.parametrize(
    ("text", "drugs"),
    [
        ("Methotrexat 5000 mg/m²", {"methotrexate"}), ("MTX, ARA-C", {"methotrexate", "cytarabine"}),
        ("L01BA01 METHOTREXAT EBEWE", {"methotrexate"}), ("6-MP", {"mercaptopurine"}), ("Cyclophosphamid", {"cyclophosphamide"}),
        ("Blincyto", {"blinatumomab"}), ("InO", {"inotuzumab ozogamicin"}), ("in october", set()), ("ino", set()),
        ("methylprednisolone", {"methylprednisolone"}), ("Asparaginase", {"asparaginase"}), ("PEG-asparaginase", {"pegaspargase"}),
        ("liposomal vincristine", {"vincristine-liposomal"}), ("CAR-T cells", {"CAR-T"}), ("metformin", set()), ("", set()),
    ],
)  # fmt: skip
def test_drugs_in_words(text: str, drugs: set[str]) -> None:
    assert drugs_in(text) == drugs


@pytest.mark.parametrize(
    ("coded", "text", "drugs", "noted"),
    [
        pytest.param({"therapy.methotrexate"}, "Methotrexate 2.5 mg", {"methotrexate"}, False, id="agree"),
        pytest.param({"therapy.methotrexate"}, "Mercaptopurine 50 MG", {"mercaptopurine"}, True, id="text wins"),
        pytest.param(
            {"therapy.pegaspargase"}, "Asparaginase", {"pegaspargase"}, False, id="a class is no contradiction"
        ),
        pytest.param({"therapy.vincristine"}, "Marqibo", {"vincristine-liposomal"}, True, id="another preparation"),
        pytest.param({"therapy.dasatinib"}, "study medication", {"dasatinib"}, False, id="text names none"),
        pytest.param(set(), "Sprycel", {"dasatinib"}, False, id="text only"),
    ],
)
def test_code_and_text(coded: set[str], text: str, drugs: set[str], noted: bool) -> None:
    found = named(coded, text)
    assert found.drugs == drugs
    assert (found.note is not None) is noted


@pytest.mark.parametrize(
    ("text", "codings", "extra", "local"),
    [
        ("dexamethasone eye drops", [], {}, True), ("Hydrocortison Salbe", [], {}, True), ("dexamethasone", [(ATC, "S01BA01")], {}, True),
        ("dexamethasone", [(ATC, "H02AB02")], {}, False), ("dexamethasone", [], {"dosage": [{"route": concept("54485002")}]}, True),
        ("dexamethasone", [], {"dosageInstruction": {"route": {"text": "topical"}}}, True),
        ("methotrexate", [], {"dosage": {"route": {"text": "oral"}}}, False), ("ketoconazole shampoo", [], {}, True),
    ],
)  # fmt: skip
def test_local_preparations(text: str, codings: list[tuple[str, str]], extra: dict[str, Any], local: bool) -> None:
    assert is_local(extra, codings, text) is local


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hyper-CVAD course 1A", "HyperCVAD"), ("R-HyperCVAD", "HyperCVAD"), ("mini-hyper-CVD", "Mini-hyperCVD"),
        ("InO + mini-hyper-CVD", "InO + mini-hyperCVD"), ("venetoclax with mini-hyperCVD", "Mini-hyperCVD + venetoclax"),
        ("augmented hyper-CVAD", "augmented hyper-CVAD"), ("C10403", "CALGB 10403"), ("AALL1731 arm B", "AALL1731"),
        ("GMALL 08/2013", "GMALL"), ("AIEOP-BFM ALL 2017", "BFM-like"), ("ALL-BFM 2000", "BFM-like"), ("E1910", "ECOG 1910"),
        ("Total XVII", "Total-XVII"), ("Total therapy XVI", "Total-XVI"), ("no hyper-CVAD", None), ("chemotherapy", None),
    ],
)  # fmt: skip
def test_regimens_in_words(text: str, name: str | None) -> None:
    found = regimen_in(text)
    assert (found[0] if found else None) == name
    if name is not None:
        assert VOCABULARY.lookup("induction_regimen").canonical(name) == name


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


@pytest.mark.parametrize(
    ("entry", "current", "concurrent"),
    [
        pytest.param(statement("dasatinib", "2025-01-01", state="active"), True, True, id="active"),
        pytest.param(statement("dasatinib", "2025-01-01", "2025-03-01", state="active"), False, False, id="ended"),
        pytest.param(statement("dasatinib", "2025-01-01", "2025-03-01"), False, False, id="completed"),
        pytest.param(statement("dasatinib", "2025-01-01", state="on-hold"), False, False, id="on hold"),
        pytest.param(request("dasatinib", "2025-05-01"), None, True, id="ordered counts for interactions"),
        pytest.param(request("dasatinib", "2025-05-01", intent="proposal"), False, False, id="proposed"),
        pytest.param(request("dasatinib", "2025-05-01", dispenseRequest={"validityPeriod": {"end": "2025-05-15"}}), False, False,
                     id="order ran out"),
        pytest.param(administration("dasatinib", "2025-05-31"), True, True, id="yesterday"),
        pytest.param(administration("dasatinib", "2025-05-10"), True, False, id="three weeks ago: in the cycle"),
        pytest.param(administration("dasatinib", "2025-04-01"), False, False, id="two months ago"),
        pytest.param(administration("dasatinib", "2025-05-31", status="in-progress"), True, True, id="running"),
    ],
)  # fmt: skip
def test_what_is_being_given(entry: Any, current: bool | None, concurrent: bool) -> None:
    facts = read(ALL, entry)
    now, beside = facts.value("current_therapies"), facts.value("concurrent_drugs")
    assert isinstance(now, TokenSet)
    assert isinstance(beside, TokenSet)
    assert (now.includes("dasatinib"), beside.includes("dasatinib")) == (current, concurrent)


def test_asparaginases_act_for_weeks() -> None:
    facts = read(ALL, administration("pegaspargase", "2025-05-10"))
    assert "asparaginase" in members("concurrent_drugs", administration("pegaspargase", "2025-05-10"))
    assert facts.value("asparaginase_formulation") == "pegaspargase"
    assert read(ALL, administration("Erwinase", "2025-05-10")).value("asparaginase_formulation") is None


def test_interactions_use_systemic_drugs_only() -> None:
    assert read(statement("itraconazole", "2025-05-01", state="active")).value("strong_cyp3a4_inhibitor") is True
    assert read(statement("ketoconazole cream", "2025-05-01", state="active")).value("strong_cyp3a4_inhibitor") is False
    assert read(statement("prednisolone eye drops", state="active")).value("on_steroids") is False


def test_where_code_and_text_disagree_the_provenance_says_so() -> None:
    mixed = statement(state="active", medicationCodeableConcept=concept("6851", RXNORM, "Mercaptopurine 50 MG"))
    fact = read(ALL, mixed)["concurrent_drugs"]
    assert fact.provenance[0].note is not None
    assert "methotrexate" in fact.provenance[0].note
    assert "mercaptopurine" in members("concurrent_drugs", ALL, mixed)


@pytest.mark.parametrize(
    ("resources", "weeks"),
    [
        pytest.param(
            [administration("inotuzumab", "2025-04-06"), administration("inotuzumab", "2025-05-04")], 4.0, id="last"
        ),
        pytest.param([statement("inotuzumab", "2025-03-01", "2025-05-25")], 1.0, id="end of a period"),
        pytest.param([statement("inotuzumab", "2025-05-04", state="active")], Interval(0, 4), id="still running"),
        pytest.param([statement("inotuzumab", "2025-04", "2025-05")], Interval(1 / 7, 31 / 7), id="partial dates"),
        pytest.param([administration("inotuzumab", None)], None, id="undated"),
        pytest.param([request("inotuzumab", "2025-05-30")], None, id="ordered"),
    ],
)
def test_weeks_since_inotuzumab(resources: list[Any], weeks: object) -> None:
    assert read(ALL, *resources).value("weeks_since_last_inotuzumab") == weeks


STOPPED = {"statusReason": [{"text": "molecular progression"}]}


@pytest.mark.parametrize(
    ("resources", "failures"),
    [
        pytest.param([], 0.0, id="none taken"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped", **STOPPED)], 1.0, id="progression"),
        pytest.param([request("dasatinib", "2024-02-01", status="stopped", statusReason={"text": "T315I"})], 1.0,
                     id="an order stopped for resistance was taken"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped",
                                statusReason=[{"text": "pleural effusion, intolerance"}])], 0.0, id="intolerance"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped",
                                note=[{"text": "stopped: resistance"}])], 1.0, id="note"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", note=[{"text": "started for relapse"}])], None,
                     id="a note about the start"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01")], None, id="ended without reason"),
        pytest.param([RELAPSE, statement("dasatinib", "2024-02-01", "2025-03-01")], 1.0, id="relapse while on it"),
        pytest.param([RELAPSE, statement("dasatinib", "2024-02-01", state="active")], 1.0, id="relapse, continued"),
        pytest.param([RELAPSE, statement("ponatinib", "2025-03-01", state="active")], 0.0, id="begun after relapse"),
        pytest.param([statement("imatinib", "2024-01-20", "2024-05-01", state="stopped", **STOPPED),
                      statement("dasatinib", "2024-05-02", "2024-08-01")], Interval(1, 2), id="one failed, one open"),
    ],
)  # fmt: skip
def test_tki_failures(resources: list[Any], failures: object) -> None:
    assert read(ALL, *resources).value("prior_tki_failures") == failures


def test_tki_failures_on_partial_lists() -> None:
    failed = statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped", **STOPPED)
    assert read(ALL, failed, coverage=PARTIAL).value("prior_tki_failures") == Interval(low=1)
    assert read(ALL, coverage=PARTIAL)["prior_tki_failures"].reason is Reason.INCOMPLETE
    taken = read(ALL, statement("dasatinib", state="active"), coverage=PARTIAL)
    assert taken["prior_tki_failures"].reason is Reason.NOT_DECIDED
    listed = taken.value("prior_tkis")
    assert isinstance(listed, TokenSet)
    assert (listed.includes("dasatinib"), listed.includes("ponatinib")) == (True, None)


def test_prior_tkis() -> None:
    listed = read(ALL, statement("dasatinib"), request("ponatinib", "2025-05-30")).value("prior_tkis")
    assert isinstance(listed, TokenSet)
    found = [listed.includes(name) for name in ("dasatinib", "ponatinib", "imatinib")]
    assert found == [True, None, False]
    assert read(ALL, coverage={})["prior_tkis"].reason is Reason.NOT_PROVIDED


FIRST = administration("vincristine", "2024-01-20")


@pytest.mark.parametrize(
    ("resources", "tki"),
    [
        pytest.param([FIRST, statement("dasatinib", "2024-02-01", state="active")], "dasatinib", id="first weeks"),
        pytest.param([FIRST, statement("ponatinib", "2025-02-01", state="active")], "none", id="later"),
        pytest.param([FIRST], "none", id="no TKI"),
        pytest.param([FIRST, request("dasatinib", "2024-02-01")], None, id="only ordered"),
        pytest.param([FIRST, statement("dasatinib", state="active")], None, id="undated"),
        pytest.param([FIRST, statement("imatinib", "2024-01-20", "2024-02-10"), statement("dasatinib", "2024-02-11")], None,
                     id="switched"),
        pytest.param([], None, id="no drugs of that time"),
    ],
)  # fmt: skip
def test_induction_tki(resources: list[Any], tki: str | None) -> None:
    fact = read(ALL, *resources)["induction_tki"]
    assert fact.value == tki
    assert tki is None or all(p.inferred for p in fact.provenance)


def test_induction_tki_without_date_of_diagnosis() -> None:
    undated = condition("91857003")
    drugs = [FIRST, statement("dasatinib", "2024-02-01")]
    assert read(undated, *drugs).value("induction_tki") == "dasatinib"
    assert read(undated, *drugs, coverage=PARTIAL).value("induction_tki") is None
    assert read(undated)["induction_tki"].reason is Reason.RECORD_EMPTY


LINES = "Number of prior lines of therapy"


@pytest.mark.parametrize(
    ("resources", "lines"),
    [
        pytest.param([ALL, observation(None, "2025-05-01", text=LINES, valueInteger=3)], 3.0, id="counted"),
        pytest.param([ALL, observation(None, None, text=LINES, valueInteger=3)], None, id="undated"),
        pytest.param([ALL, observation(None, "2025-05-01", text=LINES, valueString=">2")], None, id="not a count"),
        pytest.param([ALL, status("second relapse")], Interval(low=2), id="each relapse came after a line"),
        pytest.param([condition("91857003", onsetDateTime="2025-05-20")], 0.0, id="new, nothing given"),
        pytest.param([condition("91857003", onsetDateTime="2025-05-01"), administration("vincristine", "2025-05-20")], None,
                     id="new, in treatment"),
    ],
)  # fmt: skip
def test_prior_lines(resources: list[Any], lines: object) -> None:
    assert read(*resources).value("prior_lines_count") == lines


def plan(title: str, start: str | None = None) -> Any:
    return resource("CarePlan", status="completed", title=title, period={"start": start} if start else None)


@pytest.mark.parametrize(
    ("resources", "regimen", "reason"),
    [
        pytest.param([plan("GMALL induction")], "GMALL", None, id="by the word"),
        pytest.param([plan("CALGB 10403", "2024-02-01"), plan("Hyper-CVAD", "2025-03-01")], "CALGB 10403", None, id="by date"),
        pytest.param([plan("Hyper-CVAD")], "HyperCVAD", None, id="the only one"),
        pytest.param([RELAPSE, plan("Hyper-CVAD", "2025-03-01")], None, Reason.NOT_DECIDED, id="after relapse"),
        pytest.param([plan("GMALL"), plan("POMP")], None, Reason.NOT_DECIDED, id="two"),
        pytest.param([], None, Reason.RECORD_EMPTY, id="none"),
        pytest.param([procedure("367336001", "2024-01-20", text="Chemotherapy, hyper-CVAD course A")], "HyperCVAD", None,
                     id="procedure"),
    ],
)  # fmt: skip
def test_induction_regimen(resources: list[Any], regimen: str | None, reason: Reason | None) -> None:
    fact = read(ALL, *resources)["induction_regimen"]
    assert (fact.value, fact.reason) == (regimen, reason)


def test_nothing_is_read_without_a_record() -> None:
    facts = Facts(date(2025, 6, 1), read().registry)
    names = [name for provider in READERS for name in provider.provides]
    assert {facts[name].reason for name in names} == {Reason.NOT_GIVEN}


VALUES = st.sampled_from(
    [None, 7, "", "x", [], {}, "2020", {"text": "dasatinib"}, {"coding": [{"code": "L01EA02", "system": ATC}]}, "active",
     [{"route": {"text": "oral"}}], {"route": "IT"}, {"start": 3}, {"start": "2024-01-01", "end": "2020-01-01"}, [None], True]
)  # fmt: skip


@given(
    st.sampled_from(["MedicationStatement", "MedicationRequest", "MedicationAdministration"]),
    st.dictionaries(
        st.sampled_from(
            ["status", "medicationCodeableConcept", "medicationReference", "effectivePeriod", "effectiveDateTime", "dosage",
             "dosageInstruction", "statusReason", "note", "intent", "dispenseRequest", "reportedReference"]
        ),
        VALUES,
    ),
)  # fmt: skip
def test_nothing_raises(kind: str, entry: dict[str, Any]) -> None:
    facts = read(ALL, {"resourceType": kind, **entry}, RELAPSE)
    for provider in READERS:
        for name in provider.provides:
            assert facts[name].known or facts[name].reason
