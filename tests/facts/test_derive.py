"""What follows from stated facts: each rule at its limits, with unknown inputs and with bounds."""

from __future__ import annotations

import math
from datetime import date
from functools import cache
from typing import cast

import pytest
from hypothesis import given as any_of_these
from hypothesis import settings
from hypothesis import strategies as st

from service.facts.derive import PROVIDERS
from service.facts.derive.tools import all_of, any_of, whole
from service.facts.given import facts_from_mapping, unknown_stated
from service.facts.model import Fact, Facts, Interval, Provider, Reason, Registry, Site, TokenSet, Value, known
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.base import Kind
from tests.facts import derive_cases_course as course
from tests.facts import derive_cases_disease as disease
from tests.facts.derive_cases_course import CLEAR
from tests.facts.derive_cases_disease import tokens

AS_OF = date(2026, 1, 1)
REGISTRY = Registry(PROVIDERS, unknown_stated)


def derive(raw: dict[str, object]) -> Facts:
    return facts_from_mapping(raw, AS_OF, REGISTRY, site=Site("US"))


CASES = [*disease.CASES, *course.CASES]


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    CASES,
    ids=[f"{name}-from-{'-'.join(map(str, raw.values())) or 'nothing'}" for name, raw, _ in CASES],
)
def test_what_follows(name: str, raw: dict[str, object], value: Value | None) -> None:
    fact = derive(raw)[name]
    assert fact.value == value
    if fact.known:
        assert fact.provenance[-1].inferred
    else:
        assert fact.reason in (Reason.NOT_GIVEN, Reason.NOT_DECIDED)


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("mrd_status", {"mrd_fraction": 0}, "ask for its sensitivity"),
        ("mrd_status", {"mrd_fraction": "<0.001"}, "either side"),
        ("mrd_status", {"mrd_fraction": 0, "mrd_specimen": "blood"}, "negative blood sample"),
        ("ploidy", {"modal_chromosome_number": 62}, "near-triploidy"),
        ("response", {**CLEAR, "anc": 1.0, "platelets": 200}, "neither CR nor CRi"),
    ],
)
def test_what_does_not_settle_a_fact_says_why(name: str, raw: dict[str, object], said: str) -> None:
    fact = derive(raw)[name]
    assert fact.reason is Reason.NOT_DECIDED
    assert said in (fact.detail or "")


def test_an_assumed_sensitivity_is_marked() -> None:
    fact = derive({"mrd_fraction": 0, "mrd_method": "flow"})["mrd_status"]
    assert fact.provenance[-1].note == "sensitivity 0.0001 assumed by method (flow)"
    assert derive({"mrd_fraction": 0, "mrd_sensitivity": 1e-5})["mrd_status"].provenance[-1].note is None


def test_an_incomplete_list_never_says_no() -> None:
    facts = derive({}).assuming(known("prior_therapies", tokens("dasatinib", "TKI", complete=False)))
    assert facts.value("prior_tkis_count") == Interval(low=1)
    assert [facts.value(name) for name in ("prior_blinatumomab", "prior_cart", "prior_anthracycline")] == [None] * 3
    facts = derive({}).assuming(known("prior_therapies", tokens(complete=False, no=("blinatumomab",))))
    assert facts.value("prior_blinatumomab") is False
    facts = derive({}).assuming(known("abl1_mutations", tokens("T315I", complete=False)))
    assert facts.value("abl1_mutations_count") == Interval(low=1)
    facts = derive({}).assuming(known("prior_therapies", tokens("chemotherapy", no=("anthracycline",))))
    assert facts.value("prior_anthracycline") is False


class Watched:
    """Facts that note what was asked."""

    def __init__(self, facts: Facts):
        self.facts = facts
        self.site = facts.site
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Fact:
        self.asked.add(name)
        return self.facts[name]

    def value(self, name: str) -> Value | None:
        return self[name].value


def fits(name: str, value: Value | None) -> bool:
    kind = VOCABULARY.lookup(name)
    if value is None:
        return True
    match kind.kind:
        case Kind.BOOLEAN:
            return isinstance(value, bool)
        case Kind.NUMBER:
            bounds = (value.low, value.high) if isinstance(value, Interval) else (value,)
            return all(isinstance(bound, int | float) and not math.isnan(bound) for bound in bounds)
        case Kind.SET:
            return isinstance(value, TokenSet) and all(kind.canonical(token) == token for token in value.members)
        case _:
            return isinstance(value, str) and kind.canonical(value) == value


@cache
def all_cases() -> tuple[Facts, ...]:
    return tuple(derive(raw) for _, raw, _ in CASES)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_derivation_keeps_to_what_it_declares(provider: Provider) -> None:
    for name in (*provider.provides, *provider.needs):
        assert VOCABULARY.resolve(name) == name
    assert not any(VOCABULARY.lookup(name).judgement for name in provider.provides)
    yielded: set[str] = set()
    for facts in all_cases():
        watched = Watched(facts)
        for fact in provider.run(cast(Facts, watched)):
            assert fact.name in provider.provides
            assert fits(fact.name, fact.value), fact
            yielded.add(fact.name)
        assert watched.asked <= set(provider.needs)
    assert yielded


def test_nothing_follows_from_nothing_but_the_site() -> None:
    facts = derive({})
    assert {name for name in REGISTRY.by_name if facts[name].known} == {"jurisdiction"}


@settings(deadline=None)
@any_of_these(st.integers(0, 1500))
def test_ages_agree_in_every_unit(months: int) -> None:
    facts = derive({"age_months": months})
    assert facts.value("age_years") == months // 12
    assert facts.value("is_adult") is (months >= 216)
    assert (facts.value("age_group") == "infant") is (months < 12)


@settings(deadline=None)
@any_of_these(st.floats(0, 500), st.floats(0, 500), st.booleans(), st.floats(0, 1))
def test_completed_counts_hold_every_number_within_bounds(a: float, b: float, is_open: bool, where: float) -> None:
    low, high = min(a, b), max(a, b)
    inside = low + (high - low) * where
    lowest, highest = whole(Interval(low, high, high_open=is_open))
    if low <= inside < high:
        assert lowest <= math.floor(inside) <= highest


@settings(deadline=None)
@any_of_these(st.floats(0, 1), st.sampled_from(["flow", "pcr", "ngs", None]), st.sampled_from([1e-6, 1e-4, 1e-3, None]))
def test_mrd_is_never_negative_without_an_assay_that_reaches(
    fraction: float, method: str | None, sensitivity: float | None
) -> None:
    facts = derive({"mrd_fraction": fraction, "mrd_method": method, "mrd_sensitivity": sensitivity})
    reaches = sensitivity <= 1e-4 if sensitivity is not None else method is not None
    expected = "positive" if fraction >= 1e-4 else "negative" if reaches else None
    assert facts.value("mrd_status") == expected


@settings(deadline=None)
@any_of_these(st.lists(st.sampled_from([True, False, None])))
def test_and_is_or_turned_around(answers: list[bool | None]) -> None:
    turned = any_of(*(None if answer is None else not answer for answer in answers))
    assert all_of(*answers) == (None if turned is None else not turned)


def test_a_bound_above_a_whole_number_starts_at_the_next() -> None:
    assert whole(Interval(low=17, low_open=True)) == (18.0, math.inf)
    assert whole(Interval(high=0, high_open=True)) == (0.0, 0.0)
