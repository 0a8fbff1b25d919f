"""Toxicities with their CTCAE grade, now and at worst.

An adverse event, a Condition or a graded Observation says them; for what a laboratory or an ECG measures, the newest result
grades it too (`ctcae`), and the newer of the two counts. A finished event is grade 0 now; one whose end nobody told counts for
four weeks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from service.facts.absence import absent, complete_list, fresh, seen_in
from service.facts.disease.conditions import Standing, is_differential, standing
from service.facts.labs.ctcae import LabGrade, lab_grade
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import is_count
from service.facts.toxicity.grades import UNGRADED, Grade, grade_of
from service.facts.toxicity.kinds import kinds_of
from service.facts.vocabulary.toxicity import KINDS
from service.record.model import Entry, PatientRecord, once_per_record
from service.record.values import codings_of, concept_text

_RECENT = 28  # days for which an event without an outcome counts as of now
_TYPES = ("AdverseEvent", "Condition", "Observation")
_OVER = frozenset(
    {"resolved", "recovered", "resolvedwithsequelae", "recovered/resolved", "recovered/resolved with sequelae", "abgeklungen",
     "remittiert", "rückgebildet", "folgenlos abgeheilt"}
)  # fmt: skip
_RUNNING = frozenset(
    {"ongoing", "recovering", "resolving", "not-resolved", "not resolved", "not recovered", "not recovered/not resolved",
     "recovering/resolving", "andauernd", "anhaltend", "persistierend"}
)  # fmt: skip
_ONE_EVENT = timedelta(days=14)
# A drug that holds the value down does not end the toxicity.
_TREATED_BY_VALUE = frozenset({"hyperglycemia"})


@dataclass(frozen=True, slots=True)
class Event:
    """One toxicity on record. ``ongoing is None``: not said."""

    kind: str
    grade: Grade
    ongoing: bool | None
    entry: Entry

    def seen(self) -> Provenance:
        note = "grade not given" if self.grade == UNGRADED else None
        return seen_in(self.entry, self.entry.text or None, from_text=not self.entry.codings, note=note)

    @property
    def low(self) -> float:
        return self.grade.low if isinstance(self.grade, Interval) else self.grade

    @property
    def high(self) -> float:
        return self.grade.high if isinstance(self.grade, Interval) else self.grade


@once_per_record
def events(record: PatientRecord, as_of: date) -> tuple[Event, ...]:
    """All toxicities on record, newest first. Observations count only with a grade."""
    found = []
    for entry in record.of_type(*_TYPES):
        if is_differential(entry) or entry.resource.get("actuality") == "potential":
            continue
        kinds = () if is_count(entry) else kinds_of(entry)
        if not kinds or (entry.when is not None and entry.when.start > as_of):
            continue
        grade = grade_of(record, entry)
        if grade is None and entry.type == "Observation":
            continue
        found += [Event(kind, UNGRADED if grade is None else grade, _ongoing(entry, as_of), entry) for kind in kinds]
    return tuple(found)


def _ongoing(entry: Entry, as_of: date) -> bool | None:
    if entry.type == "Condition":
        match standing(entry, as_of):
            case Standing.ACTIVE | Standing.RELAPSE:
                return True
            case Standing.PAST | Standing.REMISSION:
                return False
            case _:
                return None
    outcome = entry.resource.get("outcome")
    words = {code.lower() for _, code in codings_of(outcome)}
    words |= {part.strip().lower() for part in concept_text(outcome).split("|")}
    if words & _OVER:
        return False
    return True if words & _RUNNING else None


@provides(*(f"toxicity({kind})" for kind in KINDS), *(f"toxicity_worst({kind})" for kind in KINDS))
def toxicities(facts: Facts) -> Iterator[Fact]:
    """Grade now and worst grade ever, per kind. What is not on record stays open: nobody grades everything."""
    if facts.record is None:
        return
    found = events(facts.record, facts.as_of)
    exact = complete_list(facts, "AdverseEvent", "Condition")
    for kind in KINDS:
        own = [event for event in found if event.kind == kind]
        measured = lab_grade(facts, kind)
        if measured is not None and (not own or _newer(measured, own)):
            yield _by_value(f"toxicity({kind})", kind, measured, own)
        elif own:
            yield _now(facts, f"toxicity({kind})", own)
        if own:
            low, high = max(e.low for e in own), max(e.high for e in own)
            if not exact:
                high = 5.0
            value = low if low == high else Interval(low, high)
            yield known(f"toxicity_worst({kind})", value, *(e.seen() for e in own))
            continue
        for name in (f"toxicity({kind})", f"toxicity_worst({kind})"):
            if measured is None or name.startswith("toxicity_worst"):
                yield absent(facts, name, "AdverseEvent", "Condition", what=kind)


def _newer(measured: LabGrade, own: list[Event]) -> bool:
    """Whether a measured value is of a later day than every event, or grades what was left ungraded."""
    day = measured.entry.when.end if measured.entry.when is not None else date.min
    newest = max((e.entry.when.end for e in own if e.entry.when is not None), default=date.min)
    return day > newest or (own[0].grade == UNGRADED and day == newest)


def _by_value(name: str, kind: str, measured: LabGrade, own: list[Event]) -> Fact:
    """The grade by a newer value. One that is back to normal does not end what is said to go on."""
    seen = seen_in(measured.entry, measured.found, inferred=True, note="graded by its value")
    running = next((e for e in own if e.ongoing), None)
    if running is not None and measured.grade == 0.0:
        if kind in _TREATED_BY_VALUE:
            return known(name, running.grade, running.seen())
        detail = "said to go on, but the newest value is normal"
        return unknown(name, Reason.CONFLICTING, detail, (running.seen(), seen))
    return known(name, measured.grade, seen, *(e.seen() for e in own[:1]))


def _now(facts: Facts, name: str, own: list[Event]) -> Fact:
    """The grade now: of what is ongoing, else of the newest event: over is grade 0, unsaid counts for four weeks.

    A newer grade replaces that of an older event that goes on; an ungraded entry has the grade of its own event where
    another entry gives it.
    """
    newest = own[0]
    lasting = [e for e in own if e.ongoing]
    chosen = max(lasting, key=lambda e: (e.low, e.high), default=newest)
    if newest.ongoing is None and newest.grade != UNGRADED and newest.entry.when is not None:
        chosen = newest
    chosen = _with_grade(chosen, own)
    if chosen.ongoing is False:
        return known(name, 0.0, chosen.seen(), detail="resolved")
    recent = fresh(chosen.entry.when, facts.as_of, _RECENT)
    if chosen.ongoing or recent:
        return known(name, chosen.grade, chosen.seen())
    if recent is None:
        return unknown(name, Reason.UNDATED, "whether it is over is not said", (chosen.seen(),))
    return unknown(
        name, Reason.STALE, f"older than {_RECENT} days, and whether it is over is not said", (chosen.seen(),)
    )


def _with_grade(event: Event, own: list[Event]) -> Event:
    """An ungraded event with the grade that another entry of the same days gives."""
    when = event.entry.when
    if event.grade != UNGRADED or when is None:
        return event
    for other in own:
        near = other.entry.when is not None and abs(other.entry.when.start - when.start) <= _ONE_EVENT
        if near and other.grade != UNGRADED and other.low > 0:
            return replace(event, grade=other.grade)
    return event


@provides("toxicity_resolved")
def resolved(facts: Facts) -> Iterator[Fact]:
    """Whether all toxicities on record are over: no while one goes on; yes once each is said to have ended."""
    if facts.record is None:
        return
    own = events(facts.record, facts.as_of)
    running = [e for e in own if e.ongoing and e.high > 0]
    if running:
        yield known("toxicity_resolved", False, *(e.seen() for e in running))
    elif own and all(e.ongoing is False or e.grade == 0.0 for e in own):
        yield known("toxicity_resolved", True, *(e.seen() for e in own))
    elif own:
        open_ones = tuple(e.seen() for e in own if e.ongoing is None)
        yield unknown("toxicity_resolved", Reason.NOT_DECIDED, "whether it is over is not said", open_ones)
    else:
        yield absent(facts, "toxicity_resolved", "AdverseEvent", "Condition", what="a toxicity")


PROVIDERS: tuple[Provider, ...] = (toxicities, resolved)
