"""Orders that stand on a patient's record, judged as if they were signed on the day that is asked about.

An order is judged against the record without it: else it would count as a drug that is taken already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from service.advice.already import on_record
from service.advice.engine import Question
from service.advice.ordering.assessment import Assessment
from service.advice.ordering.model import Finding, Place, Standing
from service.advice.ordering.weight import SIGN, is_worth_a_card
from service.facts.orders import OrderLine, read_orders
from service.facts.orders.line import DRUG_ORDERS
from service.population.asking import CALL, Asker
from service.population.patients import Patient
from service.record.dates import parse_when
from service.record.model import PatientRecord
from service.record.values import as_dict, as_text
from service.record.whose import id_of
from service.rules.verdict import Outcome

_STANDING = frozenset({"active", "on-hold"})
_NOT_ORDERED = frozenset({"plan", "option"})
_ACTS = ("avoid", "require", "caution")


@dataclass(frozen=True, slots=True)
class JudgedOrder:
    """One thing that is said about one standing order; ``deviates`` is None where it cannot be told.

    An order about which nothing is said has one with ``says`` None.
    """

    order: str | None
    drugs: tuple[str, ...]
    ordered_on: str | None
    says: str | None
    deviates: bool | None
    rule: str | None = None
    outcome: str | None = None
    missing: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[Any, ...]:
        """In the order of the columns, without patient, day and content."""
        return (
            self.order, list(self.drugs), self.ordered_on, self.says, self.rule, self.outcome, list(self.missing), self.deviates,
        )  # fmt: skip


def judged_orders(asker: Asker, patient: Patient, record: PatientRecord, as_of: date) -> Iterator[JudgedOrder]:
    """What the guidelines say about the drug orders that stand: active or on hold, not over, no mere plan."""
    yield from _unreadable(record, as_of)
    standing = {e.reference: e for _, e in on_record(record, as_of) if e.type in DRUG_ORDERS}
    if not standing:
        return
    answer = asker.engine.answer(
        Question(
            SIGN,
            CALL,
            as_of,
            asker.record(_without(patient, standing), as_of),
            orders=tuple(entry.resource for entry in standing.values()),
        )
    )
    dates = {reference: entry.when.text[:10] if entry.when else None for reference, entry in standing.items()}
    if answer.assessment is not None:
        yield from _said(answer.assessment, dates)


def _unreadable(record: PatientRecord, as_of: date) -> Iterator[JudgedOrder]:
    """Orders that stand by their status and of which nobody can read what they order."""
    standing = {
        entry.reference: entry
        for entry in record.of_type(*DRUG_ORDERS)
        if entry.status in _STANDING and entry.resource.get("intent") not in _NOT_ORDERED
    }
    found = read_orders([entry.resource for entry in standing.values()], record.terminology, record)
    for name in dict.fromkeys(name for _, name in found.unreadable):
        entry = standing.get(name)
        supply = as_dict(as_dict(entry.resource.get("dispenseRequest")).get("validityPeriod")) if entry else {}
        end = parse_when(as_text(supply.get("end")))
        if end is None or end.end >= as_of:
            when = entry.when.text[:10] if entry and entry.when else None
            yield JudgedOrder(name, (), when, "unreadable", None)


def _without(patient: Patient, orders: Iterable[str]) -> Patient:
    """The patient without some orders."""
    gone = frozenset(orders)
    return patient.with_only(r for r in patient.resources if f"{r.get('resourceType')}/{id_of(r)}" not in gone)


def _said(found: Assessment, dates: dict[str, str | None]) -> Iterator[JudgedOrder]:
    told: set[OrderLine] = set()
    for finding in found.findings:
        row = _of_finding(finding)
        if row is not None:
            for line in finding.lines:
                told.add(line)
                yield replace(_plain(line, dates), **row)
    for standing in found.standings:
        for line in standing.lines:
            told.add(line)
            yield replace(_plain(line, dates), **_of_standing(standing))
    for line in found.orders.lines:
        if line not in told:
            yield _plain(line, dates)


def _plain(line: OrderLine, dates: dict[str, str | None]) -> JudgedOrder:
    return JudgedOrder(line.reference, tuple(sorted(line.drugs)), dates.get(line.reference or ""), None, False)


def _of_finding(finding: Finding) -> dict[str, Any] | None:
    """What a safety rule says: ruled out is only what it says to avoid; what it asks for or heeds is no deviation."""
    rule, verdict = finding.rule, finding.verdict
    if not rule.is_safety or rule.advise.kind == "label" or rule.advise.act not in _ACTS:
        return None
    applies = verdict.outcome is Outcome.APPLIES
    if not applies and rule.advise.act != "avoid":
        return None
    deviates = (True if applies else None) if rule.advise.act == "avoid" else False
    return {"says": rule.advise.act, "deviates": deviates, "rule": rule.id, "outcome": verdict.outcome.value,
            "missing": verdict.missing}  # fmt: skip


def _of_standing(standing: Standing) -> dict[str, Any]:
    deviates: bool | None = is_worth_a_card(standing, choosing=False)
    if standing.place is Place.OPEN:
        deviates = None
    rule = standing.option.rule.id if standing.option is not None else None
    return {"says": standing.place.value, "deviates": deviates, "rule": rule, "outcome": None,
            "missing": standing.missing}  # fmt: skip
