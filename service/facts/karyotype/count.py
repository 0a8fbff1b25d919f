"""Copies of chromosomes, trisomies and the number of abnormalities of a karyotype."""

from __future__ import annotations

import math

from service.facts.karyotype.model import Abnormality, Clone, Karyotype
from service.facts.model import Interval, TokenSet

METAPHASES_FOR_NORMAL = 20  # fewer normal metaphases do not make a karyotype normal
FAVORABLE = ("4", "10", "17")


def as_value(low: float, high: float) -> float | Interval:
    """A number, or the bounds it lies within."""
    return float(low) if low == high else Interval(float(low), float(high))


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
    ploidy group (43 or fewer, 51 or more chromosomes): there they and the markers, which are gained chromosomes that
    could not be named, are the group itself, and only structural changes count - otherwise every high hyperdiploid
    karyotype would be complex (five or more; the study behind that limit, Moorman et al., Blood 2007;109:3189, left
    ploidy groups out). Constitutional changes never count.
    """
    counts = [_count(clone, bool(karyotype.unread)) for clone in karyotype.abnormal_clones]
    if not counts:
        return 0.0
    return as_value(max(low for low, _ in counts), max(high for _, high in counts))


def every_abnormality(karyotype: Karyotype) -> float | Interval:
    """Acquired abnormalities of the clone that has most, each whole chromosome counted whatever the ploidy."""
    counts = [_count(clone, bool(karyotype.unread), whole=True) for clone in karyotype.abnormal_clones]
    return as_value(max((low for low, _ in counts), default=0.0), max((high for _, high in counts), default=0.0))


def net_changes(clone: Clone) -> tuple[dict[str, int], dict[str, int]]:
    """Whole chromosomes gained and lost, by chromosome, against the clone's own level (`Clone.level`; twice that in a
    doubled clone). What a question mark leaves open is in neither."""
    net: dict[str, int] = {}
    if clone.doubled:
        printed = {"X": clone.sex.count("X"), "Y": clone.sex.count("Y")}
        net = {name: n - 2 * printed.get(name, clone.level) for name, n in clone.copies.items()}
    else:
        for item in clone.acquired:
            if item.numerical and not item.uncertain:
                (name,) = item.chromosomes
                net[name] = net.get(name, 0) + item.sign * item.copies[0]
    gains = {name: n for name, n in net.items() if n > 0}
    return gains, {name: -n for name, n in net.items() if n < 0}


def _count(clone: Clone, unread: bool, *, whole: bool = False) -> tuple[float, float]:
    group = clone.level != 2 or (clone.number is not None and (clone.number[1] <= 43 or clone.number[0] >= 51))
    low = high = 0.0
    for item in clone.acquired:
        if group and not whole and (item.numerical or item.kind == "mar"):
            continue
        least, most = _worth(item)
        low, high = low + least, high + most
    open_list = clone.incomplete or unread or (not clone.abnormalities)
    return low, math.inf if open_list else high


def _worth(item: Abnormality) -> tuple[int, int]:
    """How many abnormalities an item is: markers and whole chromosomes by number, others one; a question mark: 0-1."""
    least, most = item.copies if item.numerical or item.kind in ("mar", "r") else (1, 1)
    return (0, max(most, 1)) if item.uncertain else (least, most)
