"""Marker results of a record: which resources speak of the blasts, and the results of one day as a panel."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from service.facts.absence import seen_in
from service.facts.genetics.findings import answer
from service.facts.immunophenotype.markers import Marker, by_percent, marker_named
from service.facts.immunophenotype.text import markers_in
from service.facts.model import Interval, Provenance
from service.facts.mrd.reading import POSITIVE_FROM, bounds
from service.facts.mrd.result import CONCEPTS as MRD
from service.facts.mrd.result import read_result
from service.record.model import Entry, PatientRecord, Resource, once_per_record
from service.record.terminology import Terminology
from service.record.values import codings_of, components, concept_text, notes_of, quantity, value_text

CONCEPT = "immunophenotype.markers"
TYPES = ("Observation", "DiagnosticReport")
_NOT_BLASTS = frozenset({"8117-4", "8116-6"})  # CD19 of the lymphocytes: immune status
_COUNTS = frozenset({"51127-9", "51128-7", "51129-5"})  # cells per volume: no share of blasts
_BY_CODE: Mapping[str, str] = {
    "13842-0": "CD20", "51115-4": "CD20", "51116-2": "CD20", "51125-3": "CD22", "51124-6": "CD22", "51126-1": "CD22",
    "51155-0": "CD33", "13843-8": "CD33",
}  # fmt: skip
_BLASTS = re.compile(r"blast|leuk[aä]?e?mi|\bALL\b|malign|\bLAIP\b", re.IGNORECASE)
# Names of tests of the immune system and not of the leukemia: "CD3 cells/100 cells in Blood", "CD19+ B-Zellen absolut".
_IMMUNE_STATUS = re.compile(
    r"\bcells?\s?/\s?100|cells \[#|#/volume|\babsolut|lymphocyt|lymphozyt|\b[TB][- ]?(?:cells|zellen)\b|\bcell count|helper|suppressor"
    r"|CD4\s?/\s?CD8|immun(?:e |o)?status|\bNK\b|\bCAR\b|aplasi|chim[aäe]+r|donor|spender|cells/kg|zellen/kg",
    re.IGNORECASE,
)


_A_MARKER = re.compile(r"CD[ -]?\d|TdT|MPO|\bs?Ig|HLA", re.IGNORECASE)  # a quick look before the long one


@dataclass(frozen=True, slots=True)
class Result:
    """One marker result and where it stands."""

    marker: Marker
    entry: Entry
    from_text: bool


Panel = Mapping[str, Result]


@once_per_record
def panels(record: PatientRecord) -> tuple[Panel, ...]:
    """Marker results by day, newest first. Results of one day that contradict each other leave no call."""
    days: dict[str | None, dict[str, Result]] = {}
    reports = {*record.of_type("DiagnosticReport"), *record.about("response.marrow_blasts", types=TYPES)}
    about = record.about(CONCEPT, types=TYPES)
    mrd = frozenset(record.about(*MRD, types=TYPES))
    rest = sorted((reports | mrd) - {*about}, key=lambda entry: entry.reference)
    for entry in (*about, *rest):
        panel = days.setdefault(entry.when.text[:10] if entry.when else None, {})
        for result in _results_in(entry, record.terminology, entry in mrd, entry.concepts):
            before = panel.get(result.marker.name)
            panel[result.marker.name] = result if before is None else _both(before, result)
    found = [panel for panel in days.values() if panel]
    return tuple(sorted(found, key=_day, reverse=True))


def _day(panel: Panel) -> int:
    when = next(iter(panel.values())).entry.when
    return when.end.toordinal() if when else 0


def _both(first: Result, second: Result) -> Result:
    """Two results of one marker on one day: the one with the share, no call where they contradict each other."""
    a, b = first.marker, second.marker
    if a.positive is not None and b.positive is not None and a.positive != b.positive:
        return replace(first, marker=Marker(a.name, None, contradictory=True))
    if a.positive is None and not a.contradictory and b.positive is not None:
        return second
    if first.entry.preliminary and not second.entry.preliminary:
        return second
    return second if a.percent is None and b.percent is not None and b.positive is not None else first


@once_per_record
def results(record: PatientRecord) -> Panel:
    """The newest result of each marker."""
    newest: dict[str, Result] = {}
    for panel in panels(record):
        for name, result in panel.items():
            newest.setdefault(name, result)
    return newest


def called(panel: Panel) -> dict[str, bool]:
    """The markers of a panel that are called."""
    return {name: r.marker.positive for name, r in panel.items() if r.marker.positive is not None}


def shares(panel: Panel) -> dict[str, Interval]:
    """What is known of the share of blasts with each marker: stated, or by the call (positive from 20 %, EGIL)."""
    made = {}
    for name, result in panel.items():
        percent, positive = result.marker.percent, result.marker.positive
        if percent is not None:
            made[name] = percent if isinstance(percent, Interval) else Interval(percent, percent)
        elif positive is not None:
            made[name] = Interval(20, 100) if positive else Interval(0, 20, high_open=True)
    return made


def seen(result: Result, *, inferred: bool = False) -> Provenance:
    """Where a result was read, as it was found."""
    marker = result.marker
    share = (
        ""
        if marker.percent is None
        else f" {marker.percent:g} %"
        if isinstance(marker.percent, float)
        else f" {marker.percent} %"
    )
    said = {True: "positive", False: "negative", None: "contradictory" if marker.contradictory else "no call"}[
        marker.positive
    ]
    found = value_text(result.entry.resource) or f"{marker.name} {said}{share}"
    return seen_in(result.entry, found, from_text=result.from_text, inferred=inferred, note=marker.grade)


def _results_in(entry: Entry, terms: Terminology, mrd: bool, concepts: frozenset[str]) -> Iterator[Result]:
    """The marker results of one resource; none where it is of other cells than the leukemia's."""
    codes = {code for _, code in entry.codings}
    if codes & (_NOT_BLASTS | _COUNTS) or _is_immune_status(entry.text) or (mrd and _without_disease(entry, terms)):
        return
    found: dict[str, Result] = {}
    if CONCEPT in concepts:
        own = next((_BY_CODE[code] for code in codes if code in _BY_CODE), None) or marker_named(entry.text)
        if own is not None and (marker := _valued(own, entry.resource)) is not None:
            found[own] = Result(marker, entry, not codes & _BY_CODE.keys())
        for component in components(entry.resource):
            marker = _component(component)
            if marker is not None:
                found.setdefault(marker.name, Result(marker, entry, False))
    for text in (value_text(entry.resource), notes_of(entry.resource)):
        for marker in () if not _A_MARKER.search(text) else markers_in(text, of_blasts=CONCEPT not in concepts):
            found.setdefault(marker.name, Result(marker, entry, True))
    yield from found.values()


