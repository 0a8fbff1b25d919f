"""Lumbar punctures: cells, blasts and blood of each tap together, and the CNS status that follows (NCCN ALL 2015, ALL-C).

CNS-1: no lymphoblasts, whatever the count. CNS-2: lymphoblasts with fewer than 5 leukocytes per microliter. CNS-3:
lymphoblasts with 5 or more. If a tap with blasts and 5 or more was traumatic while blasts were in the blood, it is CNS-3
only where CSF WBC/RBC is at least twice that of the blood, otherwise CNS-2. What is compared is of one time: blood of
the days around the tap, not today's.

Counts come per microliter (= 10*6/L = Mpt/L), in German laboratories also in thirds of a chamber ("9/3"). Flow
cytometry finds fewer cells than the cytospin these definitions rest on, and decides nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from service.facts.absence import seen_in
from service.facts.model import Interval, Provenance
from service.facts.response.blasts import blasts_said
from service.facts.results.lookup import full_text, latest_first, measured, results_about
from service.record.model import Entry, PatientRecord, When, once_per_record
from service.record.units import convert, tidy
from service.record.values import as_float, quantity

WBC, RBC, BLASTS, PUNCTURE = (
    "diagnosis.cns.csf_wbc", "diagnosis.cns.csf_rbc", "diagnosis.cns.csf_blasts", "course.lumbar_puncture",
)  # fmt: skip
_RED_CELLS = "erythrocytes of the blood"  # found by name: they are no concept of their own
CSF = (WBC, RBC, BLASTS, PUNCTURE)
TRAUMATIC_RBC = 10  # erythrocytes per microliter, the usual definition of cooperative groups
_FEW = 5
_TWICE = 2
_TYPES = ("Observation", "Procedure", "DiagnosticReport")
_BLOOD_WITHIN = timedelta(days=3)
FLOW = re.compile(r"\bflow\b|\bFACS\b|cytometr\w*|\w*zytometri\w*|immun(?:o)?ph\w+", re.IGNORECASE)
_UNIT = r"(/\s?[uµμ]l|/\s?mm3|/\s?mm³|x?\s?10\s?[*^]?6/l|Mpt/l|/\s?3\b|(?:cells|zellen)\s?/\s?[uµμ]l)"
_COUNT = r"(?:count|zahl)?\s*[:=]?\s*([<>]?)\s*(\d+(?:[.,]\d+)?)\s*"
_IN_WORDS = {
    WBC: re.compile(rf"\b(?:WBC|leu[kc]o\w*|zellzahl|zellen|cells?|TNC|nucleated cells){_COUNT}{_UNIT}", re.IGNORECASE),
    RBC: re.compile(rf"\b(?:RBC|ery(?:thro\w*|s)?|red (?:blood )?cells?){_COUNT}{_UNIT}", re.IGNORECASE),
}
_NOT_TRAUMATIC = re.compile(r"\b(?:a-?traumati\w+|(?:non|not|nicht)[- ]?traumati\w+|nicht blutig\w*)", re.IGNORECASE)
_TRAUMATIC = re.compile(
    r"\btraumatic (?:tap|LP|lumbar|puncture)|\b(?:LP|tap|puncture) (?:was )?traumatic|\bbloody tap|blutige punktion"
    r"|artifiziell\w* blut|blutig tingiert|traumatische\w* (?:punktion|lumbalpunktion)",
    re.IGNORECASE,
)
_ERYTHROCYTES = re.compile(
    r"^(?:RBC|erythrocytes|red (?:blood )?cells?(?: count)?|erythrozyten)\b(?!.*\b(?:nucleated|width|urine?|CSF|fluid|liquor)\b)",
    re.IGNORECASE,
)
_MILLIONS = frozenset(
    {"10*6/ul", "10^6/ul", "x10e6/ul", "m/ul", "mill/ul", "10*12/l", "10^12/l", "t/l", "tpt/l", "/pl"}
)


@dataclass(frozen=True, slots=True)
class Tap:
    """One lumbar puncture: counts per microliter, blasts, whether traumatic, and the blood of those days."""

    when: When
    entry: Entry
    wbc: Interval | None
    rbc: Interval | None
    blasts: bool | None
    traumatic: bool | None
    fold: float | None  # (CSF WBC/RBC) over (blood WBC/RBC)
    blood_blasts: bool | None
    provenance: tuple[Provenance, ...]

    @property
    def status(self) -> str | None:
        if self.blasts is None:
            return None
        few = None if self.wbc is None else self.wbc.less_than(_FEW)
        if not self.blasts:
            return "CNS-1"
        if few is None:
            return None
        if few or (self.traumatic and self.blood_blasts and self.fold is not None and self.fold < _TWICE):
            return "CNS-2"
        clean = self.traumatic is False or self.blood_blasts is False
        return "CNS-3" if clean or (self.fold is not None and self.fold >= _TWICE) else None


@once_per_record
def taps(record: PatientRecord) -> tuple[Tap, ...]:
    """All dated punctures with a result, newest first. What is of one day is of one puncture."""
    by_day: dict[tuple[date, date], tuple[When, list[Entry]]] = {}
    for entry in latest_first(e for e in record.about(*CSF, types=_TYPES) if e.when is not None):
        if entry.when is not None:
            by_day.setdefault((entry.when.start, entry.when.end), (entry.when, []))[1].append(entry)
    found = (_tap(record, day, entries) for day, entries in by_day.values())
    return tuple(tap for tap in found if tap.wbc or tap.rbc or tap.blasts is not None)


def _tap(record: PatientRecord, day: When, entries: list[Entry]) -> Tap:
    seen: list[Provenance] = []
    wbc, rbc = _count(entries, WBC, seen), _count(entries, RBC, seen)
    blasts = _blasts(entries, seen)
    said = next((told for e in entries if (told := traumatic_in(full_text(e))) is not None), None)
    counted = None if rbc is None else rbc.at_least(TRAUMATIC_RBC)
    white, red = _blood(record, day, "labs.wbc", seen), _blood_rbc(record, day, seen)
    fold = None
    if wbc and rbc and wbc.low == wbc.high and rbc.low == rbc.high > 0 and white and red:
        fold = float(f"{(wbc.low / rbc.low) / (white * 1000 / red):.9g}")
    return Tap(
        day, entries[0], wbc, rbc, blasts, said if said is not None else counted, fold,
        _blood_blasts(record, day, seen), tuple(seen),
    )  # fmt: skip


def _count(entries: list[Entry], concept: str, seen: list[Provenance]) -> Interval | None:
    """A count of cells: as a number, else in the words of a report."""
    for entry in entries:
        number = measured(entry.resource, "csf") if concept in entry.concepts else None
        if number is not None and number.value is not None:
            seen.append(seen_in(entry, number.found, from_text=bool(entry.text_concepts)))
            return number.value if isinstance(number.value, Interval) else Interval(number.value, number.value)
    for entry in entries:
        match = _IN_WORDS[concept].search(full_text(entry))
        amount = as_float(match[2]) if match else None
        value = convert(amount, _tidied(match[3]), "csf") if match and amount is not None else None
        if match and value is not None:
            seen.append(seen_in(entry, " ".join(match[0].split()), from_text=True))
            if match[1]:
                return Interval(0, value, high_open=True) if match[1] == "<" else Interval(low=value, low_open=True)
            return Interval(value, value)
    return None


def _tidied(unit: str) -> str:
    return re.sub(r"\s", "", unit).replace("³", "3")


def _blasts(entries: list[Entry], seen: list[Provenance]) -> bool | None:
    told = [(e, b) for e in entries if (b := csf_blasts_in(e)) is not None]
    for entry, _ in told[:1]:
        seen.append(seen_in(entry, " ".join(full_text(entry).split())[:200], from_text=True))
    return any(blasts for _, blasts in told) if told else None


def csf_blasts_in(entry: Entry) -> bool | None:
    """Whether one result shows lymphoblasts in the CSF, by number or words; flow cytometry says nothing of it."""
    if FLOW.search(entry.text):
        return None
    if BLASTS in entry.concepts:
        for kind in ("percent", "csf"):
            number = measured(entry.resource, kind)
            if number is not None and number.value is not None:
                value = number.value if isinstance(number.value, Interval) else Interval(number.value, number.value)
                return value.more_than(0)
    return blasts_said(entry)


def traumatic_in(text: str) -> bool | None:
    """Whether a text calls a puncture traumatic."""
    if _NOT_TRAUMATIC.search(text):
        return False
    return True if _TRAUMATIC.search(text) else None


@once_per_record
def _results_by_day(record: PatientRecord, concept: str) -> Mapping[date, list[tuple[int, Entry]]]:
    """Results of the blood by their day, each with its place in the list: a chart may hold years of them and many taps."""
    found: dict[date, list[tuple[int, Entry]]] = {}
    for place, entry in enumerate(_red_cells(record) if concept == _RED_CELLS else results_about(record, concept)):
        if entry.when and entry.when.exact:
            found.setdefault(entry.when.start, []).append((place, entry))
    return found


def _red_cells(record: PatientRecord) -> Iterable[Entry]:
    return (e for e in record.of_type("Observation") if _ERYTHROCYTES.search(e.text) or _has(e, "789-8"))


def _around(record: PatientRecord, concept: str, day: When) -> list[Entry]:
    """Results of the days around a tap, the nearest first."""
    by_day = _results_by_day(record, concept)
    first, last = (moment.toordinal() for moment in (day.start, day.end))
    within = range(max(first - _BLOOD_WITHIN.days, 1), min(last + _BLOOD_WITHIN.days, date.max.toordinal()) + 1)
    near = [
        (abs(ordinal - first), place, entry)
        for ordinal in within
        for place, entry in by_day.get(date.fromordinal(ordinal), ())
    ]
    return [entry for *_, entry in sorted(near, key=lambda row: row[:2])]


def _blood(record: PatientRecord, day: When, concept: str, seen: list[Provenance]) -> float | None:
    for entry in _around(record, concept, day):
        number = measured(entry.resource, "cells")
        if number is not None and isinstance(number.value, float) and number.value > 0:
            seen.append(seen_in(entry, number.found))
            return number.value
    return None


def _blood_rbc(record: PatientRecord, day: When, seen: list[Provenance]) -> float | None:
    """Erythrocytes per microliter of blood, in millions or as a plain count."""
    for entry in _around(record, _RED_CELLS, day):
        number = quantity(entry.resource)
        if number is None or number.comparator or entry.concepts & {WBC, RBC}:
            continue
        value = number.value * 1e6 if tidy(number.unit) in _MILLIONS else convert(number.value, number.unit, "csf")
        if value:
            seen.append(seen_in(entry, number.text))
            return value
    return None


def _has(entry: Entry, code: str) -> bool:
    return any(found == code for _, found in entry.codings)


def _blood_blasts(record: PatientRecord, day: When, seen: list[Provenance]) -> bool | None:
    for entry in _around(record, "labs.blood_blasts", day):
        told = next(_blasts_in_blood(entry), None)
        if told is not None:
            seen.append(seen_in(entry))
            return told
    return None


def _blasts_in_blood(entry: Entry) -> Iterator[bool]:
    for kind in ("percent", "cells"):
        number = measured(entry.resource, kind)
        if number is not None and number.value is not None:
            value = number.value if isinstance(number.value, Interval) else Interval(number.value, number.value)
            if (more := value.more_than(0)) is not None:
                yield more
    if (said := blasts_said(entry)) is not None:
        yield said
