"""Relapses and remissions with the dates beside them in one text, and the clocks they set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.course.dated_words import date_in_text, dated_words
from service.facts.course.state_text import state_in
from tests.facts.course_support import ALL, read
from tests.facts.fhir import condition


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("c-ALL, ED 03/2021, 1. Rezidiv 05/2023, CR2 seit 08/2023", ["relapsed 2023-05", "in-remission 2023-08"]),
        ("B-ALL: CR1 2019, relapse #1 2021, CR2 2022", ["in-remission 2019", "relapsed 2021", "in-remission 2022"]),
        ("2019 CR1, 2021 relapse", ["in-remission 2019", "relapsed 2021"]),
        ("05/2023: 1. Rezidiv", ["relapsed 2023-05"]),
        ("1. Rezidiv (isoliert KM) 12.05.2023", ["relapsed 2023-05-12"]),
        ("relapsed in May 2023 after transplant", ["relapsed 2023-05"]),
        ("relapse on 5/14/2023", ["relapsed 2023-05-14"]),
        ("relapse 03/04/2023", ["relapsed 2023"]),
        ("Rezidiv, alloSZT 10/2024", ["relapsed None"]),
        ("relapse protocol IntReALL 2010", ["relapsed None"]),
        ("ED 03/2021, Rezidiv", ["relapsed None"]),
        ("Z.n. Rezidiv 05/2023", ["relapsed 2023-05"]),
        ("V.a. Rezidiv 05/2023", []),
        ("kein Rezidiv 05/2023", []),
        ("MRD-Rezidiv 05/2023", []),
        ("GMALL 08/2013", []),
        ("", []),
    ],
)  # fmt: skip
def test_dated_words(text: str, expected: list[str]) -> None:
    assert [f"{w.state} {w.when.text if w.when else None}" for w in dated_words(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B-ALL: CR1 2019, relapse #1 2021, CR2 2022, relapse #2 2024", "relapsed"),
        ("CR2, now second relapse", "relapsed"),
        ("CR1, Rezidiv 05/2024", "relapsed"),
        ("Rezidiv 05/2023, CR2 08/2023", "in-remission"),
        ("MRD relapse", None),
        ("MRD-Rezidiv in CR1", "in-remission"),
        ("molecular and hematologic relapse", "relapsed"),
        ("Remission nicht erreicht", None),
        ("CR1 was not achieved", None),
        ("remission status: unknown", None),
        ("remission status: complete remission", "in-remission"),
        ("relapse ruled out", None),
        ("Rezidivverdacht", None),
        ("ALL with recurrent infections", None),
        ("ALL, rezidivierende Infekte", None),
        ("recurrent B-cell ALL", "relapsed"),
        ("recurrent acute lymphoblastic leukemia", "relapsed"),
        ("R/R B-ALL", "relapsed"),
        ("KR2", "in-remission"),
        ("MRD non-responder", None),
        ("induction non-response", "refractory"),
    ],
)
def test_state_where_texts_tell_of_more(text: str, expected: str | None) -> None:
    assert state_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023", "2023"), ("2023-05", "2023-05"), ("2023-05-12", "2023-05-12"), ("12.5.2023", "2023-05-12"),
        ("05.2023", "2023-05"), ("13/2023", None), ("31.02.2023", None), ("Dezember 2022", "2022-12"),
        ("3 March 2022", "2022-03-03"), ("Okt. 2021", "2021-10"), ("soon", None),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(text: str, expected: str | None) -> None:
    found = date_in_text(text)
    assert (found.text if found else None) == expected


@given(st.text(alphabet="relapsCR12 .,/()0239-Rezidiv", max_size=60))
def test_any_text_can_be_looked_through(text: str) -> None:
    for found in dated_words(text):
        assert found.state in ("relapsed", "in-remission")
    state_in(text)


def test_a_relapse_dated_in_words_sets_the_clocks() -> None:
    facts = read(ALL, condition(text="B-ALL, 1. Rezidiv 02/2023 (isoliert KM), CR2 seit 06/2023"))
    found = facts["months_diagnosis_to_relapse"]
    assert found.value.low == pytest.approx(36 + 17 / 31)  # type: ignore[union-attr]
    assert found.value.high == pytest.approx(37 + 13 / 28, abs=0.1)  # type: ignore[union-attr]
    assert any(p.from_text and p.date == "2023-02" for p in found.provenance)
    assert (facts.value("relapse_number"), facts.value("remission_number")) == (1.0, 2.0)
    assert facts.value("disease_state") == "in-remission"
