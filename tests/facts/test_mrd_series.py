"""The series of MRD results: which of them counts now, and the course they describe."""

from __future__ import annotations

import pytest

from service.facts.model import Interval, Reason
from service.record.model import Coverage
from tests.facts.mrd_resources import mrd, read
from tests.facts.support import COMPLETE


def test_the_newest_counts_even_if_it_cannot_be_read() -> None:
    older = mrd("0.5 %", when="2025-05-01")
    assert read(older, mrd("<0.01 %")).value("mrd_status") == "negative"
    assert read(older, mrd("see report"))["mrd_fraction"].reason is Reason.UNREADABLE
    assert read(older, mrd("NO RESULT")).value("mrd_fraction") == 5e-3


def test_marrow_beats_blood_and_positive_blood_speaks_for_disease() -> None:
    marrow = mrd("0.5 %", when="2025-05-01")
    blood = mrd("negative (sensitivity 1E-5)", title="MRD peripheral blood flow")
    assert read(marrow, blood).value("mrd_status") == "positive"
    facts = read(mrd("negative (sensitivity 1E-5)", when="2025-05-01"), mrd("0.2 %", title="MRD peripheral blood flow"))
    assert (facts.value("mrd_status"), facts.value("mrd_specimen")) == ("emergent", "peripheral-blood")
    same_day = mrd("0.2 %", title="MRD peripheral blood flow")
    assert read(mrd("0.5 %"), same_day).value("mrd_fraction") == 5e-3


def test_report_and_observation_of_one_day_are_one_sample() -> None:
    report = {
        "resourceType": "DiagnosticReport", "status": "final", "code": {"text": "MRD report"}, "id": "r",
        "effectiveDateTime": "2025-05-20", "conclusion": "MRD positive, not quantifiable.",
    }  # fmt: skip
    facts = read(mrd("<0.01 %", id="o"), report)
    assert facts.value("mrd_status") == "positive"
    assert {p.resource for p in facts["mrd_status"].provenance} == {"Observation/o", "DiagnosticReport/r"}
    contrary = report | {"conclusion": "MRD negative."}
    assert read(mrd("0.5 %"), contrary)["mrd_status"].reason is Reason.CONFLICTING
    assert read(mrd("0.5 %", id="a"), mrd("0.001 %", id="b"))["mrd_fraction"].reason is Reason.CONFLICTING


def test_different_methods_of_one_day_may_disagree_and_the_positive_one_counts() -> None:
    facts = read(mrd("negative (sensitivity 1E-4)"), mrd("0.03 %", title="MRD marrow RQ-PCR Ig/TCR"))
    assert (facts.value("mrd_status"), facts.value("mrd_method")) == ("positive", "pcr")


def test_the_more_telling_of_two_negatives_counts() -> None:
    facts = read(mrd("negative", title="MRD marrow PCR"), mrd("<0.001 %"))
    assert facts.value("mrd_fraction") == Interval(0, 1e-5, high_open=True)


@pytest.mark.parametrize(
    ("values", "trend", "status"),
    [
        pytest.param(("0.5 %", "0.3 %"), "persistent", "persistent", id="persistent"),
        pytest.param(("0.05 %", "0.5 %"), "progressive", "progressive", id="tenfold rise"),
        pytest.param(("0.05 %", "0.49 %"), "persistent", "persistent", id="just less than tenfold"),
        pytest.param(("0.5 %", "0.05 %"), "falling", "positive", id="tenfold fall"),
        pytest.param(("<0.001 %", "0.5 %"), "emergent", "emergent", id="emergent"),
        pytest.param(("0.5 %", "<0.01 %"), "falling", "negative", id="cleared"),
        pytest.param(("<0.01 %", "<0.01 %"), None, "negative", id="negative all along"),
        pytest.param(("positive", "positive"), "persistent", "persistent", id="words only"),
        pytest.param(("see report", "0.5 %"), None, "positive", id="earlier one unreadable"),
        pytest.param(("<0.1 %", "0.5 %"), None, "positive", id="earlier one undecided"),
    ],
)
def test_trend_of_two_samples(values: tuple[str, str], trend: str | None, status: str) -> None:
    facts = read(mrd(values[0], when="2025-04-01"), mrd(values[1]))
    assert (facts.value("mrd_trend"), facts.value("mrd_status")) == (trend, status)


def test_two_looks_within_four_weeks_are_not_persistence() -> None:
    assert read(mrd("0.5 %", when="2025-04-23"), mrd("0.3 %")).value("mrd_trend") is None
    assert read(mrd("0.5 %", when="2025-04-22"), mrd("0.3 %")).value("mrd_trend") == "persistent"


def test_persistence_needs_positive_samples_all_along_without_a_tenfold_fall() -> None:
    undecided = mrd("<0.1 %", when="2025-04-25")
    assert read(mrd("0.5 %", when="2025-03-01"), undecided, mrd("0.3 %")).value("mrd_trend") is None
    between = mrd("0.2 %", when="2025-05-01")
    assert read(mrd("30 %", when="2025-04-01"), between, mrd("0.3 %")).value("mrd_trend") is None


@pytest.mark.parametrize(
    ("text", "trend"),
    [
        ("0.3 %, persistent MRD", "persistent"),
        ("0.3 %, molecular relapse", "emergent"),
        ("MRD-Anstieg auf 0.3 %", "progressive"),
        ("<0.01 %, slow clearance", "slow"),
        ("<0.01 %, no persistent MRD", None),
    ],
)
def test_a_trend_in_words(text: str, trend: str | None) -> None:
    assert read(mrd(text)).value("mrd_trend") == trend


def test_earlier_negative_sample() -> None:
    earlier = mrd("<0.001 %", when="2025-03-01")
    assert read(earlier, mrd("0.5 %")).value("prior_mrd_negative") is True
    positives = (mrd("0.5 %", when="2025-03-01"), mrd("0.5 %"))
    assert read(*positives).value("prior_mrd_negative") is False
    partial = {**COMPLETE, "Observation": Coverage.PARTIAL}
    assert read(*positives, coverage=partial).value("prior_mrd_negative") is None
    assert read(mrd("negative", title="MRD", when="2025-03-01"), mrd("0.5 %")).value("prior_mrd_negative") is None
    blood = mrd("<0.001 %", title="MRD peripheral blood flow", when="2025-03-01")
    assert read(blood, mrd("0.5 %")).value("prior_mrd_negative") is None


def test_disease_before_treatment_is_no_persistence() -> None:
    assert read(mrd("8 %", when="2025-04-01"), mrd("4 %")).value("mrd_trend") is None
    assert read(mrd("4 %", when="2025-04-01"), mrd("8 %")).value("mrd_trend") is None
    assert read(mrd("4.9 %", when="2025-04-01"), mrd("4 %")).value("mrd_trend") == "persistent"


def test_undated_results_have_no_course() -> None:
    assert read(mrd("0.5 %", when=None), mrd("0.3 %")).value("mrd_trend") is None


def test_an_undecided_newest_has_no_course() -> None:
    assert read(mrd("0.5 %", when="2025-04-01"), mrd("<0.1 %")).value("mrd_trend") is None
    assert read(mrd("positive", when="2025-04-01"), mrd("negative", title="MRD")).value("mrd_trend") is None
