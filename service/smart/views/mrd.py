"""Measurable residual disease as rows of a table from which the charts are drawn: one row for each sample.

Shares of cells, BCR::ABL1 ratios on the International Scale and other transcript ratios are tables of their own. What is
not told is not drawn as if it were: a negative without sensitivity stands apart, not at zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from service.facts.mrd.context import ELSEWHERE
from service.facts.mrd.reading import POSITIVE_FROM, MrdReading, Scale, bounds
from service.facts.mrd.result import MrdResult, about_bcr_abl1, transcript_beside
from service.facts.mrd.samples import results_of, samples
from service.facts.mrd.series import BLOOD, negative
from service.record.model import PatientRecord, When

_ALL = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample.

    ``shape``: value (a number), range, above (more than ``low``), unquantified (positive, below ``high``), below (less than
    ``high``, nothing said), negative, positive (without number), unread. ``y``: where its marker stands, as a fraction;
    ``None``: without number or limit. ``low``/``high``: what it may be. ``limit``: stated sensitivity, ``loq``: stated limit
    of quantification. ``says``: positive, negative, negative-blood, open. ``why``: why it was not read, in English.
    """

    when: When | None
    shape: str
    y: float | None
    low: float | None
    high: float | None
    says: str
    limit: float | None
    loq: float | None
    method: str | None
    specimen: str | None
    timepoint: str | None
    found: str
    sources: tuple[str, ...]
    preliminary: bool = False
    from_text: bool = False
    why: str | None = None
    other_fusion: bool = False  # a transcript other than BCR::ABL1


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A result that is no sample of residual disease. ``why``: diagnosis, elsewhere, no-result."""

    when: When | None
    why: str
    found: str
    source: str


@dataclass(frozen=True, slots=True)
class Mrd:
    """Newest first. ``scale``s of their own: ``cells``, ``international``, ``transcripts``."""

    cells: tuple[Sample, ...]
    international: tuple[Sample, ...]
    transcripts: tuple[Sample, ...]
    left_out: tuple[LeftOut, ...]


def mrd_of(record: PatientRecord) -> Mrd:
    """All MRD results of a record."""
    results = results_of(record)
    ratios = tuple(dict.fromkeys(_ratios(results)))
    return Mrd(
        tuple(_sample(one) for one in samples(results)),
        tuple(sample for scale, sample in ratios if scale is Scale.IS),
        tuple(sample for scale, sample in ratios if scale is Scale.TRANSCRIPT),
        tuple(_left_out(results)),
    )


def _ratios(results: Iterable[MrdResult]) -> Iterator[tuple[Scale, Sample]]:
    """Transcript ratios, also those told beside a result of cells. A report that repeats a value adds its reference."""
    made: dict[tuple[object, ...], tuple[Scale, Sample]] = {}
    for result in results:
        if result.companion:
            continue
        if result.of_cells:
            told = transcript_beside(result.entry)
            if told is None or told.scale is Scale.CELLS:
                continue
            result = replace(result, reading=told, from_text=True)  # noqa: PLW2901
        if _silent(result):
            continue
        sample = _sample(result)
        if not about_bcr_abl1(result.entry):
            sample = replace(sample, other_fusion=True)
        when = sample.when.text[:10] if sample.when else ""
        key = (when, result.reading.scale, sample.shape, sample.y, sample.high, sample.specimen)
        before = made.get(key)
        if before is not None:
            sample = replace(before[1], sources=(*before[1].sources, *sample.sources))
        made[key] = (result.reading.scale, sample)
    yield from made.values()


def _silent(result: MrdResult) -> bool:
    """Whether a test gave no result: pending, failed or not done."""
    return result.reading.no_result and not result.reading.usable


def _left_out(results: Iterable[MrdResult]) -> Iterator[LeftOut]:
    for result in results:
        if result.companion:
            continue
        if _silent(result):
            why = "no-result"
        elif result.of_cells and result.specimen == ELSEWHERE:
            why = "elsewhere"
        elif result.of_cells and result.timepoint.name == "diagnosis":
            why = "diagnosis"
        else:
            continue
        yield LeftOut(result.entry.when, why, result.reading.found or result.entry.text, result.entry.reference)


def _sample(result: MrdResult) -> Sample:
    reading = result.reading
    shape, y, low, high = _drawn(reading)
    return Sample(
        result.entry.when, shape, y, low, high, _says(result), reading.sensitivity, reading.quantifiable, result.method,
        result.specimen, result.timepoint.name if result.timepoint.told else None, reading.found,
        (result.entry.reference, *(entry.reference for entry in result.also)),
        result.entry.preliminary, result.from_text, None if reading.usable else reading.detail or "could not be read",
    )  # fmt: skip


def _drawn(reading: MrdReading) -> tuple[str, float | None, float | None, float | None]:
    """Shape, place of the marker, and bounds of a reading."""
    if not reading.usable:
        return "unread", None, None, None
    if reading.fraction is None:
        if reading.qualitative == "positive":
            return "positive", None, None, None
        return "negative", None, None, None
    span = bounds(reading.fraction)
    if span.high <= 0:  # "0 %": below what the assay sees, wherever that is
        limit = reading.sensitivity or reading.quantifiable
        return "negative", limit, 0.0, limit
    if span.low == span.high:
        return "value", span.low, span.low, span.high
    if span.low <= 0:
        positive = reading.qualitative == "positive" or reading.seen is True or span.low_open
        shape = "unquantified" if positive else "negative" if reading.qualitative == "negative" else "below"
        return shape, span.high, 0.0, span.high
    if span.high >= _ALL and reading.scale is Scale.CELLS:
        return "above", span.low, span.low, span.high
    return "range", span.high, span.low, span.high


def _says(result: MrdResult) -> str:
    """What the sample says by the rules of the service; of a transcript ratio, what the laboratory said."""
    if not result.reading.usable:
        return "unread"
    if result.of_cells:
        if result.reading.positive():
            return "positive"
        if negative(result):
            return "negative"
        below = result.reading.fraction is not None and bounds(result.reading.fraction).less_than(POSITIVE_FROM)
        if result.specimen == BLOOD and (below or result.reading.qualitative == "negative"):
            return "negative-blood"
        return "open"
    word = result.reading.qualitative
    if word in ("positive", "negative"):
        return word
    some = bounds(result.reading.fraction).more_than(0) if result.reading.fraction is not None else None
    return "detected" if some else "open"
