"""Hours between leucovorin and glucarpidase: glucarpidase breaks leucovorin down, so that two hours lie between them.

NCCN ALL 2015, ALL-B 1 and 2 of 4. Read from the times of day in orders (Timing.event, a repeated schedule with its start) and
administrations. A schedule without a start, or a date without a time, says nothing; the gap is then unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from service.facts.absence import absent
from service.facts.model import Fact, Facts, Provenance, Provider, known, provides
from service.facts.therapy.exposure import MEDICATIONS, exposures
from service.facts.therapy.routes import dosages
from service.record.dates import parse_instant
from service.record.model import PatientRecord, Resource
from service.record.values import as_dict, as_float, as_list, as_text

NAME = "hours_between_leucovorin_and_glucarpidase"
_RESCUE = frozenset({"leucovorin", "levoleucovorin"})
_BREAKS_IT = frozenset({"glucarpidase"})
_HOURS = {"min": 1 / 60, "h": 1.0, "d": 24.0}
_LONGEST = timedelta(days=14)  # a schedule without an end is followed for as long
_MOST = 400  # doses of one schedule
_OVER = frozenset({"stopped", "cancelled", "not-done", "on-hold", "ended"})


def moments(resource: Resource) -> Iterator[datetime]:
    """When a drug is or was given, where a time of day is stated."""
    span = as_dict(resource.get("effectivePeriod"))
    if resource.get("resourceType") == "MedicationAdministration":
        for said in (resource.get("effectiveDateTime"), span.get("start"), span.get("end")):
            yield from _moment(said)
    for dosage in dosages(resource):
        timing = as_dict(dosage.get("timing"))
        for event in as_list(timing.get("event")):
            yield from _moment(event)
        yield from _repeated(as_dict(timing.get("repeat")))


def _moment(said: object) -> Iterator[datetime]:
    text = as_text(said)
    found = parse_instant(text) if len(text) > 10 else None
    if found is not None:
        yield found


def _repeated(repeat: Resource) -> Iterator[datetime]:
    """Doses of a schedule from its start to its end."""
    bounds = as_dict(repeat.get("boundsPeriod"))
    start = next(_moment(bounds.get("start")), None)
    period, unit = as_float(repeat.get("period")), _HOURS.get(as_text(repeat.get("periodUnit")))
    if start is None:
        return
    yield start
    times = as_float(repeat.get("frequency")) or 1.0
    if period is None or unit is None or period <= 0 or times <= 0:
        return
    step = timedelta(hours=period * unit / times)
    end = next(_moment(bounds.get("end")), start + _LONGEST)
    for count in range(1, _MOST):
        dose = start + count * step
        if not timedelta(0) < step or dose > end:
            return
        yield dose


def _taken(record: PatientRecord, as_of: date) -> list[tuple[str, Resource, Provenance]]:
    """Both drugs as far as the record has them given or ordered."""
    return [
        (e.drug, e.entry.resource, e.seen())
        for e in exposures(record, as_of).items
        if e.drug in _RESCUE | _BREAKS_IT and e.entry.status not in _OVER
    ]


def gap(
    drafts: Iterable[tuple[frozenset[str], Resource, Provenance]], record: PatientRecord | None, as_of: date
) -> Fact | None:
    """The least gap in hours, in which a draft or a dose still to come has a part; ``None`` where it cannot be told.

    Args:
        drafts: the drugs of each draft order with its resource. What lies behind cannot be changed any more and is left
            out, unless a draft comes close to it.
    """
    today = datetime.combine(as_of, time(), UTC)
    rows = [(drug, moment, True, seen) for drugs, row, seen in drafts for drug in drugs for moment in moments(row)]
    if record is not None:
        rows += [(drug, m, m >= today, seen) for drug, row, seen in _taken(record, as_of) for m in moments(row)]
    found = [
        (abs(one - other) / timedelta(hours=1), seen, of)
        for drug, one, ahead, seen in rows
        if drug in _RESCUE
        for against, other, too, of in rows
        if against in _BREAKS_IT and (ahead or too)
    ]
    if not found:
        return None
    hours, seen, of = min(found, key=lambda row: row[0])
    return known(NAME, min(round(hours, 2), 10000.0), seen, of)


@provides(NAME)
def rescue_gap(facts: Facts) -> Iterator[Fact]:
    """By the record alone; drafts are added to it by whoever states them."""
    if facts.record is None:
        return
    found = gap((), facts.record, facts.as_of)
    yield found if found is not None else absent(facts, NAME, *MEDICATIONS, what="times of leucovorin and glucarpidase")


PROVIDERS: tuple[Provider, ...] = (rescue_gap,)
