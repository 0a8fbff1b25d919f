"""Where the disease stands: its state, the number of its remission, and whether it was ever refractory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from service.facts.absence import absent, seen_in
from service.facts.course import numbers, site
from service.facts.course.state_text import refractory_in
from service.facts.course.statements import Statement, statements
from service.facts.course.text import remission_number_in
from service.facts.course.timeline import course, relapses
from service.facts.course.told import course_words
from service.facts.disease.conditions import words_of
from service.facts.disease.diagnosis import diagnosis_date
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.facts.response.marrow import marrow_series
from service.facts.results.lookup import full_text
from service.record.dates import parse_when
from service.record.model import Entry, PatientRecord, When
from service.record.values import all_text

_CURRENT = timedelta(days=90)  # a dated statement that may still contradict what a Condition says of today
_DIAGNOSTIC = timedelta(days=14)  # marrows up to here after the diagnosis show the disease before treatment
_NEW_FOR = timedelta(days=60)
_TYPES = ("Condition", "Observation")


@dataclass(frozen=True, slots=True)
class Said:
    """What is explicitly stated. ``state is None`` with statements: they contradict each other."""

    state: str | None
    statements: tuple[Statement, ...]


def explicit_state(record: PatientRecord, as_of: date) -> Said:
    """The state by the problem list, which speaks of today, and by the newest dated statement: a disease status
    observation or an encounter diagnosis.

    Where they differ, a statement of the last 90 days makes it a contradiction; an older one is history. Problem-list
    items that differ are told apart by their dates.
    """
    said = statements(record, as_of)
    now = _newest([(s.entry.when, s) for s in said if s.when is None])
    newest = _newest([(s.when, s) for s in said if s.when is not None])
    chosen = (*now, *newest)
    if now and newest and {s.state for s in now} != {s.state for s in newest}:
        latest = newest[0].when
        if latest is not None and latest.end < as_of - _CURRENT:
            chosen = now
    kinds = {s.state for s in chosen}
    if kinds == {"relapsed", "refractory"}:  # a relapse that does not respond is both; the newer word counts
        chosen = newest or chosen
        kinds = {s.state for s in chosen} if newest else {"refractory"}
    return Said(next(iter(kinds)) if len(kinds) == 1 else None, chosen)


def _newest(said: list[tuple[When | None, Statement]]) -> tuple[Statement, ...]:
    """The statements of the latest day; all of them where one is undated, for then nobody knows which came last."""
    days = [when.end for when, _ in said if when is not None]
    if len({s.state for _, s in said}) <= 1 or len(days) < len(said):
        return tuple(s for _, s in said)
    return tuple(s for when, s in said if when is not None and when.end == max(days))


@provides("disease_state", needs=("response", "treatment_phase", "marrow_blasts_percent"))
def disease_state(facts: Facts) -> Iterator[Fact]:
    """New diagnosis, remission, refractory or relapsed.

    Explicit statements come first; a later response may end a relapse, but leukemia found after a stated remission is
    a contradiction that people have to settle. Without a statement the response decides, and after that the time
    since diagnosis: nobody is in a later state within 60 days unless something says so.
    """
    if facts.record is None:
        return
    said = explicit_state(facts.record, facts.as_of)
    seen = tuple(s.seen() for s in said.statements)
    if said.state is None and said.statements:
        kinds = " and ".join(sorted({s.state for s in said.statements}))
        yield unknown("disease_state", Reason.CONFLICTING, f"the record says {kinds}", seen)
    elif said.state is not None:
        yield _against_response(facts, said.state, said.statements, seen)
    else:
        yield _computed(facts) or absent(facts, "disease_state", *_TYPES, what="a statement of the disease state")


def _against_response(facts: Facts, state: str, said: tuple[Statement, ...], seen: tuple[Provenance, ...]) -> Fact:
    assert facts.record is not None
    stated = max((s.when for s in said if s.when is not None), key=lambda w: w.end, default=None)
    since_then = _turned(facts.record, facts.as_of, state, stated, seen)
    response = facts["response"]
    if not response.known and state == "in-remission":
        response = _leukemic_marrow(facts) or response
    both = (*seen, *response.provenance)
    day = _day_of(response)
    if since_then is not None and (since_then.known or since_then.reason is Reason.CONFLICTING or not response.known):
        return since_then
    if not isinstance(response.value, str) or day is None:
        return known("disease_state", state, *seen)
    in_response = response.value in ("CR", "CRi", "CRu")
    if state == "in-remission" and not in_response:
        if stated is not None and day.end <= stated.start:
            return known("disease_state", state, *seen)
        found = diagnosis_date(facts.record, facts.as_of)
        if stated is None and found is not None and day.end <= found.when.end + _DIAGNOSTIC:
            return known("disease_state", state, *seen)
        detail = f"stated to be in remission, but the response of {day.text} is {response.value}"
        return unknown("disease_state", Reason.CONFLICTING, detail, both)
    if state == "in-remission" or not in_response:
        return known("disease_state", state, *seen)
    since = stated or _last_relapse(facts.record, facts.as_of)
    if since is not None and day.end <= since.start:
        return known("disease_state", state, *seen)
    if state == "new-diagnosis" or (since is not None and day.start > since.end):
        return known("disease_state", "in-remission", *response.provenance, *seen, detail="by the later response")
    detail = f"stated to be {state}, but the response of {day.text} is {response.value}"
    return unknown("disease_state", Reason.CONFLICTING, detail, both)


def _turned(
    record: PatientRecord, as_of: date, state: str, stated: When | None, seen: tuple[Provenance, ...]
) -> Fact | None:
    """What marrows since a dated statement make of it: blasts long after a remission are a relapse; a marrow without
    excess of blasts after a relapse leaves open whether it is a complete remission.
    """
    last = course(record, as_of).last
    outside = last is not None and last.source == "site" and last.when.end >= as_of - _CURRENT
    if stated is None and last is not None and outside and state == "in-remission":
        detail = "stated to be in remission, but leukemia outside the marrow was diagnosed since"
        return unknown("disease_state", Reason.CONFLICTING, detail, (*seen, last.seen()))
    if stated is None or last is None or not last.inferred or last.when.start <= stated.end or last.state == state:
        return None
    if state == "in-remission":
        detail = "blasts came back after the stated remission"
        return known("disease_state", "relapsed", last.seen(), *seen, detail=detail)
    if state == "relapsed":
        detail = (
            "the marrow has less than 5 % blasts since the relapse: whether it is a remission takes blood counts too"
        )
        return unknown("disease_state", Reason.NOT_DECIDED, detail, (*seen, last.seen()))
    return None


def _leukemic_marrow(facts: Facts) -> Fact | None:
    """Less than a remission by the marrow alone. The response may wait for this very state to be known."""
    blasts = facts["marrow_blasts_percent"]
    value = blasts.value
    raised = value.at_least(5) if isinstance(value, Interval) else isinstance(value, float) and value >= 5
    return known("response", "less-than-CR", *blasts.provenance) if raised else None


def _day_of(fact: Fact) -> When | None:
    """The newest date among what a fact was read from."""
    days = [when for p in fact.provenance if p.date is not None and (when := parse_when(p.date)) is not None]
    return max(days, key=lambda when: when.end, default=None)


def _last_relapse(record: PatientRecord, as_of: date) -> When | None:
    found = relapses(record, as_of)
    return found[-1].when if found else None


def _computed(facts: Facts) -> Fact | None:
    """The state where none is stated: by response, or because the diagnosis is fresh."""
    assert facts.record is not None
    response, treated, last = facts["response"], facts.value("treatment_phase"), course(facts.record, facts.as_of).last
    day = _day_of(response)
    if last is not None and last.state == "relapsed" and (day is None or day.end <= last.when.end):
        return known("disease_state", "relapsed", last.seen())
    resistant = next(iter(_resistant_marrows(facts.record)), None)
    shown = resistant[0].when if resistant is not None and (last is None or last.state != "in-remission") else None
    if resistant and shown and (day is None or response.value == "less-than-CR" or day.end <= shown.end):
        return known("disease_state", "refractory", seen_in(*resistant, from_text=True))
    if response.value in ("CR", "CRi", "CRu"):
        return known("disease_state", "in-remission", _inferred("response"), *response.provenance)
    if response.value is not None and treated in ("end-of-induction", "end-of-reinduction"):
        # less than a remission once induction is over is refractory disease (NCCN Pediatric ALL 1.2026)
        return known("disease_state", "refractory", _inferred("response, treatment_phase"), *response.provenance)
    found = diagnosis_date(facts.record, facts.as_of)
    if found is None or found.at_latest or found.when.start > facts.as_of:
        return None
    if found.when.start < facts.as_of - _NEW_FOR:
        return None
    note = "diagnosed within the last 60 days, and nothing says remission, relapse or resistance"
    seen = Provenance(found.entry.reference, found.when.text, inferred=True, note=note)
    return known("disease_state", "new-diagnosis", seen)


def _inferred(names: str) -> Provenance:
    return Provenance(names, inferred=True)


@provides("remission_number")
def remission_number(facts: Facts) -> Iterator[Fact]:
    """The number of the present remission, where a current statement of remission gives it."""
    if facts.record is None:
        return
    said = explicit_state(facts.record, facts.as_of)
    found = [
        (number, s)
        for s in said.statements
        if s.state == "in-remission" and (number := remission_number_in(_text_of(s))) is not None
    ]
    if said.state == "in-remission" and found:
        highest = max(number for number, _ in found)
        yield known("remission_number", float(highest), *(s.seen() for _, s in found))
    else:
        yield absent(facts, "remission_number", *_TYPES, what="the number of the remission")


def _text_of(statement: Statement) -> str:
    entry = statement.entry
    return words_of(entry) if entry.type == "Condition" else all_text(entry.resource)


def _resistant_marrows(record: PatientRecord) -> list[tuple[Entry, str]]:
    """Marrows with 5 % blasts or more whose report calls the leukemia refractory or induction failed, newest first."""
    found = ((entry, full_text(entry), blasts.value) for entry, blasts in marrow_series(record))
    return [
        (entry, text)
        for entry, text, value in found
        if refractory_in(text)
        and (value.at_least(5) if isinstance(value, Interval) else value is not None and value >= 5)
    ]


@provides("refractory")
def refractory(facts: Facts) -> Iterator[Fact]:
    """Refractory at any time of the course, by code, words or a marrow so called. Its absence proves nothing."""
    if facts.record is None:
        return
    coded = [s.seen() for s in statements(facts.record, facts.as_of) if s.state == "refractory"]
    marrows = [seen_in(e, text, from_text=True) for e, text in _resistant_marrows(facts.record)]
    words = [w.seen() for w in course_words(facts.record, facts.as_of) if refractory_in(w.text)]
    if coded or words or marrows:
        yield known("refractory", True, *coded, *words, *marrows)
    else:
        yield absent(facts, "refractory", *_TYPES, what="resistance to treatment")


PROVIDERS: tuple[Provider, ...] = (
    disease_state, *numbers.PROVIDERS, remission_number, refractory, *site.PROVIDERS,
)  # fmt: skip
