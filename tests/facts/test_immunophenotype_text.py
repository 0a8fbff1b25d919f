"""Markers in the words of flow cytometry reports: signs, grades, negations, shares, and whose cells they are of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.immunophenotype.markers import by_percent
from service.facts.immunophenotype.text import markers_in
from service.facts.model import Interval


def calls(text: str, **options: bool) -> dict[str, bool | None]:
    return {marker.name: marker.positive for marker in markers_in(text, **options)}


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("CD19+ CD20 dim CD22 partial", {"CD19": True, "CD20": True, "CD22": True}),
        ("CD10++, CD-19 positive, CD 22 (+)", {"CD10": True, "CD19": True, "CD22": True}),
        ("Expression von CD19 und CD22, keine Expression von CD20", {"CD19": True, "CD22": True, "CD20": False}),
        ("Nachweis von CD19, CD10; ohne Nachweis von CD20", {"CD19": True, "CD10": True, "CD20": False}),
        ("positiv für CD19, CD10, negativ für CD20", {"CD19": True, "CD10": True, "CD20": False}),
        ("CD19 positiv, CD20 schwach positiv, CD22 negativ", {"CD19": True, "CD20": True, "CD22": False}),
        ("CD13 und CD33 koexprimiert", {"CD13": True, "CD33": True}),
        ("CD19 and CD22 not detected", {"CD19": False, "CD22": False}),
        ("CD19 nicht exprimiert", {"CD19": False}),
        ("no loss of CD19; loss of CD22", {"CD19": True, "CD22": False}),
        ("CD19 expression is retained, CD22 decreased", {"CD19": True, "CD22": True}),
        ("cyCD3+, sCD3-, icCD3 positive", {"cCD3": True, "sCD3": False}),
        ("intrazytoplasmatisch CD3 positiv", {"cCD3": True}),
        ("CD79a (cytoplasmic) positive, CD3 (surface) negative", {"cCD79a": True, "sCD3": False}),
        ("cIgM+", {"cyt-mu": True}),
        ("cyµ negative", {"cyt-mu": False}),
        ("kappa negative, lambda negative", {"sIg": False}),
        ("lambda+ kappa-", {"sIg": True}),
        ("kappa negative", {}),
        ("surface immunoglobulin negative", {"sIg": False}),
        ("MPO neg., CD11b+, HLA-DR: pos", {"MPO": False, "CD11b": True, "HLA-DR": True}),
    ],
)  # fmt: skip
def test_signs_and_phrases(text: str, called: dict[str, bool | None]) -> None:
    assert calls(text) == called


@pytest.mark.parametrize(
    "text",
    [
        "CD20 +/-", "CD20 -/+", "CD20 variable", "CD20 dim/neg", "CD20 dim to negative", "CD20-/partial",
        "CD20 partial loss", "subset CD20 negative", "A CD20-negative subset (20 %) is present",
        "CD20 positive in 60 %, CD20 negative in 40 %",
    ],
)  # fmt: skip
def test_neither_positive_nor_negative_as_a_whole(text: str) -> None:
    assert calls(text) == {"CD20": None}


@pytest.mark.parametrize(
    "text",
    [
        "CD22 nicht bestimmt", "CD22 not tested", "CD22: n.d.", "CD22 pending", "CD22 equivocal", "CD22 cannot be assessed",
        "anti-CD22", "CD22-directed therapy positive effect", "CD22 antigen density 8000",
    ],
)  # fmt: skip
def test_what_is_no_result(text: str) -> None:
    assert calls(text) == {}


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("Normal B cells CD19+; blasts CD19-", {"CD19": False}),
        ("Background normal B cells express CD19 and CD20. The leukemic blasts are CD19 negative.", {"CD19": False}),
        ("Hematogones CD10+ CD19+ CD20 variable.", {}),
        ("Mature T-cells CD3+ CD7+; blasts CD19+", {"CD19": True}),
        ("Reife T-Zellen CD3+/CD5+ 6 %", {}),
        ("Blasts CD19+, CD10+, residual T cells CD3+, CD5+", {"CD19": True, "CD10": True}),
        ("CD3+ CAR T cells 5 %", {}),
        ("Normal B-cell precursors CD10+ CD19+", {}),
        ("Maturing myeloid cells MPO+ CD13+; lymphoblasts MPO-", {"MPO": False}),
        ("CD3 chimerism 98 % donor", {}),
        ("T-lymphoblasts CD3+ CD7+", {"CD3": True, "CD7": True}),
        ("Clonal B-cell precursors CD19+", {"CD19": True}),
        ("Lymphocytes 12 %. Immunophenotype: CD19+, CD10+", {"CD19": True, "CD10": True}),
        ("B-cell ALL, CD19+", {"CD19": True}),
    ],
)
def test_only_the_cells_of_the_leukemia_count(text: str, called: dict[str, bool | None]) -> None:
    assert calls(text) == called


def test_reports_about_more_must_name_the_blasts() -> None:
    text = "CD34 immunostain: CD34+ vessels. By flow the blasts are CD19+, CD20-."
    assert calls(text, of_blasts=True) == {"CD19": True, "CD20": False}
    assert calls("CD19+, CD20-", of_blasts=True) == {}


@pytest.mark.parametrize(
    ("text", "positive", "percent"),
    [
        ("CD20 (35 %) +", True, 35),
        ("CD20 on 25% of blasts", True, 25),
        ("CD20 expressed on 25 % of blasts", True, 25),
        ("25% of the blasts express CD20", True, 25),
        ("CD20: negative (12,5 %)", False, 12.5),
        ("CD20 20 %", False, 20),
        ("CD20 21 %", True, 21),
        ("CD20 <20 %", False, Interval(0, 20, high_open=True)),
        ("CD20 > 20 %", True, Interval(20, 100, low_open=True)),
        ("CD20 ≥ 20 %", None, Interval(20, 100)),
        ("CD20 60-70 %", True, Interval(60, 70)),
        ("CD20 10-30 %", None, Interval(10, 30)),
        ("CD20 partial (subset, 25%)", True, 25),
        ("CD22 20 %", True, 20),
        ("CD22 19,9 %", False, 19.9),
        ("MPO 3 %", False, 3),
        ("MPO 10 %", True, 10),
    ],
)
def test_shares_of_blasts(text: str, positive: bool | None, percent: float | Interval) -> None:
    (marker,) = markers_in(text)
    assert (marker.positive, marker.percent) == (positive, percent)


def test_the_grade_is_kept() -> None:
    assert [m.grade for m in markers_in("CD20 dim, CD22 partial, CD19 bright")] == ["dim", "partial", None]


def test_the_limit_of_cd20_is_that_of_the_guideline_and_lies_above_20_percent() -> None:
    assert (by_percent("CD20", 20), by_percent("CD19", 20), by_percent("CD20", 20.1)) == (False, True, True)


NAMES = ("CD19", "CD20", "CD22", "CD10", "CD34", "CD5", "TdT", "MPO", "HLA-DR", "cyCD3", "sCD3", "CD79a")
POSITIVE = ("{}+", "{} positive", "{} pos.", "{} positiv", "{}: 95 %", "{} (90 %)", "{} bright", "{} ++")
NEGATIVE = (
    "{}-",
    "{} negative",
    "{} neg.",
    "{} negativ",
    "{}: 1 %",
    "{} (-)",
    "{} not expressed",
    "{} nicht nachweisbar",
)


@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.booleans(), st.integers(0, 7)),
        min_size=1,
        max_size=6,
        unique_by=lambda row: row[0],
    )
)
def test_a_list_is_read_back(rows: list[tuple[str, bool, int]]) -> None:
    text = "; ".join((POSITIVE if positive else NEGATIVE)[i].format(name) for name, positive, i in rows)
    renamed = {"cyCD3": "cCD3"}
    assert calls(text) == {renamed.get(name, name): positive for name, positive, _ in rows}, text


WORDS = st.sampled_from(
    ["CD19", "CD20", "+", "-", "+/-", "(", ")", "35 %", "positive", "negativ", "nicht", "no", "blasts", "T cells", ",", ";", ". ",
     "dim", "subset", "cy", "s", "Ig", "kappa", "µ", "Nachweis von", "not tested", "<20 %", "100000 %", "to", "/"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=16), st.booleans())
def test_any_mixture_is_read_without_raising(words: list[str], of_blasts: bool) -> None:
    found = markers_in(" ".join(words), of_blasts=of_blasts)
    assert len({marker.name for marker in found}) == len(found)
    for marker in found:
        percent = marker.percent
        span = percent if isinstance(percent, Interval) else Interval(percent or 0, percent or 0)
        assert 0 <= span.low <= span.high <= 100
