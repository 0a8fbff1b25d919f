"""How reports name a genetic finding: gene pairs in new and old symbols, translocations, rearrangements, copy losses.

Symbols are HGNC's; the older ones that laboratories still print (MLL, TEL, AML1, E2A, SIL, CALM) are read as well. A pair
is a fusion whatever sign joins it (``::``, ``-``, ``/``), except where the sign could as well part a list of genes
("ABL1/ABL2", "JAK1-JAK2"): there only partners that are known from acute lymphoblastic leukemia count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.facts.genetics.codes import GENES
from service.facts.karyotype.hybridization import OLD_SYMBOLS, symbol

_OLDER = {"SIL": "STIL", "CALM": "PICALM", "SEPT6": "SEPTIN6", "SEPT9": "SEPTIN9", "LAF4": "AFF3", "CBP": "CREBBP"}
# First partner to second partners, as published for ALL, in today's symbols. Both orders are read.
_PARTNERS: tuple[tuple[str, str], ...] = (
    ("BCR", "ABL1 JAK2 PDGFRA"), ("ETV6", "RUNX1 ABL1 JAK2 PDGFRB PDGFRA NTRK3 PAX5"), ("TCF3", "PBX1 HLF ZNF384"),
    ("KMT2A", "AFF1 MLLT1 MLLT3 AFDN MLLT10 ELL EPS15 USP2 MLLT6 MLLT11 AFF3 TET1 SEPTIN6 SEPTIN9 CREBBP EP300 FOXO4 ACTN4"
              " ARHGEF12 USP8 PRRC1"),
    ("IGH", "IL3 MYC CRLF2 DUX4 EPOR CEBPA CEBPB CEBPD CEBPE CEBPG ID4 BCL2 LHX4 MIR125B1"), ("P2RY8", "CRLF2"),
    ("ABL1", "NUP214 RCSD1 ZMIZ1 RANBP2 SNX1 SNX2 FOXP1 SFPQ CENPC LSM14A NUP153 SPTAN1 EML1 INPP5D PAX5"),
    ("ABL2", "RCSD1 ZC3HAV1 PAG1"), ("PDGFRB", "EBF1 SSBP2 TNIP1 ZEB2 ATF7IP ZMYND8 NUMA1 AGGF1 SATB1"),
    ("CSF1R", "SSBP2 MEF2D TBL1XR1"), ("PDGFRA", "FIP1L1"),
    ("JAK2", "PAX5 ATF7IP EBF1 PPFIBP1 SSBP2 STRN3 TERF2 TPR USP25 ZNF274 GOLGA5 RFX3 SMU1 SNX29 HMBOX1 ZBTB46 OFD1 PCM1"),
    ("EPOR", "IGK LAIR1 THADA"), ("LYN", "NCOR1 GATAD2A"), ("TYK2", "MYB SMARCA4 ZNF340"),
    ("ZNF384", "EP300 TAF15 CREBBP EWSR1 SMARCA2 SMARCA4 SYNRG ARID1B CLTC"),
    ("MEF2D", "BCL9 HNRNPUL1 DAZAP1 FOXJ2 SS18 STAT6 HNRNPH1"), ("NUTM1", "ACIN1 BRD9 CUX1 SLC12A6 ZNF618 IKZF1"),
    ("PAX5", "NOL4L AUTS2 CBFA2T3 CBFA2T2 ELN PML FOXP1 ESRRB ESRRA ZNF521 DACH1 KIF3B"), ("TAL1", "STIL"),
    ("MLLT10", "PICALM"), ("SET", "NUP214"), ("SPI1", "TCF7 STMN1"), ("NUP98", "RAP1GDS1 HOXA9"),
)  # fmt: skip
_KNOWN_PAIRS = frozenset(frozenset((one, two)) for one, rest in _PARTNERS for two in rest.split())
# What cytogenetics alone calls by its chromosomes.
_TRANSLOCATIONS: Mapping[str, str] = {
    "9;22": "BCR::ABL1", "12;21": "ETV6::RUNX1", "1;19": "TCF3::PBX1", "17;19": "TCF3::HLF", "4;11": "KMT2A::AFF1",
    "11;19": "KMT2A-r", "9;11": "KMT2A::MLLT3", "6;11": "KMT2A::AFDN", "10;11": "KMT2A::MLLT10",
}  # fmt: skip
# t(11;19) joins KMT2A to MLLT1 or to ELL, and these four have other partners too, as t(10;11)(p13;q14) PICALM: only the
# break at 11q23 tells.
_NEEDS_11Q23 = frozenset({"11;19", "9;11", "6;11", "10;11"})
_REARRANGED_GENES = "KMT2A|MLL1?|CRLF2|EPOR|JAK2|PDGFR[AB]|ABL[12]|CSF1R|TYK2|NTRK3|DUX4|ZNF384|MEF2D|NUTM1"
_REARRANGEMENT = r"(?:re-?arr\w+|umlagerung\w*|umgelagert|translo[ck]ation\w*|break\w*|bruch\w*|fusions?\b|split\w*)"
# "KMT2A, BCR::ABL1 and ETV6::RUNX1 rearrangements": the word stands once for the whole list.
_ITEM = r"[A-Z][A-Z0-9]+(?:(?:::|[-/])[A-Z0-9]+)?"
_LISTED = rf"(?:\s*(?:,|/|\b(?:and|or|und|oder|sowie|nor)\b)\s*(?:(?:and|or|und|oder)\s+)?{_ITEM}){{1,6}}[\s-]+(?:gene\s+)?{_REARRANGEMENT}"
_FURTHER = r"(?:(?!::)[^.;,\n]){0,40}?"  # "KMT2A (11q23): no rearrangement"
_BEFORE_GENE = rf"\b{_REARRANGEMENT}[-\s:]*(?:(?:probes?|sonden?|fish|assay|test)[-\s:]*)?(?:of|in|for|involving|von|des|der|für)?[-\s]*(?:the\s+)?(?:gene\s+)?"
_LOST = r"(?:\bdel(?:\b|et\w*)|\bloss\b|\blost\b|\w*verlust\w*)"
_NORMAL_COPIES = r"(?:normal\w*|unauffällig\w*|intact|intakt|diploid|\b2 (?:copies|kopien)|two copies|zwei kopien)"


@dataclass(frozen=True, slots=True)
class Named:
    """A finding that a text names. ``at``: where its gene stands; ``bare``: only the gene is named, so that a result
    must stand beside it; ``twist``: the words name the opposite of the finding ("IKZF1 normal")."""

    token: str
    at: int
    bare: bool = False
    twist: bool = False


_JOINED = re.compile(r"(?=(?<!\w)([A-Za-z][A-Za-z0-9]{1,9})@?\s?(::|[-–/:])\s?(?:c-)?([A-Za-z][A-Za-z0-9]{1,9})(?!\w))")
_IN_WORDS = re.compile(  # "BCR and ABL1 fusion signals", "fusion between IGH and DUX4"
    r"\b(?:BCR\s+(?:and|und|&|with|mit)\s+ABL1?|ABL1?\s+(?:and|und|&|with|mit)\s+BCR)\b(?=[-\s]*(?:fusion|re-?arr|fused))"
    r"|(?<=\bfusion )(?:between |of |zwischen |von )(?:the )?[A-Z][A-Z0-9]{1,9} (?:and|with|to|und|mit) [A-Z][A-Z0-9]{1,9}\b",
    re.IGNORECASE,
)
_NO_SYMBOL = re.compile(r"\b(?:between|of|zwischen|von|the|and|und|with|mit|to)\b|&", re.IGNORECASE)
_TRANSLOCATION = re.compile(r"\bt\s?\(\s?(\d{1,2})\s?;\s?(\d{1,2})\s?\)(\s?\([^)]*\))?", re.IGNORECASE)
_TRANSCRIPT = re.compile(r"\be(?:1|6|8|13|14|19)a[23]\b|\bb[23]a[23]\b|\bp(?:190|210|230)\b", re.IGNORECASE)
_REARRANGED = re.compile(
    rf"(?<![\w:/–-])(?P<a>{_REARRANGED_GENES})(?:[- ]?r(?:earr)?\b|(?:\s*\([^)]*\))?(?:[\s-]*gene?\b)?[\s:-]*{_REARRANGEMENT}|{_LISTED}"
    rf"|{_FURTHER}(?:re-?arr\w+|umlagerung\w*|umgelagert|break-?apart|split-?signal\w*))|{_BEFORE_GENE}(?P<b>{_REARRANGED_GENES})\b(?!\s?(?:::|[-/]\s?[A-Z0-9]))"
    rf"|\b(?P<c>11q23)(?:\.3)?(?:\s*\([^)]*\))?[\s-]*{_REARRANGEMENT}|\bt\s?\(\s?v\s?;\s?(?P<d>11q23|11\))",
    re.IGNORECASE,
)
# A panel of probes prints the gene and the result; a mutation, a tandem duplication or an extra copy is another matter.
_BARE = re.compile(
    r"(?<![:/-])\b(?:KMT2A|MLL)\b(?!\s?(?:::|[/-]\s?[A-Z0-9]))(?!\s*(?:\([^)]*\)\s*)?[-\s:]*(?:PTD|partial|tandem|amplif|gain|mutation|variant|exon|exp))",
)
_NO_PROBE = re.compile(
    r"mutation|variant|varianten|wild|sequenz|sequencing|PTD|tandem|copies|kopien|gain", re.IGNORECASE
)
_IAMP = re.compile(
    r"\biAMP\s?-?21\b|\b(?:RUNX1|AML1)[\s-]*(?:gen\w*[\s-]*)?amplifi[kz]?\w+|amplifi[kzc]\w*\s+(?:of|von|des)\s+(?:the\s+)?(?:RUNX1|AML1)"
    r"|intra-?chromosom\w+ amplifi[kzc]\w* (?:of |von |des )?chromosom\w*[- ]21",
    re.IGNORECASE,
)
_IKZF1 = re.compile(
    rf"\b(?P<plus>IKZF1[\s-]?plus)|\b(?P<a>IKZF1|Ikaros)\b{_FURTHER}{_LOST}|{_LOST}(?:(?!::)[^.;,\n]){{0,40}}?\b(?P<b>IKZF1|Ikaros)\b"
    r"|\bdeletion(?:s|en)\b[^.;\n]{0,60}?\b(?P<list>IKZF1)\b"
    rf"|\b(?P<normal>IKZF1)\b(?:\s*\([^)]*\))?[\s:=-]*{_NORMAL_COPIES}",
    re.IGNORECASE,
)
_IKZF1_MUTATED = re.compile(
    r"\bIKZF1\b(?:(?!::)[^.;,\n]){0,25}?(?:\bmutat\w*|\bfs\b|\bp\.\(?[A-Z]|\b[A-Z]\d{2,3}[A-Z]\b)", re.IGNORECASE
)
_IL7R_INDEL = re.compile(
    r"\bIL7R\b(?:(?!::)[^;,\n]){0,40}?(?:indel\w*|\bins\w*|\bdel\w*|\d(?:_\w+)?(?:ins|del|dup)\w*)", re.IGNORECASE
)
_IL7R = re.compile(r"\bIL7R\b[\s:-]*(?:gene?\s+)?(?:mutat\w*|variant\w*|p\.|c\.)", re.IGNORECASE)
_SH2B3 = re.compile(
    rf"\bSH2B3\b{_FURTHER}(?:mutat\w*|delet\w*|alteration\w*|variant\w*|\bloss\b|verlust|frame\w*|\bp\.|\bc\.|nonsense|truncat\w*)",
    re.IGNORECASE,
)
_ABL_CLASS = re.compile(
    r"\bABL[- ](?:class|klasse)[- ]*(?:kinase[- ]*)?(?:fusion|rearr|gene|umlager|alterat|läsion|lesion)", re.IGNORECASE
)
_JAK_STAT = re.compile(
    r"\bJAK[-/ ]?STAT[- ]*(?:class|klasse|alteration|activat|aktivier|pathway (?:alter|activat|mutat|lesion))",
    re.IGNORECASE,
)
# The rarer findings: token, what a clause in capitals must hold, pattern.
_OTHERS = (
    ("iAMP21", ("AMP",), _IAMP), ("IL7R", ("IL7R",), _IL7R_INDEL), ("IL7R-mut", ("IL7R",), _IL7R), ("SH2B3", ("SH2B3",), _SH2B3),
    ("ph-like", ("PHLIKE",), re.compile(r"\bPHLIKE\b")), ("ABL-class", ("CLASS", "KLASSE"), _ABL_CLASS),
    ("JAK-STAT", ("STAT",), _JAK_STAT),
)  # fmt: skip
# Without any of these no text names a finding; most texts of a record have none. Searched for as they stand, in capitals:
# one pattern of them all takes a hundred times as long. Of a pair one partner is enough.
_HINTS = (
    "::", "T(", "T (", "BCR", "ABL1", "ABL2", "ABL-", "ETV6", "AML1", "RUNX1", "TCF3", "E2A", "KMT2A", "MLL", "IGH", "CRLF2", "EPOR",
    "JAK2", "STAT", "AMP21", "AMP 21", "AMP-21", "11Q23", "OSOME 21", "OSOM 21", "IKZF1", "IKAROS", "IL7R", "SH2B3", "PDGFR", "CSF1R",
    "DUX4", "ZNF384", "MEF2D", "NUTM1", "NTRK3", "TYK2", "NCOR1", "GATAD2A", "PAX5", "MLLT10", "AF10", "TAL1", "NUP214", "SPI1", "NUP98",
    "P2RY8", "PHLIKE", "P190", "P210", "P230", "E1A2", "E1A3", "E6A2", "E8A2", "E13A", "E14A", "E19A2", "B2A", "B3A",
)  # fmt: skip
_PH = re.compile(r"\bPh(?:1?[\s+(–-]|iladelphia)", re.IGNORECASE)
# Genes by name, to see which of them a word of a sentence belongs to.
GENE_NAME = re.compile(
    rf"\b(?:{'|'.join(sorted({*GENES.values(), *OLD_SYMBOLS, 'BCL6', 'PRDM1', 'NUDT15', 'FGFR1'}, key=len, reverse=True))})\b"
    r"|\bt\s?\(\s?\d|\biAMP|\bPHLIKE\b|\bMYB\b|\b11q23|\bp(?:190|210)\b|\be\d+a\d\b"
)
_LAST_GENES = (
    "ABL1",
    "ABL2",
    "JAK2",
    "CRLF2",
    "PDGFRB",
    "PDGFRA",
    "CSF1R",
    "EPOR",
    "MYC",
    "NTRK3",
    "TYK2",
    "LYN",
    "ZNF384",
    "NUTM1",
)
_FIRST_GENES = (
    "BCR",
    "KMT2A",
    "ETV6",
    "TCF3",
    "IGH",
    "P2RY8",
    "PICALM",
    "NUP214",
    "PAX5",
    "EBF1",
    "MEF2D",
    "STIL",
    "SET",
)


def worth_reading(text: str) -> bool:
    """Whether a text can name a finding at all."""
    capitals = text.upper()
    return any(hint in capitals for hint in _HINTS) or ("PH" in capitals and _PH.search(text) is not None)


def named_in(clause: str) -> Iterator[Named]:
    """The findings that a clause names, in no order; the same one may come more than once."""
    spans: list[tuple[int, int]] = []
    for match in _JOINED.finditer(clause):
        pair = frozenset((current_symbol(match[1]), current_symbol(match[3])))
        named = match[2] == "::" and len(pair) == 2 and (match[1] + match[3]).isupper()
        if named or pair in _KNOWN_PAIRS:
            spans.append((match.start(), match.end(3)))
            yield Named(fusion_name(current_symbol(match[1]), current_symbol(match[3])), match.start())
    for match in _IN_WORDS.finditer(clause):
        spans.append(match.span())
        yield Named(fusion_of_text(match[0]), match.start())
    for match in _TRANSLOCATION.finditer(clause):
        chromosomes = f"{match[1]};{match[2]}"
        found = _TRANSLOCATIONS.get(chromosomes)
        if found and (chromosomes not in _NEEDS_11Q23 or "q23" in (match[3] or "")):
            yield Named(found, match.start())
    for match in _TRANSCRIPT.finditer(clause):
        yield Named("BCR::ABL1", match.start())
    for match in _REARRANGED.finditer(clause):
        gene = match["a"] or match["b"]
        at = match.start("b") if match["b"] else match.start()
        if any(first <= at < last for first, last in spans):  # "IGH::CRLF2 rearrangement" is about that fusion
            continue
        yield Named(f"{symbol(gene)}-r" if gene else "KMT2A-r", at)
    if not _NO_PROBE.search(clause):
        for match in _BARE.finditer(clause):
            yield Named("KMT2A-r", match.start(), bare=True)
    capitals = clause.upper()
    for token, hints, pattern in _OTHERS:
        if any(hint in capitals for hint in hints):
            for match in pattern.finditer(clause):
                yield Named(token, match.start())
    if "IK" in capitals:
        yield from _ikzf1(clause)


def _ikzf1(clause: str) -> Iterator[Named]:
    for match in _IKZF1.finditer(clause):
        yield Named("IKZF1-del", match.start(match.lastgroup or 0), twist=bool(match["normal"]))
    for match in _IKZF1_MUTATED.finditer(clause):
        yield Named("IKZF1-mut", match.start())


def fusion_of_text(text: str) -> str:
    """The fusion that two symbols joined by any sign name, in today's symbols and the usual order.

    >>> fusion_of_text("TEL/AML1"), fusion_of_text("ABL1-BCR")
    ('ETV6::RUNX1', 'BCR::ABL1')
    """
    genes = re.findall(r"[A-Za-z][A-Za-z0-9]+", _NO_SYMBOL.sub(" ", text))
    return fusion_name(current_symbol(genes[0]), current_symbol(genes[-1]))


def current_symbol(name: str) -> str:
    """A gene's symbol of today.

    >>> current_symbol("TEL"), current_symbol("SIL")
    ('ETV6', 'STIL')
    """
    return _OLDER.get(name.upper()) or symbol(name)


def fusion_name(one: str, two: str) -> str:
    """Both genes as ``FIRST::SECOND``: the 5' partner first where it is known, otherwise as they came.

    >>> fusion_name("ABL1", "BCR")
    'BCR::ABL1'
    """
    if (two in _FIRST_GENES and one not in _FIRST_GENES) or (
        one in _LAST_GENES and two not in _LAST_GENES and one not in _FIRST_GENES
    ):
        one, two = two, one
    return f"{one}::{two}"
