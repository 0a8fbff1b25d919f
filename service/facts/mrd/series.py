"""The series of MRD results: one per sample, which of them counts now, and the course they describe."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from service.facts.absence import seen_in
from service.facts.findings.results import RESULTS
from service.facts.model import Provenance, Reason
from service.facts.mrd.result import CONCEPTS, MrdResult, mentioned_result, read_result
from service.facts.mrd.values import POSITIVE_FROM, bounds, combined
from service.record.model import PatientRecord

BLOOD = "peripheral-blood"
PERSISTENT_DAYS = 28  # positive samples at least this far apart are persistence, not two looks at one state
_REMISSION_BELOW = 0.05
_LOG = 10.0  # a tenfold change is a rise or fall; less is within the scatter between assays


@dataclass(frozen=True, slots=True)
class Gap:
    """Why no result counts now."""

    reason: Reason
    detail: str
    results: tuple[MrdResult, ...] = ()


def results_of(record: PatientRecord) -> list[MrdResult]:
    """All MRD resources of a record as results, newest first."""
    about = record.about(*CONCEPTS, types=RESULTS)
    others = {*record.of_type("DiagnosticReport"), *record.about("response.marrow_blasts", types=RESULTS)} - {*about}
    read = [*(read_result(entry, record.terminology) for entry in about), *map(mentioned_result, others)]
    return sorted((r for r in read if r is not None), key=lambda r: (r.ordinal, r.entry.reference), reverse=True)


def samples(results: Iterable[MrdResult]) -> list[MrdResult]:
    """One result per day, specimen and method, newest first; tests that gave no result are left out.

    A report and the Observations of the same day tell of one sample; where one of them does not name its method, it
    belongs to the only one named.
    """
    kept = [r for r in results if r.of_cells and not (r.reading.no_result and not r.reading.usable)]
    made: list[MrdResult] = []
    for _, day in groupby(kept, key=lambda r: r.ordinal):
        of_day = list(day)
        places = {r.specimen for r in of_day} - {None}
        for place in sorted({_only(r.specimen, places) or "" for r in of_day}):
            made += _by_method([r for r in of_day if (_only(r.specimen, places) or "") == place])
    return made


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
    """Several resources of one sample as one result."""
    if len(group) == 1:
        return group[0]
    group = sorted(group, key=lambda r: (not r.reading.usable, r.entry.type != "Observation", r.from_text))
    first = group[0]
    reading = combined(r.reading for r in group)
    sides = {bounds(r.reading.fraction).at_least(POSITIVE_FROM) for r in group if r.reading.fraction is not None}
    if {True, False} <= sides:
        reading = replace(reading, problem=Reason.CONFLICTING, detail="values on both sides of 10^-4 for one sample")
    return replace(
        first,
        reading=reading,
        method=next((r.method for r in group if r.method), None),
        specimen=next((r.specimen for r in group if r.specimen), None),
        timepoint=next((r.timepoint for r in group if r.timepoint), None),
        day=next((r.day for r in group if r.day is not None), None),
        week=next((r.week for r in group if r.week is not None), None),
        target=next((r.target for r in group if r.target), None),
        trend=next((r.trend for r in group if r.trend), None),
        also=tuple(r.entry for r in group[1:]),
    )


def counting(found: list[MrdResult]) -> MrdResult | Gap:
    """The result that counts now.

    The newest decides, whether it can be read or not. Marrow beats blood: a negative blood result says nothing of the
    marrow and displaces nothing, a positive one speaks for disease wherever it is. On one day different methods may
    disagree without contradiction; then the positive one counts.
    """
    standing = [r for r in found if r.specimen != BLOOD or r.reading.positive()]
    if not standing:
        if found:
            detail = "only blood was tested; MRD-negative blood does not make the marrow negative"
            return Gap(Reason.NOT_DECIDED, detail, tuple(found[:1]))
        return Gap(Reason.RECORD_EMPTY, "")
    newest = [r for r in standing if r.ordinal == standing[0].ordinal]
    marrow = [r for r in newest if r.specimen != BLOOD and r.reading.usable]
    readable = marrow or [r for r in newest if r.reading.usable]
    if not readable:
        first = newest[0].reading
        detail = first.detail or "the newest result could not be read"
        return Gap(first.problem or Reason.UNREADABLE, detail, tuple(newest))
    positive = [r for r in readable if r.reading.positive()]
    if positive:
        return positive[0]
    numeric = [r for r in readable if r.reading.fraction is not None and negative(r)]
    return (numeric or sorted(readable, key=lambda r: negative(r) is not True))[0]


def negative(result: MrdResult) -> bool | None:
    """Negative by rule: below 10^-4, or called negative, by an assay that reaches 10^-4 (by its stated limit, else by
    a known method: flow and PCR reach 10^-4, sequencing 10^-6). ``None``: cannot be said; blood never says it.
    """
    reading = result.reading
    if not reading.usable:
        return None
    if reading.positive():
        return False
    if result.specimen == BLOOD:
        return None
    below = reading.fraction is not None and bounds(reading.fraction).less_than(POSITIVE_FROM)
    return True if (below or reading.qualitative == "negative") and reaches(result) else None


def reaches(result: MrdResult) -> bool:
    """Whether the assay can see 10^-4: as stated, or by its method where nothing is stated."""
    limit = result.reading.sensitivity or result.reading.quantifiable
    return limit <= POSITIVE_FROM if limit is not None else result.method is not None


@dataclass(frozen=True, slots=True)
class Trend:
    """The course of MRD and the samples it was seen in."""

    name: str
    results: tuple[MrdResult, ...]
    stated: bool = False


def trend(found: list[MrdResult], now: MrdResult) -> Trend | None:
    """The course up to the result that counts now. No guideline prints figures for it; these are cautious:

    * stated in words beside that result: as stated (``slow`` is only ever stated);
    * ``emergent``: positive now, and the sample before was negative by rule;
    * ``progressive``: positive now, at least tenfold above the positive sample before;
    * ``falling``: negative now after a positive sample, or at least tenfold below it;
    * ``persistent``: positive now and in a sample 28 days or more before, without a tenfold fall, none negative
      between, and all below 5 %: more is disease, not residual disease.
    """
    if now.trend is not None and (now.trend == "slow" or now.reading.positive()):
        return Trend(now.trend, (now,), True)
    earlier = [r for r in found if 0 < r.ordinal < now.ordinal and r.specimen != BLOOD and r.reading.usable]
    if not earlier or not now.ordinal:
        return None
    before = earlier[0]
    if negative(now):
        return Trend("falling", (now, before)) if before.reading.positive() else None
    if not now.reading.positive():
        return None
    if negative(before):
        return Trend("emergent", (now, before))
    if not before.reading.positive() or now.specimen == BLOOD:
        return None
    change = _fold(before, now)
    if change is not None and change >= _LOG:
        return Trend("progressive", (now, before))
    if change is not None and change <= 1 / _LOG:
        return Trend("falling", (now, before))
    return None if _is_disease(now) else _persistent(earlier, now)


def _persistent(earlier: list[MrdResult], now: MrdResult) -> Trend | None:
    for result in earlier:
        if not result.reading.positive() or _is_disease(result):
            return None
        change = _fold(result, now)
        if change is not None and change <= 1 / _LOG:
            return None
        if now.ordinal - result.ordinal >= PERSISTENT_DAYS:
            return Trend("persistent", (now, result))
    return None


def _is_disease(result: MrdResult) -> bool:
    """5 % and more is leukemia in the marrow, not residual disease."""
    return result.reading.fraction is not None and bool(bounds(result.reading.fraction).at_least(_REMISSION_BELOW))


def _fold(before: MrdResult, now: MrdResult) -> float | None:
    """How many times the earlier value the newer is, if both are exact; tenfold to within a rounding error."""
    first, second = before.reading.fraction, now.reading.fraction
    if not isinstance(first, float) or not isinstance(second, float) or first <= 0 or second <= 0:
        return None
    return float(f"{second / first:.9g}") if math.isfinite(second / first) else None


def prior_negative(found: list[MrdResult], now: MrdResult) -> MrdResult | bool | None:
    """An earlier sample that was negative by rule; ``False`` if all earlier ones were positive; ``None``: not known."""
    earlier = [r for r in found if 0 < r.ordinal < now.ordinal]
    for result in earlier:
        if negative(result):
            return result
    return False if earlier and all(r.reading.positive() for r in earlier) else None


def day_of(result: MrdResult) -> date | None:
    """The day of the sample, if it is known to the day."""
    when = result.entry.when
    return when.start if when is not None and when.exact else None


def seen(result: MrdResult, note: str | None = None, *, inferred: bool = False) -> tuple[Provenance, ...]:
    """Where a result was read: its resource first, then the others of the sample."""
    first = seen_in(
        result.entry, result.reading.found or None, from_text=result.from_text, inferred=inferred, note=note
    )
    return (first, *(seen_in(entry) for entry in result.also))
