"""Stated facts: every way to say them, and every problem told at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import cast

import pytest
import yaml

from service.facts.derive import PROVIDERS
from service.facts.given import StatedFactsProblem, facts_from_mapping, unknown_stated
from service.facts.model import Facts, Interval, Reason, Registry, Site, TokenSet, Value
from service.record.model import PatientRecord

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
AS_OF = date(2026, 1, 1)
A_RECORD = cast(PatientRecord, object())  # only that there is one counts here
BARE = Registry((), unknown_stated)
REGISTRY = Registry(PROVIDERS, unknown_stated)


def given(raw: dict[str, object]) -> Facts:
    return facts_from_mapping(raw, AS_OF, BARE)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder with the synthetic patients is not here")
def test_every_vignette_is_accepted_and_derives_without_error() -> None:
    count = 0
    for path in sorted((SHARED / "vignettes").glob("*.yaml")):
        for patient in yaml.safe_load(path.read_text()):
            facts = facts_from_mapping(patient["facts"], AS_OF, REGISTRY)
            for name in REGISTRY.by_name:
                assert facts[name].name == name
            count += 1
    assert count > 150


@pytest.mark.parametrize(
    ("raw", "name", "value"),
    [
        ({"marrow_response": "CR"}, "response", "CR"),
        ({"country": "DE"}, "jurisdiction", "EU"),
        ({"prior_blinatumomab": "yes"}, "prior_blinatumomab", True),
        ({"mrd_fraction": "<0.0001"}, "mrd_fraction", Interval(high=0.0001, high_open=True)),
        ({"age_years": 25.9}, "age_years", 25.0),
        ({"age_months": 2.9}, "age_months", 2.0),
        ({"months_diagnosis_to_relapse": 35.9}, "months_diagnosis_to_relapse", 35.9),
        ({"age_years": "<18"}, "age_years", Interval(high=18, high_open=True)),
        ({"trisomies": [4, 10]}, "trisomies", TokenSet(frozenset({"4", "10"}))),
        ({"prior_tkis": "Sprycel"}, "prior_tkis", TokenSet(frozenset({"dasatinib"}))),
        ({"prior_tkis": []}, "prior_tkis", TokenSet(frozenset())),
        ({"prior_tkis": "none"}, "prior_tkis", TokenSet(frozenset())),
        ({"abl1_mutations": "none"}, "abl1_mutations", TokenSet(frozenset())),
        ({"abl1_mutations": "p.(Thr315Ile)"}, "abl1_mutations", TokenSet(frozenset({"T315I"}))),
        ({"abl1_mutations": ["T315I/E255K"]}, "abl1_mutations", TokenSet(frozenset({"T315I", "E255K"}))),
        ({"toxicity(VOD)": 3}, "toxicity(SOS)", 3.0),
        ({"toxicity": [{"kind": "CRS", "ctcae_grade": 2}]}, "toxicity(CRS)", 2.0),
        ({"toxicity": {"CRS": 2}}, "toxicity(CRS)", 2.0),
        ({"toxicity": ["CRS"]}, "toxicity(CRS)", Interval(1, 5)),
        ({"toxicity": "cytokine release syndrome"}, "toxicities_present", TokenSet(frozenset({"CRS"}))),
        ({"toxicity": [{"name": "CRS", "grade": 0}]}, "toxicities_present", TokenSet(frozenset())),
        ({"toxicity": [{"name": "CRS", "grade": 0}]}, "toxicity(CRS)", 0.0),
        ({"toxicities_present": ["CRS"], "toxicity(CRS)": 4}, "toxicity(CRS)", 4.0),
        ({"sex": "unknown"}, "sex", "unknown"),
        ({"question": "unknown"}, "question", "unknown"),
        ({"response": "CR", "marrow_response": "CR"}, "response", "CR"),
    ],
    ids=str,
)
def test_a_fact_may_be_said_in_many_ways(raw: dict[str, object], name: str, value: Value) -> None:
    fact = given(raw)[name]
    assert fact.value == value
    assert fact.provenance[0].resource == "given"


@pytest.mark.parametrize("nothing", [None, "unknown", "not known", "Unknown "])
def test_saying_unknown_states_nothing(nothing: object) -> None:
    facts = facts_from_mapping({"ph_status": nothing, "fusions": ["BCR::ABL1"]}, AS_OF, REGISTRY)
    assert facts.value("ph_status") == "positive"
    assert given({"ph_status": nothing})["ph_status"].reason is Reason.NOT_GIVEN
    assert given({"toxicity": nothing}).stated == {}
    assert given({"toxicity": {"CRS": nothing}})["toxicity(CRS)"].reason is Reason.NOT_GIVEN
    assert given({"toxicity": [{"kind": "CRS", "grade": nothing}]}).value("toxicity(CRS)") == Interval(1, 5)


def test_a_stated_fact_wins_over_what_would_follow() -> None:
    facts = facts_from_mapping({"age_years": 17, "is_adult": True}, AS_OF, REGISTRY)
    assert facts.value("is_adult") is True


def test_all_problems_are_told_at_once_with_what_is_allowed() -> None:
    raw: dict[str, object] = {
        "lineag": "B", "ph_status": "perhaps", "age_years": 200, "toxicity": [{"ctcae_grade": 2}],
        "toxicity(pancreatits)": 2, "response": "CR", "marrow_response": "CRi", "as_of": "2026-01-01",
        "prior_tkis": {"x": 1}, "ecog": 1,
    }  # fmt: skip
    with pytest.raises(StatedFactsProblem) as caught:
        given(raw)
    told = {problem.split(":")[0]: problem for problem in caught.value.problems}
    assert list(told) == [
        "facts.lineag", "facts.ph_status", "facts.age_years", "facts.toxicity", "facts.toxicity(pancreatits)",
        "facts.marrow_response", "facts.as_of", "facts.prior_tkis",
    ]  # fmt: skip
    assert "Did you mean 'lineage'?" in told["facts.lineag"]
    assert "Allowed: one of: positive, negative" in told["facts.ph_status"]
    assert "Allowed: a number from 0 to 130 years" in told["facts.age_years"]
    assert "needs a kind" in told["facts.toxicity"]
    assert "Did you mean 'pancreatitis'?" in told["facts.toxicity(pancreatits)"]
    assert "stated twice" in told["facts.marrow_response"]
    assert str(caught.value).count("\n") == len(told) - 1


@pytest.mark.parametrize("value", [3, True, [3], [{"kind": 3}]], ids=str)
def test_a_toxicity_needs_a_kind(value: object) -> None:
    with pytest.raises(StatedFactsProblem, match="needs a kind"):
        given({"toxicity": value})


def test_the_site_speaks_where_nothing_is_stated() -> None:
    site = Site("US", "adult-oncology")
    facts = facts_from_mapping({}, AS_OF, REGISTRY, site=site)
    assert (facts.value("jurisdiction"), facts.value("care_setting")) == ("US", "adult-oncology")
    assert facts_from_mapping({"country": "DE"}, AS_OF, REGISTRY, site=site).value("jurisdiction") == "EU"


@pytest.mark.parametrize(
    ("name", "record", "reason"),
    [
        ("hct_candidate", None, Reason.JUDGEMENT),
        ("ecog", None, Reason.NOT_GIVEN),
        ("toxicity(CRS)", None, Reason.NOT_GIVEN),
        ("no such fact", None, Reason.NOT_GIVEN),
        ("ecog", A_RECORD, Reason.RECORD_EMPTY),
    ],
)
def test_why_a_fact_is_unknown(name: str, record: PatientRecord | None, reason: Reason) -> None:
    assert Facts(AS_OF, BARE, record)[name].reason is reason
