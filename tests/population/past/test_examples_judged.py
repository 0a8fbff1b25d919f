"""Properties that hold for every example patient, whatever the guideline says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fhir_examples.request import names
from service.population.asking import Asker, Asking
from service.population.inputs import patient_of
from service.population.past.judging import Judge
from service.population.past.reasons import Reasons
from service.population.past.verdicts import Concordance, JudgedDecision
from service.population.patients import Patient
from tests.test_examples import bundle

UNTIL = date(2026, 6, 1)
DISCORDANT = Concordance.DISCORDANT


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(Asker(Asking()))


def judged(judge: Judge, patient: Patient) -> list[JudgedDecision]:
    found = judge.decisions(patient, UNTIL)
    return list(judge.judged(patient, found, UNTIL)) if found is not None else []


@pytest.mark.parametrize("name", names())
def test_every_verdict_says_on_what_it_rests(judge: Judge, name: str) -> None:
    patient = patient_of(bundle(name))
    assert patient is not None
    reasons = Reasons(judge.content)
    for one in judged(judge, patient):
        days = [judge.content.sources[j.edition.source].in_force_from for j in one.judgements[1:] if j.edition.source]
        assert days == sorted(days)
        assert all(day > one.decision.day for day in days)
        for judgement in one.judgements:
            placed = judgement.first
            if judgement.verdict is DISCORDANT:
                assert reasons.of(judgement)
                assert reasons.in_words(judgement)
                assert placed.instead or placed.against
            elif judgement.verdict is Concordance.CONCORDANT:
                assert placed.rules
            elif judgement.verdict is Concordance.CANNOT_TELL:
                assert placed.missing
            if placed.ground not in ("no edition of that day for this patient", "the guideline is silent"):
                cited = {rule.source.ref for rule in placed.rules}
                assert not cited or judgement.edition.source in (None, *cited)


@pytest.mark.parametrize("name", names())
def test_without_results_nothing_becomes_a_deviation(judge: Judge, name: str) -> None:
    """What is not known is never taken for "no": a record without its results has no deviation that the whole has not."""
    patient = patient_of(bundle(name))
    assert patient is not None
    bare = replace(patient, resources=tuple(
        r for r in patient.resources if r["resourceType"] not in ("Observation", "DiagnosticReport")
    ))  # fmt: skip
    before = {
        (one.decision.day, one.decision.drugs) for one in judged(judge, patient) if one.of_the_day.verdict is DISCORDANT
    }
    after = {
        (one.decision.day, one.decision.drugs) for one in judged(judge, bare) if one.of_the_day.verdict is DISCORDANT
    }
    assert after <= before
