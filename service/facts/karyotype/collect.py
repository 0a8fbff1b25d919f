"""Karyotypes of a patient record: where they stand, and which of them speak of the leukemia."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from service.facts.karyotype.model import Karyotype
from service.facts.karyotype.read import read_karyotype
from service.record.model import Entry, PatientRecord, newest_first, once_per_record
from service.record.values import as_dict, as_list, as_text, codings_of, components, concept_text, notes_of

_ABOUT = ("karyotype.iscn",)
_TYPES = ("Observation", "DiagnosticReport", "Condition")
_LOOKS_LIKE = re.compile(r"\d{2}\s?,\s?[XY?]|\d{2}\s?[XY]{2}|//\s?\d{2}", re.IGNORECASE)
_CONSTITUTIONAL = re.compile(
    r"constitutional|konstitutionell|prenatal|pränatal|amnio|chorion|germ\s?line|keimbahn|newborn|neonat|\bPHA\b"
    r"|lymphocyte culture",
    re.IGNORECASE,
)
_TRISOMY_21 = ("http://snomed.info/sct", "41040004")
_BEFORE = timedelta(days=90)  # older than the diagnosis by more: not this leukemia
NEAR_DIAGNOSIS = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Found:
    """A karyotype in the record. ``aside`` says why it does not speak of the leukemia."""

    entry: Entry
    karyotype: Karyotype
    aside: str | None = None
    down_syndrome: bool = False


@dataclass(frozen=True, slots=True)
class Milestones:
    """Days that decide what a result can mean. ``diagnosis``: first ALL diagnosis on record."""

    diagnosis: date | None
    transplant: date | None


@once_per_record
def milestones(record: PatientRecord) -> Milestones:
    """The day of diagnosis and of the first allogeneic transplantation, as far as dated."""
    diagnosed = [e.when.start for e in record.about("diagnosis.all", types=("Condition",)) if e.when]
    grafts = [e.when.start for e in record.about("course.allo_hct", types=("Procedure",)) if e.when]
    return Milestones(min(diagnosed, default=None), min(grafts, default=None))


def at_diagnosis(entry: Entry, days: Milestones) -> bool | None:
    """Whether a result was taken within 60 days of the diagnosis; ``None`` if a date is missing."""
    if days.diagnosis is None or entry.when is None:
        return None
    return entry.when.end >= days.diagnosis - NEAR_DIAGNOSIS and entry.when.start <= days.diagnosis + NEAR_DIAGNOSIS


@once_per_record
def karyotypes(record: PatientRecord) -> tuple[Found, ...]:
    """All karyotypes of a record, newest first."""
    days = milestones(record)
    named = record.about(*_ABOUT, types=_TYPES)
    known = {id(entry) for entry in named}
    others = [e for e in record.of_type(*_TYPES) if id(e) not in known and not _laboratory(e)]
    found = []
    for entry in newest_first((*named, *others)):
        for karyotype in _in_entry(entry, id(entry) in known):
            found.append(_judged(entry, karyotype, days))
    return tuple(found)


def _laboratory(entry: Entry) -> bool:
    return any(concept.startswith(("labs.", "fitness.", "mrd.")) for concept in entry.concepts)


def _in_entry(entry: Entry, named: bool) -> Iterator[Karyotype]:
    """The karyotypes of one resource: readable formulas first; what a karyotype result says otherwise, if nothing."""
    read: list[Karyotype] = []
    for text in dict.fromkeys(_texts(entry.resource)):
        if named or _LOOKS_LIKE.search(text):
            read.append(read_karyotype(text))
    good = [k for k in read if k.problem is None]
    formulas = [k for k in good if k.clones or k.donor]
    if formulas or good:
        yield from (formulas or good)[:1] if not formulas else _distinct(formulas)
    elif named and read:
        yield read[0]
    elif named and (codes := codings_of(as_dict(entry.resource.get("valueCodeableConcept")))):
        yield Karyotype(codes[0][1], problem="a code, not a formula")


def _distinct(found: list[Karyotype]) -> list[Karyotype]:
    return list({k.iscn: k for k in found}.values())


def _texts(resource: Mapping[str, Any]) -> Iterator[str]:
    """Texts of a resource that may be a karyotype: values, codes used as values, components, contained results, notes."""
    yield from _value_texts(resource)
    for component in components(resource):
        yield from _value_texts(component)
    for inner in as_list(resource.get("contained")):
        if as_dict(inner).get("resourceType") == "Observation":
            yield from _value_texts(as_dict(inner))
            for component in components(as_dict(inner)):
                yield from _value_texts(component)
    for code in as_list(resource.get("conclusionCode")):
        yield from _concept_texts(code)
    if notes := notes_of(resource):
        yield notes


def _value_texts(element: Mapping[str, Any]) -> Iterator[str]:
    if said := as_text(element.get("valueString")):
        yield said
    yield from _concept_texts(element.get("valueCodeableConcept"))


def _concept_texts(concept: object) -> Iterator[str]:
    for _, code in codings_of(concept):
        if _LOOKS_LIKE.search(code):
            yield code
    if text := as_text(as_dict(concept).get("text")):
        yield text
    elif shown := concept_text(concept):
        yield shown


def _judged(entry: Entry, karyotype: Karyotype, days: Milestones) -> Found:
    """Whether a karyotype speaks of the leukemia.

    Not: a constitutional or prenatal study, a study from more than 90 days before the diagnosis, donor cells, and
    anything after an allogeneic transplantation that shows no abnormal clone of the patient (the normal cells are the
    donor's).
    """
    down = any(a.kind == "gain" and a.chromosomes == ("21",) for a in karyotype.constitutional)
    if _TRISOMY_21 in codings_of(as_dict(entry.resource.get("valueCodeableConcept"))):
        return Found(entry, karyotype, "constitutional trisomy 21", True)
    early = bool(entry.when and days.diagnosis and entry.when.end < days.diagnosis - _BEFORE)
    alone = [a.text for clone in karyotype.clones for a in clone.acquired] == ["+21"] and len(karyotype.clones) == 1
    words = f"{entry.text} {concept_text(as_dict(entry.resource.get('category')))}"
    if _CONSTITUTIONAL.search(words):
        return Found(entry, karyotype, "a constitutional study", down or alone)
    if early:
        return Found(entry, karyotype, "from before the leukemia", down or alone)
    if karyotype.donor and not karyotype.clones:
        return Found(entry, karyotype, "donor cells only", down)
    after = bool(entry.when and days.transplant and entry.when.start > days.transplant)
    if after and not karyotype.abnormal_clones:
        return Found(entry, karyotype, "normal cells after a transplantation are the donor's", down)
    return Found(entry, karyotype, None, down)
