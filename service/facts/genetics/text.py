"""Genetic findings in the prose of reports: what is stated, what is denied, what is left open."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.facts.genetics.judge import judge, polarity, signs_in_words
from service.facts.genetics.names import GENE_NAME, Named, named_in, worth_reading
from service.record.text import clauses

_LIKE = re.compile(
    r"\b(?:Ph1?|Philadelphia(?:[- ]chromosome)?|BCR\s?(?:::|[-:/ ])?\s?ABL1?)[-– ]?(?:like|ähnlich\w*)\b", re.IGNORECASE
)
_PH_PLUS = re.compile(r"\bPh1?\s?(?:\+|\(\s?\+\s?\))")
_PH_MINUS = re.compile(r"\bPh1?\s?(?:\(\s?[-–−]\s?\)|[-–−](?=\s|$))")
_PH_WORD = re.compile(
    r"\bPh1?[- ](?=(?:chromosome?n?[- ])?(?:pos|neg))|\bPhiladelphia(?:[- ]?chromosome?)?[- ]?|\bPh1?[- ]chromosome?n?(?=\s*[:,=])"
    r"|\bPh1(?=\s)",
    re.IGNORECASE,
)
# "BCR(e1)::ABL1(e2)", "ETV6ex5-RUNX1ex3": exons stand between the gene and the sign that joins it.
_EXONS = re.compile(
    r"\b([A-Z][A-Z0-9]{1,9}?)\s?(?:\([^()]{1,20}\)(?::[er]\.\w+)?|(?:exon|ex|e)[.\s]?\d{1,2}\b)(?=\s?(?:::|-)\s?[A-Z][A-Z0-9])"
)
BCR_ABL1 = "BCR::ABL1"
_MENTIONS = 8  # of one finding in one clause that are judged; no report needs more
SHORT = 80  # characters: a value this short that only names a finding reports it
_HALF = re.compile(r"\b(?:p190|p210|minor|major|e1a[23]|e1[34]a[23]|b[23]a[23])\b", re.IGNORECASE)
_PROBES = re.compile(r"\b(?:probes?|probe sets?|\w*sonden?|loci)\b", re.IGNORECASE)
_SIGNALS = re.compile(
    r"\b(?:RUNX1|AML1)\b[^.;,\n%]{0,25}?(?:[≥>=]{1,2}\s?)?(?P<a>\d{1,2})(?:\s?(?:[-–~]|to|bis)\s?\d{1,2})?\s*(?:or more |oder mehr |und mehr )?(?:signal|cop|kopi)"
    r"|(?<![\d.,/])(?P<b>\d{1,2})(?:\s?(?:[-–~]|to|bis)\s?\d{1,2})?\s*(?:or more |oder mehr )?(?:RUNX1|AML1)[- ]?(?:signal|cop|kopi)",
    re.IGNORECASE,
)
_AMPLIFIED, _NOT_AMPLIFIED = 5, 3  # RUNX1 signals per nucleus (Harrison et al., Leukemia 2014;28:1015)


@dataclass(frozen=True, slots=True)
class Said:
    """A finding a text speaks of. ``present`` is ``None`` where it leaves the matter open."""

    token: str
    present: bool | None


def findings_in(
    text: str, *, naming_is_stating: bool = False, short_states: bool = True, probed: bool = False
) -> tuple[Said, ...]:
    """Findings that a report names, each once, as `judge` reads its words. Ph-like never counts as BCR::ABL1.

    ``naming_is_stating``: a bare name is a statement (a diagnosis "B-ALL with BCR::ABL1"); otherwise only in a short
    value that holds nothing else (not even there without ``short_states``), or as what the disease comes with.
    ``probed``: the report is of FISH, so that a gene with a result ("KMT2A: negative") is about its rearrangement, and
    counted signals about its copies.

    >>> findings_in("No evidence of BCR::ABL1. ETV6::RUNX1 fusion detected in 85 % of nuclei.")
    (Said(token='BCR::ABL1', present=False), Said(token='ETV6::RUNX1', present=True))
    """
    if not worth_reading(text):
        return ()
    plain = _PH_MINUS.sub("BCR::ABL1 negative ", _PH_PLUS.sub("BCR::ABL1 positive ", _LIKE.sub("PHLIKE", text)))
    plain = signs_in_words(_PH_WORD.sub("BCR::ABL1 ", plain))
    plain = _EXONS.sub(r"\1", plain)
    naming = naming_is_stating or (short_states and len(text) <= SHORT)
    parts = clauses(plain)
    found: dict[str, bool | None] = {}
    for clause in parts:
        times: dict[str, int] = {}
        halves = _HALF.search(clause) is not None
        for named in named_in(clause):
            times[named.token] = times.get(named.token, 0) + 1
            if times[named.token] > _MENTIONS:
                continue
            if named.bare and not (probed or _PROBED.search(plain)):
                continue
            verdict = "no" if named.twist else judge(clause, named.at, naming, bare=named.bare)
            if verdict == "no" and named.token == BCR_ABL1 and about_mutations(clause):
                continue  # "no BCR::ABL1 mutation detected" speaks of resistance, not of the fusion
            if verdict != "nothing":
                _merge(found, named, {"yes": True, "no": False}.get(verdict), halves)
        if probed or _PROBED.search(clause):
            _count_signals(clause, found)
    _all_probes_normal(parts, found)
    return tuple(Said(token, present) for token, present in found.items())


def about_mutations(text: str) -> bool:
    """Whether words about BCR::ABL1 are about mutations of its kinase domain."""
    return _MUTATION.search(text) is not None and not _FUSED.search(text)


_MUTATION = re.compile(
    r"mutation|kinase[- ]?dom|resisten[cz]|resistan[ct]e|\bKD\b|\b[ACDEFGHIKLMNPQRSTVWY][2-5]\d\d[ACDEFGHIKLMNPQRSTVWY]\b",
    re.IGNORECASE,
)
_FUSED = re.compile(
    r"fusion\w*\b(?! gene (?:mutation|kinase))|transcript|transkript|re-?arr|transloc|translok|\bFISH\b", re.IGNORECASE
)
_PROBED = re.compile(r"\bFISH\b|\bish\b|in[- ]situ|hybridi[sz]|sonde|probe|break-?apart|split|signal", re.IGNORECASE)


def _merge(found: dict[str, bool | None], named: Named, present: bool | None, halves: bool) -> None:
    """One answer from several mentions. A plain statement beats a doubt; one transcript found beats another not found;
    a gene alone says nothing more where its rearrangement was named."""
    token = named.token
    if token not in found:
        found[token] = present
        return
    if found[token] == present or named.bare:
        return
    both = {found[token], present}
    found[token] = (
        True if both == {True, None} or (halves and True in both) else False if both == {False, None} else None
    )


def _count_signals(clause: str, found: dict[str, bool | None]) -> None:
    """Copies of RUNX1: five signals or more are iAMP21, up to three are not, four leave it open."""
    for match in _SIGNALS.finditer(clause):
        number = int(match["a"] or match["b"])
        if "iAMP21" in found:
            return
        found["iAMP21"] = True if number >= _AMPLIFIED else False if number <= _NOT_AMPLIFIED else None


def _all_probes_normal(parts: list[str], found: dict[str, bool | None]) -> None:
    """A list of probes with one result for all of them: "Probes: BCR/ABL1, ETV6/RUNX1. Result: normal pattern"."""
    listed = [part for part in parts if _PROBES.search(part) and GENE_NAME.search(part)]
    if not listed:
        return
    results = [part for part in parts if part not in listed and polarity(part) is not None]
    if not results or any(polarity(part) != "no" or GENE_NAME.search(part) for part in results):
        return
    for part in listed:
        for named in named_in(part):
            found.setdefault(named.token, False)
