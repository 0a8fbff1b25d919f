"""ABL1 kinase domain mutations: the notations laboratories use, and what their reports say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.facts.genetics.codes import GENES
from service.facts.genetics.judge import judge
from service.facts.karyotype.hybridization import OLD_SYMBOLS, symbol
from service.record.text import clauses

_THREE: Mapping[str, str] = {
    "ALA": "A", "ARG": "R", "ASN": "N", "ASP": "D", "CYS": "C", "GLN": "Q", "GLU": "E", "GLY": "G", "HIS": "H",
    "ILE": "I", "LEU": "L", "LYS": "K", "MET": "M", "PHE": "F", "PRO": "P", "SER": "S", "THR": "T", "TRP": "W",
    "TYR": "Y", "VAL": "V",
}  # fmt: skip
# Coding changes of NM_005157 for the residues of the contraindication tables. Residue n is spelled by c.(3n-2)..(3n):
# T315 is c.943-945 (ACT): c.944C>T makes ATT, isoleucine; c.943A>G makes GCT, alanine.
_CODING: Mapping[str, str] = {
    "730A>G": "M244V", "749G>A": "G250E", "756G>C": "Q252H", "756G>T": "Q252H", "757T>C": "Y253H", "758A>T": "Y253F",
    "763G>A": "E255K", "764A>T": "E255V", "895G>C": "V299L", "895G>T": "V299L", "943A>G": "T315A", "944C>T": "T315I",
    "949T>A": "F317I", "949T>C": "F317L", "949T>G": "F317V", "950T>G": "F317C", "951C>A": "F317L", "951C>G": "F317L",
    "1009G>A": "A337T", "1010C>T": "A337V", "1075T>A": "F359I", "1075T>G": "F359V", "1076T>G": "F359C",
    "1393C>T": "P465S",
}  # fmt: skip
_THREE_LETTERS = "|".join(code.capitalize() for code in _THREE)
_CHANGE = re.compile(
    rf"""(?<![A-Za-z0-9])(?:p\.)?\(?
        (?:(?P<a3>{_THREE_LETTERS})\s?(?P<n3>\d{{2,4}})\s?(?P<b3>{_THREE_LETTERS})
          |(?P<a1>[ACDEFGHIKLMNPQRSTVWY])(?P<n1>\d{{3,4}})(?P<b1>[ACDEFGHIKLMNPQRSTVWY]))\)?(?![A-Za-z0-9])""",
    re.VERBOSE | re.IGNORECASE,
)
_CDNA = re.compile(r"c\.(\d{3,4}[ACGT]>[ACGT])", re.IGNORECASE)
_SHARE = re.compile(r"[^\d\n;,]{0,24}?(\d{1,3}(?:[.,]\d+)?)\s?%")
_ISOFORM_1B = re.compile(r"N[PM]_(?:009297|007313)")
_SHIFT = 19  # residues that isoform 1b has more at the start than 1a
_FIRST, _LAST = 220, 515  # residues of the kinase domain and its close neighbourhood (isoform 1a numbering)
_OTHERS = frozenset({"BTK", "CEBPA", "NPM1", "PTPN11"})  # genes of leukemia panels with positions in that range
_NAMED_GENE = re.compile(
    rf"\b(?:{'|'.join(sorted({*GENES.values(), *OLD_SYMBOLS, *_OTHERS}, key=len, reverse=True))})\b"
)
_NONE = re.compile(
    r"\bno\b[^.;\n]{0,60}\b(?:mutations?|variants?)\b|\bkein\w*\b[^.;\n]{0,60}\b(?:mutation\w*|varianten?)\b"
    r"|\b(?:mutation\w*|variants?)\b[^.;\n]{0,30}\b(?:not|nicht)\b|\bwild[- ]?typ\w*|\bnot detected\b|\bnegativ\w*"
    r"|\bnicht nach(?:weisbar|gewiesen)\b|\bundetect\w*|\bnone\b",
    re.IGNORECASE,
)
_ABOUT_MUTATIONS = re.compile(r"mutation|variant|kinase[- ]?dom|resist|wild[- ]?typ", re.IGNORECASE)
_FAILED = re.compile(
    r"\bfail\w*|not (?:evaluable|possible|performed|tested)|insufficient|inconclusive|indetermin\w*|no result|no amplification"
    r"|nicht (?:auswertbar|beurteilbar|möglich|durchgeführt)|low transcript|pending|ausstehend",
    re.IGNORECASE,
)
_WHOLE_DOMAIN = re.compile(r"kinase domain|\bKD\b|sequen[cz]|NGS|kinasedom", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AblChange:
    """One protein change in one-letter form ("T315I") with its allele share in percent where the text gives one."""

    name: str
    percent: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a mutation report says. ``complete``: the whole kinase domain was looked at. ``failed``: no result."""

    changes: tuple[AblChange, ...] = ()
    absent: tuple[str, ...] = ()
    complete: bool = False
    failed: bool = False


