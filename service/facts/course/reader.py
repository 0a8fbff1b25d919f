"""Where the disease stands: its state, how many relapses and remissions there were, and where it came back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from service.facts.absence import absent
from service.facts.course.text import (
    RELAPSE,
    many_relapses_in,
    refractory_in,
    relapse_number_in,
    relapse_site_in,
    remission_number_in,
    says,
    sites_in,
)  # fmt: skip
from service.facts.course.timeline import Statement, relapses, statements, status_observations
from service.facts.disease.conditions import words_of
from service.facts.disease.diagnosis import diagnosis_date, names_relapse, served
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
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
    response = facts["response"]
    if not response.known and state == "in-remission":
        response = _leukemic_marrow(facts) or response
    both = (*seen, *response.provenance)
    day = _day_of(response)
    if not isinstance(response.value, str) or day is None or facts.record is None:
        return known("disease_state", state, *seen)
    stated = max((s.when for s in said if s.when is not None), key=lambda w: w.end, default=None)
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
    response, treated = facts["response"], facts.value("treatment_phase")
    if response.value in ("CR", "CRi", "CRu"):
        return known("disease_state", "in-remission", _inferred("response"), *response.provenance)
    if response.value is not None and treated in ("end-of-induction", "end-of-reinduction"):
        # less than a remission once induction is over is refractory disease (NCCN Pediatric ALL 1.2026)
        return known("disease_state", "refractory", _inferred("response, treatment_phase"), *response.provenance)
    assert facts.record is not None
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


@dataclass(frozen=True, slots=True)
class _Words:
    """What one resource says of the course, in words."""

    entry: Entry
    text: str
    when: When | None

    def seen(self) -> Provenance:
        return Provenance(
            self.entry.reference, self.entry.when.text if self.entry.when else None, found=self.text, from_text=True
        )


def _course_words(record: PatientRecord, as_of: date) -> tuple[_Words, ...]:
    """Texts of the disease's Conditions and of disease status observations, newest observation first."""
    own = (_Words(d.entry, words_of(d.entry), None) for d in served(record, as_of))
    status = (_Words(e, all_text(e.resource), e.when) for e in status_observations(record))
    return (*own, *status)


@provides("relapse_number")
def relapse_number(facts: Facts) -> Iterator[Fact]:
    """How many relapses there were: as numbered in words, with dated relapses after that. What is only counted from
    dated relapses, or from a later remission, is a lower bound.
    """
    if facts.record is None:
        return
    words = _course_words(facts.record, facts.as_of)
    numbered = [(n, w) for w in words if (n := relapse_number_in(w.text)) is not None]
    dated = relapses(facts.record, facts.as_of)
    remissions = max((n for w in words if (n := remission_number_in(w.text)) is not None), default=1)
    many = any(many_relapses_in(w.text) for w in words)
    relapsed = any(s.state == "relapsed" for s in statements(facts.record, facts.as_of))
    least = max(len(dated), remissions - 1, 2 if many else 0, 1 if relapsed else 0)
    seen = (*(w.seen() for _, w in numbered), *(Provenance(r.entry.reference, r.when.text) for r in dated))
    if numbered:
        highest, where = max(numbered, key=lambda pair: pair[0])
        later = [r for r in dated if where.when is not None and r.when.start > where.when.end + _NEW_FOR]
        if not later and least <= highest:
            yield known("relapse_number", float(highest), *seen)
            return
        least = max(least, highest + len(later))
    if least > 0:
        yield known("relapse_number", Interval(low=float(least)), *seen)
    else:
        yield absent(facts, "relapse_number", *_TYPES, what="a relapse")


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


@provides("refractory")
def refractory(facts: Facts) -> Iterator[Fact]:
    """Refractory at any time of the course, by code or words. Its absence proves nothing."""
    if facts.record is None:
        return
    coded = [s.seen() for s in statements(facts.record, facts.as_of) if s.state == "refractory"]
    words = [w.seen() for w in _course_words(facts.record, facts.as_of) if refractory_in(w.text)]
    if coded or words:
        yield known("refractory", True, *coded, *words)
    else:
        yield absent(facts, "refractory", *_TYPES, what="resistance to treatment")


@provides("relapse_site", "marrow_relapse", "cns_involvement_at_relapse")
def relapse_site(facts: Facts) -> Iterator[Fact]:
    """Where the last relapse was, from the words that tell of it. One site named without "isolated" leaves open
    whether there was another.
    """
    if facts.record is None:
        return
    told = [w for w in _telling_of_relapse(facts.record, facts.as_of) if sites_in(w.text)]
    if not told:
        yield absent(facts, "relapse_site", *_TYPES, what="the site of the relapse")
        return
    last = told[0]
    sites, site = sites_in(last.text), relapse_site_in(last.text)
    if site is not None:
        yield known("relapse_site", site, last.seen())
    else:
        detail = f"{' and '.join(sorted(sites))} named, but not whether it was the only site"
        yield unknown("relapse_site", Reason.NOT_DECIDED, detail, (last.seen(),))
    if "marrow" in sites:
        yield known("marrow_relapse", True, last.seen())
    if "CNS" in sites:
        yield known("cns_involvement_at_relapse", True, last.seen())
    elif site is not None and site.startswith("isolated-"):
        yield known("cns_involvement_at_relapse", False, last.seen())


def _telling_of_relapse(record: PatientRecord, as_of: date) -> list[_Words]:
    """Words about a relapse, those of the newest first; undated ones (the disease's own Condition) before all."""
    words = [w for w in _course_words(record, as_of) if says(w.text, RELAPSE) or names_relapse(record, w.entry)]
    return sorted(words, key=_recency, reverse=True)


def _recency(words: _Words) -> date:
    when = words.when or (words.entry.when if words.entry.type == "Condition" else None)
    return when.end if when is not None else date.max


PROVIDERS: tuple[Provider, ...] = (
    disease_state, relapse_number, remission_number, refractory, relapse_site,
)  # fmt: skip
