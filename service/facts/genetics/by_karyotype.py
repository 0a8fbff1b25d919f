"""What one karyotype says by itself, as plain data: for the command line and for pages that show it."""

from __future__ import annotations

from typing import Any

from service.facts.genetics.names import fusion_name
from service.facts.genetics.risk_groups import (
    BCR_ABL1,
    COMPLEX,
    EDITIONS,
    ETV6_RUNX1,
    HYPERDIPLOID,
    HYPODIPLOID,
    KMT2A,
    risk_of,
)
from service.facts.karyotype.breakpoints import implied_fusions
from service.facts.karyotype.count import (
    METAPHASES_FOR_NORMAL,
    abnormality_count,
    every_abnormality,
    net_changes,
    trisomies,
)
from service.facts.karyotype.model import Abnormality, Clone, Karyotype
from service.facts.karyotype.ploidy import ploidy_name
from service.facts.karyotype.read import read_karyotype
from service.facts.model import Interval

_COMPLEX_FROM = 5
_HYPODIPLOID = ("near-haploid", "low-hypodiploid", "hypodiploid")


def describe_karyotype(text: str) -> dict[str, Any]:
    """A karyotype as plain data. Never raises.

    Keys: ``input``; ``clones`` of the patient and ``donor`` of a transplant, each with ``cells``, ``modal_number``,
    ``ploidy_level`` (the haploid sets its changes are written against), ``gains`` and ``losses`` of whole chromosomes,
    ``abnormalities`` with bands; ``modal_chromosome_number`` of the abnormal clone with most cells; ``ploidy``;
    ``trisomies`` among 4, 10 and 17; ``abnormality_count`` of the clone with most, every change counted; ``complex``:
    five or more, ploidy groups by their structural changes only (see `abnormality_count`); ``fusions`` that are
    certain and ``possible_fusions`` with what leaves them open; ``cytogenetic_risk`` by edition from what the karyotype
    shows (a rearrangement it cannot show may still be there); ``unread`` tokens with their place in the input
    (in ``iscn``, the formula that was found, where escapes or broken lines had to be undone); ``problem`` where nothing could be read. Numbers that are printed as a range
    are lists of two.
    """
    k = read_karyotype(text)
    before = max(text.find(k.iscn), 0)
    implied = implied_fusions(k)
    seen = {fusion_name(*sorted(pair)) for part in k.hybridizations for pair in part.fused}
    certain = list(dict.fromkeys([*(f.fusion for f in implied if f.certain), *sorted(seen)]))
    possible = {f.fusion: f.doubt for f in implied if not f.certain and f.fusion not in certain}
    found = _features(k, certain, possible)
    risks = {edition: risk_of(edition, found) for edition in EDITIONS}
    main = k.main or (k.clones[0] if k.clones else None)
    three = trisomies(main, bool(k.unread)) if main is not None else None
    return {
        "input": text,
        "clones": [_clone(clone) for clone in k.clones],
        **({"donor": [_clone(clone) for clone in k.donor]} if k.donor else {}),
        "modal_chromosome_number": _bounds(main.number) if main is not None and main.number else None,
        "ploidy": ploidy_name(k),
        "trisomies": None if three is None else sorted(three.members, key=int),
        "abnormality_count": _number(every_abnormality(k)) if k.clones else None,
        "complex": found.get(COMPLEX),
        "fusions": certain,
        "possible_fusions": possible,
        "cytogenetic_risk": {edition: risk.group for edition, risk in risks.items()},
        "risk_features": {edition: [*risk.good, *risk.poor] for edition, risk in risks.items()},
        "unread": [{"token": piece.text, "at": before + piece.position} for piece in k.unread],
        "iscn": k.iscn or None,
        "statement": k.statement,
        "problem": k.problem,
    }


def _features(k: Karyotype, certain: list[str], possible: dict[str, str | None]) -> dict[str, bool | None]:
    """Features of risk that a karyotype shows. What it could show and does not is "no"; a failed one says nothing, and
    neither do too few normal cells."""
    if k.clones and not k.abnormal_clones and k.cells is not None and k.cells < METAPHASES_FOR_NORMAL:
        return {}
    if not k.clones:
        return {COMPLEX: True if k.statement == "complex" else None}
    called, main = ploidy_name(k), k.main
    low, high = main.number if main is not None and main.number else (46, 46)
    doubtful = main is not None and main.number is None
    within = True if low >= 51 and high <= 65 else False if high < 51 or low > 65 else None
    if called in ("near-triploid", *_HYPODIPLOID):
        within = False
    elif within and called is None:
        within = None
    few = True if high < 44 else False if low >= 44 else None

    def fusion(*names: str) -> bool | None:
        if any(name.startswith(names) for name in certain):
            return True
        return None if any(name.startswith(names) for name in possible) else False

    count = abnormality_count(k)
    many = Interval(count, count) if isinstance(count, float) else count
    return {
        HYPERDIPLOID: None if doubtful else within,
        HYPODIPLOID: True if called in _HYPODIPLOID else None if doubtful else few,
        ETV6_RUNX1: fusion("ETV6::RUNX1"),
        KMT2A: fusion("KMT2A"),
        BCR_ABL1: fusion("BCR::ABL1"),
        COMPLEX: many.at_least(_COMPLEX_FROM),
    }


def _clone(clone: Clone) -> dict[str, Any]:
    gains, losses = net_changes(clone)
    return {
        "cells": clone.cells,
        "modal_number": _bounds(clone.number) if clone.number else None,
        "sex": clone.sex or None,
        "ploidy_level": clone.level,
        "gains": gains,
        "losses": losses,
        "abnormalities": [_abnormality(item) for item in clone.abnormalities],
        **{name: True for name in ("composite", "incomplete", "doubled") if getattr(clone, name)},
    }


def _abnormality(item: Abnormality) -> dict[str, Any]:
    return {
        "text": item.text,
        "kind": item.kind,
        "chromosomes": list(item.chromosomes),
        "bands": list(item.bands),
        **({"sign": "+" if item.sign > 0 else "-"} if item.sign else {}),
        **({"copies": _bounds(item.copies)} if item.copies != (1, 1) else {}),
        **({"uncertain": True} if item.uncertain else {}),
        **({"constitutional": True} if item.constitutional else {}),
        **({"parts": [_abnormality(part) for part in item.parts]} if item.parts else {}),
    }


def _bounds(low_high: tuple[int, int]) -> int | list[int]:
    low, high = low_high
    return low if low == high else [low, high]


def _number(value: float | Interval) -> int | list[int | None]:
    if isinstance(value, Interval):
        return [int(value.low), None if value.high == float("inf") else int(value.high)]
    return int(value)
