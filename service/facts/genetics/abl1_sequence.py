"""The kinase domain of ABL1 as it is without mutation: which change of a base makes which change of the protein.

Numbers are those of isoform 1a (NM_005157, NP_005148), which reports of resistance mutations use: T315 is c.943-945. The
longer isoform 1b (NM_007313, NP_009297) begins with 19 residues more: its p.334 and c.1001 are p.315 and c.944 here. The
bases are those of the RefSeq transcript; a report whose own base or residue is not found here is about another gene.
"""

from __future__ import annotations

FIRST, LAST = 220, 512  # residues
SHIFT = 19  # residues that isoform 1b has more at its start
_BASES = (
    "CGCAACAAGCCCACTGTCTATGGTGTGTCCCCCAACTACGACAAGTGGGAGATGGAACGCACGGACATCACCATGAAGCACAAGCTGGGCGGGGGCCAGTAC"
    "GGGGAGGTGTACGAGGGCGTGTGGAAGAAATACAGCCTGACGGTGGCCGTGAAGACCTTGAAGGAGGACACCATGGAGGTGGAAGAGTTCTTGAAAGAAGCT"
    "GCAGTCATGAAAGAGATCAAACACCCTAACCTGGTGCAGCTCCTTGGGGTCTGCACCCGGGAGCCCCCGTTCTATATCATCACTGAGTTCATGACCTACGGG"
    "AACCTCCTGGACTACCTGAGGGAGTGCAACCGGCAGGAGGTGAACGCCGTGGTGCTGCTGTACATGGCCACTCAGATCTCGTCAGCCATGGAGTACCTGGAG"
    "AAGAAAAACTTCATCCACAGAGATCTTGCTGCCCGAAACTGCCTGGTAGGGGAGAACCACTTGGTGAAGGTAGCTGATTTTGGCCTGAGCAGGTTGATGACA"
    "GGGGACACCTACACAGCCCATGCTGGAGCCAAGTTCCCCATCAAATGGACTGCACCCGAGAGCCTGGCCTACAACAAGTTCTCCATCAAGTCCGACGTCTGG"
    "GCATTTGGAGTATTGCTTTGGGAAATTGCTACCTATGGCATGTCCCCTTACCCGGGAATTGACCTGTCCCAGGTGTATGAGCTGCTAGAGAAGGACTACCGC"
    "ATGGAGCGCCCAGAAGGCTGCCCAGAGAAGGTCTATGAACTCATGCGAGCATGTTGGCAGTGGAATCCCTCTGACCGGCCCTCCTTTGCTGAAATCCACCAA"
    "GCCTTTGAAACAATGTTCCAGGAATCCAGTATCTCAGACGAAGTGGAAAAGGAGCTGGGGAAA"
)
_ORDER = "TCAG"
_RESIDUES = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
_CODE = {
    one + two + three: _RESIDUES[16 * i + 4 * j + k]
    for i, one in enumerate(_ORDER)
    for j, two in enumerate(_ORDER)
    for k, three in enumerate(_ORDER)
}
_PROTEIN = "".join(_CODE[_BASES[at : at + 3]] for at in range(0, len(_BASES), 3))


def residue(number: int) -> str | None:
    """The amino acid at a place of the kinase domain.

    >>> residue(315), residue(100)
    ('T', None)
    """
    return _PROTEIN[number - FIRST] if FIRST <= number <= LAST else None


def coded_change(place: int, old: str, new: str) -> str | None:
    """The protein change that a change of one to three bases of one codon makes; ``None`` if it makes none, spans codons,
    lies outside the domain, or does not find its old bases there. ``old`` may be left empty.

    >>> coded_change(944, "C", "T"), coded_change(951, "C", "T"), coded_change(944, "G", "T")
    ('T315I', None, None)
    """
    number = (place + 2) // 3
    at = place - (3 * FIRST - 2)
    if not FIRST <= number <= LAST or (place - 1) % 3 + len(new) > 3:
        return None
    if old and _BASES[at : at + len(old)] != old:
        return None
    start = at - (place - 1) % 3
    changed = _BASES[start:at] + new + _BASES[at + len(new) : start + 3]
    before, after = _PROTEIN[number - FIRST], _CODE.get(changed)
    return f"{before}{number}{after}" if after not in (None, "*", before) else None
