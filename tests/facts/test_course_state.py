"""State of the disease: statements, contradictions, response, and what is concluded."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Reason
from service.record.model import Coverage
from tests.facts.course_support import ALL, FRESH, RELAPSE, REMISSION, read
from tests.facts.fhir import (
    GM,
    ICD,
    concept,
    condition,
    observation,
    resource,
    status,
)  # fmt: skip

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
    assert read(coverage={})["disease_state"].reason is Reason.NOT_PROVIDED
    assert read(coverage={"Condition": Coverage.FAILED})["disease_state"].reason is Reason.FETCH_FAILED


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
