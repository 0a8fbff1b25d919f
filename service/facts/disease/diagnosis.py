"""Which disease it is: diagnosis, lineage, date of diagnosis, and the gate that is asked first on every request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from service.facts.absence import absent, complete_list, seen_in
from service.facts.course.dated_words import dated_words
from service.facts.course.text import RELAPSE
from service.facts.disease.conditions import is_differential, is_tentative, names, words_of
from service.facts.disease.diagnosis_text import etp_in
from service.facts.disease.named import GROUPS, PARTICULAR, SERVED, UNSURE, Disease, disease_of, diseases, served
from service.facts.karyotype.collect import karyotypes
from service.facts.model import Fact, Facts, Provenance, Provider, Reason, known, provides, unknown
from service.record.dates import parse_when
from service.record.model import Coverage, Entry, PatientRecord, SetAside, When, once_per_record
from service.record.text import Mention
from service.record.usable import CONTRADICTION, MODIFIED
from service.record.values import as_dict, as_list, as_text
from service.record.whose import OTHERS

__all__ = [
    "PROVIDERS",
    "SERVED",
    "Disease",
    "diagnosis_date",
    "disease_of",
    "diseases",
    "has_all",
    "lineage_said",
    "names_relapse",
    "served",
]

_ASSERTED = "condition-assertedDate"


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """When the disease was diagnosed. ``at_latest``: only recorded by then, so perhaps earlier."""

    when: When
    entry: Entry
    at_latest: bool


def has_all(record: PatientRecord) -> bool | None:
    """Whether the record points to a disease the rules speak of: ALL, lymphoblastic lymphoma, mature B, MPAL, BP-CML.

    ``False`` only from complete Conditions without one; history of leukemia and resolved disease are not one.
    ``None``: the Conditions are missing, failed or partial, cannot be read, all belong to somebody else, or leave the
    kind of leukemia open. Other patients cost a few dictionary lookups.
    """
    unsure = False
    for entry in record.about(*GROUPS, types=("Condition",)):
        disease = disease_of(record, entry)
        if disease is None or disease.past:
            continue
        if disease.diagnosis in SERVED and not is_differential(entry):
            return True
        unsure = unsure or disease.diagnosis == UNSURE or disease.diagnosis in SERVED
    if unsure or any(_might_be_one(aside) for aside in record.set_aside) or _unread(record):
        return None
    return False if record.covered("Condition") in (Coverage.COMPLETE, Coverage.EMPTY) else None


def _might_be_one(aside: SetAside) -> bool:
    """Whether a Condition of leukemia was set aside for what it says, not for whose or how valid it is."""
    return aside.reason == CONTRADICTION or (
        aside.reason == MODIFIED and aside.type == "Condition" and not aside.concepts.isdisjoint(GROUPS)
    )


def _unread(record: PatientRecord) -> bool:
    """Whether Conditions came that say nothing of this patient: a damaged code, or none that is readable and his."""
    own = record.of_type("Condition")
    silent = [entry for entry in own if not entry.codings and not entry.text.strip()]
    if any(_damaged(entry.resource.get("code")) for entry in silent):
        return True
    foreign = any(aside.type == "Condition" and aside.reason in OTHERS for aside in record.set_aside)
    return len(silent) == len(own) and (bool(own) or foreign)


def _damaged(code: object) -> bool:
    """A code that is there and yet says nothing; one that is masked by an extension is not damaged."""
    return code is not None and not (isinstance(code, dict) and set(code) <= {"extension", "id"})


def names_relapse(record: PatientRecord, entry: Entry) -> bool:
    """Whether a Condition is, by code or name, that of a relapse, so that its onset is not that of the disease."""
    return record.means(entry, "disease_state") == "relapsed" or names(entry, RELAPSE, past_too=True)


@once_per_record
def diagnosis_date(record: PatientRecord, as_of: date | None = None) -> Diagnosed | None:
    """When the disease was diagnosed: the earliest asserted date (mCODE) or onset of its Conditions, leaving out those
    of a relapse. Where only the day of recording is known, or that lies before, it was diagnosed by then at the latest;
    so it was where a Condition that is now called a relapse began before others were recorded. A Condition that dates
    its relapse after its own onset began with the disease.
    """
    exact: list[Diagnosed] = []
    recorded: list[Diagnosed] = []
    back: list[Diagnosed] = []
    for disease in diseases(record, as_of):
        entry = disease.entry
        if disease.diagnosis not in SERVED or record.means(entry, "history") == "true":
            continue
        onset = _asserted(entry) or _onset(entry)
        if names_relapse(record, entry) and not _before_its_relapse(entry, onset):
            if onset is not None:
                back.append(Diagnosed(onset, entry, True))
            continue
        if onset is not None:
            exact.append(Diagnosed(onset, entry, False))
        noted = parse_when(as_text(entry.resource.get("recordedDate")))
        if noted is not None:
            recorded.append(Diagnosed(noted, entry, True))
    first = min(exact, key=lambda d: d.when.start, default=None)
    noted_first = min(
        [*recorded, *back] if recorded and not exact else recorded, key=lambda d: d.when.end, default=None
    )
    if first is None or (noted_first is not None and noted_first.when.end < first.when.start):
        return noted_first
    return first


def _before_its_relapse(entry: Entry, onset: When | None) -> bool:
    relapses = [told.when for told in dated_words(words_of(entry)) if told.state == "relapsed"]
    return (
        onset is not None and bool(relapses) and all(when is not None and when.start > onset.end for when in relapses)
    )


def _asserted(entry: Entry) -> When | None:
    for extension in as_list(entry.resource.get("extension")):
        if _ASSERTED in as_text(as_dict(extension).get("url")):
            return parse_when(as_text(as_dict(extension).get("valueDateTime")))
    return None


def _onset(entry: Entry) -> When | None:
    start = as_dict(entry.resource.get("onsetPeriod")).get("start")
    return parse_when(as_text(entry.resource.get("onsetDateTime"))) or parse_when(as_text(start))


@provides("diagnosis")
def diagnosis(facts: Facts) -> Iterator[Fact]:
    """The disease by its active Conditions; the particular one where a general one stands beside it."""
    if facts.record is None:
        return
    found = diseases(facts.record, facts.as_of)
    active = [d for d in found if not d.past and d.diagnosis != UNSURE]
    chosen = _choose(active)
    if chosen is None and any(is_tentative(d.entry) for d in active):  # what is confirmed before what is not
        active = [d for d in active if not is_tentative(d.entry)] or active
        chosen = _choose(active)
    kinds = {d.diagnosis for d in active}
    seen = tuple(_seen(d) for d in active or found)
    conflict = next((d.conflict for d in found if d.conflict and not d.past), None)
    if chosen is not None:
        first = [p for d, p in zip(active, seen, strict=True) if d.diagnosis == chosen]
        yield known("diagnosis", chosen, *first)
    elif kinds:
        yield unknown("diagnosis", Reason.CONFLICTING, f"Conditions name {' and '.join(sorted(kinds))}", seen)
    elif conflict:
        yield unknown("diagnosis", Reason.CONFLICTING, conflict, seen)
    elif found:
        past = all(d.past for d in found)
        detail = (
            "leukemia stands in the record as history only" if past else "the kind of leukemia is not said for certain"
        )
        yield unknown("diagnosis", Reason.NOT_DECIDED, detail, seen)
    else:
        yield _considered(facts) or _set_aside(facts) or absent(facts, "diagnosis", "Condition", what="a leukemia")


def _seen(disease: Disease) -> Provenance:
    note = "not confirmed" if is_tentative(disease.entry) else None
    return seen_in(disease.entry, disease.entry.text or None, from_text=disease.from_text, note=note)


def _considered(facts: Facts) -> Fact | None:
    """The unknown for a record whose leukemia is only suspected, or one of several diagnoses considered."""
    entries = facts.record.about(*GROUPS, types=("Condition",)) if facts.record else ()
    seen = [seen_in(entry, entry.text or None) for entry in entries if is_differential(entry)]
    return unknown("diagnosis", Reason.NOT_DECIDED, "a leukemia is only considered", seen) if seen else None


def _choose(active: list[Disease]) -> str | None:
    """One disease of several named: a leukemia with its lymphoma, a particular one with plain ALL; else none."""
    own = {d.diagnosis for d in active if d.diagnosis in SERVED}
    others = {d.diagnosis for d in active} - own
    if not own:
        return next(iter(others)) if len(others) == 1 else None
    if "AML" in others:
        return None
    if own == {"ALL", "LL"}:
        return "ALL"
    particular = own.intersection(PARTICULAR)
    plain = all(d.lineage is None for d in active if d.diagnosis in ("ALL", "LL"))
    if len(particular) == 1 and plain:
        return next(iter(particular))
    return next(iter(own)) if len(own) == 1 else None


def _set_aside(facts: Facts) -> Fact | None:
    """The unknown for a record whose only leukemia was set aside because code and text disagree."""
    for aside in facts.record.set_aside if facts.record else ():
        if _might_be_one(aside):
            reason = Reason.CONFLICTING if aside.reason == CONTRADICTION else Reason.SET_ASIDE
            return unknown("diagnosis", reason, f"{aside.reference}: {aside.reason}")
    return None


@provides("lineage", "etp_phenotype")
def lineage(facts: Facts) -> Iterator[Fact]:
    """Lineage by code, else by the words of the diagnosis. ICD-10 C91.0 says nothing about it. It does not change, so
    where the present Conditions are silent, those of the same disease that are inactive by now still say it.
    """
    if facts.record is None:
        return
    own = served(facts.record, facts.as_of)
    said = lineage_said(facts.record, facts.as_of)
    kinds = {d.lineage for d in said}
    seen = tuple(
        seen_in(d.entry, d.entry.text or None, from_text=facts.record.means(d.entry, "lineage") is None) for d in said
    )
    if len(kinds) == 1 and said[0].lineage is not None:
        yield known("lineage", said[0].lineage, *seen)
    elif kinds:
        yield unknown("lineage", Reason.CONFLICTING, "Conditions name different lineages", seen)
    elif own:
        where = tuple(seen_in(d.entry, d.entry.text or None) for d in own)
        yield unknown("lineage", Reason.NOT_DECIDED, "the diagnosis does not say whether it is B or T lineage", where)
    else:
        yield absent(facts, "lineage", "Condition", what="a leukemia")
    yield from _etp(facts.record, own)


def lineage_said(record: PatientRecord, as_of: date) -> list[Disease]:
    """The Conditions that say the lineage: those of now, or else those of the past that name the same disease."""
    own = served(record, as_of)
    kinds = {d.diagnosis for d in own}
    past = (d for d in diseases(record, as_of) if d.past and d.diagnosis in kinds)
    return [d for d in own if d.lineage is not None] or [d for d in past if d.lineage is not None]


def _etp(record: PatientRecord, own: tuple[Disease, ...]) -> Iterator[Fact]:
    """Early T-cell precursor where the diagnosis says so or denies it."""
    for disease in own:
        coded = record.means(disease.entry, "etp_phenotype") == "true"
        said = True if coded else etp_in(words_of(disease.entry))
        if said is not None:
            seen = seen_in(disease.entry, disease.entry.text or None, from_text=not coded)
            yield known("etp_phenotype", said, seen)
            return


@provides("down_syndrome")
def down_syndrome(facts: Facts) -> Iterator[Fact]:
    """Down syndrome on the problem list; "no" only from a complete one without it, and no constitutional karyotype that
    shows it (which its own reader tells).
    """
    if facts.record is None:
        return
    for entry in facts.record.about("diagnosis.down_syndrome", types=("Condition",)):
        coded = not entry.text_concepts
        if coded or facts.record.terminology.mention("diagnosis.down_syndrome", entry.text) is Mention.PRESENT:
            yield known("down_syndrome", True, seen_in(entry, entry.text or None, from_text=not coded))
            return
    if any(found.down_syndrome for found in karyotypes(facts.record)):
        return
    if complete_list(facts, "Condition"):
        yield known("down_syndrome", False, detail="not on the complete problem list")
    else:
        yield absent(facts, "down_syndrome", "Condition", what="Down syndrome")


@provides("diagnosis_date")
def date_of_diagnosis(facts: Facts) -> Iterator[Fact]:
    """The date of diagnosis as found; it may be partial, and only the day of recording."""
    if facts.record is None:
        return
    found = diagnosis_date(facts.record, facts.as_of)
    if found is None:
        yield unknown("diagnosis_date", Reason.UNDATED, "no Condition of the disease says when it was diagnosed")
    else:
        note = "recorded then; diagnosed on that day or before" if found.at_latest else None
        yield known("diagnosis_date", found.when.text, seen_in(found.entry, found.when.text, note=note))


PROVIDERS: tuple[Provider, ...] = (diagnosis, lineage, down_syndrome, date_of_diagnosis)