def protein_changes(text: str) -> tuple[AblChange, ...]:
    """Kinase domain changes named in a text, each once, in order of appearance.

    Reads ``T315I``, ``p.Thr315Ile``, ``NP_005148.2:p.(Thr315Ile)``, ``c.944C>T`` (for residues of the
    contraindication tables) and compounds such as ``T315I/E255K``. Residues outside the kinase domain are passed
    over, so that other things written alike ("D5045L" as a sample number) do not count. Positions on the longer
    isoform 1b (NP_009297, NM_007313) are brought to those of isoform 1a, which oncology reports use.

    >>> [change.name for change in protein_changes("ABL1 p.(Thr315Ile) detected (34 %), c.763G>A")]
    ['T315I', 'E255K']
    """
    found: dict[str, AblChange] = {}
    for _, change in sorted(_changes(text), key=_place):
        if change.name not in found or found[change.name].percent is None:
            found[change.name] = change
    return tuple(found.values())


def read_report(text: str, *, is_test: bool = False) -> Reading | None:
    """Read a mutation report; ``None`` if the text says nothing of ABL1 mutations.

    ``is_test``: the result is known to be an ABL1 kinase domain test; else the text has to name ABL1. A mutation
    belongs to the gene named last before it in its sentence (TP53 R273H is not ABL1).

    >>> read_report("ABL1 kinase domain: no mutation detected").complete
    True
    """
    if not is_test and not re.search(r"ABL1?\b", text):
        return None
    found: dict[str, AblChange] = {}
    absent: list[str] = []
    none_found = doubtful = named_only = False
    about_mutations = is_test or _ABOUT_MUTATIONS.search(text) is not None  # "fusion not detected" is about the fusion
    for clause in clauses(text):
        here = [(at, change) for at, change in sorted(_changes(clause), key=_place) if _of_abl1(clause, at)]
        for at, change in here:
            said = judge(clause, at, naming=True)
            if said == "yes":
                found.setdefault(change.name, change)
            elif said == "no":
                absent.append(change.name)
            elif said == "open":
                doubtful = True
            else:  # what the test could find, or what would be if it did
                named_only = True
        if not here and about_mutations and _NONE.search(clause) and _of_abl1(clause, len(clause)):
            none_found = True
    if not found and (doubtful or _FAILED.search(text)):
        return Reading(failed=True)
    if not found and not none_found and not absent:
        return Reading(failed=True) if named_only else None
    absent = [name for name in absent if name not in found]
    whole = is_test or _WHOLE_DOMAIN.search(text) is not None
    return Reading(
        tuple(found.values()), tuple(dict.fromkeys(absent)), (none_found and not absent) or (whole and bool(found))
    )


def _place(row: tuple[int, AblChange]) -> int:
    return row[0]


def _of_abl1(clause: str, at: int) -> bool:
    """Whether the gene named last before a place is ABL1 (BCR stands for the fusion), or none is named."""
    genes = [symbol(m[0]) for m in _NAMED_GENE.finditer(clause, 0, at)]
    return not genes or genes[-1] in ("ABL1", "BCR")


def _changes(text: str) -> Iterator[tuple[int, AblChange]]:
    shift = _SHIFT if _ISOFORM_1B.search(text) else 0
    for match in _CHANGE.finditer(text):
        if match["a3"]:
            first, number, last = _THREE[match["a3"].upper()], int(match["n3"]), _THREE[match["b3"].upper()]
        else:
            first, number, last = match["a1"].upper(), int(match["n1"]), match["b1"].upper()
        number -= shift
        if _FIRST <= number <= _LAST and first != last:
            yield match.start(), AblChange(f"{first}{number}{last}", _share(text, match.end()))
    for match in () if shift else _CDNA.finditer(text):
        change = _CODING.get(match[1].upper())
        if change:
            yield match.start(), AblChange(change, _share(text, match.end()))


def _share(text: str, at: int) -> float | None:
    """A percentage close behind the mutation, before anything else is named."""
    match = _SHARE.match(text, at)
    if not match or _CHANGE.search(text, at, match.start(1)):
        return None
    percent = float(match[1].replace(",", "."))
    return percent if percent <= 100 else None
