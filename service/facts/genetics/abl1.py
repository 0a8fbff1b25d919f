"""ABL1 kinase domain mutations in the notations laboratories use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.facts.genetics.abl1_sequence import SHIFT, coded_change, residue

_THREE: Mapping[str, str] = {
    "ALA": "A", "ARG": "R", "ASN": "N", "ASP": "D", "CYS": "C", "GLN": "Q", "GLU": "E", "GLY": "G", "HIS": "H",
    "ILE": "I", "LEU": "L", "LYS": "K", "MET": "M", "PHE": "F", "PRO": "P", "SER": "S", "THR": "T", "TRP": "W",
    "TYR": "Y", "VAL": "V",
}  # fmt: skip
_THREE_LETTERS = "|".join(code.capitalize() for code in _THREE)
_ONE = "[ACDEFGHIKLMNPQRSTVWY]"
_TO = r"\s?(?:→|-+>|>)?\s?"
CHANGE = re.compile(
    rf"""(?<![A-Za-z0-9])(?:p\.)?[(\[]?
        (?:(?P<a3>{_THREE_LETTERS})[\s-]?(?P<n3>\d{{2,4}}){_TO}(?P<b3>{_THREE_LETTERS})
          |(?P<a1>{_ONE})(?P<n1>\d{{3,4}})(?:\s?(?:→|-+>)\s?)?(?P<b1>{_ONE})
          |(?-i:(?P<as>{_ONE})[ -](?P<ns>\d{{3}})[ -](?P<bs>{_ONE})))[)\]]?(?![A-Za-z0-9])""",
    re.VERBOSE | re.IGNORECASE,
)
_CDNA = re.compile(
    r"\bc\.\s?(?P<at>\d{3,4})(?:_(?P<to>\d{3,4}))?\s?(?:(?P<old>[ACGT]{1,3})\s?(?:-?>|→|/)\s?(?P<new>[ACGT]{1,3})"
    r"|del(?P<gone>[ACGT]{0,3})ins(?P<put>[ACGT]{1,3}))(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_SHARE = re.compile(r"[^\d\n;,<≤]{0,24}?(\d{1,3}(?:[.,]\d+)?)\s?%")
_ISOFORM_1B = re.compile(
    r"N[PM]_(?:009297|007313)|ENST00000372348|ENSP00000361423|P00519-2|isoform (?:1b|b\b|IB)", re.IGNORECASE
)
# The accessions that mean ABL1.
ABL1_ACCESSION = re.compile(
    r"\b(?:N[PM]_(?:005157|005148|007313|009297)|ENST00000(?:318560|372348)|ENSP00000(?:323315|361423)|P00519)\b"
)


@dataclass(frozen=True, slots=True)
class AblChange:
    """One protein change in one-letter form ("T315I") with its allele share in percent where the text gives one."""

    name: str
    percent: float | None = None


def protein_changes(text: str) -> tuple[AblChange, ...]:
    """Kinase domain changes named in a text, each once, in order of appearance.

    Reads ``T315I``, ``p.Thr315Ile``, ``NP_005148.2:p.(Thr315Ile)``, ``c.944C>T``, and compounds such as
    ``T315I/E255K``. A change counts only if the kinase domain has the old residue or base at its place, so that other
    genes' mutations (JAK2 V617F, KRAS G12D) and sample numbers do not. Positions on the longer isoform 1b (NP_009297,
    NM_007313) are brought to those of isoform 1a, which oncology reports use.

    >>> [change.name for change in protein_changes("ABL1 p.(Thr315Ile) detected (34 %), c.763G>A")]
    ['T315I', 'E255K']
    """
    found: dict[str, AblChange] = {}
    for _, change in changes_at(text):
        if change.name not in found or found[change.name].percent is None:
            found[change.name] = change
    return tuple(found.values())


def changes_at(text: str, *, isoform_1b: bool | None = None) -> list[tuple[int, AblChange]]:
    """The changes of a text with the place each stands at, in order. ``isoform_1b``: how they are numbered, where a
    wider text than this says so."""
    long = _ISOFORM_1B.search(text) is not None if isoform_1b is None else isoform_1b
    return sorted(_changes(text, long), key=lambda row: row[0])


def numbered_1b(text: str) -> bool:
    """Whether a text numbers residues by the longer isoform."""
    return _ISOFORM_1B.search(text) is not None


def _changes(text: str, long: bool) -> Iterator[tuple[int, AblChange]]:
    for match in CHANGE.finditer(text):
        name = _protein_name(match, long)
        if name:
            yield match.start(), AblChange(name, _share(text, match.end()))
    if "c." not in text and "C." not in text:
        return
    for match in _CDNA.finditer(text):
        old, new = (match["old"] or match["gone"] or "").upper(), (match["new"] or match["put"]).upper()
        if match["to"] and int(match["to"]) - int(match["at"]) + 1 != len(new):
            continue
        name = coded_change(int(match["at"]) - (3 * SHIFT if long else 0), old, new)
        if name:
            yield match.start(), AblChange(name, _share(text, match.end()))


def _protein_name(match: re.Match[str], long: bool) -> str | None:
    if match["a3"]:
        first, number, last = _THREE[match["a3"].upper()], int(match["n3"]), _THREE[match["b3"].upper()]
    else:
        first, last = match["a1"] or match["as"], match["b1"] or match["bs"]
        if last == "l" and first.isupper():  # T315l: a capital I that became a small L on the way
            last = "I"
        first, number, last = first.upper(), int(match["n1"] or match["ns"]), last.upper()
    if first == last:
        return None
    for shift in (SHIFT, 0) if long else (0,):
        if residue(number - shift) == first:
            return f"{first}{number - shift}{last}"
    return None


def _share(text: str, at: int) -> float | None:
    """A percentage close behind the mutation, before anything else is named."""
    match = _SHARE.match(text, at)
    if not match or CHANGE.search(text, at, match.start(1)):
        return None
    percent = float(match[1].replace(",", "."))
    return percent if percent <= 100 else None
