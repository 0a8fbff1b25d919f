"""How clinical phrases are read, one row per phrase; and that reading stays linear, whatever the text."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.record.clauses import clauses, plain
from service.record.text import Mention, mention_of
from tests.record import phrases_english, phrases_german, phrases_letters
from tests.record.phrases_english import Phrase

ALL = re.compile(r"\bALL\b")


TABLES = {"english": phrases_english, "german": phrases_german, "letters": phrases_letters}
ROWS = [
    pytest.param(*phrase, id=f"{name}: {phrase[0]} | {phrase[1]}") for name, t in TABLES.items() for phrase in t.PHRASES
]


@pytest.mark.parametrize(("text", "pattern", "mention"), ROWS)
def test_phrases(text: str, pattern: str, mention: Mention | None) -> None:
    assert mention_of(text, re.compile(pattern)) is mention


def _said_in_a_report(phrase: Phrase) -> bool:
    """Whether a phrase is one of prose, which means the same wherever in a report it stands."""
    return not re.search(r"[\n\\<☐\[]|:\s*$", phrase[0]) and phrase[0][-1] in ".)"


@pytest.mark.parametrize("name", TABLES)
def test_a_phrase_means_the_same_among_other_sentences(name: str) -> None:
    before, behind = "Sample of good quality. ", " CD19 positive. Report ends."
    phrases: list[Phrase] = TABLES[name].PHRASES
    for text, pattern, mention in filter(_said_in_a_report, phrases):
        assert mention_of(f"{before}{text}{behind}", re.compile(pattern)) is mention, text


def test_a_denial_means_the_same_in_capitals() -> None:
    for text, pattern, mention in (*phrases_english.DENIED, *phrases_german.DENIED):
        if "ß" not in text:
            assert mention_of(text.upper(), re.compile(pattern, re.IGNORECASE)) is mention, text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("<0.01 %", "<0.01 %"),
        ("a < b, c > d", "a < b, c > d"),
        ("CD19 & CD20", "CD19 & CD20"),
        ("&lt;0.01&nbsp;%", "<0.01 %"),
        ("one\\.br\\two", "one\ntwo"),
        ("48\\R\\50,XY", "48~50,XY"),
        ("10\\S\\-4", "10^-4"),
        ("10\u22124", "10-4"),
        ("P O S I T I V", "POSITIV"),
        ("T B NK", "T B NK"),
        ("46,XX[20]", "46,XX[20]"),
        ("del(20)(q*q*)[]", "del(20)(q*q*)[]"),
        ("Ph: positive [ ] negative [x]", "Ph:  negative "),
        ("Ph: [ ] positive [ ] negative", "Ph: ____"),
        ("Ph positive [ ] or negative [x]?", "Ph positive ? or negative ??"),
    ],
)
def test_what_systems_did_to_a_text_is_undone(text: str, meant: str) -> None:
    assert plain(text) == meant


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Im 1. Rezidiv. Kein Fieber", ["Im 1. Rezidiv", "Kein Fieber"]),
        ("PMH:\n1. asthma\n2. ALL", ["PMH: asthma", "PMH: ALL"]),
        ("PMH:\n\nALL", ["PMH:", "ALL"]),
        ("Diagnosis:", ["Diagnosis:"]),
        ("Findings:\nHistory:\nALL", ["Findings:", "History: ALL"]),
        ("BCR::ABL1 ..... negative", ["BCR::ABL1 ..... negative"]),
    ],
)
def test_statements_and_their_headings(text: str, parts: list[str]) -> None:
    assert [part.strip() for part in clauses(text)] == parts


HOSTILE = [
    "ALL ", "no ALL, ", "ALL, KMT2A1, ", "not not ", "a" * 40, "(", "(ALL ", "[ ] ALL ", "z. n. ", "ALL is was were ", "; ", "...",
    "<b ", "&amp", "\\.br", "ALL\n", "Heading:\n", "- ALL\n", "n e g ", "mother in the ", "1. ", "ALL ?", "kein sicherer ", "possible ",
    "schließt ALL ", "\u00ad", "ALL (", "no evidence of\n", "A1, B2, C3, ", " \t", "history of ", ", im ", "x-", "t(9;22)", "_",
]  # fmt: skip


def _seconds(text: str) -> float:
    best = 9.9
    for _ in range(3):
        began = time.process_time()
        mention_of("no " + text, ALL)
        mention_of(text + " ALL", ALL)
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.parametrize("piece", HOSTILE)
def test_four_times_the_text_takes_about_four_times_as_long(piece: str) -> None:
    short, long = (piece * (length // len(piece)) for length in (5_000, 20_000))
    assert _seconds(long) < 10 * max(_seconds(short), 0.002)  # sixteen times, were it quadratic


@given(st.text(max_size=80), st.lists(st.sampled_from(HOSTILE), max_size=6))
def test_any_text_can_be_read(text: str, pieces: list[str]) -> None:
    whole = f"{text}{''.join(pieces)} ALL"
    assert isinstance(plain(whole), str)
    assert all(part.strip() for part in clauses(whole))
    mention_of(whole, ALL)


def test_a_text_of_hundreds_of_mentions_stays_open() -> None:
    assert mention_of("no ALL, " * 50, ALL) is Mention.NEGATED
    assert mention_of("no ALL, " * 500, ALL) is Mention.UNCERTAIN
