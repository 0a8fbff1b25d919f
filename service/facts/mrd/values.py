"""An MRD result in the words of a laboratory, as a reading. Pure; nothing here raises."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from service.facts.model import Interval, Reason
from service.facts.mrd.numbers import Amount, Role, amounts, molecular_responses, plain
from service.facts.mrd.reading import (
    SEVERAL,
    MrdReading,
    Scale,
    below_in_any_unit,
    bounds,
    checked,
    compared,
    height,
)
from service.facts.mrd.subjects import split, without_disease
from service.facts.mrd.words import Said, about_now, said

__all__ = ["MrdReading", "Scale", "bounds", "read_mrd_text"]

_LABEL = re.compile(
    r"\b(?:IG[HKL]|TR[ABDG]|TCR[- ]?[ABDG])[A-Z0-9]*(?:[-:/][A-Z0-9]+)*\b|\b(?:marker|clone|klon|sequence|sequenz|clonotype|target)\s?(?:#|nr\.?)?\s?(?:[A-F]|[1-9])\b"
    r"|\b(?:durchfluss\w*|flow(?: cytometry)?|(?:\w+[-/ ])?(?:RQ-|q|ASO-)?PCR|NGS)(?=\s?:)",
    re.IGNORECASE,
)


def read_mrd_text(text: str, *, transcript: bool = False) -> MrdReading:
    """An MRD result from text.

    Of several markers with a value each ("IGH 2E-4; TRG negative") the highest speaks for the sample, as in EuroMRD
    reports. Where a text tells of cells and of BCR::ABL1, it is read for the cells (`service.facts.mrd.subjects`).

    >>> read_mrd_text("positive, not quantifiable (<1E-4)").fraction
    Interval(low=0, high=0.0001, low_open=True, high_open=True)
    >>> read_mrd_text("1 in 10 000").fraction
    0.0001
    """
    cells, transcripts = ("", text) if transcript else split(text)
    reading = _of_markers(cells) if cells.strip() else None
    if transcripts.strip() and (reading is None or reading.problem is Reason.UNREADABLE):
        reading = _read(transcripts, transcript=True)
    return replace(reading or _read(text), found=" ".join(text.split()))


def _of_markers(text: str) -> MrdReading:
    """A text about cells; where it lists several markers with a value each, the highest."""
    labels = [label for label, rest in _pieces(text, list(_LABEL.finditer(text))) if re.search(r"[\w+-]", rest)]
    if len({label[0].lower() for label in labels}) > 1:  # "marker 1 (IGH): ..." is one label
        each = [_read(label[0] + rest) for label, rest in _pieces(text, labels)]
        usable = [reading for reading in each if reading.usable]
        if len(usable) == len(each):
            whole = _read(text[: labels[0].start()])
            return replace(max(usable, key=height), sensitivity=_worst(r.sensitivity for r in (*each, whole)))
    return _read(text)


def _pieces(text: str, labels: list[re.Match[str]]) -> Iterator[tuple[re.Match[str], str]]:
    """Each label with the text behind it, up to the next."""
    for label, following in zip_longest(labels, labels[1:]):
        yield label, text[label.end() : following.start() if following else len(text)]


def _worst(limits: Iterable[float | None]) -> float | None:
    return max((limit for limit in limits if limit is not None), default=None)


def _read(text: str, *, transcript: bool = False) -> MrdReading:
    now = about_now(without_disease(plain(text)))
    words = said(now)
    logs = list(molecular_responses(now))
    numeric = _without(now, [(start, end) for _, _, start, end in logs])
    found = amounts(numeric)
    international = any(amount.international for amount in found) or bool(logs)
    reading = MrdReading(
        qualitative=words.qualitative,
        sensitivity=_limit(found, Role.SENSITIVITY),
        quantifiable=_limit(found, Role.QUANTIFIABLE),
        scale=Scale.IS if international else Scale.TRANSCRIPT if transcript else Scale.CELLS,
        seen=words.seen,
        undetectable=words.undetectable,
        no_result=words.no_result,
        poor=words.poor,
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
    if reading.fraction is None and reading.qualitative is None and any(a.role is Role.PART for a in found):
        return replace(reading, problem=Reason.UNIT, detail="a share of some of the cells only")
    return checked(_explained(reading, words))


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
        return replace(reading, problem=Reason.CONFLICTING, detail=SEVERAL)
    amount = next(iter(distinct.values()))
    if not amount.scaled and amount.high > 0 and not below_in_any_unit(amount.high, amount.comparator):
        return replace(reading, problem=Reason.UNIT, detail="a number without unit: a fraction or a percentage?")
    return replace(reading, fraction=compared(amount.low, amount.high, amount.comparator))


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
