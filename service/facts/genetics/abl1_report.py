"""What a report of ABL1 kinase domain mutations says: found, looked for and not found, or no result.

Traps: lists of the positions that a test covers, mutations of other genes in the same panel, mutations of an earlier
sample, polymorphisms (K247R), and splice variants that carry no resistance (the 35 bases inserted at c.1423).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.facts.genetics.abl1 import ABL1_ACCESSION, CHANGE, AblChange, changes_at, numbered_1b
from service.facts.genetics.codes import GENES
from service.facts.genetics.judge import judge
from service.facts.karyotype.hybridization import OLD_SYMBOLS, symbol
from service.record.text import clauses

# Genes of leukemia panels beyond those of the genetic findings.
_OTHERS = frozenset(
    {"BTK", "CEBPA", "NPM1", "PTPN11", "DNMT3A", "IDH1", "IDH2", "ASXL1", "TET2", "EZH2", "SF3B1", "U2AF1", "SRSF2", "KIT", "CALR",
     "MPL", "BRAF", "CREBBP", "KMT2D", "SETD2", "GATA2", "GATA3", "WT1", "PHF6", "EP300", "EED", "CNOT3", "RPL10", "DNM2", "STAT5B"}
)  # fmt: skip
_NAMED_GENE = re.compile(
    rf"\b(?:{'|'.join(sorted({*GENES.values(), *OLD_SYMBOLS, *_OTHERS}, key=len, reverse=True))})\b|\bN[MP]_\d+|\bENS[TP]\d+"
)
_NONE = re.compile(
    r"\bno\b[^.;\n]{0,60}\b(?:\w*mutations?|variants?)\b|\bkein\w*\b[^.;\n]{0,60}(?:mutation\w*|varianten?)\b"
    r"|(?:mutation\w*|\bvariants?)\b[^.;\n]{0,30}\b(?:not|nicht)\b|\bwild[- ]?typ\w*|\bnot detected\b|\bnegativ\w*"
    r"|\bnicht nach(?:weisbar|gewiesen)\b|\bundetect\w*|\bnone\b|\bunmutated\b|\bunmutiert\b|\bnil\b",
    re.IGNORECASE,
)
_ABOUT_MUTATIONS = re.compile(r"mutation|mutated|mutiert|variant|kinase[- ]?dom|resist|wild[- ]?typ", re.IGNORECASE)
_FAILED = re.compile(
    r"\bfail\w*|not (?:evaluable|possible|performed|tested)|insufficient|inconclusive|indetermin\w*|no result|no amplification"
    r"|nicht (?:auswertbar|beurteilbar|möglich|durchgeführt|amplifizier\w*)|low transcript|transcript level too low|pending|ausstehend"
    r"|zu wenig|unzureichend",
    re.IGNORECASE,
)
_WHOLE_DOMAIN = re.compile(r"kinase domain|\bKD\b|sequen[cz]|NGS|kinase[- ]?dom", re.IGNORECASE)
# What a test looks at: "mutations tested: T315I, E255K", "codons M244V to F486S".
_COVERED = re.compile(
    r"\b(?:mutation\w*|position\w*|codons?|kodons?|variants?|hot-?spots?|loci)\s+(?:tested|covered|analy[sz]ed|screened|included"
    r"|interrogated|assessed|detectable|erfasst|untersucht|getestet|nachweisbar mit)|\b(?:tested|screen(?:ed|ing)|analy[sz]ed|getestet|untersucht)"
    r"\s+(?:for|positions|on|auf)\b|\bcovers?\b|\bcovered\b|\bumfasst\b|\binclud(?:es|ing)\b|\bsuch as\b|\bz\.\s?b\b|\be\.g\b|\bcodons?\b[^.;]*"
    r"\b(?:to|bis|through)\b|\bsequenced\b",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s?(?:to|through|bis|–|-)\s?$", re.IGNORECASE)
_BENIGN = re.compile(r"polymorphi|\bSNP\b|benign|gutartig|germ-?line|keimbahn", re.IGNORECASE)
_MENTIONS = 60  # mutations of one clause that are judged: more than any list of what a test covers
_POLYMORPHISMS = frozenset({"K247R"})  # rs34549764
_SPLICE = re.compile(
    r"35[- ]?(?:bp\s)?INS|ins35|INS35|1423_1424ins|C475Y?fs|Cys475Tyrfs|475fs|exon[- ]7[- ]del|del\w*[- ](?:of )?exon[- ]7",
    re.IGNORECASE,
)
_GONE = re.compile(r"\bno longer\b|\bnicht mehr\b|\bdisappear\w*|\bcleared\b|\bverschwunden\b", re.IGNORECASE)
_EARLIER = re.compile(
    r"\b(?:previous\w*|formerly|prior|earlier|history of|früher\w*|zuvor|ehemals|damals)\b", re.IGNORECASE
)
_STILL = re.compile(
    r"\b(?:still|again|persist\w*|weiterhin|erneut|unverändert|confirmed|bestätigt|now|jetzt|remains?)\b", re.IGNORECASE
)
_UNDER_LIMIT = re.compile(
    r"\s*[)\]]?\s*(?:[(:=,]\s*)?(?:VAF|allel\w*|at|bei)?\s*[:=]?\s*(?:[<≤]|below|unter)\s*\d", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a mutation report says. ``complete``: the whole kinase domain was looked at. ``failed``: no result."""

    changes: tuple[AblChange, ...] = ()
    absent: tuple[str, ...] = ()
    complete: bool = False
    failed: bool = False


