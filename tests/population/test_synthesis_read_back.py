"""What the engine reads of synthetic patients is what is true of them: on the last day, and on days before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from service.facts.model import Fact, Facts, Reason, TokenSet
from service.population.asking import Asker, Asking
from service.population.patients import Patient
from service.population.synthesis import events as e
from service.population.synthesis.cohort import Plan, Synthetic, synthetic
from service.population.synthesis.truth import Truth, as_it_was

DAY = date(2026, 6, 30)
PLAN = Plan(21, DAY)
PATIENTS = 60
NO_NAME = "interim maintenance"  # the guidelines have no name for it
FOUND = {"positive", "persistent", "progressive", "emergent", "slow"}  # in mrd_status all of them mean MRD
_STARTS = ("effectiveDateTime", "onsetDateTime", "performedDateTime", "authoredOn", "date", "recordedDate")


@pytest.fixture(scope="module")
def asker() -> Asker:
    return Asker(Asking())


@pytest.fixture(scope="module")
def cohort() -> list[Synthetic]:
    made = (synthetic(PLAN, number) for number in range(1, PATIENTS + 1))
    return [one for one in made if one.truth.death is None]


def begun(patient: Patient, day: date) -> Patient:
    """Only what had begun by a day, as an export of that day would have held it."""
    return replace(patient, resources=tuple(r for r in patient.resources if _start(r) <= day.isoformat()))


def _start(resource: Mapping[str, Any]) -> str:
    period = resource.get("effectivePeriod") or resource.get("period") or {}
    return str(next((resource[key] for key in _STARTS if key in resource), period.get("start", "")))


def always(truth: Truth, day: date) -> Iterator[tuple[str, object]]:
    """Facts that must be read, whenever they are asked for."""
    yield from (("lineage", truth.lineage), ("wbc_at_diagnosis", truth.wbc), ("disease_state", truth.state))
    born = truth.birth
    yield "age_years", float(day.year - born.year - ((day.month, day.day) < (born.month, born.day)))
    if any(isinstance(event, e.Csf) for event in truth.events):
        yield "cns_status_at_diagnosis", truth.cns
    if truth.ph_status:
        yield "ph_status", truth.ph_status
    yield from (("prior_allo_hct", truth.transplanted), ("prior_cart", truth.car_t))
    yield "prior_blinatumomab", "blinatumomab" in truth.drugs
    yield "prior_inotuzumab", "inotuzumab ozogamicin" in truth.drugs
    yield "prior_tkis", truth.tkis
    if truth.abl1 is not None:
        yield from (("abl1_mutation_tested", True), ("abl1_mutations", frozenset(truth.abl1)))
    if truth.relapses:
        yield from (("relapse_number", float(truth.relapses)), ("relapse_site", truth.relapse_site))
    if truth.hypersensitivity:
        yield "asparaginase_hypersensitivity", "E-coli-derived"


def genetics(truth: Truth) -> Iterator[tuple[str, object]]:
    """Facts of the genetic subtype, as far as it was tested."""
    if truth.karyotype and truth.subtype in ("hyperdiploid", "hypodiploid"):
        yield "ploidy", "high-hyperdiploid" if truth.subtype == "hyperdiploid" else "low-hypodiploid"
    if truth.karyotype and truth.subtype == "complex":
        yield "complex_karyotype", True
    if truth.fusion and truth.fusion_found:
        yield "fusions", "::".join(truth.fusion)
    if truth.subtype == "kmt2a" and truth.fusion_found:
        yield "kmt2a", True
    if any(isinstance(event, e.Iamp21) for event in truth.events):
        yield "iamp21", True
    if truth.etp:
        yield "etp_phenotype", True


def that_age(truth: Truth) -> Iterator[tuple[str, object]]:
    """Facts that become stale: then they are unknown, and never something else."""
    if truth.mrd:
        yield "mrd_status", "positive" if truth.mrd.positive else "negative"
    for name, there in truth.markers:
        if name in ("CD19", "CD20", "CD22"):
            yield name.lower(), "positive" if there else "negative"


def differs(fact: Fact, expected: object) -> bool:
    value = fact.value
    if fact.name == "mrd_status" and expected == "positive":
        return value not in FOUND
    if isinstance(value, TokenSet):
        return expected not in value.members if isinstance(expected, str) else value.members != expected
    return value != expected


def mismatches(truth: Truth, facts: Facts, day: date) -> Iterator[str]:
    for name, expected in (*always(truth, day), *genetics(truth)):
        fact = facts[name]
        if differs(fact, expected):
            yield f"{truth.patient} {day}: {name} is {expected}, read as {fact.value} ({fact.reason}: {fact.detail})"
    for name, expected in that_age(truth):
        fact = facts[name]
        if differs(fact, expected) and fact.reason is not Reason.STALE:
            yield f"{truth.patient} {day}: {name} is {expected}, read as {fact.value} ({fact.reason}: {fact.detail})"


def test_the_last_day_is_read_as_it_is(asker: Asker, cohort: list[Synthetic]) -> None:
    found: list[str] = []
    seen: Counter[str] = Counter()
    for one in cohort:
        facts = asker.facts(asker.record(one.patient, DAY), DAY)
        found += mismatches(one.truth, facts, DAY)
        if one.truth.phase not in (None, NO_NAME) and differs(facts["treatment_phase"], one.truth.phase):
            found.append(f"{one.truth.patient}: phase {one.truth.phase}, read as {facts['treatment_phase'].value}")
        if differs(facts["care_setting"], one.truth.setting):
            found.append(f"{one.truth.patient}: setting {one.truth.setting}, read as {facts['care_setting'].value}")
        seen[one.truth.state] += 1
    assert not found
    assert len(seen) >= 2, seen  # a cohort whose patients are all in one state would show little


def test_days_before_are_read_as_they_were(asker: Asker, cohort: list[Synthetic]) -> None:
    """The day after each change of state, test of MRD and transplant."""
    found: list[str] = []
    states: Counter[str] = Counter()
    positive = 0
    for one in cohort[:30]:
        turns = {event.day for event in one.truth.events if isinstance(event, e.State | e.Mrd | e.Transplant)}
        for day in sorted(turn + timedelta(days=1) for turn in turns if turn < DAY):
            truth = as_it_was(one.truth, day)
            if truth.state == "new-diagnosis" and truth.diagnosed and day > truth.diagnosed + timedelta(days=60):
                continue  # nobody has said yet how it stands
            facts = asker.facts(asker.record(begun(one.patient, day), day), day)
            found += mismatches(truth, facts, day)
            states[truth.state] += 1
            positive += truth.mrd is not None and truth.mrd.positive and facts["mrd_status"].value in FOUND
    assert not found
    assert set(states) == {"new-diagnosis", "in-remission", "relapsed", "refractory"}
    assert positive >= 5


def test_what_was_not_tested_stays_unknown(asker: Asker) -> None:
    tested, untested = Counter[str](), Counter[str]()
    for number in range(1, 400):
        one = synthetic(PLAN, number)
        if (
            one.truth.death
            or one.truth.lineage != "B"
            or (one.truth.bcr_abl1_tested and one.truth.karyotype is not None)
        ):
            continue
        facts = asker.facts(asker.record(one.patient, DAY), DAY)
        if not one.truth.bcr_abl1_tested:
            untested["bcr-abl1"] += 1
            assert not facts["ph_status"].known, number
        if one.truth.karyotype is None:
            untested["karyotype"] += 1
            assert not facts["karyotype"].known, number
        tested["asked"] += 1
    assert untested["bcr-abl1"]
    assert untested["karyotype"]


def test_the_engine_answers_about_patients_with_all_and_is_silent_on_others(asker: Asker) -> None:
    plan = Plan(22, DAY, without_all=0.5)
    cards: Counter[bool] = Counter()
    for number in range(1, 41):
        one = synthetic(plan, number)
        answer = asker.answer(asker.record(one.patient, DAY), DAY)
        if not one.truth.has_all or one.truth.death:
            assert not answer.cards, number
        cards[one.truth.has_all] += len(answer.cards)
    assert cards[True] > 10
