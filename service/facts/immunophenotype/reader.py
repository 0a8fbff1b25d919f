"""Markers on the blasts, and whether a result is still true after treatment against its target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from service.facts.absence import absent, fresh
from service.facts.immunophenotype.lineage import ETP_MARKERS, highest
from service.facts.immunophenotype.results import TYPES, Result, results, seen, shares
from service.facts.model import Fact, Facts, Provenance, Reason, TokenSet, known, provides, unknown
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.immunophenotype import MARKERS
from service.record.model import PatientRecord

__all__ = ["PROVIDERS"]

_TARGETS = ("CD19", "CD20", "CD22")
_DIRECTED: Mapping[str, tuple[str, ...]] = {
    "CD19": (
        "therapy.blinatumomab", "therapy.tisagenlecleucel", "therapy.brexucabtagene_autoleucel",
        "therapy.obecabtagene_autoleucel", "course.car_t",
    ),
    "CD20": ("therapy.rituximab", "therapy.ofatumumab", "therapy.obinutuzumab"),
    "CD22": ("therapy.inotuzumab_ozogamicin",),
    "sCD22": ("therapy.inotuzumab_ozogamicin",),
}  # fmt: skip
_GIVEN = ("MedicationStatement", "MedicationAdministration", "Procedure")
_MYELOID = ("CD13", "CD15", "CD33", "CD65", "CD117", "MPO")


@provides(*(f"cd{name[2:]}" for name in _TARGETS), *(f"cd{name[2:]}_percent_blasts" for name in _TARGETS))
def targets(facts: Facts) -> Iterator[Fact]:
    """CD19, CD20 and CD22 from the newest result. CD22 means the surface: cytoplasmic CD22 alone leaves it open.

    Stale: older than the vocabulary allows, or older than a treatment against the antigen, which can be lost under it
    (blinatumomab or CAR T cells and CD19, rituximab and CD20, inotuzumab and CD22). CD20 by percent is left to the 20 %
    rule of `cd20`.
    """
    record = facts.record
    if record is None:
        return
    found = results(record)
    for name in _TARGETS:
        positive, percent = f"cd{name[2:]}", f"cd{name[2:]}_percent_blasts"
        result = _newer(found.get(name), found.get(f"s{name}"))
        if result is None:
            yield absent(facts, positive, *TYPES, what=f"a {name} result of the blasts")
            continue
        where = seen(result)
        problem = _outdated(facts, record, name, result, positive)
        if problem is not None:
            yield unknown(positive, problem[0], problem[1], (where,))
            if result.marker.percent is not None:
                yield unknown(percent, problem[0], problem[1], (where,))
            continue
        if result.marker.percent is not None:
            yield known(percent, result.marker.percent, where)
        if name != "CD20" or result.marker.percent is None:
            yield _called(positive, result, where)


def _newer(first: Result | None, second: Result | None) -> Result | None:
    """The newer of two results, the first where they are of one day."""
    if first is None or second is None:
        return first or second
    return second if _ordinal(second) > _ordinal(first) else first


def _ordinal(result: Result) -> int:
    return result.entry.when.end.toordinal() if result.entry.when else 0


def _called(name: str, result: Result, where: Provenance) -> Fact:
    marker = result.marker
    if marker.contradictory:
        return unknown(name, Reason.CONFLICTING, "results contradict each other", (where,))
    if marker.positive is None:
        return unknown(name, Reason.NOT_DECIDED, "variable, or positive on some of the blasts only", (where,))
    return known(name, "positive" if marker.positive else "negative", where)


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
        fact, where = f"marker_{name}", seen(result)
        problem = _outdated(facts, record, name, result, fact)
        if problem is not None:
            yield unknown(fact, problem[0], problem[1], (where,))
        elif not (name == "CD20" and result.marker.percent is not None):
            yield _called(fact, result, where)


@provides("cd5_percent", "myeloid_markers", "etp_myeloid_stem_marker_max_percent")
def early_t_cell_evidence(facts: Facts) -> Iterator[Fact]:
    """What the early T-cell precursor phenotype is judged by: CD5, and the myeloid and stem-cell markers.

    The set of myeloid markers is complete if all were tested. A marker called without a share has bounds by the call
    (positive from 20 %), and one not tested may be anything.
    """
    if facts.record is None:
        return
    found = results(facts.record)
    spans = shares(found)
    if "CD5" in spans and (found["CD5"].marker.percent is not None or found["CD5"].marker.positive is False):
        yield known("cd5_percent", found["CD5"].marker.percent or spans["CD5"], seen(found["CD5"]))
    tested = {name: found[name] for name in _MYELOID if name in found and found[name].marker.positive is not None}
    if tested:
        members = frozenset(name for name, result in tested.items() if result.marker.positive)
        rest = frozenset(tested) - members
        where = dict.fromkeys(seen(result) for result in tested.values())
        yield known("myeloid_markers", TokenSet(members, len(tested) == len(_MYELOID), rest), *where)
    top = highest(spans)
    if top is not None:
        where = dict.fromkeys(seen(found[name]) for name in ETP_MARKERS if name in spans)
        exact = top.low == top.high and not top.high_open
        yield known("etp_myeloid_stem_marker_max_percent", top.low if exact else top, *where)


PROVIDERS = (targets, panel, early_t_cell_evidence)
