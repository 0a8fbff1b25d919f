"""Fusions that translocations imply, by chromosomes and bands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service.facts.karyotype.model import Abnormality, Karyotype

Break = tuple[str, tuple[str, ...]]  # chromosome, bands that fit (by prefix)


@dataclass(frozen=True, slots=True)
class _Known:
    """A recurrent translocation. ``carrier``: the derivative on which the fusion gene lies; ``bare``: the
    chromosomes alone name it (``t(9;22)``), because no other recurrent translocation of ALL shares them. ``near``:
    neighbouring bands that reports also print for the two breakpoints; there the fusion is likely and not certain."""

    fusion: str
    one: Break
    other: Break
    carrier: str
    bare: bool = False
    near: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


@dataclass(frozen=True, slots=True)
class Implied:
    """A fusion that a karyotype implies. ``doubt``: why it is not certain; ``None`` if it is."""

    fusion: str
    abnormality: str
    doubt: str | None = None

    @property
    def certain(self) -> bool:
        return self.doubt is None


# Recurrent translocations as the WHO classification and the NCCN guideline print them; older and neighbouring band
# assignments of the same breakpoint are accepted (17q21-22, 12p12-13).
_KNOWN = (
    _Known("BCR::ABL1", ("9", ("q34",)), ("22", ("q11",)), "22", bare=True, near=(("q33",), ("q12", "q13"))),
    _Known("BCR::JAK2", ("9", ("p24",)), ("22", ("q11",)), "22"),
    _Known("ETV6::RUNX1", ("12", ("p12", "p13")), ("21", ("q22",)), "21", bare=True, near=(("p11",), ("q21",))),
    _Known("TCF3::PBX1", ("1", ("q23",)), ("19", ("p13",)), "19", bare=True, near=(("q21", "q22", "q24"), ())),
    _Known("TCF3::HLF", ("17", ("q21", "q22")), ("19", ("p13",)), "19", bare=True, near=(("q12", "q23"), ())),
    _Known("IGH::IL3", ("5", ("q31",)), ("14", ("q32",)), "14"),
    _Known("IGH::MYC", ("8", ("q24",)), ("14", ("q32",)), "14"),
    _Known("IGK::MYC", ("2", ("p11", "p12")), ("8", ("q24",)), "8"),
    _Known("IGL::MYC", ("8", ("q24",)), ("22", ("q11",)), "8"),
    _Known("KMT2A::AFF1", ("4", ("q21",)), ("11", ("q23",)), "11", bare=True),
    _Known("KMT2A::EPS15", ("1", ("p32",)), ("11", ("q23",)), "11"),
    _Known("KMT2A::AFDN", ("6", ("q27",)), ("11", ("q23",)), "11"),
    _Known("KMT2A::MLLT3", ("9", ("p21", "p22")), ("11", ("q23",)), "11"),
    _Known("KMT2A::MLLT10", ("10", ("p11", "p12", "p13")), ("11", ("q23",)), "11"),
    _Known("KMT2A::ELL", ("11", ("q23",)), ("19", ("p13.1",)), "11"),
    _Known("KMT2A::MLLT1", ("11", ("q23",)), ("19", ("p13.3",)), "11"),
)
_KMT2A = ("11", ("q23",))
_NO_SUCH_BAND = {"22": re.compile(r"q[2-9]"), "21": re.compile(r"q[3-9]")}  # misprints: 22q ends in band 13
_QUESTIONED = "a question mark leaves it open"
_NEAR = "the bands are next to those of the fusion"
_OTHER_DERIVATIVE = "only the derivative without the fusion gene is named"
_UNBALANCED = "an unbalanced change at 11q23 without a recurrent partner; KMT2A has to be shown by a probe"


def implied_fusions(karyotype: Karyotype) -> tuple[Implied, ...]:
    """Fusions that the patient's clones imply, each once; certain beats uncertain.

    A fusion needs a translocation or insertion: ``dic(9;22)`` or ``der(9;22)`` alone is none. A derivative counts if it
    is the one that carries the fusion gene (der(22) for BCR::ABL1); the other derivative alone leaves it uncertain.
    Bands that are printed must fit. Variants with three or more chromosomes count by the two breakpoints that matter.
    Any other break at 11q23 is a rearrangement of KMT2A (NCCN: t(v;11q23)), uncertain if it is unbalanced.
    """
    printed = _printed_bands(karyotype)
    found: dict[str, Implied] = {}
    for clone in karyotype.clones:
        for item in clone.acquired:
            if item.sign < 0:
                continue
            for implied in _implied(item, printed):
                if implied.fusion not in found or (implied.certain and not found[implied.fusion].certain):
                    found[implied.fusion] = implied
    if any(name.startswith("KMT2A::") and one.certain for name, one in found.items()):
        found.pop("KMT2A-r", None)
    return tuple(found.values())


def _printed_bands(karyotype: Karyotype) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Bands of each translocation where it is first printed; ISCN leaves them out afterwards."""
    bands: dict[tuple[str, ...], tuple[str, ...]] = {}
    for clone in karyotype.clones:
        for item in clone.abnormalities:
            for t in _within(item):
                if t.kind == "t" and t.bands:
                    bands.setdefault(t.chromosomes, t.bands)
    return bands


