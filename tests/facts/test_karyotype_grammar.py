"""The ISCN reader against its grammar: every sentence is read whole and means what it was made from."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.facts.genetics.by_karyotype import describe_karyotype
from service.facts.karyotype import read_karyotype
from tests.facts.karyotype_grammar import Sentence, broken, check, karyotypes


@settings(max_examples=300, deadline=None)
@given(karyotypes())
def test_a_sentence_of_the_grammar_means_what_it_was_made_from(sentence: Sentence) -> None:
    found = describe_karyotype(sentence.text)
    (clone,) = found["clones"]
    assert found["unread"] == []
    assert found["modal_chromosome_number"] == sentence.number
    assert clone["cells"] == sentence.cells
    assert clone["ploidy_level"] == 2
    assert (clone["gains"], clone["losses"]) == (sentence.gains, sentence.losses)
    printed = [item["text"] for item in clone["abnormalities"] if item["kind"] not in ("gain", "loss", "mar")]
    assert printed == sentence.structural


@settings(max_examples=150, deadline=None)
@given(karyotypes(), st.integers(0, 5))
def test_case_blanks_and_a_second_clone_change_nothing(sentence: Sentence, normal_cells: int) -> None:
    plain = describe_karyotype(sentence.text)["clones"][0]
    sloppy = describe_karyotype(f" {sentence.text.lower().replace(',', ' , ')} / 46,XX[{normal_cells + 1}]")["clones"][
        0
    ]
    assert {**sloppy, "abnormalities": None} == {**plain, "abnormalities": None}
    assert [a["chromosomes"] for a in sloppy["abnormalities"]] == [a["chromosomes"] for a in plain["abnormalities"]]


@settings(max_examples=150, deadline=None)
@given(karyotypes(), st.sampled_from(["idem", "sl"]))
def test_a_sideline_has_what_its_stemline_has(sentence: Sentence, mark: str) -> None:
    text = sentence.text.partition("[")[0]
    found = describe_karyotype(f"{text}[8]/{sentence.number + 1},{mark},+mar[3]")
    stem, side = found["clones"]
    assert side["gains"] == stem["gains"]
    assert [a["text"] for a in side["abnormalities"]] == [*(a["text"] for a in stem["abnormalities"]), "+mar"]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
@example("46,XX,der(v2)(22pter->22~q11::9q34->9qter)")
@example("")
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    found = describe_karyotype(text)
    check(found)
    assert found["clones"] or found.get("donor") or found["problem"] or found["statement"]


def test_broken_formulas_are_read_as_far_as_they_go() -> None:
    chance = random.Random(7)
    for _ in range(2000):
        check(describe_karyotype(broken(chance)))


@pytest.mark.parametrize("piece", ["(", " ", "\n", "+8,", "/", "q1", "?", "or +9 ", "t(1;2)", "1q1::2q1->", "amended "])
def test_the_cost_grows_with_the_length_and_not_with_its_square(piece: str) -> None:
    """Counted in work and not in time: the calls that a profiler sees."""
    short, long = (_calls("46,XX," + piece * n) for n in (200, 800))
    assert long <= 6 * short


def _calls(text: str) -> int:
    import sys

    seen = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal seen
        seen += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        read_karyotype(text)
    finally:
        sys.setprofile(None)
    return seen


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("46,XX,t(9;22)(q34;q11),zz9,-7", [("zz9", 23)]),
        ("Karyotype: 47,XY,+8,qq(3)[4]/46,XY[6]", [("qq(3)", 20)]),
        ("34,X,1,+5", [("1", 5)]),
    ],
)  # fmt: skip
def test_what_could_not_be_read_is_named_with_its_place(text: str, unread: list[tuple[str, int]]) -> None:
    found = describe_karyotype(text)
    assert [(piece["token"], piece["at"]) for piece in found["unread"]] == unread
    assert all(text[at : at + len(token)] == token for token, at in unread)
    assert found["clones"][0]["abnormalities"]  # the rest is kept
