"""Treatments that the words of the diagnosis or of its status tell of: "relapse after blinatumomab", "Z.n. Schädelbestrahlung"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from service.facts.absence import seen_in
from service.facts.course.timeline import status_observations
from service.facts.disease.conditions import in_icd, words_of
from service.facts.disease.diagnosis import served
from service.facts.model import Provenance
from service.facts.therapy.drug_names import drugs_in
from service.facts.therapy.exposure import treats
from service.record.model import Entry, PatientRecord, once_per_record
from service.record.text import clauses
from service.record.values import all_text

_SINCE = re.compile(
    r"\b(?:after|following|post|despite|refractory to|resistant to|failed|failure of|progress\w* (?:on|under|after)|relaps\w* (?:on|under|while)"
    r"|treated with|received|prior|previous(?:ly)?|history of|status post|s/p|nach|unter|trotz|refraktär auf|refraktär gegen|versagen (?:von|auf)"
    r"|vorbehandelt\w*|behandelt mit|zustand nach|erhielt)\b|\bz\.?\s?n\.?(?=\s)|\bst\.?\s?p\.(?=\s)",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"\b(?:refract\w*|resist\w*|refrakt\w*)\s+(?:to|auf|gegen|gegenüber)\b|\bfail(?:ed|ure of)\b|\bprogress\w*\s+(?:on|under|unter|auf)\b"
    r"|\brelaps\w*\s+(?:on|under|while)\b|\brezidiv\w*\s+unter\b|\bversagen\b",
    re.IGNORECASE,
)
_HISTORY_CODES = (("Z92.21", "chemotherapy"), ("Z92.3", "radiation"))


@dataclass(frozen=True, slots=True)
class Told:
    """One treatment told of. ``failed``: the words say that the disease came back on it, or did not answer to it."""

    treatment: str
    seen: Provenance
    failed: bool


@once_per_record
def told(record: PatientRecord, as_of: date) -> tuple[Told, ...]:
    """Drugs against leukemia, and codes of a personal history of chemotherapy or radiation (ICD-10-CM Z92)."""
    found = [row for entry, text in _texts(record, as_of) for row in _in_text(record, entry, text)]
    for entry in record.about("course.history", types=("Condition",)):
        found += [
            Told(what, seen_in(entry, entry.text or None), False)
            for code, what in _HISTORY_CODES
            if in_icd(entry, (code,))
        ]
    return tuple(found)


def _texts(record: PatientRecord, as_of: date) -> Iterator[tuple[Entry, str]]:
    for disease in served(record, as_of):
        yield disease.entry, words_of(disease.entry)
    for entry in status_observations(record):
        yield entry, all_text(entry.resource)


def _in_text(record: PatientRecord, entry: Entry, text: str) -> Iterator[Told]:
    if not _SINCE.search(text):
        return
    for clause in clauses(text):
        since = _SINCE.search(clause)
        if since is None:
            continue
        for drug in sorted(drugs_in(record.terminology, clause[since.start() :])):
            if treats(drug) and drug in drugs_in(record.terminology, clause):
                failed = _FAILED.search(clause) is not None
                yield Told(drug, seen_in(entry, text, from_text=True, note="told in words"), failed)
