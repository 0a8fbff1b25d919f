"""MRD as shown: every kind of result has its own shape, and what is not told is not drawn as if it were."""

from __future__ import annotations

from typing import Any

import pytest

from service.smart.views.mrd import Mrd, Sample, mrd_of
from tests.facts.mrd_resources import mrd, report, transcript
from tests.facts.support import facts_of


def shown(*resources: dict[str, Any]) -> Mrd:
    record = facts_of(*({"id": f"o{n}", **one} for n, one in enumerate(resources))).record
    assert record is not None
    return mrd_of(record)


def one(*resources: dict[str, Any]) -> Sample:
    (sample,) = shown(*resources).cells
    return sample


@pytest.mark.parametrize(
    ("value", "shape", "y", "says"),
    [
        ("2.5E-3", "value", 0.0025, "positive"),
        ("0.003 %", "value", 3e-5, "negative"),
        ("negative, sensitivity 1E-5", "negative", 1e-5, "negative"),
        ("negative", "negative", None, "negative"),
        ("<1E-4", "below", 1e-4, "negative"),
        ("positive, not quantifiable (<1E-4), LOD 1E-5, LOQ 1E-4", "unquantified", 1e-4, "positive"),
        ("positive", "positive", None, "positive"),
        ("> 1 %", "above", 0.01, "positive"),
        ("negative, sensitivity 1E-3", "negative", 1e-3, "open"),
    ],
)
def test_shape_of_a_result(value: str, shape: str, y: float | None, says: str) -> None:
    sample = one(mrd(value))
    assert (sample.shape, sample.y, sample.says) == (shape, y, says)


def test_negative_without_limit_has_no_place_on_the_scale() -> None:
    sample = one(mrd("negative"))
    assert (sample.y, sample.low, sample.high, sample.limit) == (None, None, None, None)


def test_zero_is_below_what_the_assay_sees() -> None:
    assert one(mrd(0, "%")).y is None
    with_limit = one(mrd("0 %, sensitivity 1E-5"))
    assert (with_limit.shape, with_limit.y) == ("negative", 1e-5)


def test_limits_of_the_assay() -> None:
    sample = one(mrd("positive, not quantifiable (<1E-4), LOD 1E-5, LOQ 1E-4"))
    assert (sample.limit, sample.loq) == (1e-5, 1e-4)
    assert one(mrd("2.5E-3")).limit is None


def test_blood_is_named_and_never_says_negative() -> None:
    sample = one(mrd("negative (<1E-4)", title="MRD peripheral blood flow cytometry"))
    assert (sample.specimen, sample.says) == ("peripheral-blood", "negative-blood")


def test_unreadable_keeps_its_reason_and_is_not_drawn() -> None:
    sample = one(mrd(0.5))
    assert (sample.shape, sample.y, sample.says) == ("unread", None, "unread")
    assert sample.why == "a number without unit: a fraction or a percentage?"


def test_transcripts_are_apart_from_cells_and_scales_from_each_other() -> None:
    found = shown(mrd("1E-3"), transcript(0.05), transcript(0.02, code="69380-4"))
    assert [s.y for s in found.cells] == [0.001]
    assert [s.y for s in found.transcripts] == [pytest.approx(0.0005)]
    assert [s.y for s in found.international] == [pytest.approx(0.0002)]


def test_a_ratio_told_twice_is_one_row() -> None:
    (sample,) = shown(transcript(0.05), transcript(0.05)).transcripts
    assert len(sample.sources) == 2


def test_samples_that_are_none_are_listed_with_the_reason() -> None:
    found = shown(
        mrd("80 %", title="MRD at diagnosis, bone marrow flow cytometry"),
        mrd("negative", title="MRD flow cytometry, CSF"),
        mrd(None, dataAbsentReason={"text": "clotted"}),
    )
    assert found.cells == ()
    assert {left.why for left in found.left_out} == {"diagnosis", "elsewhere", "no-result"}


def test_undated_is_kept() -> None:
    assert one(mrd("0.1 %", when=None)).when is None


def test_report_and_observation_of_a_day_are_one_sample() -> None:
    sample = one(mrd("1E-3"), report("Bone marrow. MRD by flow cytometry 0.1 %."))
    assert len(sample.sources) == 2


def test_nothing() -> None:
    assert shown() == Mrd((), (), (), ())
