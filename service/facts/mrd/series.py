"""The series of MRD samples: which of them counts now, and the course they describe."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from service.facts.absence import seen_in
from service.facts.model import Provenance, Reason
from service.facts.mrd.context import ELSEWHERE
from service.facts.mrd.reading import POSITIVE_FROM, bounds
from service.facts.mrd.result import MrdResult

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


def none_counts(results: Iterable[MrdResult]) -> Gap:
    """Why there is no sample to count, by the newest resource that is about MRD."""
    for result in results:
        detail = None
        if result.companion:
            continue
        if not result.of_cells:
            detail = "only a fusion transcript was followed: its ratio is no share of cells"
        elif result.specimen == ELSEWHERE:
            detail = "only a sample of neither marrow nor blood was tested"
        elif result.timepoint.name == "diagnosis":
            detail = "only a sample of the diagnosis was tested: that is no residual disease"
        elif result.reading.no_result and result.reading.detail:
            detail = result.reading.detail
        if detail is not None:
            return Gap(Reason.NOT_DECIDED, detail, (result,))
    return Gap(Reason.RECORD_EMPTY, "")


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
    if result.reading.poor:
        return False
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