def _is_immune_status(name: str) -> bool:
    return bool(_IMMUNE_STATUS.search(name)) and not _BLASTS.search(name)


def _without_disease(entry: Entry, terms: Terminology) -> bool:
    """Whether an MRD result found no leukemia: the cells it names markers of are then normal ones."""
    result = read_result(entry, terms)
    if result is None:
        return False
    reading = result.reading
    low = reading.fraction is not None and bool(bounds(reading.fraction).less_than(POSITIVE_FROM))
    return reading.qualitative == "negative" or (low and reading.qualitative != "positive")


def _component(component: Resource) -> Marker | None:
    codes = {code for _, code in codings_of(component.get("code"))}
    text = concept_text(component.get("code"))
    name = next((_BY_CODE[c] for c in codes if c in _BY_CODE), None) or marker_named(text)
    if name is None or codes & (_NOT_BLASTS | _COUNTS) or _is_immune_status(text):
        return None
    return _valued(name, component)


def _valued(name: str, element: Mapping[str, Any]) -> Marker | None:
    """A marker's own value: a share of blasts, or positive/negative in code or words. An upper bound below the limit
    is negative.
    """
    q = quantity(element)
    fraction = q is not None and q.unit is None and 0 < q.value <= 1  # or a percentage: not said
    if q is not None and "lymph" in (q.unit or "").lower():
        return None
    if q is not None and not fraction and (q.unit or "%").startswith(("%", "/100")) and 0 <= q.value <= 100:
        share: float | Interval = q.value
        if q.comparator in ("<", "<="):
            share = Interval(0, q.value, high_open=q.comparator == "<")
        elif q.comparator in (">", ">="):
            share = Interval(q.value, 100, low_open=q.comparator == ">")
        return Marker(name, by_percent(name, share), share)
    said = [marker for marker in markers_in(f"{name} {value_text(element)}") if marker.name == name]
    if said:
        return said[0]
    positive = answer(element)
    return None if positive is None else Marker(name, positive)
