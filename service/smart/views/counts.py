"""Blasts and blood counts as rows of tables from which the charts are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from service.facts.labs.series import counts
from service.facts.model import Interval
from service.facts.response.marrow import marrow_series
from service.facts.results.measured import Measured
from service.record.model import Entry, PatientRecord, When

UNITS = {
    "marrow_blasts": "%", "blood_blasts": "%", "wbc": "10⁹/L", "anc": "10⁹/L", "platelets": "10⁹/L",
    "blood_blast_count": "10⁹/L", "hemoglobin": "g/dL",
}  # fmt: skip
CHARTS = {
    "blasts": ("marrow_blasts", "blood_blasts"),
    "cells": ("wbc", "anc", "platelets", "blood_blast_count"),
    "hemoglobin": ("hemoglobin",),
}


@dataclass(frozen=True, slots=True)
class Count:
    """One value. ``shape``: value, below (less than ``high``), above (more than ``low``), range, unread. ``y``: where its
    marker stands. ``why``: why it is not drawn, in English. ``found``: as sent.
    """

    series: str
    when: When | None
    shape: str
    y: float | None
    low: float | None
    high: float | None
    found: str
    sources: tuple[str, ...]
    preliminary: bool = False
    inferred: bool = False
    why: str | None = None

    @property
    def unit(self) -> str:
        return UNITS[self.series]


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows per chart, newest first, undated ones last."""

    blasts: tuple[Count, ...]
    cells: tuple[Count, ...]
    hemoglobin: tuple[Count, ...]


def counts_of(record: PatientRecord) -> Counts:
    """All blasts and counts of a record."""
    rows: dict[str, list[Count]] = {chart: [] for chart in CHARTS}
    chart_of = {series: chart for chart, names in CHARTS.items() for series in names}
    for row in _marrows(record):
        rows["blasts"].append(row)
    for one in counts(record):
        rows[chart_of[one.name]].append(_row(one.name, one.entry, one.found, one.inferred))
    for found in rows.values():
        found.sort(key=lambda row: row.when.end.toordinal() if row.when else 0, reverse=True)
    return Counts(tuple(rows["blasts"]), tuple(rows["cells"]), tuple(rows["hemoglobin"]))


def _marrows(record: PatientRecord) -> Iterator[Count]:
    """Marrow blasts; a report and an Observation of one day with one value are one row."""
    made: dict[object, Count] = {}
    for entry, found in marrow_series(record):
        row = _row("marrow_blasts", entry, found, False)
        day = (row.when.start, row.when.end) if row.when else entry.reference
        key = (day, row.shape, row.low, row.high)
        before = made.get(key)
        made[key] = replace(before, sources=(*before.sources, *row.sources)) if before is not None else row
    yield from made.values()


def _row(series: str, entry: Entry, found: Measured, inferred: bool) -> Count:
    shape, y, low, high = _drawn(found.value)
    return Count(
        series, entry.when, shape, y, low, high, found.found, (entry.reference,), entry.preliminary, inferred,
        None if shape != "unread" else found.detail or "could not be read",
    )  # fmt: skip


def _drawn(value: float | Interval | None) -> tuple[str, float | None, float | None, float | None]:
    if value is None:
        return "unread", None, None, None
    if not isinstance(value, Interval):
        return "value", float(value), float(value), float(value)
    low, high = value.low, value.high
    if math.isinf(high):
        return "above", low, low, None
    if low <= 0 or math.isinf(low):
        return "below", high, 0.0, high
    if value.low_open and high == 100:  # "> 90 %"
        return "above", low, low, high
    return "range", high, low, high
