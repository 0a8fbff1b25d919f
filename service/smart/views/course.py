"""The course of the disease as marks and spans: diagnosis, remissions, relapses, transplants, CAR-T, phases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from service.facts.course.hct import Infusion, infusions
from service.facts.course.phase import named_phases
from service.facts.course.state_text import state_in
from service.facts.course.statements import statements
from service.facts.course.timeline import Event, course
from service.facts.disease.conditions import words_of
from service.facts.disease.diagnosis import SERVED, diagnosis_date, diseases, names_relapse
from service.record.model import Entry, PatientRecord, When


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, or is planned.

    ``kind``: diagnosis, diagnosis-too (another date of it), in-remission, clear-marrow (one below 5 % blasts), relapsed,
    refractory, allogeneic, autologous, unspecified (a transplant), DLI, CAR-T. ``source``: resources it was read in, the first most trusted. ``basis``: how it is
    known ("statement", "onset", "recorded", "words", "report", "marrow", "site", "text"). ``at_latest``: happened by then.
    """

    kind: str
    when: When | None
    sources: tuple[str, ...]
    found: str
    basis: str = "statement"
    inferred: bool = False
    at_latest: bool = False
    planned: bool = False
    preliminary: bool = False


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of treatment as a plan, an episode or a dated observation names it; ``last is None``: open."""

    name: str
    first: When | None
    last: When | None
    source: str
    found: str


@dataclass(frozen=True, slots=True)
class CourseShown:
    """``marks``: dated ones first, in order. ``unsure``: reports that may tell of one relapse or of two."""

    marks: tuple[Mark, ...]
    phases: tuple[Phase, ...]
    unsure: bool


def course_of(record: PatientRecord, as_of: date) -> CourseShown:
    """The course of a record up to a day, and what is planned."""
    found = course(record, as_of)
    marks = [
        *_diagnoses(record, as_of),
        *(_of_event(event) for event in found.events),
        *_refractory(record, as_of),
        *_merged(infusions(record, as_of)),
    ]
    marks.sort(key=lambda m: (m.when is None, m.when.start if m.when else date.min, m.when.end if m.when else date.min))
    return CourseShown(tuple(marks), tuple(_phases(record)), found.unsure)


def _diagnoses(record: PatientRecord, as_of: date) -> Iterator[Mark]:
    """The date of diagnosis, and other dates that Conditions of the disease give."""
    first = diagnosis_date(record, as_of)
    if first is None:
        return
    own = first.entry
    yield Mark("diagnosis", first.when, (own.reference,), own.text, _how(own), at_latest=first.at_latest)
    told = {said.entry.reference for said in statements(record, as_of) if said.when is not None}
    for disease in diseases(record, as_of):
        entry, when = disease.entry, disease.entry.when
        other = disease.diagnosis in SERVED and entry.reference not in told and not names_relapse(record, entry)
        other = other and record.means(entry, "disease_state") is None and state_in(words_of(entry)) is None
        if not other or when is None or record.means(entry, "history") == "true":
            continue
        if entry.reference != own.reference and (when.start > first.when.end or when.end < first.when.start):
            yield Mark("diagnosis-too", when, (entry.reference,), entry.text, _how(entry))


def _how(entry: Entry) -> str:
    return "text" if entry.text_concepts else "statement"


def _of_event(event: Event) -> Mark:
    # Few blasts alone are no remission: that takes the counts too, and the key facts may say that it is not known.
    clear = event.state == "in-remission" and event.source == "marrow"
    return Mark(
        "clear-marrow" if clear else event.state, event.when, (event.entry.reference,), event.found, event.source, event.inferred, event.at_latest,
        preliminary=event.entry.preliminary,
    )  # fmt: skip


def _refractory(record: PatientRecord, as_of: date) -> Iterator[Mark]:
    for said in statements(record, as_of):
        if said.state == "refractory" and said.when is not None and said.when.start <= as_of:
            basis = "text" if said.from_text else "statement"
            yield Mark("refractory", said.when, (said.entry.reference,), said.found, basis)


def _merged(found: tuple[Infusion, ...]) -> Iterator[Mark]:
    """Infusions; several resources of one day and kind tell of one. An undated one of the past is one of the dated ones
    of its kind, if there is any.
    """
    made: dict[tuple[str, bool, When | None], Mark] = {}
    for one in found:
        same = next((key for key in made if key[:2] == (one.kind, one.planned) and _one_day(key[2], one.when)), None)
        if same is not None:
            made[same] = replace(made[same], sources=(*made[same].sources, one.entry.reference))
            continue
        basis = "text" if one.from_text else "statement"
        made[one.kind, one.planned, one.when] = Mark(
            one.kind, one.when, (one.entry.reference,), one.entry.text, basis, planned=one.planned
        )
    yield from made.values()


def _one_day(known: When | None, other: When | None) -> bool:
    if known is None or other is None:
        return known is other or other is None
    return known.start <= other.end and other.start <= known.end


def _phases(record: PatientRecord) -> Iterator[Phase]:
    """Phases as named, oldest first, undated ones last."""
    found = [Phase(name, entry.when, entry.until, entry.reference, text) for name, entry, text in named_phases(record)]
    yield from sorted(found, key=lambda p: (p.first is None, p.first.start if p.first else date.min))
