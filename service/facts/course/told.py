"""What Conditions of the disease and disease status observations tell of its course, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from service.facts.course.statements import STATUS, ahead, status_observations, status_text
from service.facts.disease.conditions import words_of
from service.facts.disease.diagnosis import served
from service.facts.model import Provenance
from service.record.model import Entry, PatientRecord, When, once_per_record
from service.record.values import all_text, notes_of


@dataclass(frozen=True, slots=True)
class Told:
    """The words of one resource. ``when is None``: a problem list's, which speaks of today."""

    entry: Entry
    text: str
    when: When | None

    def seen(self) -> Provenance:
        dated = self.entry.when.text if self.entry.when else None
        return Provenance(self.entry.reference, dated, found=self.text, from_text=True)


@once_per_record
def course_words(record: PatientRecord, as_of: date) -> tuple[Told, ...]:
    """Texts of the disease's Conditions, then those of disease status observations, newest first."""
    own = (Told(d.entry, words_of(d.entry), None) for d in served(record, as_of) if not ahead(d.entry, as_of))
    status = (Told(entry, status_text(entry), entry.when) for entry in status_observations(record))
    return tuple(told for told in (*own, *status) if told.text)


@once_per_record
def noted_words(record: PatientRecord, as_of: date) -> tuple[str, ...]:
    """Notes on the disease's Conditions. They tell of the course at no given time: what was, and not what is."""
    own = (d.entry for d in served(record, as_of) if not ahead(d.entry, as_of))
    return tuple(text for entry in own if (text := notes_of(entry.resource)))


@once_per_record
def undated_words(record: PatientRecord) -> tuple[str, ...]:
    """Texts of disease status observations without a date: they tell that something was, and not when."""
    undated = (entry for entry in record.about(*STATUS, types=("Observation",)) if entry.when is None)
    return tuple(text for entry in undated if (text := all_text(entry.resource)))
