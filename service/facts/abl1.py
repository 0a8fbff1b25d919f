"""ABL1 kinase domain mutations in the notations laboratories use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

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
_FIRST, _LAST = 220, 515  # residues of the kinase domain and its close neighbourhood (isoform 1a numbering)


@dataclass(frozen=True, slots=True)
class AblChange:
    """One protein change in one-letter form ("T315I") with its allele share in percent where the text gives one."""

    name: str
    percent: float | None = None


def protein_changes(text: str) -> tuple[AblChange, ...]:
    """Kinase domain changes named in a text, each once, in order of appearance.

    Reads ``T315I``, ``p.Thr315Ile``, ``NP_005148.2:p.(Thr315Ile)``, ``c.944C>T`` (for residues of the
    contraindication tables) and compounds such as ``T315I/E255K``. Residues outside the kinase domain are passed
    over, so that other things written alike ("D5045L" as a sample number) do not count.

    >>> [change.name for change in protein_changes("ABL1 p.(Thr315Ile) detected (34 %), c.763G>A")]
    ['T315I', 'E255K']
    """
    found: dict[str, tuple[int, float | None]] = {}
    for match in _CHANGE.finditer(text):
        if match["a3"]:
            first, number, last = _THREE[match["a3"].upper()], int(match["n3"]), _THREE[match["b3"].upper()]
        else:
            first, number, last = match["a1"].upper(), int(match["n1"]), match["b1"].upper()
        if _FIRST <= number <= _LAST and first != last:
            _note(found, f"{first}{number}{last}", match.start(), _share(text, match.end()))
    for match in _CDNA.finditer(text):
        change = _CODING.get(match[1].upper())
        if change:
            _note(found, change, match.start(), _share(text, match.end()))
    return tuple(AblChange(name, share) for name, (_, share) in sorted(found.items(), key=lambda item: item[1][0]))


def _note(found: dict[str, tuple[int, float | None]], name: str, at: int, share: float | None) -> None:
    before = found.get(name)
    found[name] = (min(at, before[0]), before[1] if before[1] is not None else share) if before else (at, share)


def _share(text: str, at: int) -> float | None:
    """A percentage close behind the mutation, before anything else is named."""
    match = _SHARE.match(text, at)
    if not match or _CHANGE.search(text, at, match.start(1)):
        return None
    percent = float(match[1].replace(",", "."))
    return percent if percent <= 100 else None
