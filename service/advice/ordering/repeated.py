"""The same drug ordered twice at once. Courses on different days, and different routes, are no repetition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from service.advice.ordering.model import Repeated
from service.facts.orders import OrderLine
from service.facts.orders.dosing import dose, route
from service.facts.orders.route import route_of
from service.facts.therapy.exposure import exposures
from service.facts.therapy.routes import dosage_texts, dosages
from service.record.model import PatientRecord, Resource
from service.record.values import as_dict, as_list, as_text

_AMOUNT = re.compile(r"\d+(?:[.,]\d+)?\s*(?:mg|g|µg|ug|mcg|IU|IE|units?|E)\b", re.IGNORECASE)
_SEVERAL_DOSES = frozenset({"leucovorin", "levoleucovorin", "mesna"})  # given again and again around one infusion
_COURSE_DAYS = re.compile(r"\b(?:days?|tage?n?)\s*(\d{1,3}(?:\s*(?:-|–|,|and|und|to|bis)\s*\d{1,3})*)", re.IGNORECASE)


def repeated(lines: Sequence[OrderLine], record: PatientRecord | None, as_of: date) -> Iterator[Repeated]:
    """Drugs ordered twice by the same route in the same dose: at the same time, or without times in one session.

    An active order on record counts only where both name the same day, since a renewal is no repetition.
    """
    by_drug: dict[str, list[OrderLine]] = {}
    for line in lines:
        if len(line.drugs) == 1 and not line.local and not line.drugs & _SEVERAL_DOSES:
            (drug,) = line.drugs
            by_drug.setdefault(drug, []).append(line)
    for drug, own in by_drug.items():
        told = {line: _route(line, record) for line in own}
        twice = tuple(
            line
            for line in own
            if any(_same(line, other) and _fits(told[line], told[other]) for other in own if other is not line)
        )
        if twice:
            yield Repeated(drug, twice)
            continue
        for line in own:
            if active := tuple(sorted(_active(drug, line, own, record, as_of))):
                yield Repeated(drug, (line,), active)


def _same(one: OrderLine, other: OrderLine) -> bool:
    if one.is_instead_of(other):
        return False
    days, others = _days(one.resource), _days(other.resource)
    worded, said = _worded_days(one.resource), _worded_days(other.resource)
    if worded and said and worded != said:
        return False
    return (
        _alike(one.resource, other.resource)
        and _strengths(one) == _strengths(other)
        and (bool(days & others) or not (days or others))
    )


def _route(line: OrderLine, record: PatientRecord | None) -> str | None:
    """The route of a line, also where only the name of the order says it."""
    return route(line.resource, line.text) if record is None else route_of(line, record.terminology).value


def _fits(one: str | None, other: str | None) -> bool:
    return one == other or one is None or other is None


def _alike(one: Resource, other: Resource) -> bool:
    """Whether nothing in route and dose tells two orders apart."""
    return _fits(route(one, ""), route(other, "")) and _fits(dose(one), dose(other))


def _strengths(line: OrderLine) -> frozenset[str]:
    """The amounts in the name of an order that says its dose nowhere else."""
    if dose(line.resource) is not None:
        return frozenset()
    return frozenset(re.sub(r"\s", "", found).lower() for found in _AMOUNT.findall(line.text))


def _active(
    drug: str, line: OrderLine, own: Sequence[OrderLine], record: PatientRecord | None, as_of: date
) -> Iterator[str]:
    """Active orders on record that one draft repeats; none of the drafts themselves, as ``own``, is such an order."""
    if record is None:
        return
    drafts = {draft.reference for draft in own}
    for item in exposures(record, as_of).items:
        entry = item.entry
        is_order = entry.type == "MedicationRequest" and entry.status == "active" and entry.reference not in drafts
        is_same = item.drug == drug and _alike(entry.resource, line.resource)
        if is_order and is_same and _days(entry.resource) & _days(line.resource):
            yield entry.reference


def _worded_days(resource: Resource) -> frozenset[str]:
    """Days of a course as the instructions word them ("days 1-4"): other days are another part of it."""
    texts = "; ".join(dosage_texts(resource))
    return frozenset(re.sub(r"\s", "", found) for found in _COURSE_DAYS.findall(texts))


def _days(resource: Resource) -> frozenset[str]:
    """Days on which an order is to be given, as far as it names them."""
    found: set[str] = set()
    for dosage in dosages(resource):
        timing = as_dict(dosage.get("timing"))
        found.update(as_text(event)[:10] for event in as_list(timing.get("event")))
        found.add(as_text(as_dict(as_dict(timing.get("repeat")).get("boundsPeriod")).get("start"))[:10])
    return frozenset(found - {""})