def read_report(text: str, *, is_test: bool = False) -> Reading | None:
    """Read a mutation report; ``None`` if the text says nothing of ABL1 mutations.

    ``is_test``: the result is known to be an ABL1 kinase domain test; else the text has to name ABL1. A mutation
    belongs to the gene named last before it in its sentence (TP53 R273H is not ABL1).

    >>> read_report("ABL1 kinase domain: no mutation detected").complete
    True
    """
    if not is_test and not re.search(r"ABL1?\b", text) and not ABL1_ACCESSION.search(text):
        return None
    found: dict[str, AblChange] = {}
    absent: list[str] = []
    listed: list[str] = []
    none_found = doubtful = harmless = earlier = False
    about_mutations = is_test or _ABOUT_MUTATIONS.search(text) is not None  # "fusion not detected" is about the fusion
    long = numbered_1b(text)
    for clause in clauses(text):
        here = [(at, change) for at, change in changes_at(clause, isoform_1b=long)[:_MENTIONS] if _of_abl1(clause, at)]
        covered = _COVERED.search(clause) is not None or _is_range(clause, here)
        for at, change in here:
            said = "harmless" if change.name in _POLYMORPHISMS else _judged(clause, at, covered)
            if said == "yes":
                found.setdefault(change.name, change)
            elif said == "no":
                absent.append(change.name)
            elif said == "open":
                doubtful = True
            elif said == "harmless":
                harmless = True
            elif said == "earlier":
                earlier = True
            else:  # what the test could find, or what would be if it did
                listed.append(change.name)
        if _SPLICE.search(clause) and _of_abl1(clause, len(clause)):
            harmless = True
        if (not here or covered) and about_mutations and _none_of_abl1(clause, is_test):
            none_found = True
    if earlier and not (found or absent or none_found or harmless):
        return Reading(failed=True)
    return _concluded(text, is_test, found, absent, listed, none_found, doubtful, harmless)


def _concluded(
    text: str, is_test: bool, found: dict[str, AblChange], absent: list[str], listed: list[str], none_found: bool,
    doubtful: bool, harmless: bool,
) -> Reading | None:  # fmt: skip
    if not found and (doubtful or _FAILED.search(text)):
        return Reading(failed=True)
    whole = is_test or _WHOLE_DOMAIN.search(text) is not None
    if not found and not none_found and not absent:
        if harmless and whole:
            return Reading(complete=True)
        return Reading(failed=True) if listed else None
    if listed and none_found and not found and not _WHOLE_DOMAIN.search(text):  # none of those that were looked for
        return Reading(absent=tuple(dict.fromkeys([*absent, *listed])))
    absent = [name for name in absent if name not in found]
    complete = (none_found and not absent) or (whole and bool(found))
    return Reading(tuple(found.values()), tuple(dict.fromkeys(absent)), complete)


def _judged(clause: str, at: int, covered: bool) -> str:
    if _BENIGN.search(clause):
        return "harmless"
    if _GONE.search(clause):
        return "no"
    match = CHANGE.match(clause, at)
    if match and _UNDER_LIMIT.match(clause, match.end()):
        return "open"
    if _EARLIER.search(clause[:at]) and not _STILL.search(clause):
        return "earlier"
    return judge(clause, at, naming=not covered)


def _is_range(clause: str, here: list[tuple[int, AblChange]]) -> bool:
    """Whether two changes only bound what was sequenced: "M244V to F486S"."""
    ends = [match.end() for at, _ in here if (match := CHANGE.match(clause, at))]
    return any(_RANGE.fullmatch(clause[end:at]) for end, (at, _) in zip(ends, here[1:], strict=False))


def _gene(name: str) -> str:
    if ABL1_ACCESSION.match(name):
        return "ABL1"
    return symbol(name)


def _of_abl1(clause: str, at: int) -> bool:
    """Whether the gene named last before a place is ABL1 (BCR stands for the fusion), or none is named."""
    genes = [_gene(m[0]) for m in _NAMED_GENE.finditer(clause, 0, at)]
    return not genes or genes[-1] in ("ABL1", "BCR")


def _none_of_abl1(clause: str, is_test: bool) -> bool:
    """Whether a clause says that ABL1 carries no mutation. Outside a test for it the words must be about mutations."""
    for match in _NONE.finditer(clause):
        before = [_gene(m[0]) for m in _NAMED_GENE.finditer(clause, 0, match.end())]
        near = before[-1:] or [_gene(m[0]) for m in _NAMED_GENE.finditer(clause, match.end())][:1]
        if near and near[0] not in ("ABL1", "BCR"):
            continue
        if is_test or _ABOUT_MUTATIONS.search(clause):
            return True
    return False