def _within(item: Abnormality) -> Iterator[Abnormality]:
    """An abnormality and all it is made of: ``der(22)idic(22)(p13)t(9;22)(q34;q11)`` holds a "t" two levels down."""
    yield item
    for part in item.parts:
        yield from _within(part)


def _implied(item: Abnormality, printed: dict[tuple[str, ...], tuple[str, ...]]) -> Iterator[Implied]:
    for t in _within(item):
        if t.kind in ("t", "ins") and not t.constitutional:
            yield from _of_translocation(t, printed, None if t is item else item.chromosomes, item)


def _of_translocation(
    t: Abnormality,
    printed: dict[tuple[str, ...], tuple[str, ...]],
    heads: tuple[str, ...] | None,
    whole: Abnormality,
) -> Iterator[Implied]:
    bands = t.bands or (printed.get(t.chromosomes, ()) if t.kind == "t" else ())
    breaks = [(c, bands[n] if n < len(bands) else "") for n, c in enumerate(t.chromosomes)]
    if t.kind == "ins" and not t.bands:
        return
    questioned = _QUESTIONED if whole.uncertain or t.uncertain else None
    kmt2a = False
    for known in _KNOWN:
        met = _at(breaks, known.one, known.near[0]), _at(breaks, known.other, known.near[1])
        if None in met or ("unprinted" in met and not known.bare):
            continue
        carried = heads is None or known.carrier in heads
        doubt = questioned or (_QUESTIONED if "wildcard" in met else _NEAR if "near" in met else None)
        kmt2a = kmt2a or known.fusion.startswith("KMT2A")
        yield Implied(known.fusion, whole.text, doubt or (None if carried else _OTHER_DERIVATIVE))
    eleven = _at(breaks, _KMT2A)
    if not kmt2a and len(breaks) > 1 and eleven in ("fits", "wildcard"):
        doubt = questioned or (_QUESTIONED if eleven == "wildcard" else None)
        if doubt is None and heads is not None:
            doubt = _UNBALANCED if "11" in heads else _OTHER_DERIVATIVE
        yield Implied("KMT2A-r", whole.text, doubt)


def _at(breaks: list[tuple[str, str]], where: Break, near: tuple[str, ...] = ()) -> str | None:
    """How a translocation's break on a chromosome meets the bands: fits, near, unprinted, wildcard, or ``None``."""
    chromosome, bands = where
    for name, band in breaks:
        if name == chromosome:
            return _fit(chromosome, band, bands) or ("near" if near and _fit(chromosome, band, near) else None)
    return None


def _fit(chromosome: str, band: str, wanted: tuple[str, ...]) -> str | None:
    if not band:
        return "unprinted"
    plain = re.sub(r"[?\s()]", "", band)
    if "?" in band and any(w.startswith(plain) for w in wanted):
        return "fits" if plain in wanted else "wildcard"
    impossible = _NO_SUCH_BAND.get(chromosome)
    if impossible and impossible.match(plain) and any(w[0] == plain[0] for w in wanted):
        return "fits"
    for piece in re.split(r"[-~/]|or", plain):
        one = piece if piece[:1] in "pq" else plain[:1] + piece
        if any(one.startswith(w) and ("." in w or not one[len(w) : len(w) + 1].isdigit()) for w in wanted):
            return "fits"
    return None
