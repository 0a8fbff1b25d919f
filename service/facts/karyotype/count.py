"""Ploidy, trisomies and the number of abnormalities of a karyotype."""

from __future__ import annotations

import math

from service.facts.karyotype.model import Abnormality, Clone, Karyotype
from service.facts.model import Interval, TokenSet

METAPHASES_FOR_NORMAL = 20  # fewer normal metaphases do not make a karyotype normal
FAVORABLE = ("4", "10", "17")


def as_value(low: float, high: float) -> float | Interval:
    """A number, or the bounds it lies within."""
    return float(low) if low == high else Interval(float(low), float(high))


def ploidy(karyotype: Karyotype) -> tuple[str, str] | None:
    """Ploidy where the karyotype says more than its modal number, and why.

    A hypodiploid clone beside its double is hypodiploid: a doubled near-haploid or low-hypodiploid clone looks like
    high hyperdiploidy. At 58-80 chromosomes a list of losses from three sets is near-triploid, and at 60-67 a list of
    gains over two sets is high hyperdiploidy. Otherwise ``None``: the modal number decides, or nothing does.
    """
    main = karyotype.main
    if main is None or main.number is None:
        return None
    for clone in karyotype.abnormal_clones:
        if clone.number and clone.number[1] < 40 and (main.number[0] > 2 * clone.number[0] - 6 or main.doubled):
            name = "near-haploid" if clone.number[1] < 30 else "low-hypodiploid"
            if clone is not main:
                return (
                    name,
                    f"a clone of {clone.number[0]} chromosomes beside one of {main.number[0]}: doubled hypodiploidy",
                )
    if main.level == 3 and main.number[0] >= 58 and main.number[1] <= 80:
        return "near-triploid", "written as losses from three sets of chromosomes"
    if main.level == 2 and main.number[0] >= 60 and main.number[1] <= 67 and main.adds_up:
        return "high-hyperdiploid", "written as gains over two sets of chromosomes"
    return None


def trisomies(clone: Clone, unread: bool) -> TokenSet | None:
    """Which of 4, 10 and 17 have three or more copies; ``None`` where the clone is not written against one or two
    sets (three copies are no gain in a near-triploid or doubled clone)."""
    if clone.level > 2 or clone.doubled:
        return None
    members = frozenset(c for c in FAVORABLE if clone.copies.get(c, clone.level) >= 3)
    open_list = clone.incomplete or unread or not (clone.adds_up or clone.composite)
    absent = frozenset() if open_list else frozenset(FAVORABLE) - members - clone.undetermined
    return TokenSet(members, not open_list and not clone.undetermined.intersection(FAVORABLE), absent)


def abnormality_count(karyotype: Karyotype) -> float | Interval:
    """Acquired abnormalities of the clone that has most.

    Policy: recurrent translocations count. Whole-chromosome gains and losses count one each, except in clones of a
    ploidy group (43 or fewer, 51 or more chromosomes): there they are the group itself, and only structural changes
    and markers count - otherwise every high hyperdiploid karyotype would be complex (five or more; the study behind
    that limit, Moorman et al., Blood 2007;109:3189, left ploidy groups out). Constitutional changes never count.
    """
    counts = [_count(clone, bool(karyotype.unread)) for clone in karyotype.abnormal_clones]
    if not counts:
        return 0.0
    return as_value(max(low for low, _ in counts), max(high for _, high in counts))


def _count(clone: Clone, unread: bool) -> tuple[float, float]:
    group = clone.level != 2 or (clone.number is not None and (clone.number[1] <= 43 or clone.number[0] >= 51))
    low = high = 0.0
    for item in clone.acquired:
        if item.numerical and group:
            continue
        least, most = _worth(item)
        low, high = low + least, high + most
    open_list = clone.incomplete or unread or (not clone.abnormalities)
    return low, math.inf if open_list else high


def _worth(item: Abnormality) -> tuple[int, int]:
    """How many abnormalities an item is: markers and whole chromosomes by number, others one; a question mark: 0-1."""
    least, most = item.copies if item.numerical or item.kind in ("mar", "r") else (1, 1)
    return (0, max(most, 1)) if item.uncertain else (least, most)
