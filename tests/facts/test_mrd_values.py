"""MRD values in the forms laboratories send them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.model import Interval, Reason
from service.facts.mrd.quantities import read_mrd_quantity, unit_factor
from service.facts.mrd.reading import MrdReading, Scale, combined
from service.facts.mrd.values import read_mrd_text


def below(high: float) -> Interval:
    return Interval(0, high, high_open=True)


def between(high: float) -> Interval:
    return Interval(0, high, True, True)


def up_to(high: float) -> Interval:
    return Interval(0, high)


VECTORS: list[tuple[str, Any, str | None, Scale]] = [
    ("POSITIVE [0.0066% (IS) and MR4.18]", 6.6e-5, "positive", Scale.IS),
    ("POSITIVE [6.21% (IS) and MR1.21]", 6.21e-2, "positive", Scale.IS),
    ("POSITIVE [Above upper LoQ]", None, "positive", Scale.CELLS),
    ("R|2|^^^BCR^...^MR|^1.21|% (IS)", 10**-1.21, None, Scale.IS),
    ("NEGATIVE [Sufficient ABL transcript]", None, "negative", Scale.TRANSCRIPT),
    ("mr_4.5", up_to(10**-4.5), None, Scale.IS),
    ("positiv", None, "positive", Scale.CELLS),
    ("negativ", None, "negative", Scale.CELLS),
    ("0.02 %", 2e-4, None, Scale.CELLS),
    ("<0.01%", below(1e-4), None, Scale.CELLS),
    ("<1E-5", below(1e-5), None, Scale.CELLS),
    ("1 x 10-4", 1e-4, None, Scale.CELLS),
    ("10^-4", 1e-4, None, Scale.CELLS),
    ("0,01 %", 1e-4, None, Scale.CELLS),
    ("2.3E-05", 2.3e-5, None, Scale.CELLS),
    ("2.3E-05 %", 2.3e-7, None, Scale.CELLS),
    ("positive, not quantifiable (<1E-4)", between(1e-4), "positive", Scale.CELLS),
    ("not detected (sensitivity 1E-5)", below(1e-5), "negative", Scale.CELLS),
    ("12 residual clonal cells per million nucleated cells", 1.2e-5, None, Scale.CELLS),
    ("MRD negative", None, "negative", Scale.CELLS),
    ("2.3 x 10^-4", 2.3e-4, None, Scale.CELLS),
    ("2,3 × 10⁻⁴", 2.3e-4, None, Scale.CELLS),
    ("2.3 10*-4", 2.3e-4, None, Scale.CELLS),
    ("1x10e-4", 1e-4, None, Scale.CELLS),
    ("10E-4", Interval(1e-4, 1e-3), None, Scale.CELLS),
    ("1 in 10 000", 1e-4, None, Scale.CELLS),
    ("1 in 10,000 cells", 1e-4, None, Scale.CELLS),
    ("1:10000", 1e-4, None, Scale.CELLS),
    ("3/10000", 3e-4, None, Scale.CELLS),
    ("25 of 500,000 cells", 5e-5, None, Scale.CELLS),
    ("4 auf 10^5 Zellen", 4e-5, None, Scale.CELLS),
    ("0.01-0.02 %", Interval(1e-4, 2e-4), None, Scale.CELLS),
    ("<=0.01 %", up_to(1e-4), None, Scale.CELLS),
    ("≤ 0,01 %", up_to(1e-4), None, Scale.CELLS),
    ("less than 0.01%", below(1e-4), None, Scale.CELLS),
    ("> 1 %", Interval(0.01, 1, low_open=True), None, Scale.CELLS),
    ("0.00 %", 0.0, None, Scale.CELLS),
    ("below LOQ (1E-4)", below(1e-4), None, Scale.CELLS),
    ("MRD day 29: 0.05 %", 5e-4, None, Scale.CELLS),
    ("Kein Nachweis einer MRD (Sensitivität 10^-5)", below(1e-5), "negative", Scale.CELLS),
    ("MRD positiv, nicht quantifizierbar (< 10-4)", between(1e-4), "positive", Scale.CELLS),
    ("MRD unter der Nachweisgrenze von 0,001 %", below(1e-5), "negative", Scale.CELLS),
    ("undetectable at 10^-6 sensitivity", below(1e-6), "negative", Scale.CELLS),
    ("MRD positive at 0.01 % threshold", None, "positive", Scale.CELLS),
    ("QR 1E-4, sensitivity 1E-5, result: 3E-5", 3e-5, None, Scale.CELLS),
    ("0.02 % (LOD 0.001 %)", 2e-4, None, Scale.CELLS),
    ("marker identified at diagnosis: 0.02 %", 2e-4, "positive", Scale.CELLS),
    ("MRD+", None, "positive", Scale.CELLS),
    ("MRD-", None, "negative", Scale.CELLS),
    ("MRD (-)", None, "negative", Scale.CELLS),
    ("Residual leukemia cells detected, 0.15% of nucleated cells", 1.5e-3, "positive", Scale.CELLS),
    ("Compared to previous 0.5 % now 0.02 %", 2e-4, None, Scale.CELLS),
    ("MRD positive 0.3 %. Previously negative.", 3e-3, "positive", Scale.CELLS),
    ("MRD negative (previous 0.5 %)", None, "negative", Scale.CELLS),
    ("MRD negative. If MRD positive, consider therapy.", None, "negative", Scale.CELLS),
    (
        "No abnormal B-lymphoblast population identified (CD19+, CD34 positive events absent)",
        None, "negative", Scale.CELLS,
    ),
    ("MRD positive 0.05 %: CD19 positive, CD20 negative blasts", 5e-4, "positive", Scale.CELLS),
    ("positive MRD 0.2 %; blasts negative for CD20 and CD22", 2e-3, "positive", Scale.CELLS),
    ("BCR::ABL1/ABL1 0.03 %", 3e-4, None, Scale.TRANSCRIPT),
    ("MR4", up_to(1e-4), None, Scale.IS),
    ("MRD: not detected at a level of 1 x 10^-5", below(1e-5), "negative", Scale.CELLS),
    ("negativ bis 10^-4", below(1e-4), "negative", Scale.CELLS),
    ("Estimated 2 (range 1-5) residual clonal cells per million", 2e-6, None, Scale.CELLS),
    ("hematogones 2 %, MRD negative", None, "negative", Scale.CELLS),
    ("lymphocytes 12 %, MRD 0.03 %", 3e-4, None, Scale.CELLS),
    ("clone A 0.2 %; MRD 0.03 %", 3e-4, None, Scale.CELLS),
    ("MRD positive; marker clone not detected at diagnosis; residual blasts present", None, "positive", Scale.CELLS),
    ("normal B cells present; MRD negative", None, "negative", Scale.CELLS),
    ("unquantifiable positive", None, "positive", Scale.CELLS),
    ("clonoSEQ: no residual sequences detected", None, "negative", Scale.CELLS),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fraction", "word", "scale"), VECTORS, ids=[row[0] for row in VECTORS])
def test_text(text: str, fraction: Any, word: str | None, scale: Scale) -> None:
    reading = read_mrd_text(text)
    assert reading.problem is None
    assert reading.qualitative == word
    assert reading.scale is scale
    if isinstance(fraction, Interval) and isinstance(reading.fraction, Interval):
        assert (reading.fraction.low, reading.fraction.high) == pytest.approx((fraction.low, fraction.high), rel=1e-5)
        assert (reading.fraction.low_open, reading.fraction.high_open) == (fraction.low_open, fraction.high_open)
    elif fraction is None:
        assert reading.fraction is None
    else:
        assert reading.fraction == pytest.approx(fraction, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NO RESULT", Reason.NOT_DECIDED),
        ("pending", Reason.NOT_DECIDED),
        ("Indeterminate", Reason.NOT_DECIDED),
        ("MRD cannot be excluded", Reason.NOT_DECIDED),
        ("MRD negativity not achieved", Reason.NOT_DECIDED),
        ("fraglich positiv", Reason.NOT_DECIDED),
        ("below LOQ", Reason.NOT_DECIDED),
        ("sensitivity 1E-5", Reason.NOT_DECIDED),
        ("MRD positive, MRD negative", Reason.NOT_DECIDED),
        ("MRD previously negative", Reason.UNREADABLE),
        ("If MRD positive, consider therapy", Reason.UNREADABLE),
        ("see report", Reason.UNREADABLE),
        ("siehe Befund", Reason.UNREADABLE),
        ("", Reason.UNREADABLE),
        ("3/2024", Reason.UNREADABLE),
        ("500,000 cells", Reason.UNREADABLE),
        ("0.02", Reason.UNIT),
        ("MRD: 3", Reason.UNIT),
        ("500 %", Reason.IMPLAUSIBLE),
        ("MRD negative 0.5 %", Reason.CONFLICTING),
        ("MRD positive 0 %", Reason.CONFLICTING),
        ("0.02 % or 0.5 %", Reason.CONFLICTING),
        ("0.0066% (IS) and MR2.10", Reason.CONFLICTING),
    ],
)
def test_what_is_no_usable_value_says_why(text: str, reason: Reason) -> None:
    reading = read_mrd_text(text)
    assert reading.problem is reason
    assert not reading.usable
    assert reading.detail


def test_a_failed_test_is_told_from_an_unclear_one() -> None:
    assert read_mrd_text("NO RESULT").no_result
    assert not read_mrd_text("Indeterminate").no_result


@pytest.mark.parametrize(
    ("text", "sensitivity", "quantifiable"),
    [
        ("not detected (sensitivity 1E-5)", 1e-5, None),
        ("QR 1E-4, sensitivity 1E-5, result: 3E-5", 1e-5, 1e-4),
        ("MRD negative at a sensitivity level of 0.01 %.", 1e-4, None),
        ("MRD negative with 10^-5 sensitivity", 1e-5, None),
        ("negativ, Nachweisgrenze 0,001 %", 1e-5, None),
        ("0.02 % (threshold 0.01 %)", None, None),
        ("<0.01 %", None, None),
        ("LOD 1E-5, sensitivity 1E-4, negative", 1e-4, None),
    ],
)
def test_limits_of_the_assay(text: str, sensitivity: float | None, quantifiable: float | None) -> None:
    reading = read_mrd_text(text)
    assert reading.sensitivity == sensitivity
    assert reading.quantifiable == quantifiable


@pytest.mark.parametrize(
    ("text", "seen", "undetectable"),
    [
        ("MRD undetectable", False, True),
        ("complete molecular remission", None, True),
        ("not detected", False, False),
        ("MRD negative", None, False),
        ("MRD positive", True, False),
        ("0.02 %", True, False),
        ("<0.01 %", None, False),
    ],
)
def test_negative_is_not_undetectable(text: str, seen: bool | None, undetectable: bool) -> None:
    reading = read_mrd_text(text)
    assert (reading.seen, reading.undetectable) == (seen, undetectable)


@pytest.mark.parametrize(
    ("text", "positive"),
    [
        ("0.01 %", True),
        ("0.0099 %", False),
        ("<0.01 %", False),
        ("<0.1 %", None),
        ("positive, not quantifiable (<1E-4)", True),
        ("MRD negative", False),
        ("see report", None),
    ],
)
def test_exactly_one_in_ten_thousand_is_positive(text: str, positive: bool | None) -> None:
    assert read_mrd_text(text).positive() is positive


QUANTITIES: list[tuple[float, str, float, Scale]] = [
    (0.02, "%", 2e-4, Scale.CELLS),
    (2e-4, "1", 2e-4, Scale.CELLS),
    (2.3, "10*-4", 2.3e-4, Scale.CELLS),
    (2.3, "10^-4", 2.3e-4, Scale.CELLS),
    (1, "1E-4", 1e-4, Scale.CELLS),
    (1, "1E-6", 1e-6, Scale.CELLS),
    (2, "{cells}/10*4", 2e-4, Scale.CELLS),
    (12, "{residual clonal cells}/10*6 nucleated cells", 1.2e-5, Scale.CELLS),
    (12, "cells per million", 1.2e-5, Scale.CELLS),
    (5, "/1000000", 5e-6, Scale.CELLS),
    (5, "ppm", 5e-6, Scale.CELLS),
    (0.5, "% of mononuclear cells", 5e-3, Scale.CELLS),
    (0.5, "% of nucleated cells", 5e-3, Scale.CELLS),
    (3e-4, "{ratio}", 3e-4, Scale.CELLS),
    (0.0066, "% (IS)", 6.6e-5, Scale.IS),
    (3, "[copies]/10*4 ABL1", 3e-4, Scale.TRANSCRIPT),
    (-4.0, "{log}", 1e-4, Scale.TRANSCRIPT),
    (4.0, "MR log", 1e-4, Scale.IS),
    (0, "", 0.0, Scale.CELLS),
]


@pytest.mark.parametrize(("value", "unit", "fraction", "scale"), QUANTITIES, ids=[q[1] or "none" for q in QUANTITIES])
def test_quantity(value: float, unit: str, fraction: float, scale: Scale) -> None:
    reading = read_mrd_quantity(value, unit)
    assert reading.fraction == pytest.approx(fraction)
    assert reading.scale is scale


@pytest.mark.parametrize("unit", ["form", None, "% of lymphocytes", "mg/dL", "{log_reduction}"])
def test_a_unit_that_cannot_be_read_is_never_guessed(unit: str | None) -> None:
    assert read_mrd_quantity(0.02, unit).problem is Reason.UNIT


def test_comparators_of_a_quantity_are_kept() -> None:
    assert read_mrd_quantity(0.01, "%", "<").fraction == below(1e-4)
    assert read_mrd_quantity(0.01, "%", ">=").fraction == Interval(1e-4, 1)


def test_a_row_called_mr_is_a_log_whatever_its_unit() -> None:
    reading = read_mrd_quantity(1.21, "% (IS)", name="MR")
    assert reading.fraction == pytest.approx(6.17e-2, rel=1e-2)
    assert reading.scale is Scale.IS


def test_a_transcript_ratio_may_exceed_its_control_and_cells_may_not() -> None:
    assert read_mrd_quantity(120, "%", transcript=True).fraction == 1.2
    assert read_mrd_quantity(120, "%").problem is Reason.IMPLAUSIBLE
    assert read_mrd_quantity(-1, "%").problem is Reason.IMPLAUSIBLE


def test_value_and_word_of_one_result_are_brought_together() -> None:
    reading = combined([read_mrd_quantity(0.01, "%", "<"), read_mrd_text("Positive")])
    assert reading.fraction == between(1e-4)
    assert reading.positive() is True


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (("0.5 %", "Negative"), Reason.CONFLICTING),
        (("positive", "negative"), Reason.CONFLICTING),
        (("0.5 %", "Indeterminate"), Reason.NOT_DECIDED),
        (("0.02", "see report"), Reason.UNIT),
        (("MRD negative", "MRD negative 0.5 %"), Reason.CONFLICTING),
        ((), Reason.UNREADABLE),
    ],
)
def test_elements_that_disagree_decide_nothing(rows: tuple[str, ...], reason: Reason) -> None:
    assert combined(read_mrd_text(row) for row in rows).problem is reason


@given(st.text(max_size=60))
def test_any_text_is_read_without_raising_and_within_bounds(text: str) -> None:
    _within(read_mrd_text(text))


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6), st.text(max_size=12))
def test_any_quantity_is_read_without_raising_and_within_bounds(value: float, unit: str) -> None:
    _within(read_mrd_quantity(value, unit))


@given(st.floats(min_value=1e-6, max_value=0.99))
def test_percent_fraction_and_power_say_the_same(value: float) -> None:
    percent = read_mrd_text(f"{value * 100:.10f} %").fraction
    assert percent == pytest.approx(read_mrd_text(f"{value * 1e4:.8f} x 10^-4").fraction, rel=1e-3, abs=1e-11)
    assert percent == pytest.approx(read_mrd_quantity(value, "1").fraction, rel=1e-3, abs=1e-11)


def test_unit_factor_tells_nothing_of_an_empty_unit() -> None:
    assert unit_factor("") is None


def _within(reading: MrdReading) -> None:
    if reading.fraction is None:
        return
    span = reading.fraction if isinstance(reading.fraction, Interval) else Interval(reading.fraction, reading.fraction)
    assert 0 <= span.low <= span.high
    if reading.scale is Scale.CELLS:
        assert span.high <= 1
