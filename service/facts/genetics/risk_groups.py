"""Cytogenetic risk groups as each guideline edition prints them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HYPERDIPLOID, HYPODIPLOID, COMPLEX = "hyperdiploidy (51-65)", "hypodiploidy (<44)", "complex karyotype (>=5)"
ETV6_RUNX1, KMT2A, BCR_ABL1 = "ETV6::RUNX1", "KMT2A rearrangement", "BCR::ABL1"
FEATURES = (HYPERDIPLOID, ETV6_RUNX1, HYPODIPLOID, KMT2A, BCR_ABL1, COMPLEX)


@dataclass(frozen=True, slots=True)
class Edition:
    """The features an edition names. ``complete``: whether its list is printed whole, so that what it does not name
    has no group; ``at``: where it stands."""

    good: tuple[str, ...]
    poor: tuple[str, ...]
    complete: bool
    at: str


@dataclass(frozen=True, slots=True)
class Risk:
    """``group``: good, poor, conflict (features of both: the source gives no rule for it), unlisted (all features
    tested, none found), or ``None`` with the reason in ``why``. ``good``/``poor``: the features found."""

    group: str | None
    good: tuple[str, ...]
    poor: tuple[str, ...]
    why: str | None = None


_NAMED = (
    "the edition's own risk table is not in the excerpt; its text names hypodiploidy and KMT2A rearrangement as poor"
)
EDITIONS: Mapping[str, Edition] = {
    "nccn-2015": Edition(
        (HYPERDIPLOID, ETV6_RUNX1), (HYPODIPLOID, KMT2A, BCR_ABL1, COMPLEX), True, "NCCN ALL 2015, ALL-1 footnote g"
    ),
    "nccn-adult-2-2025": Edition((), (HYPODIPLOID, KMT2A), False, "NCCN ALL 2.2025, Discussion, AYA in first CR"),
    "nccn-pediatric-1-2026": Edition(
        (), (HYPODIPLOID, KMT2A), False, "NCCN Pediatric ALL 1.2026, Discussion, DFCI 05-001"
    ),
}


def risk_of(edition: str, found: Mapping[str, bool | None]) -> Risk:
    """The risk group of an edition from features that are there, not there, or (``None``, or left out) unknown.

    One poor feature makes the group poor even while others are untested; good needs every poor one to be excluded.

    >>> risk_of("nccn-2015", {HYPERDIPLOID: True, KMT2A: True}).group
    'conflict'
    """
    lists = EDITIONS[edition]
    good = tuple(name for name in lists.good if found.get(name))
    poor = tuple(name for name in lists.poor if found.get(name))
    if poor:
        return Risk("conflict" if good else "poor", good, poor)
    untested = [name for name in lists.poor if found.get(name) is None]
    if good and not untested:
        return Risk("good", good, poor)
    if not lists.complete:
        return Risk(None, good, poor, _NAMED)
    untested += [name for name in lists.good if found.get(name) is None and not good]
    if untested:
        return Risk(None, good, poor, f"not known: {', '.join(untested)}")
    return Risk("unlisted", good, poor)
