"""Every count of a record in the vocabulary's unit, also the old ones: for showing the course, not for deciding.

The same readers as for the newest value; what they would not use is kept with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from service.facts.labs.counts import LABS, MAX_ANC, computed_anc, is_share
from service.facts.model import Interval, Reason
from service.facts.results.lookup import results_about
from service.facts.results.measured import Measured, measured
from service.facts.vocabulary import VOCABULARY
from service.record.model import Entry, PatientRecord

_CURVES = {"wbc_current": "wbc", "platelets": "platelets", "hemoglobin": "hemoglobin"}
_IMPLAUSIBLE = "outside the plausible range: shown, not used"


@dataclass(frozen=True, slots=True)
class Counted:
    """One count. ``name``: wbc, anc, platelets, hemoglobin, blood_blasts, blood_blast_count. ``found.value`` in 10*9/L,
    g/dL for hemoglobin and % for blood_blasts; ``None`` with its reason where it could not be read.
    """

    name: str
    entry: Entry
    found: Measured
    inferred: bool = False


def counts(record: PatientRecord) -> Iterator[Counted]:
    """All counts and blasts of the blood, per name newest first."""
    for lab in LABS:
        name = _CURVES.get(lab.fact)
        for entry in results_about(record, lab.group) if name else ():
            found = measured(entry.resource, lab.kind)
            if name and found is not None:
                yield Counted(name, entry, _plausible(found, lab.fact, lab.high))
    yield from _neutrophils(record)
    yield from _blasts(record)


def _neutrophils(record: PatientRecord) -> Iterator[Counted]:
    """Absolute neutrophils; of days without one, WBC x percent of the differential."""
    days: set[date] = set()
    for entry in results_about(record, "labs.anc"):
        found = measured(entry.resource, "cells")
        if found is None or is_share(entry):
            continue
        if entry.when is not None and found.value is not None:
            days.add(entry.when.end)
        yield Counted("anc", entry, _plausible(found, "anc", MAX_ANC))
    for entry, found in computed_anc(record):
        if entry.when is not None and entry.when.end not in days:
            yield Counted("anc", entry, _plausible(found, "anc", MAX_ANC), inferred=True)


def _blasts(record: PatientRecord) -> Iterator[Counted]:
    """Blasts of the blood, as a percentage or as a count."""
    for entry in results_about(record, "labs.blood_blasts"):
        share, count = measured(entry.resource, "percent"), measured(entry.resource, "cells")
        if share is not None and share.value is not None:
            yield Counted("blood_blasts", entry, _within(share, 0.0, 100.0))
        elif count is not None and count.value is not None:
            yield Counted("blood_blast_count", entry, count)
        elif share is not None:
            yield Counted("blood_blasts", entry, share)


def _plausible(found: Measured, fact: str, high: float | None) -> Measured:
    """As `service.facts.results.lookup.judged` has it: what cannot be is no value."""
    kind = VOCABULARY.lookup(fact)
    return _within(found, kind.low, high if high is not None else kind.high)


def _within(found: Measured, low: float | None, high: float | None) -> Measured:
    if found.value is None:
        return found
    span = found.value if isinstance(found.value, Interval) else Interval(found.value, found.value)
    if (low is not None and span.less_than(low)) or (high is not None and span.more_than(high)):
        return replace(found, value=None, reason=Reason.IMPLAUSIBLE, detail=_IMPLAUSIBLE)
    return found
