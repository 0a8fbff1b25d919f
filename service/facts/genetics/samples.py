"""What a sample can tell: a negative result means something only where there was leukemia to be found."""

from __future__ import annotations

import re
from datetime import date, timedelta

from service.facts.karyotype.collect import at_diagnosis, milestones
from service.facts.model import Interval
from service.facts.response.marrow import marrow_series
from service.record.model import Coverage, Entry, PatientRecord
from service.record.values import notes_of, value_text

_MEDICATIONS = ("MedicationStatement", "MedicationAdministration", "MedicationRequest")
_TREATED_DAYS = timedelta(days=7)
_UNTREATED_FOR = timedelta(days=14)  # after the diagnosis; by then treatment has begun, recorded or not
_BLASTS_NEAR = timedelta(days=14)
_BLASTS_PERCENT = 20.0
_BLASTS_SAID = re.compile(
    r"(\d{1,3}(?:[.,]\d+)?)\s?%\s+(?:\w+\s+){0,2}(?:blasts?|blasten|lymphoblast\w*)|blast\w*\s*[:=]?\s*(\d{1,3}(?:[.,]\d+)?)\s?%",
    re.I,
)


def disease_present(record: PatientRecord, entry: Entry) -> bool | None:
    """Whether a sample was taken while the leukemia was there to be found, so that a negative result means something.

    Yes: 20 % blasts or more in its own report or in a marrow within 14 days, or a sample from within 60 days of the
    diagnosis that was not taken later than a week after the first recorded antileukemic drug; two weeks after the
    diagnosis where complete lists name no such drug, or the lists are not complete. ``None``: undated sample or
    diagnosis. A negative result of any other day may only show remission.
    """
    if _blasts_said(entry) or _blasts_near(record, entry):
        return True
    days = milestones(record)
    near = at_diagnosis(entry, days)
    if not near or entry.when is None or days.diagnosis is None:
        return near
    first = _first_treatment(record, days.diagnosis - timedelta(days=60))
    untreated = days.diagnosis + _UNTREATED_FOR
    if first is not None:
        complete = record.covered(*_MEDICATIONS) is Coverage.COMPLETE
        untreated = first + _TREATED_DAYS if complete else min(untreated, first + _TREATED_DAYS)
    return entry.when.end <= untreated


def _blasts_said(entry: Entry) -> bool:
    text = f"{value_text(entry.resource)}\n{notes_of(entry.resource)}"
    return any(float((m[1] or m[2]).replace(",", ".")) >= _BLASTS_PERCENT for m in _BLASTS_SAID.finditer(text))


def _blasts_near(record: PatientRecord, entry: Entry) -> bool:
    """Whether a marrow of those days, counted or told in a report, had so many blasts."""
    if entry.when is None:
        return False
    for marrow, found in marrow_series(record):
        value = found.value
        enough = value.at_least(_BLASTS_PERCENT) if isinstance(value, Interval) else (value or 0) >= _BLASTS_PERCENT
        if enough and marrow.when is not None and abs(marrow.when.start - entry.when.start) <= _BLASTS_NEAR:
            return True
    return False


def _first_treatment(record: PatientRecord, since: date) -> date | None:
    drugs = record.of_type(*_MEDICATIONS)
    given = (e.when.start for e in drugs if e.when and any(c.startswith("therapy.") for c in e.concepts))
    return min((day for day in given if day >= since), default=None)
