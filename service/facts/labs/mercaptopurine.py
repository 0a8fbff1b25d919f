"""Severe neutropenia after mercaptopurine was begun (NCCN ALL 2015, ALL-D: TPMT is tested then).

Severe is below 0.5 x 10*9/L (CTCAE grade 4), while the drug was taken or in the four weeks after, and not already so in the
two weeks before it began. Marked inferred: a record does not say what caused a count.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from service.facts.absence import absent, complete_list, seen_in
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, known, provides
from service.facts.results.lookup import results_about
from service.facts.results.measured import measured
from service.facts.therapy.exposure import MEDICATIONS, exposures

_NAME = "severe_neutropenia_after_6mp"
_SEVERE = 0.5
_AFTER, _BEFORE = timedelta(days=28), timedelta(days=14)


@provides(_NAME)
def severe_neutropenia(facts: Facts) -> Iterator[Fact]:
    """Yes by any such count; no while the drugs are all on record and none is mercaptopurine."""
    if facts.record is None:
        return
    counts = []
    for entry in results_about(facts.record, "labs.anc"):
        found = measured(entry.resource, "cells")
        if found is not None and found.value is not None and entry.when is not None and entry.when.exact:
            value = found.value if isinstance(found.value, Interval) else Interval(found.value, found.value)
            counts.append((entry.when.start, bool(value.less_than(_SEVERE)), entry, found.found))
    courses = [e for e in exposures(facts.record, facts.as_of).given("mercaptopurine") if e.start is not None]
    for course in courses:
        start = course.start.start if course.start is not None else facts.as_of
        last = facts.as_of if course.ongoing or course.end is None else course.end.end + _AFTER
        if any(severe for day, severe, _, _ in counts if start - _BEFORE <= day <= start):
            continue
        for day, severe, entry, found_text in counts:
            if severe and start < day <= last:
                note = "after mercaptopurine was begun"
                yield known(_NAME, True, seen_in(entry, found_text, inferred=True, note=note), course.seen())
                return
    drugs = exposures(facts.record, facts.as_of)
    if (
        complete_list(facts, *MEDICATIONS)
        and not drugs.nameless
        and not any(e.drug == "mercaptopurine" for e in drugs.items)
    ):
        yield known(_NAME, False, Provenance("MedicationStatement", note="no mercaptopurine on the complete lists"))
    else:
        yield absent(facts, _NAME, "Observation", what="a severe neutropenia after mercaptopurine")


PROVIDERS: tuple[Provider, ...] = (severe_neutropenia,)
