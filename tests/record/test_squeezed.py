"""Texts of any length are read in a time that grows with their length, not with its square."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.record.squeezed import squeezed, squeezed_resource, squeezed_text
from tests.facts.fhir import condition, observation, procedure, resource, statement
from tests.facts.support import facts_of


def test_runs_are_cut_and_everything_else_stays() -> None:
    assert squeezed_text("a" + " " * 60 + "b") == "a  b"
    assert squeezed_text("Marrow:" + " \n" * 60 + "blasts 3 %") == "Marrow:\n\nblasts 3 %"
    assert squeezed_text("Befund" + "=" * 80 + "2") == "Befund" + "=" * 32 + "2"
    usual = observation(
        "6690-2", note=[{"text": "Karyotype 46,XX,t(9;22)(q34;q11.2)[18]/46,XX[2]   two blanks   stay"}]
    )
    assert squeezed(usual) is usual


@given(st.lists(st.tuples(st.sampled_from([*"a1-( \n\t\u00a0", " \n"]), st.integers(0, 70)), max_size=8))
def test_no_long_run_is_overlooked(parts: list[tuple[str, int]]) -> None:
    found = squeezed_text("".join(sign * count for sign, count in parts) + "x" * 41)
    assert not re.search(r"\s{9}|([^\sx])\1{32}", found)


def test_the_narrative_stays_as_it_came() -> None:
    told = {"resourceType": "Observation", "text": {"div": " " * 99}, "note": [{"text": "x" + " " * 99}]}
    assert squeezed_resource(told) == {**told, "note": [{"text": "x  "}]}
    assert squeezed_resource(plain := {**told, "note": []}) is plain


def test_parts_without_runs_are_not_copied() -> None:
    part = {"text": "short"}
    changed = squeezed({"code": part, "note": [{"text": "x" + " " * 99}]})
    assert changed["code"] is part
    assert changed["note"] == [{"text": "x  "}]


@pytest.mark.parametrize("sign", [" ", "\n", "\t", "(", "1", "-", "\u00a0", " \n"])
def test_long_runs_cost_no_more_than_their_length(sign: str) -> None:
    text = sign * 20_000
    kinds: list[Any] = [
        observation("6690-2", valueString=text), observation("48807-2", valueString=text), observation("29770-5", valueString=text),
        observation(None, text="MRD by flow", valueString=text), observation(None, text="ECOG", valueString=text),
        resource("DiagnosticReport", status="final", code={"text": "Bone marrow biopsy"}, effectiveDateTime="2025-05-20", conclusion=text),
        condition(None, text="Acute lymphoblastic leukemia" + text, note=[{"text": text}]),
        procedure(None, "2025-05-20", text="Allogeneic HCT" + text), statement("Pegaspargase" + text, "2025-05-01"),
    ]  # fmt: skip
    began = time.process_time()
    facts = facts_of(*kinds)
    for name in (
        "wbc_current",
        "marrow_blasts_percent",
        "mrd_fraction",
        "karyotype",
        "ecog",
        "treatment_phase",
        "prior_therapies",
    ):
        _ = facts[name]
    assert time.process_time() - began < 5
