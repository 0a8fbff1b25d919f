"""Cytogenetic risk of a patient: from the record and from stated facts, by edition, with what is not known."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from service.facts.given import facts_from_mapping
from service.facts.model import Reason
from service.facts.registry import REGISTRY
from tests.facts.fhir import condition, observation
from tests.facts.support import facts_of

DIAGNOSED = condition("91857003", onsetDateTime="2025-04-20", status="active")
FISH_NEGATIVE = observation(
    "57802-1",
    "2025-04-21",
    valueString="FISH: BCR::ABL1 negative, KMT2A rearrangement negative, ETV6::RUNX1 negative. Blasts 90 %.",
)


def karyotype(text: str) -> dict[str, Any]:
    return observation("29770-5", "2025-04-21", valueString=text)


def stated(**given: object) -> Any:
    return facts_from_mapping(given, date(2025, 6, 1), REGISTRY)


def test_a_poor_feature_settles_it_while_others_are_untested() -> None:
    facts = facts_of(DIAGNOSED, karyotype("46,XX,t(4;11)(q21;q23)[20]"))
    risk = facts["cytogenetic_risk"]
    assert risk.value == "poor"
    assert any("KMT2A rearrangement" in (p.note or "") for p in risk.provenance)
    assert any(p.found and "t(4;11)" in p.found for p in risk.provenance)
    assert facts.value("poor_risk_feature_present") is True


def test_good_needs_the_poor_features_to_be_excluded() -> None:
    text = "54,XX,+X,+4,+6,+10,+14,+17,+18,+21[18]/46,XX[2]"
    alone = facts_of(DIAGNOSED, karyotype(text))
    assert alone["cytogenetic_risk"].reason is Reason.NOT_DECIDED
    assert "KMT2A" in (alone["cytogenetic_risk"].detail or "")
    assert alone.value("good_risk_feature_present") is True
    assert alone.value("poor_risk_feature_present") is None
    tested = facts_of(DIAGNOSED, karyotype(text), FISH_NEGATIVE)
    assert tested.value("cytogenetic_risk") == "good"
    assert tested.value("cytogenetic_risk_by(nccn-2015)") == "good"
    assert tested.value("poor_risk_feature_present") is False


def test_the_newest_editions_print_only_examples() -> None:
    facts = facts_of(DIAGNOSED, karyotype("46,XX,t(12;21)(p13;q22)[20]"), FISH_NEGATIVE)
    unknown = facts["cytogenetic_risk_by(nccn-adult-2-2025)"]
    assert unknown.reason is Reason.NOT_DECIDED
    assert "not in the excerpt" in (unknown.detail or "")


def test_bcr_abl1_is_poor_by_the_edition_of_2015_only() -> None:
    facts = facts_of(DIAGNOSED, karyotype("46,XX,t(9;22)(q34;q11)[20]"))
    assert facts.value("cytogenetic_risk_by(nccn-2015)") == "poor"
    assert facts.value("cytogenetic_risk") is None
    complex_too = facts_of(
        DIAGNOSED, karyotype("46,XX,del(1)(q24),del(6)(q21),t(9;22)(q34;q11),add(12)(p13),-20,+mar[20]")
    )
    assert complex_too.value("cytogenetic_risk") == "poor"


def test_good_and_poor_together_are_shown_and_not_resolved() -> None:
    text = "47,XX,del(1)(q24),del(6)(q21),del(9)(p21),t(12;21)(p13;q22),+21[20]"
    facts = facts_of(DIAGNOSED, karyotype(text))
    assert facts.value("cytogenetic_risk") == "conflict"
    assert (facts.value("good_risk_feature_present"), facts.value("poor_risk_feature_present")) == (True, True)


def test_nothing_known_says_nothing() -> None:
    facts = facts_of(DIAGNOSED)
    for name in ("cytogenetic_risk", "cytogenetic_risk_by(nccn-2015)", "poor_risk_feature_present"):
        assert facts[name].value is None


@pytest.mark.parametrize(
    ("given", "risk"),
    [
        ({"modal_chromosome_number": 43}, "poor"),
        ({"modal_chromosome_number": 44}, None),
        ({"dna_index": 0.8}, "poor"),
        ({"dna_index": 0.81}, None),
        ({"ploidy": "low-hypodiploid", "modal_chromosome_number": 62}, "poor"),
        ({"chromosomal_abnormality_count": 5}, "poor"),
        ({"chromosomal_abnormality_count": 4}, None),
        ({"kmt2a": True}, "poor"),
        ({"modal_chromosome_number": 54, "kmt2a": False, "complex_karyotype": False}, "good"),
        ({"dna_index": 1.17, "ploidy": "high-hyperdiploid", "kmt2a": False, "complex_karyotype": False}, "good"),
        ({"dna_index": 1.16, "kmt2a": False, "complex_karyotype": False}, None),
        ({"modal_chromosome_number": 62, "kmt2a": False, "complex_karyotype": False}, None),
        ({"modal_chromosome_number": 62, "ploidy": "near-triploid", "kmt2a": False, "complex_karyotype": False,
          "fusions": []}, "unlisted"),
        ({"modal_chromosome_number": 46, "kmt2a": False, "complex_karyotype": False, "fusions": []}, "unlisted"),
    ],
)  # fmt: skip
def test_limits_of_the_list_of_2015(given: dict[str, object], risk: str | None) -> None:
    assert stated(**given).value("cytogenetic_risk") == risk


@pytest.mark.parametrize(
    ("word", "good", "poor"), [("poor", False, True), ("good", True, False), ("conflict", True, True)]
)
def test_a_stated_risk_counts_for_every_edition(word: str, good: bool, poor: bool) -> None:
    facts = stated(cytogenetic_risk=word, kmt2a=True)
    assert facts.value("cytogenetic_risk_by(nccn-2015)") == word
    assert facts.value("cytogenetic_risk_by(nccn-pediatric-1-2026)") == word
    assert (facts.value("good_risk_feature_present"), facts.value("poor_risk_feature_present")) == (good, poor)


def test_doubled_hypodiploidy_is_poor_and_its_trace_leaves_it_open() -> None:
    doubled = facts_of(DIAGNOSED, karyotype("27,X,+8,+14,+21[2]/54,idemx2[16]/46,XX[2]"), FISH_NEGATIVE)
    assert doubled.value("cytogenetic_risk") == "poor"
    trace = facts_of(DIAGNOSED, karyotype("52,XX,+8,+8,+14,+14,+21,+21[18]"), FISH_NEGATIVE)
    assert trace["ploidy"].reason is Reason.CONFLICTING
    assert trace.value("cytogenetic_risk") is None
