"""A record as it was known on an earlier day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from service.population.known import as_known

DAY = date(2020, 6, 1)
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
ENCOUNTER = [{"coding": [{"code": "encounter-diagnosis"}]}]


def then(resource: dict[str, Any], diagnosed: date | None = date(2018, 1, 5)) -> Any:
    found = list(as_known([resource], DAY, diagnosed))
    return found[0] if found else None


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Observation", "effectiveDateTime": "2020-06-02"},
        {"resourceType": "Observation", "effectiveDateTime": "2020-05-30", "issued": "2020-06-04T08:00:00Z"},
        {"resourceType": "Condition", "onsetDateTime": "2021"},
        {"resourceType": "MedicationRequest", "authoredOn": "2020-07-01"},
        {"resourceType": "Procedure", "performedPeriod": {"start": "2020-06-03"}},
    ],
)
def test_what_came_later_is_not_there(resource: dict[str, Any]) -> None:
    assert then(resource) is None


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Observation", "effectiveDateTime": "2020-06-01", "issued": "2020-06-01T23:00:00Z"},
        {"resourceType": "Observation", "effectiveDateTime": "2020-06"},
        {"resourceType": "Observation"},
        {"resourceType": "MedicationStatement", "effectivePeriod": {"start": "2019-01-01", "end": "2020-05-30"},
         "status": "stopped", "statusReason": [{"text": "resistance"}]},
    ],
)  # fmt: skip
def test_what_was_there_stays_as_it_is(resource: dict[str, Any]) -> None:
    assert then(resource) == resource


def test_a_course_that_ended_later_goes_on_and_its_end_tells_nothing() -> None:
    found = then({
        "resourceType": "MedicationStatement", "status": "stopped", "statusReason": [{"text": "progression"}],
        "note": [{"text": "stopped for T315I"}], "effectivePeriod": {"start": "2019-01-01", "end": "2021-01-01"},
        "medicationCodeableConcept": {"text": "dasatinib"},
    })  # fmt: skip
    assert found == {
        "resourceType": "MedicationStatement", "status": "active", "effectivePeriod": {"start": "2019-01-01"},
        "medicationCodeableConcept": {"text": "dasatinib"},
    }  # fmt: skip


def test_the_living() -> None:
    alive = {"resourceType": "Patient", "id": "p"}
    assert then({**alive, "deceasedBoolean": True}) == alive
    assert then({**alive, "deceasedDateTime": "2022-01-01"}) == alive
    dead = {**alive, "deceasedDateTime": "2020-01-01"}
    assert then(dead) == dead


@pytest.mark.parametrize(("more", "kept"), [
    ({"onsetDateTime": "2018-01-05"}, False),  # the problem list as it stands today
    ({"onsetDateTime": "2018-01-05", "meta": {"lastUpdated": "2020-05-01T00:00:00Z"}}, True),
    ({"onsetDateTime": "2020-05-01"}, True),  # a relapse entered as one
    ({"onsetDateTime": "2018-01-05", "category": ENCOUNTER}, True),
])  # fmt: skip
def test_todays_word_on_the_disease_is_none_of_that_day(more: dict[str, Any], *, kept: bool) -> None:
    status = {"coding": [{"system": CLINICAL, "code": "relapse"}]}
    found = then({"resourceType": "Condition", "clinicalStatus": status, **more})
    assert ("clinicalStatus" in found) is kept


ICD = "http://hl7.org/fhir/sid/icd-10-cm"
ALL = {"system": ICD, "code": "C91.00"}


@pytest.mark.parametrize(("code", "text", "more", "kept"), [
    ("C91.01", "Acute lymphoblastic leukemia in remission", {"onsetDateTime": "2018-01-05"}, False),
    ("C91.02", "B-ALL", {"onsetDateTime": "2018-01-05"}, False),  # recoded since, or begun as one
    ("C91.00", "B-ALL, 1. Rezidiv 05/2023", {"onsetDateTime": "2018-01-05"}, False),
    ("C91.00", "B-ALL, 1. Rezidiv 05/2019", {"onsetDateTime": "2018-01-05"}, True),  # was so by that day
    ("C91.02", "B-ALL, relapse", {"onsetDateTime": "2020-05-01"}, True),  # a relapse entered as one
    ("C91.01", "B-ALL", {"onsetDateTime": "2018-01-05", "meta": {"lastUpdated": "2020-05-01T00:00:00Z"}}, True),
    ("C91.01", "B-ALL", {"onsetDateTime": "2018-01-05", "category": ENCOUNTER}, True),
    ("C50.9", "Breast cancer in remission, recurrent", {"onsetDateTime": "2018-01-05"}, True),
])  # fmt: skip
def test_a_code_or_name_of_remission_or_relapse_is_a_word_of_today_too(
    code: str, text: str, more: dict[str, Any], *, kept: bool
) -> None:
    resource = {"resourceType": "Condition", "code": {"coding": [{"system": ICD, "code": code}], "text": text}, **more}
    found = then(resource)
    assert (found == resource) is kept
    if not kept:
        said = str(found["code"])
        assert "emission" not in said
        assert "ezidiv" not in said
        assert not {"C91.01", "C91.02"} & {row["code"] for row in found["code"]["coding"]}
        assert found["code"]["coding"], "the disease is still named"
        assert ("onsetDateTime" in found) is (code != "C91.02"), "the onset of an undated relapse may be either's"


@pytest.mark.parametrize(("more", "kept"), [
    ({"clinicalStatus": {"coding": [{"code": "resolved"}]}}, False),
    ({"clinicalStatus": {"coding": [{"code": "resolved"}]}, "abatementDateTime": "2020-01-01"}, True),
    ({"clinicalStatus": {"coding": [{"code": "resolved"}]}, "code": {"text": "Pneumonia"}}, True),  # was over, as told
])  # fmt: skip
def test_a_leukemia_that_is_over_since_nobody_knows_when_was_there(more: dict[str, Any], *, kept: bool) -> None:
    found = then({"resourceType": "Condition", "onsetDateTime": "2018-01-05", "code": {"coding": [ALL]}, **more})
    assert ("clinicalStatus" in found) is kept


def test_a_condition_that_abated_later_was_active() -> None:
    found = then({"resourceType": "Condition", "onsetDateTime": "2020-05-01", "abatementDateTime": "2020-09-01",
                  "clinicalStatus": {"coding": [{"system": CLINICAL, "code": "resolved"}]}})  # fmt: skip
    assert "abatementDateTime" not in found
    assert found["clinicalStatus"]["coding"][0]["code"] == "active"
