"""One MRD value in any form laboratories send: a quantity, a ratio, or text. Pure; nothing here raises.

Shares of cells and BCR::ABL1 transcript ratios are told apart by ``scale`` and never mixed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from service.facts.model import Interval, Reason
from service.facts.mrd.numbers import Amount, Role, amounts, molecular_responses, plain
from service.facts.mrd.words import Said, about_now, said

_T = TypeVar("_T")
POSITIVE_FROM = 1e-4  # a result of exactly 10^-4 is positive


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


_TRANSCRIPT_WORDS = re.compile(
    r"BCR[\s:/-]{0,3}ABL|ABL1?\b.{0,12}transcri|fusion transcript|transkript|international scale|\(IS\)|%\s?IS\b|\bIS\s?%"
    r"|cop(?:y|ies)\b|kopien",
    re.IGNORECASE,
)


def read_mrd_text(text: str, *, transcript: bool = False) -> MrdReading:
    """An MRD result from text.

    >>> read_mrd_text("positive, not quantifiable (<1E-4)").fraction
    Interval(low=0, high=0.0001, low_open=True, high_open=True)
    >>> read_mrd_text("1 in 10 000").fraction
    0.0001
    """
    source = plain(text)
    now = about_now(source)
    words = said(now)
    logs = list(molecular_responses(now))
    numeric = _without(now, [(start, end) for _, _, start, end in logs])
    found = amounts(numeric)
    international = any(amount.international for amount in found) or bool(logs)
    scale = Scale.IS if international else Scale.TRANSCRIPT if transcript or _about_transcript(source) else Scale.CELLS
    reading = MrdReading(
        qualitative=words.qualitative,
        sensitivity=_limit(found, Role.SENSITIVITY),
        quantifiable=_limit(found, Role.QUANTIFIABLE),
        scale=scale,
        seen=words.seen,
        undetectable=words.undetectable,
        no_result=words.no_result,
        found=" ".join(text.split()),
    )
    values = [
        a for a in found if a.role is Role.VALUE and not _OTHER_CELLS.search(numeric[max(0, a.start - 40) : a.start])
    ]
    if words.qualitative == "indeterminate":
        return replace(reading, problem=Reason.NOT_DECIDED, detail="the result is indeterminate")
    reading = _with_value(reading, numeric, values)
    reading = _with_response(reading, logs)
    if words.not_quantifiable and reading.fraction is None:
        reading = _not_quantifiable(reading)
    return checked(_explained(reading, words))


def _about_transcript(text: str) -> bool:
    return bool(_TRANSCRIPT_WORDS.search(text))


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _limit(found: Sequence[Amount], role: Role) -> float | None:
    """The limit a text states; of several the least favorable, so that nothing is claimed for the assay."""
    stated = [amount.high for amount in found if amount.role is role and amount.scaled and amount.high > 0]
    return max(stated) if stated else None


_OTHER_CELLS = re.compile(
    r"\b(?:lymphocytes?|lymphozyten|hematogones?|h[aä]matogonen|monocytes?|monozyten|granulocytes?|granulozyten"
    r"|plasma cells|erythro\w*|[TB][- ]cells?|[TB]-zellen|NK[- ]cells?|viability|vitalit[aä]t|cellularity)[^,;.]{0,15}$",
    re.IGNORECASE,
)
_NEAR = re.compile(r"MRD|residual|rest(?:erkrankung|leuk)|result|ergebnis|BCR", re.IGNORECASE)


def _with_value(reading: MrdReading, text: str, values: list[Amount]) -> MrdReading:
    if len({(a.low, a.high, a.comparator) for a in values}) > 1:
        near = [a for a in values if _NEAR.search(text[max(0, a.start - 40) : a.start])]
        values = near or values
    distinct = {(a.low, a.high, a.comparator): a for a in values}
    if not distinct:
        return reading
    if len(distinct) > 1:
        return replace(reading, problem=Reason.CONFLICTING, detail="several different values in one text")
    amount = next(iter(distinct.values()))
    if not amount.scaled and amount.high > 0:
        return replace(reading, problem=Reason.UNIT, detail="a number without unit: a fraction or a percentage?")
    return replace(reading, fraction=compared(amount.low, amount.high, amount.comparator))


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


def _with_response(reading: MrdReading, logs: list[tuple[float, bool, int, int]]) -> MrdReading:
    """A molecular response: alone it is the ratio; beside a percentage it must say the same."""
    if not logs:
        return reading
    log, is_class, _, _ = logs[0]
    ratio = float(f"{10**-log:.6g}")
    if reading.fraction is None:
        return replace(reading, fraction=Interval(0, ratio) if is_class else ratio)
    stated = bounds(reading.fraction).high
    agrees = stated <= ratio * 1.05 if is_class else stated > 0 and abs(math.log10(stated) + log) <= 0.05
    if agrees:
        return reading
    return replace(
        reading, fraction=None, problem=Reason.CONFLICTING, detail="percentage and molecular response do not agree"
    )


def _not_quantifiable(reading: MrdReading) -> MrdReading:
    """Below the limit of quantification: called positive it lies above zero; uncalled it may be either."""
    high = reading.quantifiable
    if reading.qualitative == "positive":
        return replace(reading, fraction=Interval(0, high, True, True) if high else None)
    if reading.qualitative is None and high:
        return replace(reading, fraction=Interval(0, high, high_open=True))
    return reading


def _explained(reading: MrdReading, words: Said) -> MrdReading:
    """The reason, where a text held no result."""
    if reading.problem or reading.fraction is not None or reading.qualitative:
        return reading
    if reading.no_result:
        return replace(reading, problem=Reason.NOT_DECIDED, detail="the test gave no result")
    if words.not_quantifiable:
        detail = "below a limit of quantification that is not given, and not said whether anything was seen"
        return replace(reading, problem=Reason.NOT_DECIDED, detail=detail)
    if reading.quantifiable or reading.sensitivity:
        return replace(reading, problem=Reason.NOT_DECIDED, detail="a limit of the assay, and no result")
    detail = "the result is only in a document" if words.elsewhere else "no MRD result could be read"
    return replace(reading, problem=Reason.UNREADABLE, detail=detail)


def checked(reading: MrdReading) -> MrdReading:
    """Number and word brought together: what contradicts is conflicting, what cannot be is implausible."""
    fraction, word = reading.fraction, reading.qualitative
    if fraction is None:
        if word == "negative" and reading.sensitivity is not None:
            return replace(reading, fraction=Interval(0, reading.sensitivity, high_open=True))
        return reading
    span = bounds(fraction)
    if span.low < 0 or span.high > most(reading.scale):
        return replace(reading, fraction=None, problem=Reason.IMPLAUSIBLE, detail="not between 0 and 100 %")
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
