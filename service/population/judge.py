"""Patients to rows: the part of a population run that is the same on every engine. Nothing is read or written here."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from service.facts.disease.diagnosis import has_all
from service.facts.disease.identity import is_deceased
from service.facts.model import Facts, Interval, TokenSet
from service.population.asking import Asker
from service.population.orders import judged_orders
from service.population.patients import Patient
from service.population.questions import Questions
from service.population.rows import TOLD, Row
from service.record.model import PatientRecord
from service.rules.interpret import Finding, find
from service.rules.rule import Population
from service.rules.verdict import Outcome, Verdict

EVERY_OUTCOME = frozenset(Outcome)
_SERVICE = Path(__file__).resolve().parents[1]


def judged(
    asker: Asker,
    patients: Iterable[Patient],
    as_of: date,
    outcomes: frozenset[Outcome] = EVERY_OUTCOME,
    questions: Questions | None = None,
) -> Iterator[Row]:
    """The rows of some patients, patient by patient: what each rule says, what the record says, the questions, the orders.

    A patient without ALL has a row of ``patients`` and no other; one who had died has no verdicts and no orders. A patient
    whose judging raises gets one row of ``not_judged`` and no other.

    Args:
        outcomes: of which rows of ``verdicts`` are made; the counts in ``patients`` are of all.
        questions: to be answered; those that are shipped if not given.
    """
    asked = questions if questions is not None else Questions(asker.engine.content)
    for patient in patients:
        try:
            rows = list(_of_patient(asker, patient, as_of, outcomes, asked))
        except Exception as error:  # whatever one record does, the others are judged
            rows = [Row("not_judged", (patient.id, as_of, type(error).__name__, _where(error), _digest(asker)))]
        yield from rows


def _of_patient(
    asker: Asker, patient: Patient, as_of: date, outcomes: frozenset[Outcome], questions: Questions
) -> Iterator[Row]:
    record = asker.record(patient, as_of)
    found, dead = has_all(record), is_deceased(record, as_of)
    head, digest = (patient.id, as_of), _digest(asker)
    if found is False:
        told = (*head, False, dead, None, *(None for _ in TOLD), None, None, None, None, None, 0, 0, 0)
        yield Row("patients", (*told, *_came(record), digest))
        return
    facts = asker.facts(record, as_of)
    populations = populations_of(asker, facts)
    verdicts = () if dead or found is None else asker.verdicts(facts)
    yield Row("patients", (*_patient(head, facts, found, dead), populations, *_ending(facts, verdicts, record, digest)))
    for verdict in verdicts:
        if verdict.outcome in outcomes:
            yield Row("verdicts", _verdict(head, verdict, populations, digest))
    orders = () if dead or found is None else tuple(judged_orders(asker, patient, record, as_of))
    for order in orders:
        yield Row("orders", (*head, *order.values, digest))
    for key, answer in questions.answers(asker, facts, verdicts, orders, has_all=found, deceased=dead):
        yield Row("questions", (*head, key, *answer.values, digest))


def _patient(head: tuple[Any, ...], facts: Facts, found: bool | None, dead: bool) -> tuple[Any, ...]:
    mrd = facts["mrd_fraction"]
    value = mrd.value
    bounds = (value.low, value.high) if isinstance(value, Interval) else (value, value)
    dates = [row.date for row in mrd.provenance if row.date]
    return (*head, found, dead, _least(facts.value("age_years")), *(_plain(facts, name) for name in TOLD), *bounds,
            max(dates, default=None))  # fmt: skip


def _ending(facts: Facts, verdicts: Iterable[Verdict], record: PatientRecord, digest: str) -> tuple[Any, ...]:
    names = ("age_years", *TOLD, "mrd_fraction")
    unknown = [f"{name}: {facts[name].reason}" for name in names if not facts[name].known]
    said = Counter(verdict.outcome for verdict in verdicts)
    counts = (said[Outcome.APPLIES], said[Outcome.CANNOT_TELL], said[Outcome.DOES_NOT_APPLY])
    return (unknown, *counts, *_came(record), digest)


def _came(record: PatientRecord) -> tuple[int, int]:
    """How many resources came, but for the Patient and what is shared, and how many of them were set aside."""
    return len(record.entries) + len(record.set_aside), len(record.set_aside)


def _plain(facts: Facts, name: str) -> Any:
    """A value as a column holds it; a number that is known only within bounds is unknown."""
    value = facts.value(name)
    if isinstance(value, Interval):
        return value.low if value.low == value.high else None
    if isinstance(value, TokenSet):
        return ", ".join(sorted(value.members))
    return int(value) if type(value) is float else value


def _least(value: Any) -> Any:
    """An age in completed years; a birth date that is a year leaves two, of which the lower is told."""
    return value.low if isinstance(value, Interval) else value


def _verdict(head: tuple[Any, ...], verdict: Verdict, populations: list[str], digest: str) -> tuple[Any, ...]:
    rule = verdict.rule
    return (
        *head, rule.id, rule.source.ref, rule.topic, rule.advise.kind, rule.advise.act, verdict.outcome.value, verdict.excluded,
        list(verdict.missing), list(verdict.unchecked), populations, digest,
    )  # fmt: skip


def populations_of(asker: Asker, facts: Facts) -> list[str]:
    """Ids of the populations of the policy that a patient belongs to, or may belong to as far as is known."""
    return [one.id for one in asker.engine.content.policy.populations.values() if _may_be_of(one, facts)]


def _may_be_of(population: Population, facts: Facts) -> bool:
    def found() -> Finding:
        return find(population.when, facts, True)

    return facts.once(population, found).truth is not False  # worked out already to choose the edition


def _digest(asker: Asker) -> str:
    return asker.engine.content.digest


def _where(error: Exception) -> str:
    """Module and line of the innermost own frame: enough to find the fault, without a value of the patient."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(_SERVICE)]
    if not frames:
        return ""
    at = Path(frames[-1].filename).relative_to(_SERVICE.parent).with_suffix("")
    return f"{'.'.join(at.parts)}:{frames[-1].lineno}"
