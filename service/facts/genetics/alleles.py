"""TPMT and NUDT15: from star alleles, single variants, enzyme activity and words to a phenotype.

Allele functions and phenotypes: CPIC guideline for thiopurines with TPMT and NUDT15 (Relling et al., Clin Pharmacol Ther
2019;105:1095). An allele that is not listed has an uncertain function. Traps: "*2/*3A/*3C not detected" is a list of what
was looked for; compound heterozygous is poor; rs1800462 is written on either strand, so that only its heterozygote is
plain; an activity below the range may be an intermediate or a poor metabolizer's, and transfused cells are the donor's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from service.record.text import clauses

_NORMAL: Mapping[str, frozenset[str]] = {"TPMT": frozenset({"*1", "*1S"}), "NUDT15": frozenset({"*1"})}
_NONE: Mapping[str, frozenset[str]] = {
    "TPMT": frozenset({"*2", "*3A", "*3B", "*3C", "*4", "*11", "*14", "*15", "*23", "*29"}),
    "NUDT15": frozenset({"*2", "*3", "*9"}),
}
_PHENOTYPE = ("normal", "intermediate", "poor")  # by the number of alleles without function
_STAR = r"\*\s?(\d{1,2}[A-Z]?)"
_DIPLOTYPE = re.compile(rf"{_STAR}\s*(?:/|\|)\s*(?:TPMT|NUDT15)?\s?{_STAR}(?!\s*[/|]\s*\*)", re.IGNORECASE)
_ZYGOSITY = re.compile(
    rf"\b(?P<z1>hetero|homo)zyg\w*\s+(?:for\s+|für\s+)?(?:the\s+)?(?:TPMT|NUDT15)?\s?{_STAR}|{_STAR}(?:\s*allel\w*)?[\s:,(-]*(?P<z2>hetero|homo)zyg",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(
    r"\b(?:no|none|not|negativ\w*|kein\w*|nicht)\b[^.;\n]{0,120}\*\s?\d|\*\s?\d[^.;\n]{0,120}\b(?:not (?:detected|found|present|identified)|nicht nach\w+"
    r"|negativ\w*|absent)",
    re.IGNORECASE,
)
# Variants by rs number: gene, letters of the usual allele, letters of the other (both strands, as far as they differ).
_VARIANTS: Mapping[str, tuple[str, str, str]] = {
    "1800460": ("TPMT", "GC", "AT"),  # c.460G>A: *3B, with the next one *3A
    "1142345": ("TPMT", "AT", "GC"),  # c.719A>G: *3C, with the one before *3A
    "1800584": ("TPMT", "G", "A"),  # c.626-1G>A: *4
    "1800462": ("TPMT", "", ""),  # c.238G>C: *2; complementary letters
    "116855232": ("NUDT15", "C", "T"),  # c.415C>T: *3, with another *2
}
_STAR_3A = frozenset({"1800460", "1142345"})
_DECISIVE = {"TPMT": {"1800460", "1142345"}, "NUDT15": {"116855232"}}
_RS = re.compile(r"\brs(\d{6,10})\b([^;\n]*?)(?=\brs\d|[;\n]|\.\s|$)")
_LETTERS = re.compile(r"(?<![\w>*])([ACGT])\s?[/|]?\s?([ACGT])(?![\w>])")
_CHANGE_NAME = re.compile(r"\(?\b(?:c\.)?\d+(?:-\d)?\s?[ACGT]\s?>\s?[ACGT]\)?", re.IGNORECASE)
_METABOLIZER = re.compile(
    r"\b(?P<doubt>possible|possibly|indeterminate|uncertain|unbestimmt\w*|möglich\w*)?\s*\b(?P<kind>ultra-?rapid|rapid|extensive|normal\w*|intermedi\w*|poor"
    r"|slow|langsam\w*|schnell\w*|indetermin\w*)[- ]\s*(?:TPMT |NUDT15 )?metaboli[sz]\w*|(?<![\w-])(?<!\d\s)(?P<short>(?-i:[NIP]M))(?![\w-])",
    re.IGNORECASE,
)
_KINDS = {"inter": "intermediate", "poor": "poor", "slow": "poor", "langs": "poor", "indet": "indeterminate"}
_SHORT = {"NM": "normal", "IM": "intermediate", "PM": "poor"}
_DEFICIENT = r"(?:defi[cz]i\w*|mangel\w*|reduced activity|reduzierte aktivität)"
_NO_DEFICIENCY = re.compile(
    rf"\b(?:no|not|without|kein\w*|nicht|ohne)\b[^.;\n]{{0,40}}(?:{_DEFICIENT}|vermindert\w*|decreased|reduced|reduziert\w*)"
    r"|\b(?:no|kein\w*)\b[^.;\n]{0,40}(?:variant\w*|variante\w*|mutation\w*|allel\w*)|\b(?:variants?|mutations?)\b[^.;\n]{0,20}\bnot detected\b"
    r"|\bnegativ\w*\b|^\s*(?:not detected|nicht nachweisbar|nicht nachgewiesen)\s*$",
    re.IGNORECASE,
)
_CARRIER = re.compile(
    r"heterozyg|homozyg\w*(?!\w*\s*(?:for |für )?(?:the )?(?:wild|normal|\*1\b))|biallel", re.IGNORECASE
)
# In this order: what names the least leaves what follows open.
_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (phenotype, re.compile(rf"\b(?:{words})", re.IGNORECASE))
    for phenotype, words in (
        ("indeterminate", r"indetermin\w*|uncertain|unbestimmt|possible|possibly|inconclusive|nicht eindeutig"),
        ("poor", r"homozyg\w*[^.;,\n]{0,30}(?:defi[cz]i\w*|mutant\w*|mutiert\w*|variant\w*|mangel)|compound[- ]hetero\w*|biallel\w*"
                 r"|(?:complete|total|vollständig\w*|komplett\w*)\s+(?:\w+\s+)?(?:defi[cz]i\w*|mangel|loss|verlust)"
                 r"|(?:absent|very low|fehlend\w*|keine|stark (?:vermindert\w*|reduziert\w*)|no detectable)\s+(?:enzyme? ?|TPMT[- ]?)?(?:a[ck]tivit\w*|function)"),
        ("intermediate", r"intermedi\w*|heterozyg\w*|(?:moderately |mäßig )?(?:decreased|reduced|reduziert\w*|vermindert\w*|verringert\w*)\s+(?:enzym\w*|a[ck]tivit\w*|function|TPMT)"
                         r"|parti(?:al|ell)\w*\s+(?:defi[cz]i\w*|mangel)"),
        ("poor", r"poor\b|defi[cz]ient\b|(?:low|fehlend\w*)\s+metaboli\w*|homozyg\w*\s+defi\w*|defizien\w*|absent\b"),
        ("normal", r"normal\w*|(?:high|elevated|hohe|erhöhte)\s+(?:enzyme? ?|TPMT[- ]?)?a[ck]tivit\w*|wild[- ]?typ\w*|extensive|unauffällig\w*|no (?:variant|mutation)\w*"),
    )
)  # fmt: skip


def phenotype_of(gene: str, text: str) -> str | None:
    """``normal``, ``intermediate``, ``poor`` or ``indeterminate`` from star alleles, variants or words; ``None`` where the
    text names none, or its words and its alleles disagree.

    >>> phenotype_of("TPMT", "*1/*3A"), phenotype_of("TPMT", "poor metabolizer; reduced starting dose")
    ('intermediate', 'poor')
    """
    by_allele = _by_diplotype(gene, text) or _by_zygosity(gene, text) or _by_variant(gene, text)
    by_word = _by_metabolizer(text)
    if by_allele and by_word and by_allele != by_word and "indeterminate" not in (by_allele, by_word):
        return None
    if by_word == "indeterminate" and by_allele:
        return by_word
    return by_allele or by_word or _by_words(text)


def _alleles(gene: str, names: list[str]) -> str:
    alleles = [f"*{name.upper()}" for name in names]
    lost = sum(allele in _NONE[gene] for allele in alleles)
    kept = sum(allele in _NORMAL[gene] for allele in alleles)
    return "indeterminate" if lost + kept < len(alleles) else _PHENOTYPE[lost]


def _by_diplotype(gene: str, text: str) -> str | None:
    """By both alleles; several possible diplotypes of different meaning leave it indeterminate."""
    found = set()
    for clause in clauses(text):
        if not _NOT_FOUND.search(clause):
            found |= {_alleles(gene, [pair[1], pair[2]]) for pair in _DIPLOTYPE.finditer(clause)}
    if not found:
        return None
    return found.pop() if len(found) == 1 else "indeterminate"


def _by_zygosity(gene: str, text: str) -> str | None:
    """By one allele and its zygosity: "heterozygous *3A"."""
    for piece in re.split(r"[,;.\n]", text):
        match = _ZYGOSITY.search(piece)
        if match and not _NOT_FOUND.search(piece):
            name = match[2] or match[3]
            twice = (match["z1"] or match["z2"]).lower() == "homo"
            return _alleles(gene, [name, name if twice else "1"])
    return None


def _by_variant(gene: str, text: str) -> str | None:
    """By the genotype at single variants. Only the usual alleles at every decisive one are normal. Two of TPMT in one
    patient are *3A, as they nearly always stand on one chromosome; others beside them may stand on the other."""
    lost: dict[str, int] = {}
    for match in _RS.finditer(text):
        known = _VARIANTS.get(match[1])
        if known is None or known[0] != gene:
            continue
        count = _copies(match[2], known[1], known[2])
        if count is not None:
            lost[match[1]] = count
        elif known[1]:
            return None
    carried = {number for number, count in lost.items() if count}
    if len(carried) > 1 and not carried <= _STAR_3A:
        return "indeterminate"
    if carried:
        return _PHENOTYPE[max(lost.values())]
    return "normal" if _DECISIVE[gene] <= set(lost) else None


def _copies(said: str, usual: str, other: str) -> int | None:
    """How many copies of a variant its genotype or words name."""
    plain = _CHANGE_NAME.sub(" ", said)
    letters = _LETTERS.search(plain)
    if letters:
        one, two = letters[1].upper(), letters[2].upper()
        if one != two:
            return 1
        return 2 if one in other else 0 if one in usual else None
    if re.search(r"heterozyg|\bhet\b", plain, re.IGNORECASE):
        return 1
    if re.search(r"wild[- ]?typ|not detected|nicht nach|negativ|reference|absent", plain, re.IGNORECASE):
        return 0
    return 2 if re.search(r"homozyg|\bhom\b", plain, re.IGNORECASE) else None


def _by_metabolizer(text: str) -> str | None:
    """By the phenotype term itself; the first one counts: others are those it is compared with."""
    match = _METABOLIZER.search(text)
    if not match:
        return None
    if match["short"]:
        return _SHORT.get(match["short"])
    if match["doubt"]:
        return "indeterminate"
    return _KINDS.get(match["kind"].lower()[:5]) or _KINDS.get(match["kind"].lower()[:4], "normal")


def _by_words(text: str) -> str | None:
    carrier = _CARRIER.search(text)  # "heterozygous; no other variant"
    if not carrier and (_NO_DEFICIENCY.search(text) or _NOT_FOUND.search(text)):
        return "normal"
    for phenotype, pattern in _WORDS:
        if pattern.search(text):
            return phenotype
    return None
