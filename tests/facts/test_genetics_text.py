"""Genetic findings in prose: stated, denied, left open, or not a result at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.genetics.text import findings_in


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("BCR::ABL1 fusion detected", {"BCR::ABL1": True}),
        ("BCR-ABL1 nachweisbar", {"BCR::ABL1": True}),
        ("t(9;22)(q34;q11) found in 180 of 200 nuclei", {"BCR::ABL1": True}),
        ("Philadelphia chromosome present", {"BCR::ABL1": True}),
        ("Ph+ ALL", {"BCR::ABL1": True}),
        ("Ph-positive B-ALL", {"BCR::ABL1": True}),
        ("Ph-negative B-ALL", {"BCR::ABL1": False}),
        ("No evidence of BCR::ABL1", {"BCR::ABL1": False}),
        ("negative for t(9;22)", {"BCR::ABL1": False}),
        ("kein Nachweis von BCR-ABL1", {"BCR::ABL1": False}),
        ("BCR/ABL1 nicht nachgewiesen", {"BCR::ABL1": False}),
        ("BCR::ABL1 fusion not present. iAMP21 present", {"BCR::ABL1": False, "iAMP21": True}),
        ("BCR::ABL1 negative, ETV6::RUNX1 positive", {"BCR::ABL1": False, "ETV6::RUNX1": True}),
        ("negative for BCR::ABL1 and positive for KMT2A rearrangement", {"BCR::ABL1": False, "KMT2A-r": True}),
        ("No evidence of BCR::ABL1, ETV6::RUNX1 or KMT2A rearrangement",
         {"BCR::ABL1": False, "ETV6::RUNX1": False, "KMT2A-r": False}),
        ("BCR::ABL1 and TCF3::PBX1 fusions were not detected", {"BCR::ABL1": False, "TCF3::PBX1": False}),
        ("No evidence of MYC, IGH::MYC, BCL2 or BCL6 rearrangements.", {"IGH::MYC": False}),
        ("BCR::ABL1 detected, no other fusion", {"BCR::ABL1": True}),
        ("BCR::ABL1 negative (cut-off 2 %)", {"BCR::ABL1": False}),
        ("cannot exclude t(9;22)", {"BCR::ABL1": None}),
        ("BCR::ABL1 equivocal", {"BCR::ABL1": None}),
        ("BCR::ABL1 pending", {"BCR::ABL1": None}),
        ("BCR::ABL1 FISH failed", {"BCR::ABL1": None}),
        ("BCR::ABL1 positive. BCR::ABL1 negative", {"BCR::ABL1": None}),
        ("Possible BCR::ABL1. BCR::ABL1 confirmed", {"BCR::ABL1": True}),
        ("Ph-like ALL", {"ph-like": True}),
        ("BCR-ABL1-like signature detected", {"ph-like": True}),
        ("Philadelphia-like: negative", {"ph-like": False}),
        ("TEL/AML1 positive", {"ETV6::RUNX1": True}),
        ("MLL rearranged", {"KMT2A-r": True}),
        ("11q23 rearrangement seen", {"KMT2A-r": True}),
        ("IKZF1 deletion present", {"IKZF1-del": True}),
        ("EBF1::PDGFRB detected", {"EBF1::PDGFRB": True}),
        ("P2RY8::CRLF2 identified", {"P2RY8::CRLF2": True}),
        ("Probe: BCR/ABL1 dual fusion", {}),
        ("The patient's mother is well", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_findings(text, said):
    assert {one.token: one.present for one in findings_in(text)} == said


def test_a_bare_name_states_only_in_a_diagnosis_or_short_value():
    long = (
        "Material was sent to the reference laboratory for BCR::ABL1 together with the forms and labels of the patient"
    )
    assert findings_in(long) == ()
    assert [one.present for one in findings_in(long, naming_is_stating=True)] == [True]


@given(st.text(max_size=200))
def test_any_text_is_read_without_raising(text):
    assert all(one.token for one in findings_in(text))


@pytest.mark.parametrize(
    "denial", ["no evidence of {}", "{} not detected", "negative for {}", "kein Nachweis von {}", "without {}"]
)
@pytest.mark.parametrize("name", ["BCR::ABL1", "t(9;22)", "KMT2A rearrangement", "ETV6::RUNX1", "iAMP21"])
def test_a_denied_finding_is_never_present(denial, name):
    assert [one.present for one in findings_in(f"FISH: {denial.format(name)}.")] == [False]
