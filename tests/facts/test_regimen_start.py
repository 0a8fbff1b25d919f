"""Age at the start of the present regimen: the first day of the antileukemic drugs of the present line."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Interval, Reason
from service.record.model import Coverage
from tests.facts.fhir import administration, condition, patient, statement, status
from tests.facts.support import COMPLETE, facts_of

ALL = condition("91857003", onsetDateTime="2022-03-01")
FIRST = (administration("vincristine", "2022-03-05"), statement("mercaptopurine", "2022-09-01", "2024-03-01"))
RELAPSE = status("relapsed", "2025-02-01")
SECOND = administration("inotuzumab ozogamicin", "2025-02-20")
SOME = {**COMPLETE, "MedicationStatement": Coverage.PARTIAL}


@pytest.mark.parametrize(
    ("resources", "age"),
    [
        pytest.param([patient("1990-06-15"), ALL, *FIRST], 31.0, id="first line: the first drug, not the newest"),
        pytest.param([patient("1990-06-15"), ALL, *FIRST, RELAPSE, SECOND], 34.0, id="since the relapse"),
        pytest.param([patient("1990"), ALL, *FIRST], Interval(31, 32), id="birth known by its year"),
        pytest.param([patient("1990-06-15"), ALL, statement("methotrexate", "2015-01-01"), *FIRST], 31.0,
                     id="a drug from long before the disease"),
        pytest.param([patient("1990-06-15"), ALL, statement("prednisone", "2020-01-01"), *FIRST], 31.0, id="an earlier steroid"),
        pytest.param([patient("1990-03-04"), ALL, statement("vincristine"), *FIRST], Interval(31, 32),
                     id="an undated drug may have been the first"),
        pytest.param([patient("1990-06-15"), ALL, administration("vincristine", "2022-03-05", status="entered-in-error"),
                      administration("vincristine", "2022-07-05")], 32.0, id="what was entered in error was not given"),
    ],
)  # fmt: skip
def test_age_at_the_first_dose(resources: list[Any], age: object) -> None:
    assert facts_of(*resources).value("age_at_regimen_start") == age


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        pytest.param([patient("1990-06-15"), ALL, statement("vincristine")], Reason.UNDATED, id="undated"),
        pytest.param([patient("1990-06-15"), ALL, *FIRST, RELAPSE], Reason.UNDATED, id="nothing since the relapse"),
        pytest.param([patient("1990-06-15"), ALL, *FIRST, status("relapsed", None)], Reason.UNDATED, id="relapse undated"),
        pytest.param([patient(None), ALL, *FIRST], Reason.NOT_PROVIDED, id="no birth date"),
        pytest.param([patient("1990-06-15"), ALL], Reason.RECORD_EMPTY, id="no drugs"),
    ],
)  # fmt: skip
def test_what_leaves_the_age_open(resources: list[Any], reason: Reason) -> None:
    fact = facts_of(*resources)["age_at_regimen_start"]
    assert (fact.known, fact.reason) == (False, reason)


def test_a_partial_list_may_lack_the_first_dose() -> None:
    """Then the line began between the diagnosis and the first dose on record."""
    late = statement("mercaptopurine", "2022-09-01", "2024-03-01")
    assert facts_of(patient("1990-06-15"), ALL, late, coverage=SOME).value("age_at_regimen_start") == Interval(31, 32)
    undated = condition("91857003", recordedDate="2023-01-01")
    assert facts_of(patient("1990-06-15"), undated, late, coverage=SOME)["age_at_regimen_start"].known is False
