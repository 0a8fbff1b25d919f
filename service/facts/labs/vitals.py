"""Temperature and weight: fever by NCCN's definition, and weight lost.

Fever (NCCN ALL 2015, ALL-B, as in CTCAE): 38.3 degrees once, or 38.0 held over an hour. Readings of the last two days count.
LOINC 8310-5 and its siblings by site (skin and ear are not corrected for), 29463-7; degrees Celsius and Fahrenheit,
kilograms, grams and pounds. A bare temperature is taken where only one scale is possible (38.5, 101.3); a bare weight is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from service.facts.absence import fresh, seen_in
from service.facts.model import Fact, Facts, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import judged, latest_first, newest_number, nothing, results_about
from service.facts.results.measured import Measured, measured
from service.record.dates import parse_instant
from service.record.model import Entry, PatientRecord
from service.record.values import quantity

_DAYS = 2
_COOLEST, _HOTTEST = 25.0, 45.0
_HELD = 38.0
_WEIGHT_WINDOW = 183  # days over which a loss of weight is counted
_MOST = 45.0  # percent; a greater loss is two scales or two patients
_LOST = re.compile(r"weight loss|loss of weight|gewichtsverlust|gewichtsabnahme", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Reading:
    entry: Entry
    degrees: float
    at: datetime | None
    found: str


def _readings(record: PatientRecord) -> Iterator[_Reading]:
    """Plausible temperatures, newest first."""
    for entry in results_about(record, "fitness.temperature"):
        found = _temperature(entry)
        if found is not None and isinstance(found.value, float) and _COOLEST <= found.value <= _HOTTEST:
            text = entry.when.text if entry.when is not None else ""
            yield _Reading(entry, found.value, parse_instant(text) if len(text) > 10 else None, found.found)


def _temperature(entry: Entry) -> Measured | None:
    found = measured(entry.resource, "temperature")
    number = quantity(entry.resource)
    if found is None or found.value is not None or number is None or number.unit is not None:
        return found
    if 30 <= number.value <= _HOTTEST:
        return Measured(number.value, number.text)
    return Measured(round((number.value - 32) / 1.8, 2), number.text) if 86 <= number.value <= 113 else found


@provides("single_temperature_c", "sustained_temperature_c", "sustained_temperature_minutes", "febrile")
def temperatures(facts: Facts) -> Iterator[Fact]:
    """The highest reading of the last two days, and the longest time over which none was below 38.0 degrees."""
    if facts.record is None:
        return
    recent = [r for r in _readings(facts.record) if fresh(r.entry.when, facts.as_of, _DAYS)]
    if not recent:
        yield _no_reading(facts, facts.record)
        return
    top = max(recent, key=lambda r: r.degrees)
    yield known("single_temperature_c", top.degrees, seen_in(top.entry, top.found))
    run = _longest([r for r in recent if r.at is not None])
    if len(run) > 1:
        lowest = min(run, key=lambda r: r.degrees)
        seen = [seen_in(r.entry, r.found) for r in (run[0], run[-1])]
        yield known("sustained_temperature_c", lowest.degrees, *seen)
        yield known("sustained_temperature_minutes", _minutes(run), *seen)
    if top.degrees < _HELD:
        yield known(
            "febrile", False, seen_in(top.entry, top.found), detail="no reading of the last two days reaches 38.0"
        )


def _no_reading(facts: Facts, record: PatientRecord) -> Fact:
    name = "single_temperature_c"
    for entry in results_about(record, "fitness.temperature"):
        found = _temperature(entry)
        if found is not None:
            return judged(facts, name, entry, found)
    return nothing(facts, name, concepts=("fitness.temperature",))


def _longest(readings: list[_Reading]) -> list[_Reading]:
    """The readings, oldest first, of the longest time without one below 38.0."""
    runs: list[list[_Reading]] = [[]]
    for reading in sorted(readings, key=lambda r: r.at.timestamp() if r.at else 0.0):
        if reading.degrees >= _HELD:
            runs[-1].append(reading)
        elif runs[-1]:
            runs.append([])
    return max(runs, key=_minutes)


def _minutes(run: list[_Reading]) -> float:
    first, last = (run[0].at, run[-1].at) if run else (None, None)
    return round((last - first).total_seconds() / 60, 1) if first and last else 0.0


@provides("weight_kg")
def weight(facts: Facts) -> Iterator[Fact]:
    """The newest measured body weight (LOINC 29463-7 and its kin), in kilograms."""
    if facts.record is not None:
        entries = results_about(facts.record, "fitness.weight")
        none = nothing(facts, "weight_kg", concepts=("fitness.weight",))
        yield newest_number(facts, "weight_kg", entries, "weight") if entries else none


@provides("weight_loss_percent")
def weight_loss(facts: Facts) -> Iterator[Fact]:
    """As stated in percent; else from the highest to the newest weight of half a year."""
    name = "weight_loss_percent"
    if facts.record is None:
        return
    for entry in latest_first(e for e in facts.record.of_type("Observation") if _LOST.search(e.text)):
        found = measured(entry.resource, "percent")
        if found is not None and found.value is not None and fresh(entry.when, facts.as_of, _WEIGHT_WINDOW):
            yield judged(facts, name, entry, found)
            return
    series = [
        (entry, found.value, found.found)
        for entry in results_about(facts.record, "fitness.weight")
        if (found := measured(entry.resource, "weight")) and isinstance(found.value, float) and found.value > 0
        and entry.when is not None and entry.when.exact and fresh(entry.when, facts.as_of, _WEIGHT_WINDOW)
    ]  # fmt: skip
    if not series or len({entry.when for entry, _, _ in series}) < 2:
        yield nothing(facts, name, concepts=("fitness.weight",))
        return
    now, before = series[0], max(series, key=lambda row: row[1])
    seen = (seen_in(now[0], now[2]), seen_in(before[0], before[2], inferred=True, note="highest of half a year"))
    lost = round((before[1] - now[1]) / before[1] * 100, 6)
    old = fresh(now[0].when, facts.as_of, 30) is not True
    if old:
        yield unknown(name, Reason.STALE, "the newest weight is older than 30 days", seen)
    elif lost > _MOST:
        yield unknown(name, Reason.IMPLAUSIBLE, "two weights that do not fit together: shown, not used", seen)
    else:
        yield known(name, lost, *seen)


PROVIDERS: tuple[Provider, ...] = (temperatures, weight, weight_loss)
