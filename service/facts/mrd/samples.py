"""From the MRD resources of a record to its samples: one result per day, specimen and method."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from service.facts.model import Interval, Reason
from service.facts.mrd.context import ELSEWHERE
from service.facts.mrd.reading import POSITIVE_FROM, SEVERAL, bounds, combined, height
from service.facts.mrd.result import CONCEPTS, MrdResult, mentioned_result, read_result
from service.facts.results.lookup import RESULTS
from service.record.model import PatientRecord, once_per_record

_MENTIONING = ("response.marrow_blasts", "response.disease_status")  # Observations that may tell of MRD in passing
_CLONE = re.compile(r"\b(?:clon[ae]|klon|sequence|sequenz|marker)\b|\bIG[HKL]|\bTR[ABDG]\b|\bTCR", re.IGNORECASE)


@once_per_record
def results_of(record: PatientRecord) -> tuple[MrdResult, ...]:
    """All MRD resources of a record as results, newest first."""
    about = record.about(*CONCEPTS, types=RESULTS)
    others = {*record.of_type("DiagnosticReport"), *record.about(*_MENTIONING, types=RESULTS)} - {*about}
    read = [*(read_result(entry, record.terminology) for entry in about), *map(mentioned_result, others)]
    found = (r for r in read if r is not None)
    return tuple(sorted(found, key=lambda r: (r.ordinal, r.entry.reference), reverse=True))


def samples(results: Iterable[MrdResult]) -> list[MrdResult]:
    """One result per day, specimen and method, newest first.

    Left out: tests that gave no result, samples of neither marrow nor blood, and samples of the diagnosis (that disease is
    no residual disease). A report and the Observations of the same day tell of one sample; where one of them does not
    name its method, it belongs to the only one named. Rows of a panel that tell of the assay are added to their sample.
    """
    rows = list(results)
    kept = [r for r in rows if is_sample(r) and r.specimen != ELSEWHERE and r.timepoint.name != "diagnosis"]
    made: list[MrdResult] = []
    for _, day in groupby(kept, key=lambda r: r.ordinal):
        of_day = list(day)
        places = {r.specimen for r in of_day} - {None}
        for place in sorted({_only(r.specimen, places) or "" for r in of_day}):
            made += _by_method([r for r in of_day if (_only(r.specimen, places) or "") == place])
    companions: dict[int, list[MrdResult]] = {}
    for row in rows:
        if row.companion and row.specimen != ELSEWHERE:
            companions.setdefault(row.ordinal, []).append(row)
    return [_completed(sample, companions.get(sample.ordinal, ())) for sample in made]


def is_sample(result: MrdResult) -> bool:
    """Whether a result is one of residual cells, readable or not."""
    return result.of_cells and not result.companion and not (result.reading.no_result and not result.reading.usable)


def _completed(sample: MrdResult, companions: Iterable[MrdResult]) -> MrdResult:
    """A sample with what other rows of its panel tell of the assay, unless they are of another method or specimen."""
    for row in companions:
        if row.method in (None, sample.method) or sample.method is None:
            sample = _with_limits(sample, row)
    return sample


def _with_limits(sample: MrdResult, row: MrdResult) -> MrdResult:
    if None not in (row.specimen, sample.specimen) and row.specimen != sample.specimen:
        return sample
    reading = sample.reading
    if reading.sensitivity is None and reading.quantifiable is None:
        limits = replace(row.reading, fraction=None, qualitative=None, problem=Reason.UNREADABLE, no_result=False)
        reading = combined([reading, limits]) if reading.usable else reading
        reading = replace(reading, found=sample.reading.found)
    added = (row.entry,) if reading.sensitivity != sample.reading.sensitivity else ()
    return replace(
        sample,
        reading=reading,
        method=sample.method or row.method,
        specimen=sample.specimen or row.specimen,
        also=(*sample.also, *added),
    )


def _only(value: str | None, known: set[str | None]) -> str | None:
    """A value as it is; where it is missing, the only known one."""
    return value if value is not None or len(known) != 1 else next(iter(known))


def _by_method(results: list[MrdResult]) -> list[MrdResult]:
    methods = {r.method for r in results} - {None}
    groups: dict[str | None, list[MrdResult]] = {}
    for result in results:
        groups.setdefault(_only(result.method, methods), []).append(result)
    return [_one(group) for group in groups.values()]


def _one(group: list[MrdResult]) -> MrdResult:
    """Several resources of one sample as one result: final before preliminary, Observations before reports.

    A report that tells of several values (of earlier samples too) does not put an Observation in doubt. Of several clones
    with a row each the highest counts. Different values on the same side of 10^-4 are kept as bounds.
    """
    if len(group) == 1:
        return group[0]
    group = sorted(group, key=_trust)
    if any(r.reading.usable for r in group):
        final = any(r.reading.usable and not r.entry.preliminary for r in group)
        group = [r for r in group if r.reading.detail != SEVERAL and not (final and r.entry.preliminary)]
    if all(_CLONE.search(r.entry.text) for r in group if r.reading.usable):
        group = sorted(group, key=lambda r: height(r.reading), reverse=True)[:1] + [
            r for r in group if not r.reading.usable
        ]
    first = group[0]
    reading = combined(r.reading for r in group)
    values = [bounds(r.reading.fraction) for r in group if r.reading.fraction is not None]
    if {True, False} <= {value.at_least(POSITIVE_FROM) for value in values}:
        reading = replace(reading, problem=Reason.CONFLICTING, detail="values on both sides of 10^-4 for one sample")
    elif reading.usable and _differ(values):
        span = Interval(min(v.low for v in values), max(v.high for v in values))
        reading = replace(reading, fraction=span, detail="several values for one sample")
    return replace(
        first,
        reading=reading,
        method=next((r.method for r in group if r.method), None),
        specimen=next((r.specimen for r in group if r.specimen), None),
        timepoint=next((r.timepoint for r in group if r.timepoint.told), first.timepoint),
        target=next((r.target for r in group if r.target), None),
        trend=next((r.trend for r in group if r.trend), None),
        also=tuple(r.entry for r in group[1:]),
    )


def _trust(result: MrdResult) -> tuple[bool, bool, bool, bool]:
    entry = result.entry
    return not result.reading.usable, entry.preliminary, entry.type != "Observation", result.from_text


def _differ(values: list[Interval]) -> bool:
    """Whether exact values of one sample differ by more than rounding (5 %)."""
    exact = [v.low for v in values if v.low == v.high]
    return len(exact) > 1 and max(exact) > 1.05 * min(exact)
