"""Remissions in words beside other statements: what is denied or past before them says nothing of them."""

from __future__ import annotations

import pytest

from service.facts.course.state_text import state_in
from service.facts.course.text import remission_number_in
from service.facts.response.response import stated_response


@pytest.mark.parametrize(
    ("text", "state", "number"),
    [
        ("B-ALL, kein Anhalt für Rezidiv, in CR1", "in-remission", 1),
        ("No evidence of relapse, complete remission", "in-remission", None),
        ("Kein Hinweis auf Rezidiv, weiterhin komplette Remission", "in-remission", None),
        ("B-ALL without relapse, CR1", "in-remission", 1),
        ("B-ALL in MRD-negative CR1 after induction", "in-remission", 1),
        ("B-ALL, s/p relapse, s/p alloHCT in CR2", "in-remission", 2),
        ("Rezidiv, keine Remission", "relapsed", None),
        ("not in remission", None, None),
        ("s/p induction, not in CR1", None, None),
    ],
)
def test_state(text: str, state: str | None, number: int | None) -> None:
    assert (state_in(text), remission_number_in(text)) == (state, number)


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("Kein Hinweis auf Rezidiv, weiterhin komplette Remission", "CR"),
        ("Kein Anhalt für ein Rezidiv, CR", "CR"),
        ("No relapse, ongoing complete remission", "CR"),
        ("keine komplette Remission", "less-than-CR"),
        ("no complete remission", "less-than-CR"),
    ],
)
def test_response(text: str, response: str) -> None:
    assert stated_response(text) == response
