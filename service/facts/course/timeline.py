"""The course of the disease in order: remissions and relapses with their dates, from statements, words and marrows.

Relapse is the return of blasts above 5 % in the marrow, or anywhere else, after a remission (NCCN ALL 2015, ALL-E);
exactly 5 % is neither. Reports of one relapse within two months are one. A marrow below 5 % tells that the disease
was in remission between two relapses; whether it was a complete one takes the blood counts too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from service.facts.absence import seen_in
from service.facts.course.dated_words import dated_words
from service.facts.course.state_text import state_in
from service.facts.course.statements import (
    Statement,
    of_an_encounter,
    relapse_onset,
    relapse_recorded,
    statements,
    status_observations,
    status_text,
)
from service.facts.disease.conditions import is_differential, words_of
from service.facts.disease.diagnosis import SERVED, diagnosis_date, diseases
from service.facts.model import Interval, Provenance
from service.facts.response.marrow import marrow_series
from service.facts.results.lookup import full_text
from service.record.model import Entry, PatientRecord, When, once_per_record

__all__ = [
    "Course",
    "Relapse",
    "Statement",
    "course",
    "first_remission",
    "relapses",
    "statements",
    "status_observations",
]

_SAME = timedelta(days=60)
_CONFLICT = timedelta(days=90)  # blasts so soon after a stated remission contradict it; later they are a relapse
_UNSURE = timedelta(days=180)  # a relapse still reported after so long may be another one
_INDUCTION = timedelta(days=14)  # no marrow of the first two weeks tells of a remission
_TREATED = timedelta(days=28)  # a marrow so soon after a relapse outside of it tells of no treatment
_BLASTS = 5
_OWN_DATE = ("onset", "words")
_MARROW = ("marrow", "report")
_SITES = ("diagnosis.cns_disease", "diagnosis.testicular_disease")


@dataclass(frozen=True, slots=True)
class Event:
    """A remission or a relapse ("in-remission", "relapsed").

    ``source``: "statement" (disease status, encounter diagnosis), "onset" and "recorded" (a Condition of a relapse),
    "words" (a date in a text), "report" (a marrow that is called a relapse), "marrow" (by its blasts), "site" (a Condition
    of leukemia outside the marrow). What was only recorded on a day happened by then at the latest.
    """

    state: str
    when: When
    entry: Entry
    found: str
    source: str

    @property
    def inferred(self) -> bool:
        return self.source in ("marrow", "site")

    @property
    def at_latest(self) -> bool:
        return self.source == "recorded"

    def seen(self) -> Provenance:
        made = seen_in(
            self.entry, self.found or None, from_text=self.source in ("words", "report"), inferred=self.inferred
        )
        return replace(made, date=self.when.text) if self.source in (*_OWN_DATE, "recorded") else made


Relapse = Event


@dataclass(frozen=True, slots=True)
class Course:
    """Remissions and relapses, oldest first. ``unsure``: reports that may tell of one relapse or of two."""

    events: tuple[Event, ...]
    unsure: bool

    @property
    def relapses(self) -> tuple[Event, ...]:
        return tuple(event for event in self.events if event.state == "relapsed")

    @property
    def last(self) -> Event | None:
        return self.events[-1] if self.events else None


def relapses(record: PatientRecord, as_of: date) -> tuple[Event, ...]:
    """Relapses with a date of their own, oldest first; not those of which only the recording is dated."""
    return tuple(event for event in course(record, as_of).relapses if not event.at_latest)


def first_remission(record: PatientRecord, as_of: date, until: date) -> Event | None:
    """The earliest remission up to a day: a stated one, else the first marrow without excess of blasts."""
    found = [e for e in _signals(record, as_of) if e.state == "in-remission" and e.when.end <= until]
    stated = [event for event in found if not event.inferred]
    in_course = [e for e in course(record, as_of).events if e.state == "in-remission" and e.when.end <= until]
    return next(iter(stated), None) or next(iter(in_course), None)


@once_per_record
def course(record: PatientRecord, as_of: date) -> Course:
    """All remissions and relapses of a record."""
    diagnosed = diagnosis_date(record, as_of)
    walk = _Walk(diagnosed.when.end + _UNSURE if diagnosed else None)
    for signal in _signals(record, as_of):
        if signal.state == "relapsed":
            walk.relapse(signal)
        elif signal.inferred and not walk.events and diagnosed and signal.when.start <= diagnosed.when.end + _INDUCTION:
            continue
        else:
            walk.remission(signal)
    return Course(tuple(walk.events), walk.unsure)


class _Walk:
    """Signals in their order, made into events. Blasts long after the diagnosis, with no remission told before them, may
    be a relapse or resistance.
    """

    def __init__(self, treated: date | None) -> None:
        self.events: list[Event] = []
        self.unsure = False
        self._treated = treated  # blasts after this day are not those of the diagnosis
        self._latest: Event | None = None  # the newest signal of the present state
        self._in_marrow = False  # whether a marrow showed the present relapse

    def relapse(self, signal: Event) -> None:
        same = next((at for at, e in enumerate(self.events) if e.state == "relapsed" and _near(e, signal)), None)
        if same is not None:
            self.events[same] = _finer(self.events[same], signal)
        elif signal.inferred:
            if self._returned(signal) or (signal.source == "site" and not self.events):
                self._add(signal)
            elif self.events and self.events[-1].state == "relapsed":
                self._in_marrow = self._in_marrow or signal.source == "marrow"
            elif not self.events and self._treated and signal.when.start > self._treated:
                self.unsure = True
            return
        elif not self.events or self.events[-1].state != "relapsed" or signal.source in _OWN_DATE:
            self._add(signal)
        elif self._latest is not None and signal.when.start > self._latest.when.end + _UNSURE:
            self.unsure = True
        if self.events and self.events[-1].state == "relapsed":
            self._latest = signal
            self._in_marrow = self._in_marrow or signal.source in _MARROW

    def remission(self, signal: Event) -> None:
        if signal.inferred and self._elsewhere(signal):
            return
        if not self.events or self.events[-1].state != "in-remission":
            self._add(signal)
        elif self._latest is None or self._latest.inferred or not signal.inferred:
            self._latest = signal

    def _elsewhere(self, signal: Event) -> bool:
        """Whether a clear marrow says nothing of the relapse: it is of its first weeks, and no marrow had shown blasts."""
        last = self.events[-1] if self.events else None
        if last is None or last.state != "relapsed":
            return False
        return not self._in_marrow and signal.when.start <= last.when.end + _TREATED

    def _returned(self, signal: Event) -> bool:
        """Whether blasts in a marrow are a relapse: there was a remission, and it was not stated only just before."""
        if not self.events or self.events[-1].state != "in-remission" or self._latest is None:
            return False
        return self._latest.inferred or signal.when.start > self._latest.when.end + _CONFLICT

    def _add(self, signal: Event) -> None:
        self._in_marrow = signal.source in _MARROW
        self.events.append(signal)
        self._latest = signal


def _near(one: Event, other: Event) -> bool:
    return one.when.start <= other.when.end + _SAME and other.when.start <= one.when.end + _SAME


def _finer(one: Event, other: Event) -> Event:
    """Of two reports of one relapse the one whose date is known better, if it lies within that of the other."""
    within = one.when.start <= other.when.start and other.when.end <= one.when.end
    if one.at_latest or (within and other.when != one.when and not other.at_latest):
        return other
    return one


@once_per_record
def _signals(record: PatientRecord, as_of: date) -> tuple[Event, ...]:
    """All that tells of a remission or relapse, oldest first; a date known by its year or month counts by its middle."""
    found = [
        *_of_statements(record, as_of),
        *_of_words(record, as_of),
        *_of_conditions(record, as_of),
        *_of_marrows(record),
    ]
    dated = [signal for signal in found if signal.when.start <= as_of]
    return tuple(sorted(dated, key=lambda s: s.when.start.toordinal() + s.when.end.toordinal()))


def _of_statements(record: PatientRecord, as_of: date) -> Iterator[Event]:
    for said in statements(record, as_of):
        own = said.state == "relapsed" and said.entry.type == "Condition" and not of_an_encounter(said.entry)
        if said.when is not None and said.state in ("relapsed", "in-remission") and not own:
            yield Event(said.state, said.when, said.entry, said.found, "statement")


def _of_words(record: PatientRecord, as_of: date) -> Iterator[Event]:
    told = [(d.entry, words_of(d.entry)) for d in diseases(record, as_of) if d.diagnosis in SERVED]
    told += [(entry, status_text(entry)) for entry in status_observations(record)]
    for entry, text in told:
        for words in dated_words(text):
            if words.when is not None:
                yield Event(words.state, words.when, entry, words.found, "words")


def _of_conditions(record: PatientRecord, as_of: date) -> Iterator[Event]:
    """A Condition of a relapse is dated by its onset, or by its recording, at the latest."""
    for disease in diseases(record, as_of):
        entry = disease.entry
        if disease.diagnosis not in SERVED or of_an_encounter(entry):
            continue
        if any(words.when is not None and words.state == "relapsed" for words in dated_words(words_of(entry))):
            continue
        onset, recorded = relapse_onset(record, entry, as_of), relapse_recorded(record, entry, as_of)
        if onset is not None:
            yield Event("relapsed", onset, entry, onset.text, "onset")
        elif recorded is not None:
            yield Event("relapsed", recorded, entry, recorded.text, "recorded")
    diagnosed = diagnosis_date(record, as_of)
    for entry in record.about(*_SITES, types=("Condition",)) if diagnosed else ():
        state = record.means(entry, "disease_state")
        late = entry.when and diagnosed and entry.when.start > diagnosed.when.end + _SAME and not entry.text_concepts
        if late and entry.when and state is None and not is_differential(entry):
            yield Event("relapsed", entry.when, entry, entry.text, "site")


def _of_marrows(record: PatientRecord) -> Iterator[Event]:
    for entry, found in marrow_series(record):
        value = found.value
        if entry.when is None or value is None:
            continue
        span = value if isinstance(value, Interval) else Interval(value, value)
        if span.less_than(_BLASTS):
            yield Event("in-remission", entry.when, entry, found.found, "marrow")
        elif span.more_than(_BLASTS):
            called = state_in(full_text(entry)) == "relapsed"
            yield Event("relapsed", entry.when, entry, found.found, "report" if called else "marrow")
