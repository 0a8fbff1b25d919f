"""Long texts are searched in pieces: everything is found, and no single search is long."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.record.pieces import LONGEST, holds, matches
from service.record.text import Mention, mention_of
from tests.record.record_support import terminology

AHEAD = re.compile(r"(?=b|c)(?!.*never)b+c")  # looks over the rest of the text from every start


@given(st.text(alphabet="abc ", max_size=200))
def test_short_texts_are_searched_as_they_are(text: str) -> None:
    assert [m.span() for m in matches(AHEAD, text)] == [m.span() for m in AHEAD.finditer(text)]


@given(st.integers(0, 5 * LONGEST), st.integers(LONGEST + 1, 6 * LONGEST))
def test_what_is_anywhere_in_a_long_text_is_found(at: int, length: int) -> None:
    text = ("a" * min(at, length)) + "bbbc" + "a" * max(0, length - at)
    assert holds(AHEAD, text)
    assert {m.span() for m in matches(re.compile("b+c"), text)} >= {(min(at, length), min(at, length) + 4)}


def test_a_line_begins_only_once() -> None:
    """The beginning of a piece is not the beginning of the text."""
    assert not holds(re.compile("^b"), "a" * 499 + "b" * 2000)
    assert not holds(re.compile(r"\bb"), "a" * 499 + "b" * 2000)


class Counting:
    """A pattern that tells how much text it was given at once."""

    def __init__(self) -> None:
        self.most = 0

    def finditer(self, text: str, start: int = 0, end: int = 10**9) -> object:
        self.most = max(self.most, min(end, len(text)) - start)
        return iter(())


def test_no_search_is_longer_than_a_piece() -> None:
    counting = Counting()
    assert not holds(counting, "a" * 100_000)  # type: ignore[arg-type]
    assert counting.most == LONGEST


@pytest.mark.parametrize("letter", string.ascii_lowercase[:3])
def test_a_mention_far_into_a_text_without_points_is_found(letter: str) -> None:
    text = f"{letter} " * 3000 + "no evidence of BCR::ABL1"
    assert mention_of(text, re.compile("BCR::ABL1")) is Mention.NEGATED


def test_a_concept_far_into_a_text_is_found() -> None:
    known = terminology()
    name = "dasatinib"
    assert known.concepts_in_text("word " * 1000 + name) >= known.concepts_in_text(name)
    assert known.concepts_in_text(name)
