"""Markers on the blasts, and whether a result is still true after treatment against its target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.facts.absence import absent, fresh, seen_in
from service.facts.genetics.findings import answer
from service.facts.immunophenotype.markers import Marker, by_percent, lineage_from_markers, marker_named, markers_in
from service.facts.model import Fact, Facts, Interval, Provenance, Reason, TokenSet, known, provides, unknown
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.immunophenotype import MARKERS
from service.record.model import Entry, PatientRecord, once_per_record
from service.record.values import codings_of, components, concept_text, notes_of, quantity, value_text

__all__ = ["PROVIDERS", "Result", "lineage_from_markers", "results"]

_CONCEPT = "immunophenotype.markers"
_TYPES = ("Observation", "DiagnosticReport")
_TARGETS = ("CD19", "CD20", "CD22")
_NOT_BLASTS = frozenset({"8117-4", "8116-6"})  # CD19 of the lymphocytes: immune status
_COUNTS = frozenset({"51127-9", "51128-7", "51129-5"})  # cells per volume: no share of blasts
_BY_CODE: Mapping[str, str] = {
    "13842-0": "CD20", "51115-4": "CD20", "51116-2": "CD20", "51125-3": "CD22", "51124-6": "CD22", "51126-1": "CD22",
    "51155-0": "CD33", "13843-8": "CD33",
}  # fmt: skip
_DIRECTED: Mapping[str, tuple[str, ...]] = {
    "CD19": (
        "therapy.blinatumomab", "therapy.tisagenlecleucel", "therapy.brexucabtagene_autoleucel",
        "therapy.obecabtagene_autoleucel", "course.car_t",
    ),
    "CD22": ("therapy.inotuzumab_ozogamicin",),
}  # fmt: skip
_GIVEN = ("MedicationStatement", "MedicationAdministration", "Procedure")
_MYELOID = ("CD13", "CD15", "CD33", "CD65", "CD117", "MPO")
_MYELOID_OR_STEM = ("CD13", "CD33", "CD34", "CD65", "CD117", "HLA-DR")


@dataclass(frozen=True, slots=True)
class Result:
    """One marker result and where it stands."""

    marker: Marker
    entry: Entry
    from_text: bool


@once_per_record
def results(record: PatientRecord) -> Mapping[str, Result]:
    """The newest result of each marker. Results of one day that contradict each other leave no call."""
    newest: dict[str, Result] = {}
    for entry in record.about(_CONCEPT, types=_TYPES):
        for marker, from_text in _in_entry(entry):
            before = newest.get(marker.name)
            if before is None:
                newest[marker.name] = Result(marker, entry, from_text)
            elif before.entry.when == entry.when and before.marker.positive != marker.positive:
                newest[marker.name] = Result(Marker(marker.name, None), before.entry, before.from_text)
    return newest


def _in_entry(entry: Entry) -> Iterator[tuple[Marker, bool]]:
    codes = {code for _, code in entry.codings}
    if codes & (_NOT_BLASTS | _COUNTS):
        return
    found: dict[str, tuple[Marker, bool]] = {}
    own = next((_BY_CODE[code] for code in codes if code in _BY_CODE), None) or marker_named(entry.text)
    if own is not None and (marker := _valued(own, entry.resource)) is not None:
        found[own] = (marker, not codes & _BY_CODE.keys())
    for component in components(entry.resource):
        inner = {code for _, code in codings_of(component.get("code"))}
        name = next((_BY_CODE[c] for c in inner if c in _BY_CODE), None) or marker_named(
            concept_text(component.get("code"))
        )
        if name is not None and not inner & (_NOT_BLASTS | _COUNTS):
            marker = _valued(name, component)
            if marker is not None:
                found.setdefault(name, (marker, False))
    for text in (value_text(entry.resource), notes_of(entry.resource)):
        for marker in markers_in(text):
            found.setdefault(marker.name, (marker, True))
    yield from found.values()


def _valued(name: str, element: Mapping[str, Any]) -> Marker | None:
    """A marker's own value: a share of blasts, or positive/negative in code or words. An upper bound below the limit
    is negative; other bounds make no share."""
    q = quantity(element)
    if q is not None and (q.unit or "%").startswith(("%", "/100")) and 0 <= q.value <= 100:
        if q.comparator in ("<", "<="):
            return Marker(name, False) if by_percent(name, q.value) is False else None
        if q.comparator in (">", ">="):
            return Marker(name, True) if by_percent(name, q.value) else None
        return Marker(name, by_percent(name, q.value), q.value)
    said = [marker for marker in markers_in(f"{name} {value_text(element)}") if marker.name == name]
    if said and said[0].positive is not None:
        return said[0]
    positive = answer(element)
    return None if positive is None else Marker(name, positive)


@provides(*(f"cd{name[2:]}" for name in _TARGETS), *(f"cd{name[2:]}_percent_blasts" for name in _TARGETS))
def targets(facts: Facts) -> Iterator[Fact]:
    """CD19, CD20 and CD22 from the newest result.

    Stale: older than the vocabulary allows, or older than a treatment against the antigen, which can be lost under it
    (blinatumomab or CAR T cells and CD19, inotuzumab and CD22). CD20 by percent is left to the 20 % rule.
    """
    record = facts.record
    if record is None:
        return
    found = results(record)
    for name in _TARGETS:
        positive, percent = f"cd{name[2:]}", f"cd{name[2:]}_percent_blasts"
        result = found.get(name)
        if result is None:
            yield absent(facts, positive, *_TYPES, what=f"a {name} result of the blasts")
            continue
        seen = _seen(result)
        problem = _outdated(facts, record, name, result, positive)
        if problem is not None:
            yield unknown(positive, problem[0], problem[1], (seen,))
            if result.marker.percent is not None:
                yield unknown(percent, problem[0], problem[1], (seen,))
            continue
        if result.marker.percent is not None:
            yield known(percent, result.marker.percent, seen)
        if name != "CD20" or result.marker.percent is None:
            yield _called(positive, result, seen)


def _called(name: str, result: Result, seen: Provenance) -> Fact:
    if result.marker.positive is None:
        return unknown(name, Reason.CONFLICTING, "results contradict each other", (seen,))
    return known(name, "positive" if result.marker.positive else "negative", seen)


def _outdated(facts: Facts, record: PatientRecord, marker: str, result: Result, name: str) -> tuple[Reason, str] | None:
    when = result.entry.when
    recent = fresh(when, facts.as_of, VOCABULARY.lookup(name).stale_after_days)
    if recent is None:
        return Reason.UNDATED, "the result has no date that tells whether it is recent"
    if not recent:
        return Reason.STALE, f"the newest {marker} result is too old"
    for given in record.about(*_DIRECTED.get(marker, ()), types=_GIVEN) if marker in _DIRECTED else ():
        last = given.until or given.when
        if last is None or when is None or last.end > when.end:
            return Reason.STALE, f"{marker} was treated against after the result and may be lost"
    return None


@provides(*(f"marker_{name}" for name in MARKERS))
def panel(facts: Facts) -> Iterator[Fact]:
    """Every marker with a result; CD19, CD20 and CD22 are as outdated here as in their own facts."""
    record = facts.record
    if record is None:
        return
    for name, result in results(record).items():
        fact, seen = f"marker_{name}", _seen(result)
        problem = _outdated(facts, record, name, result, fact)
        if problem is not None:
            yield unknown(fact, problem[0], problem[1], (seen,))
        elif not (name == "CD20" and result.marker.percent is not None):
            yield _called(fact, result, seen)


@provides("cd5_percent", "myeloid_markers", "etp_myeloid_stem_marker_max_percent")
def early_t_cell_evidence(facts: Facts) -> Iterator[Fact]:
    """What the early T-cell precursor phenotype is judged by: CD5, and the myeloid and stem-cell markers.

    The set of myeloid markers is complete if all were tested; the highest share is a lower bound, because a marker
    without a share may be higher.
    """
    if facts.record is None:
        return
    found = results(facts.record)
    if (cd5 := found.get("CD5")) is not None and cd5.marker.percent is not None:
        yield known("cd5_percent", cd5.marker.percent, _seen(cd5))
    tested = {name: found[name] for name in _MYELOID if name in found and found[name].marker.positive is not None}
    if tested:
        members = frozenset(name for name, result in tested.items() if result.marker.positive)
        rest = frozenset(tested) - members
        seen = dict.fromkeys(_seen(result) for result in tested.values())
        yield known("myeloid_markers", TokenSet(members, len(tested) == len(_MYELOID), rest), *seen)
    shares = [found[name] for name in _MYELOID_OR_STEM if name in found and found[name].marker.percent is not None]
    if shares:
        top = max(shares, key=lambda result: result.marker.percent or 0.0)
        complete = len(shares) == len(_MYELOID_OR_STEM)
        highest = top.marker.percent or 0.0
        value = highest if complete else Interval(low=highest, high=100.0)
        yield known("etp_myeloid_stem_marker_max_percent", value, _seen(top))


def _seen(result: Result) -> Provenance:
    share = f" {result.marker.percent:g} %" if result.marker.percent is not None else ""
    called = {True: "positive", False: "negative", None: "contradictory"}[result.marker.positive]
    found = value_text(result.entry.resource) or f"{result.marker.name} {called}{share}"
    return seen_in(result.entry, found, from_text=result.from_text)


PROVIDERS = (targets, panel, early_t_cell_evidence)
