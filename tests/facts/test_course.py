"""State of the disease, numbers of relapses and remissions, site of relapse, clocks, and phase of treatment."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.course import clocks, phase
from service.facts.course import reader as course
from service.facts.course.text import (
    phase_in,
    relapse_number_in,
    relapse_site_in,
    remission_number_in,
    state_in,
)
from service.facts.model import Facts, Interval, Reason, known, provides
from service.facts.model import Provenance as Seen
from service.record.model import Coverage
from tests.facts.fhir import (
    GM,
    ICD,
    administration,
    concept,
    condition,
    observation,
    procedure,
    resource,
    statement,
    status,
)  # fmt: skip
from tests.facts.support import COMPLETE, facts_of

READERS = (*course.PROVIDERS, *clocks.PROVIDERS, *phase.PROVIDERS)
# The day of judgement is 2025-06-01.
ALL = condition("91857003", id="all", onsetDateTime="2020-01-15")
RELAPSE = condition("12301000132103", onsetDateTime="2023-02-15")


def read(*resources: Any, response: tuple[str, str] | None = None, **options: Any) -> Facts:
    """Facts of the course; ``response``: a response and its date, as another reader would find it."""

    @provides("response")
    def responded(facts: Facts) -> Any:
        if response is not None:
            yield known("response", response[0], Seen("Observation/marrow", response[1]))

    return facts_of(*resources, providers=(*READERS, responded), **options)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ALL in first complete remission", "in-remission"), ("B-ALL, in CR2 after relapse", "in-remission"),
        ("pre-B ŪLL, SRG, CNS1, REMISIJA", "in-remission"), ("zweite Remission nach Rezidiv", "in-remission"),
        ("ALL not having achieved remission", None), ("ohne Angabe einer kompletten Remission", None),
        ("partial remission", None), ("Teilremission", None), ("remission induction", None), ("Remissionsinduktion", None),
        ("first relapse", "relapsed"), ("relapsed after CR1", "relapsed"), ("1. Rezidiv", "relapsed"),
        ("relapsed/refractory B-ALL", "relapsed"), ("no evidence of relapse", None), ("relapse-free", None),
        ("rezidivfrei", None), ("high risk of relapse", None), ("history of relapse", None), ("possible relapse", None),
        ("post-HCT relapse", "relapsed"), ("second CR, relapse 2022", "in-remission"), ("relapse, in remission", None),
        ("primary refractory", "refractory"), ("refraktär auf Induktion", "refractory"), ("relapse, refractory", "relapsed"),
        ("newly diagnosed", "new-diagnosis"), ("Erstdiagnose", "new-diagnosis"), ("de novo ALL in CR1", "in-remission"),
        ("improved", None), ("stable", None), ("", None),
    ],
)  # fmt: skip
def test_state_in_words(text: str, expected: str | None) -> None:
    assert state_in(text) == expected


@pytest.mark.parametrize(
    ("text", "relapse", "remission"),
    [
        ("first relapse", 1, None), ("2nd marrow relapse", 2, None), ("Zweitrezidiv", 2, None), ("1. Rezidiv", 1, None),
        ("relapse #3", 3, None), ("CR2", None, 2), ("CR-2", None, 2), ("second complete remission", None, 2),
        ("in zweiter Remission", None, 2), ("first relapse, now second remission", 1, 2), ("relapse", None, None),
        ("first diagnosed 2019, relapse 2021", None, None), ("first remission, relapse", None, 1), ("no second relapse", None, None),
    ],
)  # fmt: skip
def test_numbers_in_words(text: str, relapse: int | None, remission: int | None) -> None:
    assert (relapse_number_in(text), remission_number_in(text)) == (relapse, remission)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("isolated CNS relapse", "isolated-CNS"), ("isoliertes ZNS-Rezidiv", "isolated-CNS"),
        ("isolated testicular relapse", "isolated-testicular"), ("isolated bone marrow relapse", "isolated-marrow"),
        ("isolated extramedullary relapse", "isolated-extramedullary"), ("combined relapse", "combined"),
        ("relapse in marrow and CNS", "combined"), ("kombiniertes Rezidiv (KM, ZNS)", "combined"),
        ("CNS relapse", None), ("marrow relapse", None), ("isolated marrow relapse, CNS negative", "isolated-marrow"),
        ("isolated mediastinal and testicular relapse", "isolated-extramedullary"), ("relapse", None),
    ],
)  # fmt: skip
def test_site_in_words(text: str, expected: str | None) -> None:
    assert relapse_site_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Induction", "induction"), ("Induktion I", "induction"), ("end of induction", "end-of-induction"),
        ("Post-induction", "end-of-induction"), ("Reinduction block", "reinduction"), ("end of reinduction", "end-of-reinduction"),
        ("Konsolidierung", "consolidation"), ("end of consolidation", "end-of-consolidation"),
        ("Delayed intensification", "intensification"), ("Interim maintenance", None), ("Maintenance cycle 3", "maintenance"),
        ("Erhaltungstherapie", "maintenance"), ("Nachsorge", "surveillance"), ("Post-transplant care", "post-hct"),
        ("Induction and consolidation", None), ("remission", None),
    ],
)  # fmt: skip
def test_phase_in_words(text: str, expected: str | None) -> None:
    assert phase_in(text) == expected


FOCUS_ELSEWHERE = [{"reference": "Condition/diabetes"}]


@pytest.mark.parametrize(
    ("resources", "state"),
    [
        pytest.param([condition("91857003", status="remission")], "in-remission", id="clinical status"),
        pytest.param([condition("91857003", status="recurrence")], "relapsed", id="recurrence"),
        pytest.param([condition("C91.01", ICD)], "in-remission", id="ICD remission"),
        pytest.param([condition("C91.02", ICD)], "relapsed", id="ICD relapse"),
        pytest.param([condition("C91.01", GM)], "in-remission", id="German remission"),
        pytest.param([condition("C91.00", GM, onsetDateTime="2025-05-20")], "new-diagnosis", id="German, fresh"),
        pytest.param([condition("C91.00", GM, onsetDateTime="2022-05-20")], None, id="German, old: nothing said"),
        pytest.param([condition("C91.00", ICD, onsetDateTime="2022-05-20")], None, id="not in remission: nothing said"),
        pytest.param([condition("C91.0", ICD), condition("C95.8!", GM)], "refractory", id="German refractory"),
        pytest.param([condition("12311000132101")], "refractory", id="SNOMED refractory"),
        pytest.param([condition("C91.02", ICD, status="remission")], "in-remission", id="status over code"),
        pytest.param([condition("91857003", text="B-ALL, first relapse")], "relapsed", id="text"),
        pytest.param([condition("91857003", stage=[{"summary": {"text": "second remission"}}])], "in-remission", id="stage"),
        pytest.param([condition("91857003", text="newly diagnosed ALL", onsetDateTime="2019-01-01")], None, id="old news"),
        pytest.param([condition("91857003", text="newly diagnosed", onsetDateTime="2025-05-01")], "new-diagnosis", id="news"),
        pytest.param([ALL, status("Complete remission")], "in-remission", id="observation"),
        pytest.param([ALL, status("relapse", "2024-01-01"), status("CR2", "2025-01-01")], "in-remission", id="newest"),
        pytest.param([ALL, status("CR1", "2023-01-01"), status("relapse", "2025-05-01")], "relapsed", id="newest relapse"),
        pytest.param([ALL, status("relapse", None)], None, id="undated"),
        pytest.param([ALL, status("stable")], None, id="says nothing"),
        pytest.param([ALL, status("relapse", focus=FOCUS_ELSEWHERE)], None, id="about something else"),
        pytest.param([ALL, status("relapse", focus=[{"reference": "Condition/all"}])], "relapsed", id="about this"),
        pytest.param(
            [ALL, observation("396432002", system="http://snomed.info/sct",
                              valueCodeableConcept=concept("Y", "https://example.org/gesamtbeurteilung"))],
            "relapsed", id="German oncology data set",
        ),
        pytest.param(
            [condition("91857003", status="remission"), status("relapse", "2024-01-01")], "in-remission", id="old relapse"
        ),
        pytest.param([condition("91857003", status="remission"), status("CR", "2025-05-01")], "in-remission", id="agree"),
        pytest.param([ALL, RELAPSE, status("CR2", "2023-09-01")], "in-remission", id="remission after the dated relapse"),
        pytest.param([ALL, RELAPSE, status("CR1", "2020-09-01")], "relapsed", id="remission before the dated relapse"),
        pytest.param([condition("C91.02", ICD, recordedDate="2023-01-01"), condition("C91.01", ICD, recordedDate="2024-01-01")],
                     "in-remission", id="the newer of two items"),
        pytest.param([condition("C91.02", ICD, recordedDate="2025-04-01", category=[concept("encounter-diagnosis")]),
                      condition("C91.01", ICD, recordedDate="2025-04-01", category=[concept("encounter-diagnosis")])], None,
                     id="two encounter diagnoses of a day"),
        pytest.param([ALL, condition("C91.02", ICD, recordedDate="2022-04-01", category=[concept("encounter-diagnosis")]),
                      condition("C91.01", ICD, recordedDate="2022-09-01", category=[concept("encounter-diagnosis")])],
                     "in-remission", id="encounter diagnoses are of their day"),
        pytest.param([condition("12301000132103"), condition("12311000132101")], "refractory", id="refractory relapse"),
        pytest.param([condition("91861009", status="remission")], None, id="another disease"),
        pytest.param([condition("91857003", status="resolved")], None, id="over"),
    ],
)  # fmt: skip
def test_explicit_state(resources: list[Any], state: str | None) -> None:
    assert read(*resources).value("disease_state") == state


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param([condition("91857003", status="remission"), status("relapse", "2025-05-01")], id="recent relapse"),
        pytest.param([condition("C91.01", ICD), condition("C91.02", ICD)], id="two codes without dates"),
        pytest.param([ALL, status("relapse", "2025-05-01"), status("CR", "2025-05-01")], id="same day"),
    ],
)
def test_contradictions(resources: list[Any]) -> None:
    fact = read(*resources)["disease_state"]
    assert fact.reason is Reason.CONFLICTING
    assert len(fact.provenance) == 2


FRESH = condition("91857003", onsetDateTime="2025-05-01")
REMISSION = condition("91857003", status="remission", onsetDateTime="2020-01-15")


@pytest.mark.parametrize(
    ("resources", "response", "state", "reason"),
    [
        pytest.param([ALL], ("CR", "2025-05-20"), "in-remission", None, id="computed"),
        pytest.param([ALL], ("less-than-CR", "2025-05-20"), None, Reason.RECORD_EMPTY, id="leukemia decides nothing"),
        pytest.param([ALL, status("CR", "2025-05-01")], ("less-than-CR", "2025-05-08"), None, Reason.CONFLICTING,
                     id="blasts a week after remission"),
        pytest.param([ALL, status("CR", "2025-05-08")], ("less-than-CR", "2025-05-08"), "in-remission", None,
                     id="the statement wins on the same day"),
        pytest.param([ALL, status("CR", "2025-05-08")], ("less-than-CR", "2025-05-01"), "in-remission", None, id="older blasts"),
        pytest.param([ALL, status("relapse", "2025-03-01")], ("CR", "2025-05-01"), "in-remission", None, id="relapse treated"),
        pytest.param([ALL, status("relapse", "2025-05-01")], ("CR", "2025-03-01"), "relapsed", None, id="relapse after CR"),
        pytest.param([ALL, status("relapse", "2025-05-01")], ("less-than-CR", "2025-05-20"), "relapsed", None, id="agree"),
        pytest.param([REMISSION], ("CR", "2025-05-20"), "in-remission", None, id="remission agrees"),
        pytest.param([REMISSION], ("less-than-CR", "2025-05-20"), None, Reason.CONFLICTING, id="problem list lags"),
        pytest.param([condition("C91.01", ICD, onsetDateTime="2025-04-01")], ("less-than-CR", "2025-04-02"), "in-remission",
                     None, id="the diagnostic marrow is no contradiction"),
        pytest.param([condition("C91.02", ICD)], ("CR", "2025-05-20"), None, Reason.CONFLICTING, id="undated relapse"),
        pytest.param([ALL, RELAPSE], ("CR", "2025-05-20"), "in-remission", None, id="dated relapse, later response"),
        pytest.param([ALL, RELAPSE], ("CR", "2021-05-20"), "relapsed", None, id="dated relapse, response before it"),
        pytest.param([ALL, {**RELAPSE, "clinicalStatus": concept("relapse")}], ("CR", "2021-05-20"), "relapsed", None,
                     id="lasting relapse, response before it"),
        pytest.param([condition("91857003", text="newly diagnosed", onsetDateTime="2025-04-20")], ("CR", "2025-05-20"),
                     "in-remission", None, id="induction worked"),
        pytest.param([FRESH], None, "new-diagnosis", None, id="fresh diagnosis"),
        pytest.param([condition("91857003", recordedDate="2025-05-01")], None, None, Reason.RECORD_EMPTY, id="only recorded"),
        pytest.param([FRESH, resource("CarePlan", status="active", title="End of induction")], ("less-than-CR", "2025-05-30"),
                     "refractory", None, id="induction failed"),
    ],
)  # fmt: skip
def test_state_and_response(resources: list[Any], response: Any, state: str | None, reason: Reason | None) -> None:
    fact = read(*resources, response=response)["disease_state"]
    assert (fact.value, fact.reason) == (state, reason)


def test_a_concluded_state_is_marked() -> None:
    assert read(FRESH)["disease_state"].provenance[0].inferred
    assert read(ALL, response=("CR", "2025-05-20"))["disease_state"].provenance[0].inferred
    assert read(condition("91857003", text="relapse of ALL"))["disease_state"].provenance[0].from_text


def test_nothing_said_has_the_reason_of_the_coverage() -> None:
    assert read(coverage={"Condition": Coverage.FAILED})["disease_state"].reason is Reason.NOT_PROVIDED


@pytest.mark.parametrize(
    ("resources", "number"),
    [
        pytest.param([condition("91857003", text="ALL, second relapse")], 2.0, id="numbered"),
        pytest.param([ALL, RELAPSE], Interval(low=1), id="one dated: at least one"),
        pytest.param([ALL, RELAPSE, condition("12301000132103", onsetDateTime="2024-06-01")], Interval(low=2), id="two dated"),
        pytest.param([ALL, RELAPSE, condition("12301000132103", onsetDateTime="2023-03-01")], Interval(low=1), id="same one"),
        pytest.param([ALL, status("first relapse", "2022-01-01"), status("CR", "2022-06-01"), status("relapse", "2024-01-01")],
                     Interval(low=2), id="a relapse after the numbered one"),
        pytest.param([ALL, status("CR2", "2024-01-01")], Interval(low=1), id="second remission: a relapse before"),
        pytest.param([condition("91857003", text="multiply relapsed ALL")], Interval(low=2), id="not counted"),
        pytest.param([condition("91857003", text="multiple relapses")], Interval(low=2), id="several"),
        pytest.param([ALL], None, id="nothing"),
        pytest.param([FRESH], 0.0, id="none in a new diagnosis"),
    ],
)  # fmt: skip
def test_relapse_number(resources: list[Any], number: object) -> None:
    assert read(*resources).value("relapse_number") == number


@pytest.mark.parametrize(
    ("resources", "number"),
    [
        pytest.param([ALL, status("CR2", "2025-05-01")], 2.0, id="numbered"),
        pytest.param([condition("91857003", text="B-ALL in first remission")], 1.0, id="Condition"),
        pytest.param([ALL, status("CR1", "2022-01-01"), status("relapse", "2025-05-01")], None, id="over"),
        pytest.param([ALL, status("complete remission", "2025-05-01")], None, id="not numbered"),
    ],
)
def test_remission_number(resources: list[Any], number: object) -> None:
    assert read(*resources).value("remission_number") == number


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param([condition("12311000132101")], True, id="code"),
        pytest.param([ALL, status("refractory", "2021-01-01"), status("CR", "2025-05-01")], True, id="at any time"),
        pytest.param([condition("91857003", text="relapsed/refractory ALL")], None, id="either"),
        pytest.param([ALL], None, id="nothing"),
    ],
)
def test_refractory(resources: list[Any], expected: bool | None) -> None:
    assert read(*resources).value("refractory") is expected


@pytest.mark.parametrize(
    ("resources", "site", "marrow", "cns"),
    [
        pytest.param([ALL, status("isolated CNS relapse")], "isolated-CNS", False, True, id="isolated CNS"),
        pytest.param([ALL, status("combined relapse, marrow and CNS")], "combined", True, True, id="combined"),
        pytest.param([ALL, status("bone marrow relapse")], None, True, None, id="marrow, perhaps more"),
        pytest.param([ALL, status("isolated bone marrow relapse")], "isolated-marrow", True, False, id="isolated marrow"),
        pytest.param([ALL, status("isolated CNS relapse", "2022-01-01"), status("CR2", "2022-06-01"),
                      status("isolated testicular relapse", "2025-01-01")], "isolated-testicular", False, False, id="last"),
        pytest.param([ALL, status("relapse")], None, None, None, id="no site"),
        pytest.param([ALL, status("marrow in remission, CNS clear")], None, None, None, id="no relapse"),
    ],
)  # fmt: skip
def test_relapse_site(resources: list[Any], site: str | None, marrow: bool | None, cns: bool | None) -> None:
    facts = read(*resources)
    found = tuple(facts.value(name) for name in ("relapse_site", "marrow_relapse", "cns_involvement_at_relapse"))
    assert found == (site, marrow, cns)


def clock(name: str, *resources: Any, **options: Any) -> Any:
    return read(*resources, **options).value(name)


@pytest.mark.parametrize(
    ("onset", "relapse", "expected"),
    [
        ("2020-02-15", "2023-02-15", 36.0),
        ("2020-02", "2023-02-15", Interval(35 + 17 / 30, 36 + 14 / 28)),
        ("2020-02-15", "2023-02-16", 36 + 1 / 28),
    ],
)
def test_months_from_diagnosis_to_relapse(onset: str, relapse: str, expected: object) -> None:
    found = clock(
        "months_diagnosis_to_relapse",
        condition("91857003", onsetDateTime=onset),
        condition("12301000132103", onsetDateTime=relapse),
    )
    if isinstance(expected, Interval):
        assert isinstance(found, Interval)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
        assert found.at_least(36) is None
    else:
        assert found == pytest.approx(expected)


def test_a_recorded_day_bounds_the_clock_from_below() -> None:
    recorded = condition("91857003", recordedDate="2020-02-15")
    assert clock("months_diagnosis_to_relapse", recorded, RELAPSE) == Interval(low=36.0)
    assert clock("months_diagnosis", recorded) == Interval(low=63 + 17 / 31)


def test_months_since_diagnosis() -> None:
    assert clock("months_diagnosis", condition("91857003", onsetDateTime="2025-03-01")) == 3.0
    assert read()["months_diagnosis"].reason is Reason.UNDATED
    assert read(condition("91857003", onsetDateTime="2026-03-01"))["months_diagnosis"].reason is Reason.UNDATED


def test_first_remission_to_relapse() -> None:
    seen = [ALL, status("CR1", "2020-03-01"), status("still in remission", "2021-03-01"), RELAPSE]
    assert clock("months_cr1_duration", *seen) == pytest.approx(35.5)
    assert read(ALL, RELAPSE)["months_cr1_duration"].reason is Reason.UNDATED


def test_the_first_relapse_may_not_be_among_the_dated_ones() -> None:
    facts = read(ALL, RELAPSE, status("second relapse", "2023-03-01"))
    assert facts["months_diagnosis_to_relapse"].reason is Reason.UNDATED


def test_a_relapse_without_date_of_diagnosis() -> None:
    recoded = condition("C91.02", ICD, onsetDateTime="2020-01-01")
    facts = read(recoded)
    assert facts.value("disease_state") == "relapsed"
    assert facts["months_diagnosis_to_relapse"].reason is Reason.UNDATED
    undated = read(condition("91857003"), status("CR", "2020-01-01"), status("relapse", "2023-01-01"))
    assert undated["months_diagnosis_to_relapse"].reason is Reason.UNDATED
    assert undated.value("months_cr1_duration") == 36.0


FRONTLINE = (
    statement("vincristine", "2020-01-20", "2020-06-01"), statement("mercaptopurine", "2020-07-01", "2022-02-15"),
    statement("prednisone", "2020-01-16", "2020-02-20"),
)  # fmt: skip


def test_clocks_of_the_drugs() -> None:
    facts = read(ALL, RELAPSE, *FRONTLINE, statement("blinatumomab", "2023-03-01", "2023-04-01"))
    assert facts.value("months_from_end_of_frontline_to_relapse") == 12.0
    assert facts.value("months_induction_to_relapse") == pytest.approx(36 + 26 / 31)
    facts = read(ALL, RELAPSE, *FRONTLINE, coverage={**COMPLETE, "MedicationStatement": Coverage.PARTIAL})
    assert facts["months_induction_to_relapse"].reason is Reason.INCOMPLETE


def test_a_drug_without_end_leaves_the_end_of_frontline_open() -> None:
    facts = read(ALL, RELAPSE, *FRONTLINE, statement("methotrexate", "2020-07-01", state="stopped"))
    assert facts["months_from_end_of_frontline_to_relapse"].reason is Reason.UNDATED
    assert facts["months_induction_to_relapse"].known


def test_months_since_chemotherapy() -> None:
    name = "months_since_chemo_completed"
    assert clock(name, ALL, *FRONTLINE) == pytest.approx(39 + 17 / 31)
    assert clock(name, ALL, *FRONTLINE, statement("methotrexate", "2025-01-01", state="active")) is None
    assert clock(name, ALL) is None
    assert clock(name, ALL, *FRONTLINE, coverage={**COMPLETE, "MedicationRequest": Coverage.FAILED}) is None


MAINTENANCE = (
    statement("mercaptopurine", "2024-06-01", state="active"), statement("methotrexate", "2024-06-01", state="active"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("resources", "phase"),
    [
        pytest.param([resource("CarePlan", status="active", title="Maintenance")], "maintenance", id="plan"),
        pytest.param([resource("EpisodeOfCare", status="active", type=[{"text": "Konsolidierung"}])], "consolidation",
                     id="episode"),
        pytest.param([resource("CarePlan", status="completed", title="Induction")], None, id="over"),
        pytest.param([resource("CarePlan", status="active", title="Induction", period={"end": "2025-01-01"})], None, id="ended"),
        pytest.param([resource("CarePlan", status="active", title="Induction", period={"start": "2025-07-01"})], None, id="ahead"),
        pytest.param([FRESH], "pre-treatment", id="no drug yet"),
        pytest.param([FRESH, administration("prednisone", "2025-05-20")], "pre-treatment", id="prephase"),
        pytest.param([FRESH, administration("vincristine", "2025-05-20")], "induction", id="first drugs"),
        pytest.param([FRESH, administration("vincristine", None)], None, id="undated drug"),
        pytest.param([ALL], None, id="old diagnosis without drugs"),
        pytest.param([condition("91857003", onsetDateTime="2024-01-01"), statement("vincristine", "2024-01-05", "2024-03-01"),
                      *MAINTENANCE], "maintenance", id="two gentle drugs"),
        pytest.param([condition("91857003", onsetDateTime="2024-01-01"), statement("vincristine", "2024-01-05", "2024-03-01"),
                      *MAINTENANCE, administration("cytarabine", "2025-05-01")], None, id="with an intensive one"),
        pytest.param([condition("91857003", onsetDateTime="2025-03-01"), *MAINTENANCE[:1]], None, id="one gentle drug"),
        pytest.param([condition("91857003", onsetDateTime="2020-01-01"), procedure("58390007", "2021-01-01")], "post-hct",
                     id="after transplant"),
        pytest.param([ALL, procedure("58390007", "2021-01-01"), RELAPSE], None, id="relapse after transplant"),
        pytest.param([ALL, procedure("58390007", "2021-01-01"), status("CR", "2022-01-01"), status("relapse", "2023-01-01")],
                     None, id="dated relapse after transplant"),
        pytest.param([], None, id="nothing"),
    ],
)  # fmt: skip
def test_treatment_phase(resources: list[Any], phase: str | None) -> None:
    assert read(*resources).value("treatment_phase") == phase


def test_phase_from_drugs_is_marked_and_needs_complete_lists() -> None:
    assert all(p.inferred for p in read(FRESH)["treatment_phase"].provenance)
    assert read(FRESH, coverage={"Condition": Coverage.COMPLETE}).value("treatment_phase") is None
    relapsed = read(FRESH, status("relapse", "2025-05-20"))
    assert relapsed.value("treatment_phase") is None


def test_two_plans_contradict_each_other() -> None:
    plans = [resource("CarePlan", status="active", title=title) for title in ("Maintenance", "Induction")]
    assert read(*plans)["treatment_phase"].reason is Reason.CONFLICTING


def test_nothing_is_read_without_a_record() -> None:
    facts = Facts(date(2025, 6, 1), read().registry)
    names = [name for provider in READERS for name in provider.provides]
    assert {facts[name].reason for name in names} == {Reason.NOT_GIVEN}


VALUES = st.sampled_from(
    [None, 7, "", "x", [], {}, "2020", "2024-13-01", "second relapse", "CR2", ["remission"], {"text": "relapse"},
     {"coding": [{"code": "remission"}]}, {"coding": {"code": "C91.02", "system": ICD}}, [{"summary": {"text": "CR1"}}],
     {"reference": "Condition/x"}, True]
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(["code", "clinicalStatus", "onsetDateTime", "stage", "recordedDate"]), VALUES),
    st.dictionaries(
        st.sampled_from(["effectiveDateTime", "valueCodeableConcept", "valueString", "focus", "interpretation"]), VALUES
    ),
)
def test_nothing_raises(of_condition: dict[str, Any], of_status: dict[str, Any]) -> None:
    facts = read({**ALL, **of_condition}, {**status("CR1"), **of_status}, RELAPSE)
    for provider in READERS:
        for name in provider.provides:
            assert facts[name].known or facts[name].reason
