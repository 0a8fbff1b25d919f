"""What follows from the karyotype and the genetic findings: ploidy, complex karyotype, cytogenetic risk by edition."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.derive.tools import (
    all_of,
    any_of,
    at_least,
    at_most,
    band,
    flag,
    follows,
    includes,
    less_than,
    more_than,
    number,
    word,
)
from service.facts.genetics.risk_groups import (
    BCR_ABL1,
    COMPLEX,
    EDITIONS,
    ETV6_RUNX1,
    HYPERDIPLOID,
    HYPODIPLOID,
    KMT2A,
    Risk,
    risk_of,
)
from service.facts.karyotype.ploidy import BANDS
from service.facts.model import Fact, Facts, Provenance, Reason, provides, unknown

_HYPODIPLOID = ("near-haploid", "low-hypodiploid", "hypodiploid")
_NOT_HYPERDIPLOID = ("near-haploid", "low-hypodiploid", "near-triploid")
_RESTS_ON = (
    "modal_chromosome_number", "ploidy", "dna_index", "fusions", "kmt2a", "ph_status", "complex_karyotype",
)  # fmt: skip
_FEATURE_FACTS = {
    HYPERDIPLOID: ("modal_chromosome_number", "dna_index", "ploidy"),
    HYPODIPLOID: ("modal_chromosome_number", "dna_index", "ploidy"),
    ETV6_RUNX1: ("fusions",), KMT2A: ("kmt2a",), BCR_ABL1: ("ph_status",), COMPLEX: ("complex_karyotype",),
}  # fmt: skip
_NEWER = ("nccn-adult-2-2025", "nccn-pediatric-1-2026")
_BY_2015 = "by the list of NCCN ALL 2015, the newest that is printed whole; BCR::ABL1 left out, it has its own pathway"


@provides("ploidy", needs=("modal_chromosome_number",))
def ploidy(facts: Facts) -> Iterator[Fact]:
    """Ploidy from the modal number (NCCN ALL 2015, ALL-1 footnote g and Discussion): near-haploid to 29,
    low-hypodiploid 30-39, hypodiploid 40-43, high-hyperdiploid 51-59, near-triploid 66-68. 60-65 fits both high
    hyperdiploidy (51-65) and near-triploidy (60-68, which may be a doubled low-hypodiploid clone): no call is made there.
    """
    modal = number(facts, "modal_chromosome_number")
    if modal is None:
        return
    found = band(modal, BANDS)
    if found is not None:
        yield follows("ploidy", found, facts, "modal_chromosome_number")
    elif modal.at_least(60) and modal.at_most(65):
        detail = "60-65 chromosomes fit high hyperdiploidy as well as near-triploidy"
        yield unknown("ploidy", Reason.NOT_DECIDED, detail, facts["modal_chromosome_number"].provenance)


@provides("complex_karyotype", needs=("chromosomal_abnormality_count",))
def complex_karyotype(facts: Facts) -> Iterator[Fact]:
    """Five or more abnormalities (NCCN ALL 2015, ALL-1 footnote g)."""
    found = at_least(facts, "chromosomal_abnormality_count", 5)
    if found is not None:
        yield follows("complex_karyotype", found, facts, "chromosomal_abnormality_count")


@provides("cytogenetic_risk", needs=_RESTS_ON)
def cytogenetic_risk(facts: Facts) -> Iterator[Fact]:
    """Cytogenetic risk for a decision of today.

    Poor by any feature that the newest editions name (NCCN ALL 2.2025, NCCN Pediatric ALL 1.2026: hypodiploidy, KMT2A
    rearrangement). Their own tables are not printed in the source, so for everything else the list of NCCN ALL 2015
    answers. BCR::ABL1 does not count here: 2015 calls it poor from the time before TKIs, and every edition gives it a
    pathway of its own.
    """
    features = _features(facts)
    risk = risk_of(_NEWER[0], features)
    note = f"named by {EDITIONS[_NEWER[0]].at}"
    if risk.group is None:
        risk, note = risk_of("nccn-2015", {**features, BCR_ABL1: False}), _BY_2015
    yield from _fact("cytogenetic_risk", risk, facts, note)


@provides(*(f"cytogenetic_risk_by({name})" for name in EDITIONS), needs=("cytogenetic_risk", *_RESTS_ON))
def cytogenetic_risk_by(facts: Facts) -> Iterator[Fact]:
    """Cytogenetic risk by the list of each edition, with every feature that made it so. A stated risk counts for all."""
    stated = _stated(facts)
    features = {} if stated else _features(facts)
    for edition in EDITIONS:
        name = f"cytogenetic_risk_by({edition})"
        if stated:
            yield follows(name, stated, facts, "cytogenetic_risk")
        else:
            yield from _fact(name, risk_of(edition, features), facts, EDITIONS[edition].at)


@provides("good_risk_feature_present", "poor_risk_feature_present", needs=("cytogenetic_risk", *_RESTS_ON))
def risk_features(facts: Facts) -> Iterator[Fact]:
    """Any good-risk, any poor-risk feature of NCCN ALL 2015, ALL-1 footnote g. "No" needs every one of them excluded."""
    stated = _stated(facts)
    features = {} if stated else _features(facts)
    lists = EDITIONS["nccn-2015"]
    for name, wanted, says_yes in (
        ("good_risk_feature_present", lists.good, ("good", "conflict")),
        ("poor_risk_feature_present", lists.poor, ("poor", "conflict")),
    ):
        if stated:
            yield follows(name, stated in says_yes, facts, "cytogenetic_risk")
            continue
        present = any_of(*(features[feature] for feature in wanted))
        if present is not None:
            there = [feature for feature in wanted if features[feature]] or list(wanted)
            yield follows(
                name, present, facts, *_facts_behind(facts, there), note=", ".join(there) if present else None
            )


def _stated(facts: Facts) -> str | None:
    """A risk group that somebody stated, not one that was concluded from features."""
    fact = facts["cytogenetic_risk"]
    return word(facts, "cytogenetic_risk") if not any(p.inferred for p in fact.provenance) else None


def _features(facts: Facts) -> dict[str, bool | None]:
    """Which of the features the editions list are there. DNA index limits: NCCN ALL 2015 (above 1.16, below 0.81)."""
    called = word(facts, "ploidy")
    modal, index = "modal_chromosome_number", "dna_index"
    named = None if called is None else called in _HYPODIPLOID
    hypodiploid = _either(less_than(facts, modal, 44), less_than(facts, index, 0.81), named)
    many = _either(all_of(at_least(facts, modal, 51), at_most(facts, modal, 65)), more_than(facts, index, 1.16))
    clear = None if called is None else called not in _NOT_HYPERDIPLOID
    if called is None and less_than(facts, modal, 51):
        clear = True
    status = word(facts, "ph_status")
    return {
        HYPERDIPLOID: all_of(many, clear),
        HYPODIPLOID: hypodiploid,
        ETV6_RUNX1: includes(facts, "fusions", ETV6_RUNX1),
        KMT2A: flag(facts, "kmt2a"),
        BCR_ABL1: None if status is None else status == "positive",
        COMPLEX: flag(facts, "complex_karyotype"),
    }


def _either(*answers: bool | None) -> bool | None:
    """ "And/or" of two measures of one thing: whichever was taken answers, and neither has to be there."""
    taken = [answer for answer in answers if answer is not None]
    return any(taken) if taken else None


def _fact(name: str, risk: Risk, facts: Facts, note: str) -> Iterator[Fact]:
    made_so = risk.good + risk.poor
    behind = _facts_behind(facts, made_so)
    if risk.group is not None:
        if made_so:
            note = f"{', '.join(made_so)}; {note}"
        yield follows(name, risk.group, facts, *(behind or _known(facts)), note=note)
    elif _known(facts):
        shown: list[Provenance] = [p for fact in (behind or _known(facts)) for p in facts[fact].provenance[:1]]
        yield unknown(name, Reason.NOT_DECIDED, risk.why, dict.fromkeys(shown))


def _facts_behind(facts: Facts, features: tuple[str, ...] | list[str]) -> list[str]:
    names = dict.fromkeys(name for feature in features for name in _FEATURE_FACTS[feature])
    return [name for name in names if facts[name].known]


def _known(facts: Facts) -> list[str]:
    return [name for name in _RESTS_ON if facts[name].known]


PROVIDERS = (ploidy, complex_karyotype, cytogenetic_risk, cytogenetic_risk_by, risk_features)
