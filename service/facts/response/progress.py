"""Progression (NCCN ALL 2015, ALL-E): blasts up by a quarter or more, in blood or marrow, or new extramedullary disease.

The source speaks of the absolute number of blasts. In the blood it is measured; in the marrow the share of cells stands
for it, which is said where it is used. Compared are the newest two results of one kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from service.facts.absence import seen_in
from service.facts.course.timeline import course
from service.facts.disease.diagnosis import diagnosis_date
from service.facts.model import Fact, Facts, Provenance, Provider, known, provides
from service.facts.response.marrow import marrow_results, marrow_series
from service.facts.results.lookup import full_text, measured, nothing, results_about
from service.facts.vocabulary import VOCABULARY
from service.record.dates import parse_when
from service.record.model import Entry
from service.record.text import Mention, mention_of
from service.record.text import states as says

_LATELY = timedelta(days=90)
_AT_START = timedelta(days=60)
_PROGRESSION = re.compile(r"\bprogressi(?:on|ve disease)\b|\bprogress\b|progredien\w*", re.IGNORECASE)
_NEW_SITE = re.compile(
    r"\bnew(?:ly developed)? (?:\w+ ){0,2}(?:extramedullary|chloroma|CNS leuk|CNS disease|testicular (?:disease|involvement))"
    r"|neu(?:er|e|es|aufgetretene\w*)? (?:\w+ ){0,2}(?:extramedullär\w*|ZNS-?befall|hodenbefall)",
    re.IGNORECASE,
)


@provides("blast_increase_percent")
def blast_increase(facts: Facts) -> Iterator[Fact]:
    """By how many percent blasts rose from the last result but one to the newest, in blood (absolute) or marrow, whichever
    is more; zero where they fell. From none at all no percentage follows.
    """
    record, name = facts.record, "blast_increase_percent"
    if record is None:
        return
    blood = [
        (e, m.value, m.found) for e in results_about(record, "labs.blood_blasts")
        if e.when and (m := measured(e.resource, "cells")) and isinstance(m.value, float)
    ]  # fmt: skip
    marrow = [(e, m.value, m.found) for e, m in marrow_series(record) if e.when and isinstance(m.value, float)]
    rises = [rise for series in (blood, marrow) if (rise := _rise(facts, series)) is not None]
    if not rises:
        yield nothing(facts, name)
        return
    value, seen = max(rises, key=lambda rise: rise[0])
    high = VOCABULARY.lookup(name).high
    yield known(name, min(value, high) if high is not None else value, *seen)


def _rise(facts: Facts, series: list[tuple[Entry, float, str]]) -> tuple[float, tuple[Provenance, ...]] | None:
    if len(series) < 2:
        return None
    (newest, now, found), (earlier, before, was) = series[:2]
    if newest.when is None or newest.when.start < facts.as_of - _LATELY or before <= 0:
        return None
    if earlier.when is None or earlier.when.end >= newest.when.start:
        return None
    rise = max(float(f"{(now / before - 1) * 100:.9g}"), 0.0)
    return rise, (seen_in(newest, found, inferred=True), seen_in(earlier, was))


@provides("marrow_progression")
def marrow_progression(facts: Facts) -> Iterator[Fact]:
    """Progression in the marrow where a marrow report of the last 90 days says so or denies it."""
    if facts.record is None:
        return
    for entry in marrow_results(facts.record):
        mention = mention_of(full_text(entry), _PROGRESSION)
        recent = entry.when is not None and entry.when.start >= facts.as_of - _LATELY
        if recent and mention in (Mention.PRESENT, Mention.NEGATED):
            seen = seen_in(entry, " ".join(full_text(entry).split())[:200], from_text=True)
            yield known("marrow_progression", mention is Mention.PRESENT, seen)
            return
    yield nothing(facts, "marrow_progression")


@provides("new_extramedullary_disease", needs=("extramedullary_disease",))
def new_extramedullary_disease(facts: Facts) -> Iterator[Fact]:
    """Extramedullary disease that is called new, or whose every sign is dated after a remission; none, where there is
    no extramedullary disease now.
    """
    record, name = facts.record, "new_extramedullary_disease"
    if record is None:
        return
    now = facts["extramedullary_disease"]
    for entry in record.of_type("Observation", "DiagnosticReport", "Condition"):
        recent = entry.when is not None and entry.when.start >= facts.as_of - _LATELY
        if recent and _NEW_SITE.search(full_text(entry)) and says(full_text(entry), _NEW_SITE):
            yield known(name, True, seen_in(entry, " ".join(full_text(entry).split())[:200], from_text=True))
            return
    if now.value is False:
        yield known(name, False, *now.provenance)
        return
    days = [when for p in now.provenance if p.date and (when := parse_when(p.date)) is not None]
    diagnosed = diagnosis_date(record, facts.as_of)
    if now.value is True and days and len(days) == len(now.provenance) and diagnosed is not None:
        begun = min(day.start for day in days)
        remissions = [e for e in course(record, facts.as_of).events if e.state == "in-remission" and e.when.end < begun]
        if remissions and begun > diagnosed.when.end + _AT_START:
            yield known(name, True, *now.provenance, remissions[-1].seen())
            return
    yield nothing(facts, name)


PROVIDERS: tuple[Provider, ...] = (blast_increase, marrow_progression, new_extramedullary_disease)
