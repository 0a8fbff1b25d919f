"""Age, sex, death and care setting."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from service.facts.disease import diagnosis, identity
from service.facts.model import Facts, Interval, Reason, Site
from service.record.model import Coverage
from tests.facts.fhir import concept, condition, patient, resource
from tests.facts.support import AS_OF, COMPLETE, facts_of


def read(*resources: Any, **options: Any) -> Facts:
    return facts_of(*resources, providers=(*identity.PROVIDERS, *diagnosis.PROVIDERS), **options)


@pytest.mark.parametrize(
    ("born", "years", "months"),
    [
        pytest.param("1990-06-01", 35.0, 420.0, id="birthday today"),
        pytest.param("1990-06-02", 34.0, 419.0, id="birthday tomorrow"),
        pytest.param("2025-03-15", 0.0, 2.0, id="infant"),
        pytest.param("1990", Interval(34, 35), Interval(413, 425), id="year only"),
        pytest.param("2007-06", Interval(17, 18), Interval(215, 216), id="month only, 18 this month"),
        pytest.param("2000-01", 25.0, Interval(304, 305), id="month only, years settled"),
    ],
)
def test_age(born: str, years: object, months: object) -> None:
    facts = read(patient(born))
    assert (facts.value("age_years"), facts.value("age_months")) == (years, months)
    assert facts["age_years"].provenance[0].found == born


@pytest.mark.parametrize(
    ("born", "reason"),
    [
        ("2025-06-02", Reason.IMPLAUSIBLE),
        ("1890-01-01", Reason.IMPLAUSIBLE),
        ("spring", Reason.UNREADABLE),
        (None, Reason.RECORD_EMPTY),
    ],
)
def test_no_age(born: str | None, reason: Reason) -> None:
    facts = read(patient(born), coverage={**COMPLETE, "Patient": Coverage.COMPLETE})
    assert facts["age_years"].reason is reason
    assert facts["age_months"].reason is reason


def test_age_at_diagnosis() -> None:
    facts = read(patient("2015-05-10"), condition("91857003", onsetDateTime="2016-05-09"))
    assert facts.value("age_months_at_diagnosis") == 11.0
    assert facts.value("age_at_diagnosis_years") == 0.0


def test_age_at_diagnosis_is_bounded_by_the_day_of_recording() -> None:
    facts = read(patient("1990-01-01"), condition("91857003", recordedDate="2020-01-01"))
    assert facts.value("age_at_diagnosis_years") == Interval(0, 30)


def test_age_at_diagnosis_with_partial_dates() -> None:
    facts = read(patient("2010"), condition("91857003", onsetDateTime="2020"))
    assert facts.value("age_at_diagnosis_years") == Interval(9, 10)


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        pytest.param((patient("1990-01-01"),), Reason.UNDATED, id="no diagnosis"),
        pytest.param((patient(None), condition("91857003", onsetDateTime="2020")), Reason.UNDATED, id="no birth"),
        pytest.param(
            (patient("2021-01-01"), condition("91857003", onsetDateTime="2020-01-01")), Reason.IMPLAUSIBLE, id="order"
        ),
    ],
)
def test_no_age_at_diagnosis(resources: tuple[Any, ...], reason: Reason) -> None:
    assert read(*resources)["age_months_at_diagnosis"].reason is reason


@pytest.mark.parametrize(
    ("member", "deceased"),
    [
        ({}, False),
        ({"deceasedBoolean": False}, False),
        ({"deceasedBoolean": True}, True),
        ({"deceasedBoolean": "true"}, True),
        ({"deceasedDateTime": "2025-05-31"}, True),
        ({"deceasedDateTime": "2025-06-02"}, False),
        ({"deceasedDateTime": "2025"}, True),
        ({"deceasedDateTime": "last spring"}, True),
        ({"deceasedDateTime": ""}, False),
    ],
)
def test_deceased(member: dict[str, Any], deceased: bool) -> None:
    facts = read(patient(**member))
    assert facts.record is not None
    assert identity.is_deceased(facts.record, AS_OF) is deceased
    expected = True if deceased else False if member.get("deceasedBoolean") is False else None
    assert facts.value("deceased") is expected


def test_without_a_patient_nobody_is_deceased() -> None:
    facts = read(coverage={})
    assert facts.record is not None
    assert identity.is_deceased(facts.record, AS_OF) is False
    assert facts["sex"].reason is Reason.NOT_PROVIDED


@pytest.mark.parametrize(
    ("gender", "sex"),
    [
        ("female", "female"), ("male", "male"), ("Male", "male"), ("F", "female"), ("w", "female"), ("weiblich", "female"),
        ("divers", "other"), ("unknown", None), ("?", None), (7, None), (["female"], None),
    ],
)  # fmt: skip
def test_sex(gender: object, sex: str | None) -> None:
    assert read(patient(gender=gender)).value("sex") == sex


@pytest.mark.parametrize(
    ("resources", "setting"),
    [
        pytest.param(
            [resource("PractitionerRole", specialty=[concept("2080P0207X", "http://nucc.org/provider-taxonomy")])],
            "pediatric-oncology", id="taxonomy",
        ),
        pytest.param(
            [resource("PractitionerRole", specialty={"text": "Hämatologie und Onkologie"})], "adult-oncology", id="German"
        ),
        pytest.param(
            [resource("Encounter", status="in-progress", serviceType={"text": "Pediatric Hematology/Oncology"})],
            "pediatric-oncology", id="encounter",
        ),
        pytest.param(
            [resource("Encounter", status="finished", serviceType={"text": "Pediatric Oncology"})], None, id="over"
        ),
        pytest.param(
            [resource("Encounter", status="in-progress", serviceType={"text": "Pediatric Oncology"},
                      period={"start": "2010-01-01", "end": "2010-02-01"})], None, id="ended",
        ),
        pytest.param([resource("PractitionerRole", specialty={"text": "Pediatrics"})], None, id="not oncology"),
    ],
)  # fmt: skip
def test_care_setting(resources: list[Any], setting: str | None) -> None:
    assert read(*resources).value("care_setting") == setting


def test_two_services_leave_the_care_setting_to_the_site() -> None:
    both = [resource("PractitionerRole", specialty=[{"text": "Medical oncology"}, {"text": "Pediatric oncology"}])]
    assert read(*both)["care_setting"].reason is Reason.NOT_DECIDED
    facts = read(*both)
    facts.site = Site(care_setting="adult-oncology")
    assert facts.value("care_setting") == "adult-oncology"


def test_nothing_is_read_without_a_record() -> None:
    facts = Facts(date(2025, 6, 1), read().registry)
    assert facts["age_years"].reason is Reason.NOT_GIVEN
    assert facts["sex"].reason is Reason.NOT_GIVEN
    assert facts["age_at_diagnosis_years"].reason is Reason.NOT_GIVEN
    assert facts["care_setting"].reason is Reason.NOT_GIVEN


def test_a_sex_that_is_not_told_is_shown() -> None:
    assert read(patient(gender="unknown"))["sex"].reason is Reason.NOT_DECIDED
    assert read(patient())["sex"].reason is not Reason.NOT_DECIDED


BIRTH_TIME = {
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime", "valueDateTime": "2024-06-01T08:00:00Z"}
    ]
}


def test_the_time_of_birth_stands_in_for_the_date() -> None:
    assert read(patient(None, _birthDate=BIRTH_TIME)).value("age_months") == 12.0
    assert read(patient("2024-06-02", _birthDate=BIRTH_TIME)).value("age_months") == 11.0
    assert read(patient(None, _birthDate=[3])).value("age_months") is None


@pytest.mark.parametrize(
    ("born", "group"),
    [
        ("2024-06-02", "infant"), ("2024-06-01", "child"), ("2010-06-02", "child"), ("2010-06-01", "AYA"), ("1985-06-02", "AYA"),
        ("1985-06-01", "adult"), ("1960-06-02", "adult"), ("1960-06-01", "older"), ("2010", None), ("1985-06", None), ("2000", "AYA"),
    ],
)  # fmt: skip
def test_age_groups_at_their_borders(born: str, group: str | None) -> None:
    assert read(patient(born)).value("age_group") == group


CLINIC = resource("Organization", id="o", name="Klinik für pädiatrische Hämatologie und Onkologie")


@pytest.mark.parametrize(
    ("resources", "setting"),
    [
        pytest.param([resource("PractitionerRole", code={"text": "Pediatric oncologist"})], "pediatric-oncology", id="role"),
        pytest.param(
            [resource("PractitionerRole", organization={"reference": "Organization/o"}), CLINIC], "pediatric-oncology",
            id="clinic of the role",
        ),
        pytest.param(
            [resource("Encounter", status="in-progress", serviceProvider={"display": "Medizinische Klinik III, Hämatologie/Onkologie"})],
            "adult-oncology", id="clinic of the encounter",
        ),
        pytest.param(
            [resource("Encounter", status="in-progress", serviceType={"text": "Medical oncology"},
                      serviceProvider={"display": "Children's hospital, oncology"})],
            "adult-oncology", id="the service before the clinic",
        ),
        pytest.param([CLINIC], None, id="a clinic nobody leads to"),
        pytest.param(
            [resource("Encounter", status="in-progress", serviceProvider={"reference": "Organization/x"}), CLINIC], None,
            id="another clinic",
        ),
        pytest.param([resource("Encounter", status="in-progress", serviceProvider=[7], serviceType=5)], None, id="misshapen"),
    ],
)  # fmt: skip
def test_care_setting_by_the_clinic(resources: list[Any], setting: str | None) -> None:
    assert read(*resources).value("care_setting") == setting
