"""Courses that hold together: nothing before birth or after death, drugs that existed, and one thing after another."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.facts.karyotype.read import read_karyotype
from service.population.synthesis import events as e
from service.population.synthesis.cohort import Plan, synthetic, with_all
from service.population.synthesis.course import Course
from service.population.synthesis.disease import disease
from service.population.synthesis.options import next_tki
from service.population.synthesis.person import Person
from service.population.synthesis.regimens import CAR_T, TKIS, approved, used_from
from service.population.synthesis.truth import Truth, as_it_was

DAY = date(2026, 6, 30)
courses = st.integers(0, 10**9).map(lambda seed: with_all(Random(seed), "test-1", DAY))


def of(truth: Truth, *kinds: type[e.Event]) -> list[e.Event]:
    return [event for event in truth.events if isinstance(event, kinds)]


def last_day(event: e.Event) -> date:
    until = getattr(event, "until", None)
    return until or event.day


@given(courses)
@settings(deadline=None, max_examples=150)
def test_nothing_happens_before_diagnosis_or_after_death_or_the_last_day(truth: Truth) -> None:
    assert truth.diagnosed is not None
    assert truth.birth < truth.diagnosed <= DAY
    end = truth.death or DAY
    for event in truth.events:
        assert truth.diagnosed <= event.day <= last_day(event) <= end, event
    assert all(one.day <= two.day for one, two in pairwise(truth.events))
    if truth.death:
        assert [type(event) for event in of(truth, e.Death)] == [e.Death]
        assert all(event.until for event in truth.events if isinstance(event, e.Given | e.Phase))


@given(courses)
@settings(deadline=None, max_examples=150)
def test_drugs_are_given_once_they_exist_and_to_whom_they_are_for(truth: Truth) -> None:
    for event in of(truth, e.Given):
        assert isinstance(event, e.Given)
        assert event.day >= approved(event.drug), event
        if event.drug in TKIS:
            assert truth.subtype == "bcr-abl1" or (truth.abl_class and truth.fusion_found), event
        if event.drug in ("blinatumomab", "inotuzumab ozogamicin", "rituximab", *CAR_T):
            assert truth.lineage == "B", event
        if event.drug == "blinatumomab" and truth.subtype == "bcr-abl1":
            assert event.day >= used_from("ph-positive")
        if event.drug == "blinatumomab" and event.line == 1:
            assert event.day >= used_from("mrd")
        if event.drug == "nelarabine":
            assert truth.lineage == "T", event
        if event.drug == "tisagenlecleucel":
            assert (event.day - truth.birth).days < 26 * 365.25


@pytest.mark.parametrize("chance", range(20))
@pytest.mark.parametrize("day", [date(2012, 7, 15), date(2012, 10, 1), date(2013, 1, 15)])
def test_against_t315i_nothing_is_given_before_it_exists(day: date, chance: int) -> None:
    """A relapse on dasatinib in the first months of the cohort: ponatinib and bosutinib were still to come."""
    rng = Random(chance)
    who = Person("male", date(1970, 1, 1), date(2012, 1, 1), 42.0, "adult", "adult-oncology")
    course = Course(rng, who, disease(rng, who), mutation="T315I")
    course.add(e.Given(date(2012, 1, 5), "dasatinib", None, "hyper-CVAD", "", 1))
    tki = next_tki(course, day)
    assert not tki or approved(tki) <= day
    assert bool(tki) == (day >= approved("ponatinib") or bool(course.deviations))


@given(courses)
@settings(deadline=None, max_examples=200)
def test_one_state_follows_from_another(truth: Truth) -> None:
    states = [event for event in truth.events if isinstance(event, e.State)]
    assert states[0].state == "new-diagnosis"
    after = {
        "new-diagnosis": {"in-remission", "refractory"}, "in-remission": {"relapsed"},
        "relapsed": {"in-remission", "refractory"}, "refractory": {"in-remission", "refractory"},
    }  # fmt: skip
    for one, two in pairwise(states):
        assert two.state in after[one.state], (one, two)
        assert two.day > one.day
    relapses = [state.number for state in states if state.state == "relapsed"]
    assert relapses == list(range(1, len(relapses) + 1))
    for one, two in pairwise(states):
        if two.state == "in-remission":
            assert two.number == 1 + sum(s.state == "relapsed" for s in states if s.day <= one.day)


@given(courses)
@settings(deadline=None, max_examples=200)
def test_tests_and_transplants_come_in_their_order(truth: Truth) -> None:
    begun = min((event.day for event in of(truth, e.Given)), default=DAY)
    remissions = [s.day for s in truth.events if isinstance(s, e.State) and s.state == "in-remission"]
    for event in of(truth, e.Mrd):
        assert event.day > begun
        assert remissions
        assert remissions[0] <= event.day
    typed = [event.day for event in of(truth, e.DonorTyping)]
    for event in of(truth, e.Transplant):
        assert typed
        assert typed[0] < event.day
        before = [s.state for s in truth.events if isinstance(s, e.State) and s.day < event.day]
        assert before[-1] == "in-remission"
    assert len(of(truth, e.Transplant)) <= 1
    for event in of(truth, e.Abl1Mutations):
        assert any(isinstance(g, e.Given) and g.drug in TKIS and g.day < event.day for g in truth.events)


@given(courses)
@settings(deadline=None, max_examples=150)
def test_phases_do_not_overlap_by_more_than_the_wait_for_a_result(truth: Truth) -> None:
    phases = [event for event in truth.events if isinstance(event, e.Phase)]
    for one, two in pairwise(phases):
        assert one.until is not None
        assert two.day >= one.until - timedelta(days=7), (one, two)
    order = ["pre-treatment", "induction", "consolidation", "interim maintenance", "intensification", "maintenance"]
    first = [phase.name for phase in phases if phase.line == 1 and phase.name in order]
    assert first == sorted(first, key=order.index)


@given(courses)
@settings(deadline=None, max_examples=150)
def test_the_karyotype_agrees_with_the_subtype(truth: Truth) -> None:
    if not truth.karyotype:
        return
    read = read_karyotype(truth.karyotype)
    assert read.clones
    assert not read.unread, truth.karyotype
    told = {
        "bcr-abl1": "t(9;22)", "tcf3-pbx1": "t(1;19)", "iamp21": "add(21)", "tal1": "t(1;14)", "tlx1": "t(10;14)",
        "kmt2a": "q23", "complex": "47,", "hyperdiploid": "+21", "hypodiploid": ",-",
    }  # fmt: skip
    assert told.get(truth.subtype, "") in truth.karyotype
    modal = int(truth.karyotype[:2])
    assert truth.subtype != "hyperdiploid" or 51 <= modal <= 67
    assert truth.subtype != "hypodiploid" or 30 <= modal <= 39
    assert ("Y" in truth.karyotype) == (truth.sex == "male")


@given(courses)
@settings(deadline=None, max_examples=100)
def test_a_failed_tki_was_stopped_when_the_disease_came_back(truth: Truth) -> None:
    setbacks = [s.day for s in truth.events if isinstance(s, e.State) and s.state in ("relapsed", "refractory")]
    for event in of(truth, e.Given):
        assert isinstance(event, e.Given)
        if event.stopped.startswith("Disease progression"):
            assert event.until in setbacks


@pytest.mark.parametrize("number", range(1, 26))
def test_an_earlier_day_is_an_earlier_part_of_the_same_course(number: int) -> None:
    truth = synthetic(Plan(8, DAY), number).truth
    assert truth.diagnosed is not None
    earlier = as_it_was(truth, truth.diagnosed + timedelta(days=200))
    days = [event.day for event in earlier.events]
    assert days == [event.day for event in truth.events if event.day <= truth.diagnosed + timedelta(days=200)]
    assert earlier.drugs <= truth.drugs
    assert earlier.relapses <= truth.relapses


def test_what_must_not_be_given_is_not() -> None:
    """Blinatumomab against leukemia in the CNS, and pegaspargase after it was not tolerated, unless ordered as a deviation."""
    seen = {"CNS": 0, "not tolerated": 0}
    for number in range(1200):
        truth = with_all(Random(f"unsafe {number}"), "test-1", DAY)
        given = [event for event in truth.events if isinstance(event, e.Given)]
        for toxicity in of(truth, e.Toxicity):
            seen["not tolerated"] += 1
            assert not any(event.drug == "pegaspargase" and event.day > toxicity.day for event in given), number
        for state in truth.events:
            if isinstance(state, e.State) and state.site in ("isolated-CNS", "combined"):
                seen["CNS"] += 1
                soon = [event.drug for event in given if state.day < event.day <= state.day + timedelta(days=12)]
                assert not {"blinatumomab", "inotuzumab ozogamicin"} & set(soon), number
    assert min(seen.values()) >= 20, seen


def test_deviations_are_in_the_course_that_is_told() -> None:
    found = [with_all(Random(f"deviations {n}"), "test-1", DAY) for n in range(600)]
    kinds = {deviation.kind for truth in found for deviation in truth.deviations}
    assert {"deviation-no-tki", "deviation-no-mrd-test", "deviation-no-abl1-test"} <= kinds
    for truth in found:
        made = {deviation.kind: deviation.day for deviation in truth.deviations}
        if "deviation-no-tki" in made:
            assert not any(isinstance(g, e.Given) and g.drug in TKIS and g.line == 1 for g in truth.events)
        if "deviation-no-bcr-abl1-test" in made:
            assert not of(truth, e.BcrAbl1)
        if "deviation-no-mrd-test" in made:
            assert not any(isinstance(m, e.Mrd) and m.timepoint == "end of induction" for m in truth.events)
        if "deviation-unsafe-order" in made:
            assert any(isinstance(o, e.Order) and o.drug == "pegaspargase" for o in truth.events)
