"""The ``ish`` and ``nuc ish`` parts: which genes are joined, split, or where they belong."""

from __future__ import annotations

import re

from service.facts.karyotype.model import Hybridization

OLD_SYMBOLS = {
    "ABL": "ABL1", "MLL": "KMT2A", "HRX": "KMT2A", "TEL": "ETV6", "AML1": "RUNX1", "CBFA2": "RUNX1", "E2A": "TCF3",
    "AF4": "AFF1", "ENL": "MLLT1", "AF9": "MLLT3", "AF6": "AFDN", "MLLT4": "AFDN", "AF10": "MLLT10", "IGH@": "IGH",
    "IKAROS": "IKZF1", "TCRAD": "TRA", "CMYC": "MYC", "C-MYC": "MYC", "MLL1": "KMT2A",
}  # fmt: skip
# Pairs whose probes are used as dual-fusion sets: both seen, none joined, two signals each = not fused.
_PAIRS = (("BCR", "ABL1"), ("ETV6", "RUNX1"), ("TCF3", "PBX1"), ("TCF3", "HLF"), ("IGH", "MYC"), ("KMT2A", "AFF1"))
# Symbols are upper case and the multiplication sign is a small x: that tells PBX1x2 apart.
_GENE = r"(?:[53]'?\s?)?[A-Z][A-Z0-9]{1,9}@?"
_JOINED = re.compile(rf"(?P<a>{_GENE})\s?(?P<how>con|sep)\s?(?P<b>{_GENE})(?:\s?x\s?(?P<n>\d+))?")
_LISTED = re.compile(rf"\(\s*(?P<genes>{_GENE}(?:\s?,\s?{_GENE})+)\s*\)\s?x\s?(?P<n>\d+)")
_SINGLE = re.compile(rf"(?P<gene>{_GENE})\s?(?:\)\s?)?x\s?(?P<n>\d+)(?:\s?[-~]\s?(?P<nn>\d+))?")
_AMPLIFIED = re.compile(rf"amp\s?\(?\s?(?P<before>{_GENE})|(?P<after>{_GENE})\s?\)?\s?(?:x\s?)?amp")
_PLUS = re.compile(r"\(([^()]*\+[^()]*)\)")
_NO_GENE = re.compile(r"(?:D\d+[SZ]\w*|WCP\d*|CEP\w*|CEN|CON|SEP|AMP|TEL\d+|LSI)", re.IGNORECASE)


def symbol(name: str) -> str:
    """Today's symbol of a gene: MLL is KMT2A."""
    plain = re.sub(r"^[53]'?\s?(?=[A-Z])", "", name.strip().upper())
    return OLD_SYMBOLS.get(plain, plain)


def read_hybridization(text: str, *, interphase: bool) -> Hybridization:
    """Signals and joins of one ``ish``/``nuc ish`` part.

    ``con`` joins two genes (a fusion) or the two ends of one gene (intact); ``sep`` parts the ends (rearranged).
    A pair of which both genes show exactly two signals and no join is not fused; a gene with two signals and no
    ``sep`` is intact. More signals without a join leave the question open.
    """
    fused: set[frozenset[str]] = set()
    split: set[str] = set()
    intact: set[str] = set()
    for m in _JOINED.finditer(text):
        a, b, none = symbol(m["a"]), symbol(m["b"]), m["n"] == "0"
        if a != b:
            if m["how"].lower() == "con" and not none:
                fused.add(frozenset((a, b)))
        elif m["how"].lower() == "sep" and not none:
            split.add(a)
        elif not none:
            intact.add(a)
    for group in _PLUS.finditer(text):  # metaphase signals: what lies between semicolons lies on one chromosome
        for chromosome in group[1].split(";"):
            here = {symbol(name) for name in re.findall(rf"({_GENE})\+", chromosome)}
            fused |= {frozenset(pair) for pair in _PAIRS if here.issuperset(pair)}
    signals = _signals(_JOINED.sub(" ", text))
    apart = {
        frozenset(pair)
        for pair in _PAIRS
        if frozenset(pair) not in fused and all(signals.get(gene) == {2} for gene in pair)
    }
    if interphase:
        intact |= {gene for gene, seen in signals.items() if gene == "KMT2A" and seen == {2}}
    amplified = {symbol(m["before"] or m["after"]) for m in _AMPLIFIED.finditer(text)}
    return Hybridization(
        text.strip(" ."),
        interphase,
        frozenset(fused),
        frozenset(apart),
        frozenset(split),
        frozenset(intact - split),
        frozenset(amplified),
        {gene: max(seen) for gene, seen in sorted(signals.items())},
    )


def _signals(text: str) -> dict[str, set[int]]:
    signals: dict[str, set[int]] = {}
    for listed in _LISTED.finditer(text):
        for name in listed["genes"].split(","):
            signals.setdefault(symbol(name), set()).add(int(listed["n"]))
    for single in _SINGLE.finditer(_LISTED.sub(" ", text)):
        if not _NO_GENE.fullmatch(single["gene"]):
            signals.setdefault(symbol(single["gene"]), set()).add(int(single["nn"] or single["n"]))
    return signals
