"""The clocks of the course."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Fact, Interval, Reason
from service.record.model import Coverage
from tests.facts.course_support import ALL, RELAPSE, read
from tests.facts.fhir import (
    ICD,
    condition,
    statement,
    status,
)  # fmt: skip
from tests.facts.support import COMPLETE


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


@pytest.mark.parametrize(
    ("end", "expected"), [("2025-05-16", True), ("2025-03-02", True), ("2025-03-01", False), ("2025-01-20", False)]
)
def test_chemotherapy_of_the_last_three_months_whether_or_not_another_block_follows(end: str, expected: bool) -> None:
    assert _recent(statement("cytarabine", "2025-01-10", end)).value is expected


def test_recent_chemotherapy_that_runs_is_not_dated_or_is_a_tki() -> None:
    assert _recent(statement("mercaptopurine", "2025-01-10", state="active")).value is True
    assert not _recent(statement("mercaptopurine", "2025-01-10", state="stopped")).known
    assert _recent(statement("dasatinib", "2025-01-10", state="active")).value is False


@pytest.mark.parametrize(
    ("end", "expected"), [("2025-05", True), ("2025-03", None), ("2025-02", False), ("2025", None)]
)
def test_recent_chemotherapy_with_a_partial_last_day(end: str, expected: bool | None) -> None:
    """A month of which only some days lie within the three months leaves it open: it is not "no"."""
    assert _recent(statement("cytarabine", "2025-01", end)).value is expected


def _recent(*more: dict[str, object]) -> Fact:
    return read(ALL, *FRONTLINE, *more)["chemotherapy_last_3_months"]
