"""`read_karyotype`: any text a laboratory may send to a `Karyotype`. Never raises."""

from __future__ import annotations

import re

from service.facts.karyotype.clean import failure_in, formula_in, statement_in, tidy
from service.facts.karyotype.clones import read_clones
from service.facts.karyotype.hybridization import read_hybridization
from service.facts.karyotype.model import Hybridization, Karyotype

_APPENDED = re.compile(r"\.?\s*(?<![a-z])(?P<kind>nuc\s*ish|ish|arr|seq|ogm|rsa|fish)(?=[\s(\[\dXY])", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"[*_#]|x{5,}|\[\s*\]\s*$")
_LONGEST = 20_000  # characters; beyond it a text is a document, not a karyotype


def read_karyotype(text: str) -> Karyotype:
    """Read a karyotype, however it was sent.

    Understood: ISCN 2013-2024 formulas with clones, ranges, ploidy levels, ``idem``/``sl``/``sdl``, composites, donor
    clones behind ``//``, question marks, constitutional ``c``, appended ``ish`` and ``nuc ish``; HL7 v2 escapes,
    wrapped lines, headings and sentences around the formula; lower case, spaces, missing commas.

    >>> read_karyotype("46,XY,t(9;22)(q34;q11.2)[18]/46,XY[2]").main.abnormalities[0].chromosomes
    ('9', '22')
    >>> read_karyotype("No metaphases obtained").problem
    'no metaphases'
    """
    clean = tidy(text[:_LONGEST])
    formula = formula_in(clean)
    if formula is None:
        return _without_formula(text, clean)
    if _PLACEHOLDER.search(formula):
        return Karyotype(text, formula, problem="a template with placeholders")
    banded, appended = _split_appended(formula)
    patient, _, donor = banded.partition("//")
    clones, unread = read_clones(patient)
    donor_clones, donor_unread = read_clones(donor, len(patient) + 2)
    return Karyotype(
        text,
        formula,
        clones,
        donor_clones,
        appended,
        (*unread, *donor_unread),
        problem=None if clones or donor_clones else "no clone could be read",
    )


def _without_formula(text: str, clean: str) -> Karyotype:
    if failure_in(clean):
        return Karyotype(text, problem="no metaphases")
    appended = _split_appended(clean)[1] if _APPENDED.match(clean) else ()
    said = statement_in(clean)
    if said or appended:
        return Karyotype(
            text, hybridizations=appended, statement=said, problem=None if said else "in-situ hybridization only"
        )
    return Karyotype(text, problem="not a karyotype formula")


def hybridizations_in(text: str) -> tuple[Hybridization, ...]:
    """All ``ish``/``nuc ish`` parts of a text that need not hold a karyotype."""
    return _split_appended(tidy(text[:_LONGEST]))[1]


def _split_appended(formula: str) -> tuple[str, tuple[Hybridization, ...]]:
    """The banded part, and the ``ish``/``nuc ish`` parts behind it. Arrays and sequencing are passed over."""
    marks = list(_APPENDED.finditer(formula))
    if not marks:
        return formula, ()
    found = []
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        kind = re.sub(r"\s", "", mark["kind"].lower())
        if kind in ("ish", "nucish", "fish"):
            piece = formula[mark.end() : following.start() if following else len(formula)]
            found.append(read_hybridization(piece, interphase=kind == "nucish"))
    return formula[: marks[0].start()], tuple(found)
