"""Where the disease came back, from the words that tell of the last relapse, else from what was found around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from service.facts.absence import absent, seen_in
from service.facts.cns.status import evaluations
from service.facts.course.site_text import last_relapse_in, relapse_site_in, sites_in
from service.facts.course.text import RELAPSE, molecular_relapse_in, says
from service.facts.course.timeline import Event, relapses
from service.facts.course.told import Told, course_words
from service.facts.disease.diagnosis import names_relapse
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.facts.response.marrow import marrow_series
from service.record.dates import parse_when
from service.record.model import PatientRecord, When
from service.record.text import clauses

_TYPES = ("Condition", "Observation")
_AROUND = (timedelta(days=14), timedelta(days=30))
_SOON = timedelta(days=7)  # a marrow of later may have been cleared by treatment


@provides("relapse_site", "marrow_relapse", "cns_involvement_at_relapse")
def relapse_site_in_words(facts: Facts) -> Iterator[Fact]:
    """Where the last relapse was. One site named without "isolated" leaves open whether there was another."""
    if facts.record is None:
        return
    told = [
        w for w in _telling_of_relapse(facts.record, facts.as_of) if sites_in(w.text) or molecular_relapse_in(w.text)
    ]
    if not told:
        yield absent(facts, "relapse_site", *_TYPES, what="the site of the relapse")
        return
    last = told[0]
    text = last_relapse_in(last.text)
    sites, site = sites_in(text), relapse_site_in(text)
    if site is not None:
        yield known("relapse_site", site, last.seen())
    else:
        detail = f"{' and '.join(sorted(sites))} named, but not whether it was the only site"
        yield unknown("relapse_site", Reason.NOT_DECIDED, detail, (last.seen(),))
    if site == "molecular":
        return
    if "marrow" in sites:
        yield known("marrow_relapse", True, last.seen())
    if "CNS" in sites:
        yield known("cns_involvement_at_relapse", True, last.seen())
    elif site is not None and site.startswith("isolated-"):
        yield known("cns_involvement_at_relapse", False, last.seen())


@provides("relapse_site", "marrow_relapse", "cns_involvement_at_relapse", needs=("extramedullary_disease",))
def relapse_site_by_results(facts: Facts) -> Iterator[Fact]:
    """What was found around the last relapse: blasts above 5 % in the marrow, CNS-3 or leukemia of the CNS. With leukemia
    found elsewhere in those days a marrow relapse is a combined one; isolated in the marrow takes CNS-1 and a denial of other sites; isolated elsewhere is left to be said.
    """
    record = facts.record
    last = next(iter(reversed(relapses(record, facts.as_of))), None) if record is not None else None
    if record is None or last is None:
        return
    marrow, cns = _marrow_then(record, last), _cns_then(record, last)
    if marrow is not None:
        yield known("marrow_relapse", marrow[0], marrow[1])
    if cns is not None:
        yield known("cns_involvement_at_relapse", cns[0], *cns[1])
    outside = facts["extramedullary_disease"]
    if marrow is not None and marrow[0]:
        if cns is not None and cns[0]:
            yield known("relapse_site", "combined", marrow[1], *cns[1])
        elif outside.value is True and _then(_day_of(facts), last):
            yield known("relapse_site", "combined", marrow[1], *outside.provenance)
        elif cns is not None and facts.value("extramedullary_disease") is False and _then(_day_of(facts), last):
            yield known("relapse_site", "isolated-marrow", marrow[1], *cns[1], *outside.provenance)


def _day_of(facts: Facts) -> When | None:
    """The day on which extramedullary disease was found or denied."""
    dates = (parse_when(p.date) for p in facts["extramedullary_disease"].provenance)
    return next((when for when in dates if when is not None), None)


def _then(when: When | None, relapse: Event) -> bool:
    before, after = _AROUND
    return when is not None and relapse.when.start - before <= when.start and when.end <= relapse.when.end + after


def _marrow_then(record: PatientRecord, relapse: Event) -> tuple[bool, Provenance] | None:
    """Whether a marrow of those days had more than 5 % blasts; less than 5 % in all of them is no."""
    clear = None
    for entry, found in marrow_series(record):
        if found.value is None or not _then(entry.when, relapse):
            continue
        span = found.value if isinstance(found.value, Interval) else Interval(found.value, found.value)
        seen = seen_in(entry, found.found, inferred=True, note="marrow of the time of the relapse")
        if span.more_than(5):
            return True, seen
        if span.less_than(5) and entry.when is not None and entry.when.end <= relapse.when.end + _SOON:
            clear = (False, seen)
    return clear


def _cns_then(record: PatientRecord, relapse: Event) -> tuple[bool, tuple[Provenance, ...]] | None:
    for entry in record.about("diagnosis.cns_disease", types=("Condition",)):
        coded = not entry.text_concepts and record.means(entry, "disease_state") is None
        if coded and _then(entry.when, relapse):
            return True, (seen_in(entry, entry.text or None),)
    found = [e for e in evaluations(record) if _then(e.when, relapse) and e.status is not None]
    if any(e.status == "CNS-3" for e in found):
        return True, next(e.seen for e in found if e.status == "CNS-3")
    if found and all(e.status == "CNS-1" for e in found):
        return False, found[0].seen
    return None


def _telling_of_relapse(record: PatientRecord, as_of: date) -> list[Told]:
    """Words about a relapse, those of the newest first; undated ones (the disease's own Condition) before all."""
    told = (_on_relapse(w) for w in course_words(record, as_of))
    words = [w for w in told if says(w.text, RELAPSE) or names_relapse(record, w.entry)]
    return sorted(words, key=_recency, reverse=True)


def _on_relapse(words: Told) -> Told:
    """Of a report on the whole course only what it says of relapse: it names marrow and fluid for many reasons."""
    if words.entry.type != "DiagnosticReport":
        return words
    return replace(words, text="; ".join(part.strip() for part in clauses(words.text) if RELAPSE.search(part)))


def _recency(words: Told) -> date:
    when = words.when or (words.entry.when if words.entry.type == "Condition" else None)
    return when.end if when is not None else date.max


PROVIDERS: tuple[Provider, ...] = (relapse_site_in_words, relapse_site_by_results)
