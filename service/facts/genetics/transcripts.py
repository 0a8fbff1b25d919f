"""BCR::ABL1 transcript measurements: one above zero proves the fusion; zero is remission, not Ph-negative."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.genetics.codes import LOG_SCALES, TRANSCRIPT_RATIOS
from service.facts.genetics.model import Finding
from service.facts.genetics.reports import shown
from service.facts.genetics.variants import answer
from service.facts.mrd.values import bounds, read_mrd_text
from service.record.model import Entry, PatientRecord
from service.record.values import quantity, value_text

_MEASURES = ("mrd.bcr_abl1",)
_LOG = re.compile(r"\blog\b|\blog[- ]?(?:stuf|redu)|\bMR\b", re.IGNORECASE)


def findings_of_ratios(record: PatientRecord) -> Iterator[Finding]:
    """One finding per measurement, as far as it says whether any transcript was there."""
    for entry in record.about(*_MEASURES, types=("Observation",)):
        named = "mrd.bcr_abl1" in entry.text_concepts
        if named or any(code in TRANSCRIPT_RATIOS for _, code in entry.codings):
            yield Finding("BCR::ABL1", _found(entry), entry, "ratio", shown(entry.resource), from_text=named)


def _found(entry: Entry) -> bool | None:
    """Whether a transcript measurement found any; a number on a log scale does not say."""
    q = quantity(entry.resource)
    result = answer(entry.resource)
    if result is not None:
        return result
    if q is not None:
        log = any(code in LOG_SCALES for _, code in entry.codings) or _LOG.search(entry.text)
        return None if log or q.comparator in ("<", "<=") else q.value > 0
    text = value_text(entry.resource)
    reading = read_mrd_text(text, transcript=True) if text else None
    if reading is None or not reading.usable:
        return None
    if reading.qualitative is not None:
        return reading.qualitative == "positive"
    return bounds(reading.fraction).more_than(0) if reading.fraction is not None else None
