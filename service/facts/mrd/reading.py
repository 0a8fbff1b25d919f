"""What one MRD value says, and several values of one result brought together. Pure; nothing here raises.

Shares of cells and BCR::ABL1 transcript ratios are told apart by ``scale`` and never mixed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from service.facts.model import Interval, Reason

_T = TypeVar("_T")
POSITIVE_FROM = 1e-4  # a result of exactly 10^-4 is positive
SEVERAL = "several different values in one text"
_POOR = "no negative: the sample was poor (diluted, few cells) or the sensitivity was not reached"


class Scale(StrEnum):
    CELLS = "cells"  # share of (nucleated or mononuclear) cells
    TRANSCRIPT = "transcript"  # fusion transcript over control transcript
    IS = "IS"  # the same on the International Scale (p210 only)


@dataclass(frozen=True, slots=True)
class MrdReading:
    """What one MRD value says.

    ``fraction``: of cells, or the transcript ratio, as ``scale`` tells; 1 is 100 %. ``qualitative``: positive,
    negative, indeterminate or nothing said. ``seen``: detected at all. ``problem``: why there is no (usable) value.
    """

    fraction: float | Interval | None = None
    qualitative: str | None = None
    sensitivity: float | None = None  # limit of detection
    quantifiable: float | None = None  # limit of quantification
    scale: Scale = Scale.CELLS
    seen: bool | None = None
    undetectable: bool = False
    no_result: bool = False  # the test failed, is pending or was not done
    poor: bool = False  # from a poor sample, or with less than the usual sensitivity
    problem: Reason | None = None
    detail: str | None = None
    found: str = ""

    @property
    def usable(self) -> bool:
        """Whether it says anything about the disease."""
        return self.problem is None and (self.fraction is not None or self.qualitative in ("positive", "negative"))

    def positive(self) -> bool | None:
        """At or above 10^-4 by number, or called positive; ``None`` where neither is said."""
        if self.qualitative == "positive":
            return True
        by_number = bounds(self.fraction).at_least(POSITIVE_FROM) if self.fraction is not None else None
        if by_number is None and self.qualitative == "negative":
            return False
        return by_number


def bounds(fraction: float | Interval) -> Interval:
    """A number as an interval of one point."""
    return fraction if isinstance(fraction, Interval) else Interval(fraction, fraction)


def height(reading: MrdReading) -> tuple[bool, float]:
    """Order of markers or clones of one sample: the one with most residual disease speaks for it."""
    low = bounds(reading.fraction).low if reading.fraction is not None else 0.0
    return reading.positive() is True, low


def below_in_any_unit(limit: float, comparator: str | None) -> bool:
    """Whether a number without unit is below 10^-4 whatever it is: a fraction, a percentage or cells per million."""
    return comparator in ("<", "<=") and limit <= POSITIVE_FROM


def most(scale: Scale) -> float:
    """The largest believable value: all cells; a transcript ratio may exceed 100 % of its control."""
    return 1.0 if scale is Scale.CELLS else 10.0


def compared(low: float, high: float, comparator: str | None) -> float | Interval:
    """A number or range with its comparator as value or bounds."""
    match comparator:
        case "<" | "<=":
            return Interval(0, high, high_open=comparator == "<")
        case ">" | ">=":
            return Interval(low, 1, low_open=comparator == ">")
        case _:
            return low if low == high else Interval(low, high)


def checked(reading: MrdReading) -> MrdReading:
    """Number and word brought together: what contradicts is conflicting, what cannot be is implausible."""
    fraction, word = reading.fraction, reading.qualitative
    if fraction is None:
        if word == "negative" and reading.poor:
            return replace(reading, problem=Reason.NOT_DECIDED, detail=_POOR)
        if word == "negative" and reading.sensitivity is not None:
            return replace(reading, fraction=Interval(0, reading.sensitivity, high_open=True))
        return reading
    span = bounds(fraction)
    if span.low < 0 or span.high > most(reading.scale):
        return replace(reading, fraction=None, problem=Reason.IMPLAUSIBLE, detail="not between 0 and 100 %")
    if reading.poor and word != "positive" and not span.at_least(POSITIVE_FROM):
        return replace(reading, problem=Reason.NOT_DECIDED, detail=_POOR)
    if word == "negative" and span.at_least(POSITIVE_FROM):
        return replace(reading, problem=Reason.CONFLICTING, detail="called negative, with a value of 10^-4 or more")
    if word == "positive" and span.low == 0:
        if span.high == 0:
            return replace(reading, problem=Reason.CONFLICTING, detail="called positive, with a value of zero")
        return replace(reading, fraction=Interval(0, span.high, True, span.high_open))
    if span.low > 0 and word is None:
        return replace(reading, seen=True)
    return reading


def combined(readings: Iterable[MrdReading]) -> MrdReading:
    """Several elements of one result (value, interpretation, note, conclusion) as one reading, the first most trusted.

    A word and its number are brought together; words that contradict each other make the result conflicting.
    """
    rows = list(readings)
    useful = [row for row in rows if row.fraction is not None or row.qualitative in ("positive", "negative")]
    if not useful:
        blank = MrdReading(problem=Reason.UNREADABLE, detail="no MRD result could be read")
        best = next((row for row in rows if row.problem not in (None, Reason.UNREADABLE)), rows[0] if rows else blank)
        return replace(best, sensitivity=_first(row.sensitivity for row in rows))
    problem = next((row for row in rows if row.problem in (Reason.CONFLICTING, Reason.IMPLAUSIBLE)), None)
    words = {row.qualitative for row in useful if row.qualitative}
    main = next((row for row in useful if row.fraction is not None), useful[0])
    made = replace(
        main,
        qualitative=next(iter(words)) if len(words) == 1 else None,
        sensitivity=_first(row.sensitivity for row in rows),
        quantifiable=_first(row.quantifiable for row in rows),
        seen=_first(row.seen for row in useful),
        undetectable=any(row.undetectable for row in useful),
        poor=any(row.poor for row in rows),
        no_result=False,
        found=" | ".join(dict.fromkeys(row.found for row in rows if row.found)),
    )
    if len(words) > 1:
        return replace(made, problem=Reason.CONFLICTING, detail="called both positive and negative")
    if problem is not None:
        return replace(made, problem=problem.problem, detail=problem.detail)
    if any(row.qualitative == "indeterminate" for row in rows):
        return replace(made, problem=Reason.NOT_DECIDED, detail="the result is indeterminate")
    return checked(replace(made, problem=None, detail=None))


def _first(values: Iterable[_T | None]) -> _T | None:
    return next((value for value in values if value is not None), None)
