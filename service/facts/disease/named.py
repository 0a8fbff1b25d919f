"""Which leukemia or lymphoblastic lymphoma a Condition names: by code, by words, and by both where they disagree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from service.facts.course.state_text import state_in
from service.facts.disease.conditions import Standing, is_differential, standing, words_of
from service.facts.disease.diagnosis_text import lineage_in, names_blast_phase, names_precursor, other_leukemia_in
from service.record.model import Entry, PatientRecord, once_per_record
from service.record.text import Mention, strongest
from service.record.values import as_dict, as_text

SERVED = frozenset({"ALL", "LL", "mature-B", "MPAL", "BP-CML"})
GROUPS = (
    "diagnosis.all", "diagnosis.lbl", "diagnosis.burkitt", "diagnosis.mpal", "diagnosis.bp_cml",
    "diagnosis.other_leukemia",
)  # fmt: skip
UNSURE = "unsure"  # some leukemia, but not said of which kind
# What a text may name, the more particular first: "Burkitt" beats the "ALL" that old names of it contain.
_IN_TEXT = (
    ("diagnosis.burkitt", "mature-B"), ("diagnosis.mpal", "MPAL"), ("diagnosis.bp_cml", "BP-CML"),
    ("diagnosis.all", "ALL"), ("diagnosis.lbl", "LL"),
)  # fmt: skip
PARTICULAR = ("mature-B", "MPAL", "BP-CML")
_NOT_SERVED = ("AML", "CML", "MDS", "other")


@dataclass(frozen=True, slots=True)
class Disease:
    """One Condition that names a leukemia or lymphoblastic lymphoma of this patient."""

    entry: Entry
    diagnosis: str
    lineage: str | None
    from_text: bool
    past: bool
    conflict: str | None = None  # what in it contradicts itself, so that the kind cannot be told


def disease_of(record: PatientRecord, entry: Entry, as_of: date | None = None) -> Disease | None:
    """The disease a Condition names; ``None`` where it names none, denies it, or speaks of the family.

    A code decides over the text; the text adds the lineage where the code is silent, and the particular disease
    (Burkitt, mixed phenotype) where the code says no more than ALL, or acute leukemia, and the blast phase where it says
    no more than CML.
    """
    words = words_of(entry)
    past = standing(entry, as_of) is Standing.PAST or record.means(entry, "history") == "true"
    coded = [meaning for s, c in entry.codings if "diagnosis" in (meaning := record.terminology.meaning(s, c))]
    if coded:
        diagnosis = next((m["diagnosis"] for m in coded if m["diagnosis"] in PARTICULAR), coded[0]["diagnosis"])
        lineage = next((m["lineage"] for m in coded if "lineage" in m), None)
        return _by_code(record, entry, diagnosis, lineage, past, as_of)
    if not entry.text_concepts:
        return Disease(entry, UNSURE, None, False, past) if entry.concepts else None
    text, mention = entry.once(_named, lambda: _named(record, words))
    if text is None:
        return Disease(entry, UNSURE, None, True, past) if mention is Mention.UNCERTAIN else None
    return Disease(entry, text, _lineage_by_text(text, words), True, past or mention is Mention.HISTORY)


def _by_code(
    record: PatientRecord, entry: Entry, diagnosis: str, lineage: str | None, past: bool, as_of: date | None
) -> Disease:
    """A coded disease, with what the words beside the code add, doubt or deny."""
    words = words_of(entry)
    mood = _mood(record, entry)
    if mood in (Mention.NEGATED, Mention.FAMILY, Mention.UNCERTAIN):
        detail = (
            None if mood is Mention.UNCERTAIN else "its code names a leukemia and its text denies it of the patient"
        )
        return Disease(entry, UNSURE, None, False, past, detail)
    if mood is Mention.HISTORY and standing(entry, as_of) is Standing.UNSAID and state_in(words) is None:
        past = True
    text = entry.once(_named, lambda: _named(record, words))[0]
    burkitt = diagnosis == "mature-B" and text != "mature-B" and names_precursor(words)
    if burkitt or (text == "mature-B" and diagnosis in ("ALL", "LL") and lineage is not None):
        return Disease(entry, UNSURE, None, False, past, "of code and text one names a mature, one a precursor B cell")
    if diagnosis == "ALL" and lineage is None and text in PARTICULAR:
        return Disease(entry, text, lineage, True, past)
    if diagnosis == "CML" and names_blast_phase(words):  # the code is of all phases
        return Disease(entry, "BP-CML", lineage, True, past)
    if diagnosis not in SERVED and diagnosis not in _NOT_SERVED:
        if text in PARTICULAR and mood is Mention.PRESENT:
            return Disease(entry, text, lineage, True, past)
        diagnosis = UNSURE
    return Disease(entry, diagnosis, lineage or _lineage_by_text(diagnosis, words), False, past)


def _mood(record: PatientRecord, entry: Entry) -> Mention | None:
    """How the words of whoever wrote the Condition speak of the leukemia; the display only repeats the code."""
    said = as_text(as_dict(entry.resource.get("code")).get("text"))
    terms = record.terminology
    return entry.once(_mood, lambda: strongest(terms.mention(group, said) for group in GROUPS)) if said else None


def _named(record: PatientRecord, text: str) -> tuple[str | None, Mention | None]:
    """The disease a text states, and how; the mention alone where none is stated."""
    weakest = None
    for group, diagnosis in _IN_TEXT:
        mention = record.terminology.mention(group, text)
        if mention in (Mention.PRESENT, Mention.HISTORY):
            return diagnosis, mention
        weakest = weakest or mention
    mention = record.terminology.mention("diagnosis.other_leukemia", text)
    if weakest is None and mention in (Mention.PRESENT, Mention.HISTORY):
        other = other_leukemia_in(text) or UNSURE
        return "BP-CML" if other == "CML" and names_blast_phase(text) else other, mention
    return None, weakest or mention


def _lineage_by_text(diagnosis: str, text: str) -> str | None:
    return lineage_in(text) if diagnosis in ("ALL", "LL") else None


@once_per_record
def diseases(record: PatientRecord, as_of: date | None = None) -> tuple[Disease, ...]:
    """All leukemias the Conditions name, newest first; those merely considered are left out."""
    entries = record.about(*GROUPS, types=("Condition",))
    found = (disease_of(record, entry, as_of) for entry in entries if not is_differential(entry))
    return tuple(disease for disease in found if disease is not None)


def served(record: PatientRecord, as_of: date | None = None) -> tuple[Disease, ...]:
    """The Conditions of the disease being treated: of a kind the rules speak of, and not merely of the past."""
    return tuple(d for d in diseases(record, as_of) if d.diagnosis in SERVED and not d.past)
