"""Relapses and remissions in order: from blasts, statements and Conditions, each event counted once."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Interval, Reason
from service.record.model import Coverage
from tests.facts.course_support import ALL, RELAPSE, aspirate, read
from tests.facts.fhir import GM, ICD, concept, condition, observation, procedure, status
from tests.facts.support import COMPLETE

OBDS = (
    "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/mii-cs-onko-verlauf-gesamtbeurteilung"
)


def assessment(letter: str, on: str) -> dict[str, Any]:
    """Overall assessment of the German oncology data set."""
    return observation("396432002", on, system="http://snomed.info/sct", valueCodeableConcept=concept(letter, OBDS))


SERIES = [
    aspirate(88, "2020-01-14"), aspirate(2, "2020-02-20"), aspirate(1, "2020-08-01"), aspirate(55, "2022-07-01"),
    aspirate(60, "2022-07-09"), aspirate("<5 %", "2022-09-01"),
]  # fmt: skip


def test_blasts_alone_tell_the_course() -> None:
    facts = read(ALL, *SERIES)
    assert facts.value("relapse_number") == 1.0
    assert facts.value("months_diagnosis_to_relapse") == pytest.approx(29 + 16 / 30)
    assert facts.value("months_cr1_duration") == pytest.approx(28 + 11 / 30)
    assert all(p.inferred for p in facts["months_cr1_duration"].provenance)


def test_blasts_back_without_a_word_of_it_are_a_relapse() -> None:
    fact = read(ALL, *SERIES[:5])["disease_state"]
    assert (fact.value, fact.provenance[0].inferred) == ("relapsed", True)


@pytest.mark.parametrize(
    ("percent", "relapses"), [(5, None), (5.5, 1.0), ("<5 %", None), ("5-10 %", None), (">5 %", 1.0)]
)
def test_a_relapse_takes_more_than_five_percent(percent: Any, relapses: float | None) -> None:
    assert read(ALL, *SERIES[:3], aspirate(percent, "2022-07-01")).value("relapse_number") == relapses


def test_one_relapse_reported_thrice() -> None:
    reports = [status("relapse", "2023-02-20"), aspirate(70, "2023-03-01"), status("relapse", "2023-04-01")]
    facts = read(ALL, aspirate(1, "2020-03-01"), RELAPSE, *reports)
    assert facts.value("relapse_number") == 1.0
    assert facts.value("months_diagnosis_to_relapse") == 37.0


def test_assessments_of_a_registry() -> None:
    letters = [("V", "2020-04-01"), ("Y", "2022-05-01"), ("Y", "2022-05-20"), ("V", "2022-08-01"), ("K", "2023-01-01"),
               ("Y", "2023-09-01"), ("T", "2023-12-01"), ("V", "2024-02-01")]  # fmt: skip
    facts = read(condition("C91.01", GM, onsetDateTime="2020-02-15"), *(assessment(*row) for row in letters))
    assert (facts.value("relapse_number"), facts.value("remission_number")) == (2.0, 3.0)
    assert facts.value("months_cr1_duration") == 25.0


def test_counts_are_lower_bounds_where_the_lists_are_not_complete() -> None:
    part = {**COMPLETE, "Condition": Coverage.PARTIAL}
    assert read(ALL, RELAPSE, coverage=part).value("relapse_number") == Interval(low=1)
    remission = [ALL, status("complete remission", "2025-05-01")]
    assert read(*remission, coverage=part)["relapse_number"].reason is Reason.INCOMPLETE
    assert read(*remission).value("remission_number") == 1.0


def test_counts_are_marked_as_counted() -> None:
    fact = read(ALL, RELAPSE)["relapse_number"]
    assert fact.provenance[-1].inferred
    assert not any(p.inferred for p in read(condition("91857003", text="second relapse"))["relapse_number"].provenance)


def test_an_undated_diagnosis_leaves_earlier_relapses_open() -> None:
    assert read(condition("C91.02", ICD)).value("relapse_number") == Interval(low=1)
    assert read(condition("C91.01", ICD)).value("remission_number") is None


def test_car_t_cells_leave_the_first_remission_in_doubt() -> None:
    cells = procedure("XW033J7", "2024-01-01", system="http://www.cms.gov/Medicare/Coding/ICD10")
    assert read(ALL, status("complete remission"), cells).value("remission_number") is None


def test_a_relapse_still_reported_long_after_may_be_another() -> None:
    facts = read(ALL, RELAPSE, status("relapse", "2024-06-01"))
    assert facts.value("relapse_number") == Interval(low=1)


def test_a_relapse_only_recorded_began_by_then() -> None:
    recorded = condition("C91.02", ICD, recordedDate="2023-02-15")
    found = read(ALL, recorded)["months_diagnosis_to_relapse"]
    assert found.value == Interval(0.0, 37.0)


def test_blasts_soon_after_a_stated_remission_contradict_it() -> None:
    said = [ALL, status("complete remission", "2025-05-10")]
    assert read(*said, aspirate(40, "2025-05-17"))["disease_state"].reason is Reason.CONFLICTING
    late = read(ALL, status("complete remission", "2023-05-10"), aspirate(40, "2025-05-17"))
    assert late.value("disease_state") == "relapsed"
    assert late.value("relapse_number") == 1.0


def test_a_clear_marrow_after_a_relapse_does_not_settle_remission() -> None:
    fact = read(ALL, RELAPSE, aspirate(2, "2023-05-01"))["disease_state"]
    assert fact.reason is Reason.NOT_DECIDED


def test_a_clear_marrow_at_a_relapse_outside_of_it_is_no_remission() -> None:
    cns = condition("12301000132103", onsetDateTime="2025-05-05", text="isolated CNS relapse")
    for day in ("2025-05-03", "2025-05-08", "2025-05-28"):
        facts = read(ALL, aspirate(1, "2020-03-01"), cns, aspirate(1, day))
        assert facts.value("disease_state") == "relapsed"
        assert facts.value("relapse_number") == 1.0
    marrow = read(ALL, aspirate(1, "2020-03-01"), cns, aspirate(60, "2025-05-06"), aspirate(1, "2025-05-28"))
    assert marrow["disease_state"].reason is Reason.NOT_DECIDED


def test_what_lies_ahead_has_not_been_seen() -> None:
    later = condition("12301000132103", onsetDateTime="2026-01-30")
    assert read(ALL, later).value("disease_state") is None
    assert read(ALL, later).value("relapse_number") is None


def test_the_diagnostic_marrow_and_a_prephase_are_no_relapse() -> None:
    facts = read(ALL, aspirate(3, "2020-01-20"), aspirate(90, "2020-01-24"))
    assert facts.value("relapse_number") is None
