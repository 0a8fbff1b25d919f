"""Transplants, cell infusions, and what is planned."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.course import hct, planned
from service.facts.model import Facts, Interval, Reason
from service.record.model import Coverage
from tests.facts.fhir import ICD, concept, condition, patient, procedure, resource, status
from tests.facts.support import COMPLETE, facts_of

# The day of judgement is 2025-06-01.
ALL = condition("91857003", onsetDateTime="2020-01-15")
CPT = "http://www.ama-assn.org/go/cpt"
ALLO, AUTO = "58390007", "58776007"


def read(*resources: Any, **options: Any) -> Facts:
    return facts_of(*resources, providers=(*hct.PROVIDERS, *planned.PROVIDERS), **options)


def ordered(text: str, **more: Any) -> Any:
    return resource("ServiceRequest", **{"status": "active", "intent": "order", "code": {"text": text}, **more})


@pytest.mark.parametrize(
    ("entry", "prior", "kind"),
    [
        pytest.param(procedure(ALLO, "2022-01-01"), True, "allogeneic", id="code"),
        pytest.param(
            procedure(text="Allogeneic HSCT, matched sibling", on="2022-01-01"), True, "allogeneic", id="text"
        ),
        pytest.param(
            procedure(text="allogene Stammzelltransplantation", on="2022-01-01"), True, "allogeneic", id="German"
        ),
        pytest.param(procedure(ALLO, "2022-01-01", status="in-progress"), True, "allogeneic", id="going on"),
        pytest.param(procedure(ALLO), True, "allogeneic", id="undated"),
        pytest.param(procedure(AUTO, "2022-01-01"), False, "autologous", id="autologous"),
        pytest.param(procedure("234336002", "2022-01-01"), None, None, id="kind not said by code"),
        pytest.param(
            procedure(text="Stammzelltransplantation", on="2022-01-01"), None, None, id="kind not said by text"
        ),
        pytest.param(condition("Z94.84", ICD), None, None, id="transplant status"),
        pytest.param(condition(text="Z.n. allogener SZT 2021"), True, "allogeneic", id="state after"),
        pytest.param(condition(text="Z. n. SZT 2021"), None, None, id="state after, kind not said"),
        pytest.param(
            condition(text="GVHD of the skin after SCT"), None, None, id="a Condition that names one by the way"
        ),
        pytest.param(procedure(text="haploidentical stem cell transplant"), True, "allogeneic", id="haploidentical"),
        pytest.param(procedure(text="autologe Stammzelltransplantation"), False, "autologous", id="autologous text"),
        pytest.param(condition(text="status post allogeneic HCT"), True, "allogeneic", id="status post"),
        pytest.param(procedure(ALLO, "2022-01-01", status="not-done"), False, None, id="not done"),
        pytest.param(procedure(ALLO, "2022-01-01", status="entered-in-error"), False, None, id="entered in error"),
        pytest.param(procedure(ALLO, "2025-08-01", status="preparation"), False, None, id="in preparation"),
        pytest.param(procedure(ALLO, "2025-08-01"), False, None, id="ahead"),
        pytest.param(procedure(text="allogeneic HCT evaluation"), False, None, id="evaluation"),
        pytest.param(procedure(text="HLA typing before allogeneic SCT"), False, None, id="typing"),
        pytest.param(condition(text="candidate for allogeneic HCT"), False, None, id="candidate"),
        pytest.param(condition(text="no prior allogeneic HCT"), False, None, id="denied"),
        pytest.param(procedure("77465005", "2022-01-01"), False, None, id="transplantation of anything"),
        pytest.param({**procedure(), "code": {}, "category": concept("77465005")}, False, None, id="empty placeholder"),
        pytest.param(procedure("38242", "2022-01-01", CPT), None, None, id="donor lymphocytes"),
        pytest.param(ordered("Allogeneic HCT"), False, None, id="ordered"),
    ],
)
def test_prior_transplant(entry: Any, prior: bool | None, kind: str | None) -> None:
    facts = read(ALL, entry)
    assert (facts.value("prior_allo_hct"), facts.value("hct_type")) == (prior, kind)


@pytest.mark.parametrize("gap", ["Procedure", "Condition"])
@pytest.mark.parametrize("coverage", [Coverage.ABSENT, Coverage.FAILED, Coverage.PARTIAL])
def test_no_transplant_only_from_complete_lists(gap: str, coverage: Coverage) -> None:
    facts = read(coverage={**COMPLETE, gap: coverage})
    assert facts["prior_allo_hct"].value is None
    assert facts["prior_allo_hct"].reason is not Reason.RECORD_EMPTY


def test_no_record_of_a_transplant_says_so() -> None:
    fact = read(ALL)["prior_allo_hct"]
    assert fact.value is False
    assert fact.detail is not None
    assert "no record of" in fact.detail


@pytest.mark.parametrize(
    ("on", "months", "days"),
    [
        ("2025-03-01", 3.0, 92.0),
        ("2025-05", Interval(1 / 30, 1.0), Interval(1, 31)),
        ("2025-06-01", 0.0, 0.0),
    ],
)
def test_time_since_transplant(on: str, months: object, days: object) -> None:
    facts = read(procedure(ALLO, "2019-01-01"), procedure(ALLO, on))
    assert (facts.value("months_since_hct"), facts.value("days_since_hct")) == (months, days)


def test_time_since_an_undated_transplant() -> None:
    assert read(procedure(ALLO))["months_since_hct"].reason is Reason.UNDATED
    assert read()["days_since_hct"].reason is Reason.RECORD_EMPTY


def test_two_kinds_without_dates_leave_the_kind_open() -> None:
    assert read(procedure(ALLO), procedure(AUTO)).value("hct_type") is None
    assert read(procedure(ALLO, "2020-01-01"), procedure(AUTO, "2022-01-01")).value("hct_type") == "autologous"


def test_age_at_transplant() -> None:
    facts = read(patient("2020-01-15"), procedure(ALLO, "2021-01-14"))
    assert facts.value("age_months_at_hct") == 11.0
    assert read(patient("2020"), procedure(ALLO, "2021-01-14")).value("age_months_at_hct") == Interval(0, 12)


@pytest.mark.parametrize(
    ("entry", "days"),
    [
        pytest.param(procedure("0540T", "2025-05-02", CPT), 30.0, id="infusion"),
        pytest.param(procedure(text="CAR T-cell infusion", on="2025-05-02"), 30.0, id="text"),
        pytest.param(procedure("0537T", "2025-05-02", CPT), None, id="harvest"),
        pytest.param(procedure(text="leukapheresis for CAR-T", on="2025-05-02"), None, id="apheresis"),
        pytest.param(procedure("0540T", "2025-07-02", CPT), None, id="ahead"),
        pytest.param(procedure("0540T", None, CPT), None, id="undated"),
    ],
)
def test_days_since_car_t(entry: Any, days: float | None) -> None:
    assert read(entry).value("days_since_car_infusion") == days


@pytest.mark.parametrize(
    ("entries", "name"),
    [
        pytest.param([ordered("Allogeneic HCT")], "allo-HCT", id="ordered"),
        pytest.param([ordered("autologous SCT")], "auto-HCT", id="autologous"),
        pytest.param([ordered("bone marrow transplantation")], "HCT", id="kind not said"),
        pytest.param([procedure(ALLO, "2025-08-01")], "allo-HCT", id="ahead"),
        pytest.param([procedure(ALLO, status="preparation")], "allo-HCT", id="in preparation"),
        pytest.param([ordered("DLI")], "DLI", id="donor lymphocytes"),
        pytest.param([ordered("craniospinal irradiation")], "craniospinal-radiation", id="craniospinal"),
        pytest.param([ordered("cranial irradiation")], "cranial-radiation", id="cranial"),
        pytest.param([ordered("cranial irradiation"), ordered("allogeneic HCT")], "allo-HCT", id="transplant first"),
        pytest.param([ordered("Allogeneic HCT consult")], None, id="consult"),
        pytest.param([ordered("Allogeneic HCT", status="completed")], None, id="order done"),
        pytest.param([procedure(text="cranial irradiation", on="2025-01-01")], None, id="given"),
        pytest.param([ordered("total body irradiation")], None, id="other radiation"),
        pytest.param([procedure(ALLO, "2024-01-01")], None, id="done"),
    ],
)
def test_planned(entries: list[Any], name: str | None) -> None:
    facts = read(*entries)
    assert facts.value("planned_procedure") == name
    assert facts.value("hct_planned") is (True if name in ("allo-HCT", "auto-HCT", "HCT") else None)


TRANSPLANT = procedure(ALLO, "2022-01-15")


def relapse(on: str) -> Any:
    return condition("12301000132103", onsetDateTime=on)


@pytest.mark.parametrize(
    ("entries", "after"),
    [
        pytest.param([ALL, TRANSPLANT, relapse("2023-01-15")], True, id="relapse later"),
        pytest.param(
            [ALL, TRANSPLANT, status("CR", "2022-03-01"), status("relapse", "2023-01-15")], True, id="observed later"
        ),
        pytest.param(
            [ALL, TRANSPLANT, status("relapse", "2021-01-15"), status("CR2", "2021-06-01")], False, id="earlier"
        ),
        pytest.param([ALL, TRANSPLANT, relapse("2021-01-15")], False, id="Condition of an earlier relapse"),
        pytest.param(
            [ALL, TRANSPLANT, {**relapse("2021-01-15"), "clinicalStatus": concept("relapse")}],
            None,
            id="a relapse that lasts",
        ),
        pytest.param([ALL, TRANSPLANT, condition("C91.02", ICD)], None, id="undated relapse"),
        pytest.param([ALL, procedure(ALLO, "2022"), relapse("2022-06-15")], None, id="same year"),
        pytest.param([ALL, TRANSPLANT, status("first relapse after allogeneic HCT")], True, id="in words"),
        pytest.param([condition("91857003", text="ALL, post-transplant relapse")], True, id="Condition"),
        pytest.param([ALL, status("no relapse after allogeneic HCT")], False, id="denied, and no transplant on record"),
        pytest.param([ALL, relapse("2023-01-15")], False, id="no transplant"),
        pytest.param([ALL, TRANSPLANT], None, id="no relapse on record"),
        pytest.param([ALL, procedure(AUTO, "2022-01-15"), relapse("2023-01-15")], False, id="autologous"),
    ],
)
def test_relapse_after_transplant(entries: list[Any], after: bool | None) -> None:
    assert read(*entries).value("relapse_after_hct") is after


def test_nothing_is_read_without_a_record() -> None:
    facts = Facts(date(2025, 6, 1), read().registry)
    names = [name for provider in hct.PROVIDERS for name in provider.provides]
    assert {facts[name].reason for name in names} == {Reason.NOT_GIVEN}


VALUES = st.sampled_from(
    [None, 7, "", "x", [], {}, "2020", "2020-13", {"text": "allogeneic HCT"}, {"coding": {"code": ALLO}}, {"start": "2030"},
     {"start": "2024-01-01", "end": "x"}, "preparation", True]
)  # fmt: skip


@given(
    st.sampled_from(["Procedure", "Condition", "ServiceRequest"]),
    st.dictionaries(
        st.sampled_from(["status", "code", "performedDateTime", "performedPeriod", "onsetDateTime"]), VALUES
    ),
)
def test_nothing_raises(kind: str, entry: dict[str, Any]) -> None:
    facts = read(ALL, {"resourceType": kind, **entry}, TRANSPLANT)
    for provider in hct.PROVIDERS:
        for name in provider.provides:
            assert facts[name].known or facts[name].reason


@pytest.mark.parametrize(
    ("entries", "weeks"),
    [
        pytest.param([procedure(ALLO, "2025-06-22")], 3.0, id="procedure ahead"),
        pytest.param([procedure(ALLO, "2025-06-22"), procedure(ALLO, "2025-07-27")], 3.0, id="the next"),
        pytest.param([procedure(ALLO, "2025-07")], Interval(30 / 7, 60 / 7), id="month"),
        pytest.param([procedure(ALLO, "2024-01-01")], None, id="done"),
        pytest.param([procedure(AUTO, "2025-06-22")], None, id="autologous"),
        pytest.param([procedure(ALLO, status="preparation")], None, id="undated"),
        pytest.param([ordered("Allogeneic HCT", authoredOn="2025-05-20")], None, id="the day of the order"),
    ],
)
def test_weeks_to_a_planned_transplant(entries: list[Any], weeks: object) -> None:
    assert read(*entries).value("weeks_to_planned_hct") == weeks
