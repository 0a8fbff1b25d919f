"""Further forms of MRD values: numbers of thousands, ranges, changes, several markers, poor samples, units in names."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.model import Interval, Reason
from service.facts.mrd.quantities import read_mrd_quantity, unit_factor, unit_in_name
from service.facts.mrd.reading import Scale
from service.facts.mrd.values import read_mrd_text


@pytest.mark.parametrize(
    ("text", "fraction", "word"),
    [
        ("1:10.000", 1e-4, None),
        ("1 : 100.000", 1e-5, None),
        ("12 000 per million", 1.2e-2, None),
        ("1,234 residual clonal cells per million nucleated cells", 1.234e-3, None),
        ("1.234 Zellen pro Million", 1.234e-3, None),
        ("3 von 1.000.000 Zellen", 3e-6, None),
        ("1-3 x 10-4", Interval(1e-4, 3e-4), None),
        ("between 0.01 and 0.1 %", Interval(1e-4, 1e-3), None),
        ("zwischen 10^-4 und 10^-3", Interval(1e-4, 1e-3), None),
        ("1E-4 to 1E-3", Interval(1e-4, 1e-3), None),
        ("MRD: 0.02% of nucleated cells, 95% CI 0.01-0.03%", 2e-4, None),
        ("MRD decreased from 0.5% to 0.02%", 2e-4, None),
        ("MRD abgefallen von 0,5 % auf 0,02 %", 2e-4, None),
        ("0.02 (%)", 2e-4, None),
        ("<0.0001", Interval(0, 1e-4, high_open=True), None),
        ("Detected; below the limit of quantitation (10^-4)", Interval(0, 1e-4, True, True), "positive"),
        ("PNQ", None, "positive"),
        ("pos. n.q.", None, "positive"),
        ("MRD: +", None, "positive"),
        ("n.n.", None, "negative"),
        ("less than LOD", None, "negative"),
        ("clonoSEQ: 0 residual clonal cells", None, "negative"),
        ("0 residual clonal cells detected per 2,345,678 total nucleated cells", 0.0, "negative"),
        ("IGH-VDJ: 2 x 10^-4, TRG: <10^-4", 2e-4, None),
        ("MRD marker 1 (IGH): 2E-4; marker 2 (TRG): negative", 2e-4, None),
        ("Klon 1: negativ; Klon 2: negativ", None, "negative"),
        ("hemodilute sample, MRD positive 0.3 %", 3e-3, "positive"),
        ("no hemodilution; MRD negative", None, "negative"),
        ("MRD in BCR::ABL1-positive ALL by flow: 0.02 %", 2e-4, None),
        ("MRD in Ph-negative ALL: 0.02 %", 2e-4, None),
        ("MRD positiv, quantifizierbar: 4 x 10E-4; QR 1 x 10E-4, Sensitivität 1 x 10E-5", 4e-4, "positive"),
        ("MRD -ve", None, "negative"),
        ("+ve", None, "positive"),
        ("uMRD at 10^-6", Interval(0, 1e-6, high_open=True), "negative"),
        ("Durchflusszytometrie: MRD negativ (<0,01 %). Ig/TR-PCR: MRD positiv 5E-5", 5e-5, "positive"),
        ("hypocellular marrow after induction; MRD negative", None, "negative"),
        ("IG/TR MRD 2E-4; BCR::ABL1/ABL1 0.05 %", 2e-4, None),
    ],
)
def test_text(text: str, fraction: Any, word: str | None) -> None:
    reading = read_mrd_text(text)
    assert (reading.problem, reading.scale) == (None, Scale.CELLS)
    assert (reading.fraction, reading.qualitative) == (fraction, word)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ND", Reason.NOT_DECIDED),  # not detected, or not done
        ("MRD: -", Reason.UNREADABLE),
        ("-", Reason.NOT_DECIDED),
        ("unbestimmt", Reason.NOT_DECIDED),
        ("hypocellular sample", Reason.NOT_DECIDED),
        ("hypocellular aspirate, MRD negative", Reason.NOT_DECIDED),
        ("N/A", Reason.NOT_DECIDED),
        ("Untersuchung nicht möglich", Reason.NOT_DECIDED),
        ("hemodilute sample, MRD not detected", Reason.NOT_DECIDED),
        ("MRD negativ, geforderte Sensitivität nicht erreicht", Reason.NOT_DECIDED),
        ("MRD <0.01 %, suboptimal sample", Reason.NOT_DECIDED),
        ("MRD 0.3 % of CD19+ B cells", Reason.UNIT),
        ("12 % der Lymphozyten", Reason.UNIT),
        ("<0.01", Reason.UNIT),  # a percentage would be negative, a fraction not
        ("EOI MRD 0.2%, EOC MRD <0.01%", Reason.CONFLICTING),
    ],
)
def test_what_decides_nothing_says_why(text: str, reason: Reason) -> None:
    reading = read_mrd_text(text)
    assert (reading.problem, reading.usable) == (reason, False)


@pytest.mark.parametrize("text", ["KMT2A::AFF1 transcript 2E-4", "BCR::ABL1 p190 0.02 %", "ETV6-RUNX1 ratio 2E-4"])
def test_a_fusion_transcript_is_no_share_of_cells(text: str) -> None:
    assert read_mrd_text(text).scale is Scale.TRANSCRIPT


def test_digits_of_a_name_are_no_number() -> None:
    text = "BCR::ABL1 p190: 0,032 % (Quotient), Kontrollgen ABL1 45.000 Kopien"
    assert read_mrd_text(text, transcript=True).fraction == 3.2e-4


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("10^-6 cells", 1e-6),
        ("10E-4", 1e-4),
        ("x 10-4", 1e-4),
        ("‰", 1e-3),
        ("percent", 0.01),
        ("% MNC", 0.01),
        ("/10.000 Zellen", 1e-4),
        ("per 1.000.000", 1e-6),
        ("pro Mio. Zellen", 1e-6),
    ],
)
def test_units(unit: str, factor: float) -> None:
    found = unit_factor(unit)
    assert found is not None
    assert found[0] == pytest.approx(factor)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("MRD flow marrow (%)", "%"),
        ("MRD [10^-4]", "10^-4"),
        ("MRD in Prozent", "%"),
        ("residual clonal cells per million nucleated cells", "per million"),
        ("MRD 100 %-Methode", None),
        ("MRD", None),
    ],
)
def test_the_name_of_a_row_may_give_its_unit(name: str, unit: str | None) -> None:
    assert unit_in_name(name) == unit
    assert (read_mrd_quantity(0.02, None, name=name).problem is None) == (unit is not None)


def test_a_bound_without_unit_counts_where_every_unit_says_the_same() -> None:
    assert read_mrd_quantity(1e-4, None, "<").fraction == Interval(0, 1e-4, high_open=True)
    assert read_mrd_quantity(1e-3, None, "<").problem is Reason.UNIT
    assert read_mrd_quantity(1e-4, None).problem is Reason.UNIT


FRACTIONS = st.integers(1, 9999).flatmap(lambda n: st.integers(-8, -5).map(lambda p: float(f"{n}e{p}")))


def _plain(number: float) -> str:
    return f"{number:.12f}".rstrip("0")


def _scientific(value: float) -> tuple[str, int]:
    mantissa, _, power = f"{value:.3e}".partition("e")
    return mantissa, int(power)


def _forms(value: float) -> list[str]:
    mantissa, power = _scientific(value)
    percent, million = _plain(value * 100), round(value * 1e6, 6)
    forms = [
        f"{percent}0 %", f"{percent.replace('.', ',')}0 %", f"MRD: {percent}0%", f"{mantissa} x 10^{power}",
        f"{mantissa} × 10{power}", f"{mantissa.replace('.', ',')} x 10E{power}", f"{mantissa}E{power:+03d}",
        f"MRD positiv {mantissa.replace('.', ',')}*10^{power} (Sensitivität 1E-09)", f"{mantissa} 10*{power}",
        f"{percent}0 percent of nucleated cells",
    ]  # fmt: skip
    if million >= 1 and million == round(million):
        forms += [f"{million:.0f} cells per million", f"{million:.0f}/1.000.000", f"{million:,.0f} in 1,000,000 cells"]
    return forms


@given(FRACTIONS, st.data())
def test_a_fraction_is_read_back_from_every_form(value: float, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(_forms(value)))
    reading = read_mrd_text(text)
    assert reading.problem is None, text
    assert isinstance(reading.fraction, float), text
    assert math.isclose(reading.fraction, value, rel_tol=1e-3), text


@given(FRACTIONS, st.sampled_from(["<", "< ", "<=", "≤ ", "kleiner ", "below "]))
def test_bounds_are_read_back(value: float, sign: str) -> None:
    mantissa, power = _scientific(value)
    for text in (f"{sign}{_plain(value * 100)}0 %", f"{sign}{mantissa} x 10^{power}"):
        found = read_mrd_text(text).fraction
        assert isinstance(found, Interval), text
        assert math.isclose(found.high, value, rel_tol=1e-3), text
        assert found.high_open == (sign.strip() not in ("<=", "≤"))


PIECES = st.lists(
    st.sampled_from(
        [
            "MRD",
            "0.02 %",
            "<",
            "10",
            "^",
            "-4",
            "1E-4",
            "positiv",
            "not",
            "detected",
            "per million",
            "1,234",
            "12 000",
            "LOD",
            "(",
            ")",
            ";",
            "IGH",
            "TRG",
            ":",
            "BCR::ABL1",
            "hemodilute",
            "between",
            "and",
            "von",
            "auf",
            "0",
            "cells",
            "of B cells",
            "MR4.5",
            "n.q.",
            "95% CI",
            "\n",
            "von 1 auf 2",
            "10E-4",
            "≤",
        ]
    ),
    max_size=14,
)


@given(PIECES, st.booleans())
def test_any_mixture_of_its_words_is_read_without_raising(pieces: list[str], transcript: bool) -> None:
    reading = read_mrd_text(" ".join(pieces), transcript=transcript)
    if reading.usable:
        assert reading.fraction is not None or reading.qualitative in ("positive", "negative")
    if reading.fraction is not None:
        low, high = (
            (reading.fraction.low, reading.fraction.high)
            if isinstance(reading.fraction, Interval)
            else (reading.fraction, reading.fraction)
        )
        assert 0 <= low <= high
