"""Ploidy: from the modal number, and from how the clones are written where the number alone says too little."""

from __future__ import annotations

from dataclasses import dataclass

from service.facts.karyotype.model import AUTOSOMES, Clone, Karyotype

# [low, high) chromosomes. NCCN ALL 2015: hypodiploid below 44, low-hypodiploid 30-39, hyperdiploid 51-65, near-triploid
# 60-68 (ALL-1 footnote g and Discussion). 60-65 fits two groups and is decided by the list of changes, or not at all.
BANDS = (
    (24, 30, "near-haploid"), (30, 40, "low-hypodiploid"), (40, 44, "hypodiploid"), (44, 46, "near-diploid"),
    (46, 47, "diploid"), (47, 51, "hyperdiploid"), (51, 60, "high-hyperdiploid"), (66, 69, "near-triploid"),
    (81, 104, "near-tetraploid"),
)  # fmt: skip
_MAY_BE_DOUBLED = "a near-triploid clone may be a doubled low-hypodiploid one"
_TETRASOMIES = 3


@dataclass(frozen=True, slots=True)
class Ploidy:
    """``name`` is ``None`` where the karyotype shows that the modal number alone must not decide."""

    name: str | None
    why: str


def written_ploidy(karyotype: Karyotype) -> Ploidy | None:
    """Ploidy where the karyotype says more than its modal number; ``None``: the modal number decides, or nothing does.

    A hypodiploid clone beside its double is hypodiploid: a doubled near-haploid or low-hypodiploid clone looks like
    high hyperdiploidy. Where no such clone is left, four copies of several chromosomes and three of hardly any are its
    trace: no call is made then. At 58-80 chromosomes a list of losses from three sets is near-triploid, and at 60-67 a
    list of gains over two sets is high hyperdiploidy.
    """
    main = karyotype.main
    if main is None or main.number is None:
        return None
    for clone in karyotype.abnormal_clones:
        if clone.number and clone.number[1] < 40 and (main.number[0] > 2 * clone.number[0] - 6 or main.doubled):
            name = "near-haploid" if clone.number[1] < 30 else "low-hypodiploid"
            if clone is not main:
                detail = (
                    f"a clone of {clone.number[0]} chromosomes beside one of {main.number[0]}: doubled hypodiploidy"
                )
                return Ploidy(name, detail)
    if main.number[0] >= 48 and _looks_doubled(main):
        detail = "four copies of several chromosomes and hardly any of three: this may be a doubled hypodiploid clone"
        return Ploidy(None, detail)
    if main.level == 3 and main.number[0] >= 58 and main.number[1] <= 80:
        return Ploidy("near-triploid", f"written as losses from three sets of chromosomes; {_MAY_BE_DOUBLED}")
    if main.level == 2 and main.number[0] >= 60 and main.number[1] <= 67 and main.adds_up:
        return Ploidy("high-hyperdiploid", "written as gains over two sets of chromosomes")
    return None


def _looks_doubled(clone: Clone) -> bool:
    if clone.level != 2 or clone.doubled or clone.incomplete:
        return False
    copies = [clone.copies.get(name, 2) for name in AUTOSOMES]
    return copies.count(4) >= _TETRASOMIES and copies.count(3) <= 1


def ploidy_name(karyotype: Karyotype) -> str | None:
    """The ploidy of a karyotype taken by itself, with its modal number; ``None`` where that is not settled."""
    if karyotype.clones and not karyotype.abnormal_clones:
        return "diploid" if karyotype.clones[0].number in ((46, 46), None) else None
    written = written_ploidy(karyotype)
    if written is not None:
        return written.name
    main = karyotype.main
    if main is None or main.number is None:
        return None
    low, high = main.number
    return next((name for start, end, name in BANDS if start <= low and high < end), None)
