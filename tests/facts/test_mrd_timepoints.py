"""When an MRD sample was taken: as named, as counted from the first drug, as protocol day."""

from __future__ import annotations

from datetime import date

import pytest

from service.facts.model import Interval, Reason
from service.record.model import Coverage
from tests.facts.mrd_resources import condition, mrd, read, vincristine
from tests.facts.support import COMPLETE


@pytest.mark.parametrize(
    ("title", "timepoint"),
    [
        ("MRD end of induction", "end-of-induction"),
        ("MRD EOI day 29", "end-of-induction"),
        ("MRD day 29", "day-29"),
        ("MRD Tag 15", "day-15"),
        ("MRD Ende der Konsolidierung", "end-of-consolidation"),
        ("MRD pre-HCT", "pre-hct"),
        ("MRD day 100 post-HCT", "post-hct"),
        ("MRD end of reinduction", "end-of-reinduction"),
        ("MRD day 40", None),
    ],
)
def test_timepoint_in_words(title: str, timepoint: str | None) -> None:
    assert read(mrd("0.5 %", title=title)).value("mrd_timepoint") == timepoint


@pytest.mark.parametrize(
    ("start", "timepoint"),
    [
        ("2025-05-13", "day-8"),
        ("2025-05-06", "day-15"),
        ("2025-04-23", "end-of-induction"),
        ("2025-04-24", None),
        ("2025-04-06", "end-of-induction"),
        ("2025-04-05", None),
        ("2025-04", None),
    ],
)
def test_timepoint_counted_from_the_first_drug_is_marked_inferred(start: str, timepoint: str | None) -> None:
    fact = read(mrd("0.5 %"), vincristine(start))["mrd_timepoint"]
    assert fact.value == timepoint
    assert not fact.known or fact.provenance[0].inferred


def test_timepoint_is_not_counted_from_an_incomplete_list() -> None:
    partial = {**COMPLETE, "MedicationAdministration": Coverage.PARTIAL}
    assert read(mrd("0.5 %"), vincristine("2025-04-23"), coverage=partial).value("mrd_timepoint") is None


def test_after_a_transplant() -> None:
    transplant = {
        "resourceType": "Procedure", "status": "completed", "performedDateTime": "2025-02-01",
        "code": {"text": "allogeneic hematopoietic stem cell transplantation"},
    }  # fmt: skip
    fact = read(mrd("0.5 %"), transplant)["mrd_timepoint"]
    assert fact.value == "post-hct"
    assert fact.provenance[0].inferred


def test_values_at_protocol_timepoints_do_not_age() -> None:
    facts = read(
        mrd("0.05 %", title="MRD marrow day 33", when="2023-03-01"),
        mrd("<0.01 %", title="MRD marrow day 78", when="2023-04-15"),
        mrd("0.02 %", title="MRD marrow week 16", when="2023-05-01"),
        mrd("0.3 %", title="MRD marrow end of induction", when="2023-03-02"),
        mrd("0.9 %", title="MRD day 33 post-HCT", when="2024-03-01"),
        mrd("0.9 %", title="MRD peripheral blood day 15", when="2023-02-10"),
    )
    assert facts.value("mrd_day33") == 5e-4
    assert facts.value("mrd_day78") == Interval(0, 1e-4, high_open=True)
    assert facts.value("mrd_week16") == 2e-4
    assert facts.value("mrd_fraction_end_of_induction") == 3e-3
    assert facts.value("mrd_day15") is None
    assert facts["mrd_fraction"].reason is Reason.STALE


def test_weeks_from_diagnosis() -> None:
    assert read(mrd("0.5 %"), condition("2025-03-11")).value("mrd_weeks_from_diagnosis") == 10
    assert read(mrd("0.5 %"), condition("2025-03")).value("mrd_weeks_from_diagnosis") == Interval(50 / 7, 80 / 7)
    assert read(mrd("0.5 %"), condition("2025-05-30")).value("mrd_weeks_from_diagnosis") is None


def test_an_undated_result_has_no_inferred_timepoint() -> None:
    facts = read(mrd("0.3 %", when="2025-05"), vincristine("2025-04-23"), as_of=date(2025, 6, 1))
    assert (facts.value("mrd_timepoint"), facts.value("mrd_weeks_from_diagnosis")) == (None, None)


@pytest.mark.parametrize(
    ("title", "timepoint", "at_end_of_induction"),
    [
        ("Tag 33", "day-33", True),
        ("D29", "day-29", True),
        ("Tag 78", "day-78", False),
        ("Woche 16", "week-16", False),
        ("W16", "week-16", False),
        ("TP1", "end-of-induction", True),
        ("TP2", "end-of-consolidation", False),
        ("TP 1 (Tag 33)", "end-of-induction", True),
        ("Ende IA", "end-of-induction", True),
        ("nach Induktion II", None, False),
        ("vor KMT", "pre-hct", False),
        ("Tag +30 nach SZT", "post-hct", False),
        ("day +100", None, False),
        ("day 29 of blinatumomab cycle 1", None, False),
        ("after 2 cycles of blinatumomab", None, False),
        ("nach 2 Zyklen Blinatumomab", None, False),
        ("day 28 after CAR-T", None, False),
        ("follow-up", "surveillance", False),
        ("follow-up day 33", "day-33", True),
    ],
)
def test_days_count_from_the_start_of_induction_only_where_nothing_else_is_named(
    title: str, timepoint: str | None, at_end_of_induction: bool
) -> None:
    facts = read(mrd("0.5 %", title=f"MRD marrow {title}"))
    assert facts.value("mrd_timepoint") == timepoint
    assert facts["mrd_fraction_end_of_induction"].known is at_end_of_induction
    assert not facts["mrd_day29"].known or title == "D29"


def test_a_numbered_timepoint_is_marked_inferred() -> None:
    seen = read(mrd("0.5 %", title="MRD marrow TP1"))["mrd_timepoint"].provenance[0]
    assert seen.inferred
    assert "TP1" in (seen.note or "")


def test_the_calendar_does_not_guess_where_another_time_point_is_named() -> None:
    result = mrd("0.5 %", title="MRD marrow after 1 cycle of blinatumomab")
    fact = read(result, vincristine("2025-04-15"))["mrd_timepoint"]
    assert (fact.value, fact.reason) == (None, Reason.NOT_DECIDED)
    assert read(mrd("0.5 %"), vincristine("2025-04-15")).value("mrd_timepoint") == "end-of-induction"


def test_what_a_note_recommends_is_no_time_point() -> None:
    note = [{"text": "Consider blinatumomab; recommend repeat after 1 cycle of blinatumomab."}]
    assert (
        read(mrd("0.5 %", title="MRD marrow end of induction", note=note)).value("mrd_timepoint") == "end-of-induction"
    )
    assert read(mrd("0.5 %", note=note), vincristine("2025-04-15")).value("mrd_timepoint") == "end-of-induction"


def test_a_sample_of_the_diagnosis_is_no_residual_disease() -> None:
    fact = read(mrd("62 %", title="MRD marker identification at diagnosis"))["mrd_status"]
    assert (fact.reason, "diagnosis" in (fact.detail or "")) == (Reason.NOT_DECIDED, True)
    assert read(mrd("marker identified at diagnosis: 0.02 %")).value("mrd_fraction") == 2e-4


def test_blood_answers_no_protocol_time_point() -> None:
    facts = read(mrd("0.5 %", title="MRD peripheral blood flow day 29"))
    assert facts.value("mrd_fraction") == 5e-3
    assert (facts.value("mrd_day29"), facts.value("mrd_fraction_end_of_induction")) == (None, None)
