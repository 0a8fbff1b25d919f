"""Genetic findings of a record: from diagnosis codes, karyotypes, FISH, RT-PCR and genomics reporting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from service.facts.genetics.codes import SUBTYPES
from service.facts.genetics.model import Finding
from service.facts.genetics.reports import findings_of_tests
from service.facts.genetics.text import findings_in
from service.facts.genetics.transcripts import findings_of_ratios
from service.facts.genetics.variants import answer
from service.facts.karyotype import implied_fusions
from service.facts.karyotype.collect import Found, karyotypes
from service.record.model import PatientRecord, once_per_record
from service.record.values import notes_of

_LEUKEMIA = re.compile(r"\bALL\b|lymphobl|leuk[aä]", re.IGNORECASE)

__all__ = ["Finding", "answer", "findings"]


@once_per_record
def findings(record: PatientRecord) -> tuple[Finding, ...]:
    """All genetic findings of a record, newest first within each kind of source."""
    cytogenetics = karyotypes(record)
    aside = {id(found.entry) for found in cytogenetics if found.aside is not None}
    return (
        *_from_diagnoses(record),
        *_from_karyotypes(cytogenetics),
        *findings_of_tests(record, aside),
        *findings_of_ratios(record),
    )


def _from_diagnoses(record: PatientRecord) -> Iterator[Finding]:
    for entry in record.of_type("Condition"):
        if not any(c.startswith(("diagnosis.", "genetics.")) for c in entry.concepts) and not _LEUKEMIA.search(
            entry.text
        ):
            continue
        coded = False
        for _, code in entry.codings:
            if code in SUBTYPES:
                token, present = SUBTYPES[code]
                coded = True
                yield Finding(token, present, entry, "diagnosis", code)
        if not coded:
            for said in findings_in(entry.text, naming_is_stating=True):
                yield Finding(said.token, said.present, entry, "diagnosis", entry.text, from_text=True)
        if notes := notes_of(entry.resource):
            for said in findings_in(notes, short_states=False):
                yield Finding(said.token, said.present, entry, "diagnosis", notes, from_text=True)


def _from_karyotypes(cytogenetics: Sequence[Found]) -> Iterator[Finding]:
    for found in cytogenetics:
        if found.aside is not None or found.karyotype.problem not in (None, "in-situ hybridization only"):
            continue
        for implied in implied_fusions(found.karyotype):
            present = True if implied.certain else None
            yield Finding(implied.fusion, present, found.entry, "karyotype", implied.abnormality, note=implied.doubt)
