"""Genetic findings in the prose of reports: what is stated, what is denied, what is left open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service.record.text import clauses

_SEP = r"\s?(?:::|[-/:])\s?"


def _pair(first: str, second: str) -> str:
    return rf"\b(?:{first}){_SEP}(?:{second})\b|\b(?:{second}){_SEP}(?:{first})\b"


_MLL = r"KMT2A|MLL"
# "KMT2A, BCR::ABL1 and ETV6::RUNX1 rearrangements": the word stands once for the whole list.
_LISTED = r"(?:\s*(?:,|/|and|or|und|oder|sowie)\s*(?:and |or |und |oder )?[A-Z0-9]+(?:(?:::|[-/])[A-Z0-9]+)?){1,5}\s+(?:gene )?(?:re-?arr\w+|fusion\w*|umlagerung\w*)"
_REARRANGED = (
    r"(?:gene\s+)?(?:rearrang\w*|re-?arrangier\w*|umlagerung|translocation|translokation|split|break\w*|fusion)"
)
_CUT = r"(?:re-?arr\w+|umlagerung\w*|umgelagert)"
_FURTHER = r"(?:(?!::)[^.;,\n]){0,30}?"  # "KMT2A (11q23): no rearrangement"
# Tokens of the vocabulary and how reports write them. Order does not matter; a text may carry several.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (token, re.compile(pattern, re.IGNORECASE))
    for token, pattern in (
        ("BCR::ABL1", _pair("BCR", "ABL1?") + r"|\bt\s?\(\s?9\s?;\s?22\s?\)"),
        ("ETV6::RUNX1", _pair("ETV6|TEL", "RUNX1|AML1") + r"|\bt\s?\(\s?12\s?;\s?21\s?\)"),
        ("TCF3::PBX1", _pair("TCF3|E2A", "PBX1") + r"|\bt\s?\(\s?1\s?;\s?19\s?\)"),
        ("TCF3::HLF", _pair("TCF3|E2A", "HLF") + r"|\bt\s?\(\s?17\s?;\s?19\s?\)"),
        ("KMT2A::AFF1", _pair(_MLL, "AFF1|AF4") + r"|\bt\s?\(\s?4\s?;\s?11\s?\)"),
        ("KMT2A::MLLT1", _pair(_MLL, "MLLT1|ENL")),
        ("KMT2A::MLLT3", _pair(_MLL, "MLLT3|AF9")),
        ("KMT2A::AFDN", _pair(_MLL, "AFDN|MLLT4|AF6")),
        ("KMT2A::MLLT10", _pair(_MLL, "MLLT10|AF10")),
        ("KMT2A-r", rf"\b(?:{_MLL})(?:[- ]?r\b|(?:\s*\(11q23\S*\))?[\s-]*{_REARRANGED}|{_LISTED}|{_FURTHER}{_CUT})"
                    rf"|\b11q23(?:\.3)?[\s-]*{_REARRANGED}"),
        ("IGH::IL3", _pair("IGH@?", "IL3")),
        ("IGH::MYC", _pair("IGH@?", "C?MYC")),
        ("IGH::CRLF2", _pair("IGH@?", "CRLF2")),
        ("P2RY8::CRLF2", _pair("P2RY8", "CRLF2")),
        ("CRLF2-r", rf"\bCRLF2(?:[- ]?r\b|[\s-]*{_REARRANGED}|{_FURTHER}{_CUT})"),
        ("EPOR-r", rf"\bEPOR(?:[- ]?r\b|[\s-]*{_REARRANGED})"),
        ("JAK2-r", rf"\bJAK2(?:[- ]?r\b|[\s-]*{_REARRANGED})|\b\w+::JAK2\b"),
        ("iAMP21", r"\biAMP\s?21\b|\bRUNX1[\s-]*amplifi\w+|intrachromosomal amplification of chromosome 21"),
        ("IKZF1-del", rf"\bIKZF1[\s-]*(?:gene\s+)?(?:del\w*|loss|plus|verlust)|\bIKZF1\b{_FURTHER}\bdelet\w*|\bdel\w*\s+(?:of\s+|in\s+|von\s+)?IKZF1|\bIkaros deletion"),
        ("IL7R", r"\bIL7R[\s-]*(?:mutation|indel|insertion|deletion|variant)\w*"),
        ("SH2B3", r"\bSH2B3[\s-]*(?:mutation|deletion|alteration|variant|loss)\w*"),
        ("ph-like", r"\bPHLIKE\b"),
    )
)  # fmt: skip
# Without any of these no text names a finding; most texts of a record have none.
_HINT = re.compile(
    r"::|\bt\s?\(|\bPh|BCR|ABL|ETV6|TEL|TCF3|E2A|KMT2A|MLL|IGH|CRLF2|EPOR|JAK2|AMP\s?21|RUNX1|AML1|11q23|chromosome 21|IKZF1|Ikaros"
    r"|IL7R|SH2B3",
    re.IGNORECASE,
)
_ANY_FUSION = re.compile(r"\b([A-Z][A-Z0-9]{1,9})::([A-Z][A-Z0-9]{1,9})\b")
_LIKE = re.compile(
    r"\b(?:Ph1?|Philadelphia(?:[- ]chromosome)?|BCR\s?(?:::|[-:/ ])?\s?ABL1?)[-– ]?(?:like|ähnlich\w*)\b", re.IGNORECASE
)
_PH_PLUS = re.compile(r"\bPh1?\s?\+")
_PH_WORD = re.compile(
    r"\bPh1?[- ](?=(?:chromosome?n?[- ])?(?:pos|neg))|\bPhiladelphia(?:[- ]?chromosome?)?[- ]?", re.IGNORECASE
)
_NEGATIVE = re.compile(
    r"\bno\b|\bnot\b|\bnegativ\w*|\bneg\b|\bwithout\b|\babsent\b|\babsence\b|\bundetect\w*|\bexcluded\b|\bruled out\b|\black\w*\b"
    r"|\bkein\w*|\bnicht\b|\bohne\b|(?<![\d.,])0(?:[.,]0+)?\s?%|\bausgeschlossen\b|\bunauffällig\w*|\bintact\b|\bwild[- ]?typ\w*|\bnormal\b|\bdeni\w+|\bnone\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:no|not|without|kein\w*|nicht|ohne)\b[^.;,]{0,60}?\b(?:detect\w*|present|seen|found|identified|observed|nachweis\w*|nachgewiesen"
    r"|rearranged|positiv\w*|evidence|amplified)\b|(?<![\d.,])0(?:[.,]0+)?\s?%\s+(?:\w+\s+){0,4}?(?:positiv\w*|rearranged)",
    re.IGNORECASE,
)
_POSITIVE = re.compile(
    r"\bpositiv\w*|\bpos\b|(?<!un)\bdetected\b|\bpresent\b|\bnachweis(?:bar)?\b|\bnachgewiesen\b|\brearranged\b|\bseen\b|\bfound\b"
    r"|\bidentified\b|\bobserved\b|\bshow(?:s|ed|ing)\b|\bharbo\w+\b|\bconfirm\w*\b|\bconsistent with\b|\bbestätigt\b|\b[1-9]\d*(?:[.,]\d+)?\s?%",
    re.IGNORECASE,
)
# "No other mutation" confirms the one just named, and a cut-off is no result.
_ASIDE = re.compile(
    r"\b(?:no|kein\w*|without|ohne)\s+(?:other|further|additional|weitere\w*|zusätzliche\w*|andere\w*)\b[^.;]*"
    r"|\b(?:cut-?off|threshold|grenzwert|sensitivity|sensitivität|reference|referenz\w*)\b[^.;,)]{0,25}%"
    r"|\b(?:normal\w*|norm|nl|ref)\b\.?(?:\s+(?:range|value|limit))?\s*[:=]?\s*(?:[<≤]|up to|bis|0\s?[-–])[^;)]{0,12}%",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"\b(?:cut-?off|threshold|grenzwert|normal\w*|norm|nl|ref(?:eren[cz]e?\w*)?)\b\.?[^.;,)%\d]{0,20}(?:0\s?[-–]\s?)?(\d{1,2}(?:[.,]\d+)?)\s?%",
    re.IGNORECASE,
)
_WITHIN_NORMAL = re.compile(
    r"within (?:the )?normal|(?:below|under)\s+(?:the\s+)?(?:\w+\s+)?(?:cut-?off|threshold|reference)|unter(?:halb)?\s+(?:de[srm]\s+)?"
    r"(?:cut-?off|grenzwert)|im normbereich|innerhalb der norm",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"(?<![\d.,<>≤])(\d{1,2}(?:[.,]\d+)?)(?=\s?%)")
_NOISE = 5.0  # percent of nuclei that "within normal limits" can mean where no limit is stated
# What would be, and what an assay could find, is no result.
_IF = re.compile(r"\b(?:if|falls|sofern|wenn|in case of|im falle?)\b[^,;]*$", re.IGNORECASE)
_COULD = re.compile(
    r"\b(?:assay|test|panel|method\w*|verfahren)\b\s+(?:can\s+|is\s+designed\s+to\s+|is\s+able\s+to\s+)?"
    r"(?:detects?|covers?|includes?|identif\w+|targets?|erfasst|umfasst)\b[^;]*$",
    re.IGNORECASE,
)
_DISEASE_WITH = re.compile(
    r"\b(?:ALL|\w*leuk\w+|\w*lymphom\w*|LBL)\b[^.;]{0,30}\b(?:with|mit)\s+(?:\w+\s+){0,2}$", re.IGNORECASE
)
_OPEN = re.compile(
    r"cannot (?:be )?(?:exclude|ruled)|can ?not exclude|not (?:be )?exclud|possible|possibly|suspect|suspicious|equivocal|indetermin"
    r"|inconclusive|verdacht|v\.\s?a\.|fraglich|nicht (?:sicher )?(?:auszuschlie|beurteil|auswert|ausgeschlossen)|rule out|pending|ausstehend"
    r"|fail|insufficient|to follow|requested|family history|familienanamnese",
    re.IGNORECASE,
)
_NOT_A_RESULT = re.compile(
    r"\bprobes?\b|\bsonden?\b|\bassay\b|\bpanel\b|\btests?\b|\bmethod\w*\b|\btested for\b|\buntersuch\w*", re.IGNORECASE
)
_PIECE = re.compile(r",(?!\d)|\band\b|\bund\b|\bwhile\b|\bwhereas\b", re.IGNORECASE)
_SHORT = 80  # characters: a value this short that only names a finding reports it


@dataclass(frozen=True, slots=True)
class Said:
    """A finding a text speaks of. ``present`` is ``None`` where it leaves the matter open."""

    token: str
    present: bool | None


def findings_in(text: str, *, naming_is_stating: bool = False, short_states: bool = True) -> tuple[Said, ...]:
    """Findings that a report names, each once.

    A finding is judged by the words of its own part of the sentence ("BCR::ABL1 negative, ETV6::RUNX1 positive"), then
    by those of the whole sentence ("no evidence of BCR::ABL1 or KMT2A rearrangement"). Doubt, requests and failed tests
    leave it open; so do positive and negative words together. Ph-like never counts as BCR::ABL1.

    ``naming_is_stating``: a bare name is a statement (a diagnosis "B-ALL with BCR::ABL1"); otherwise only in a short
    value that holds nothing else (not even there without ``short_states``), or as what the disease comes with.

    >>> findings_in("No evidence of BCR::ABL1. ETV6::RUNX1 fusion detected in 85 % of nuclei.")
    (Said(token='BCR::ABL1', present=False), Said(token='ETV6::RUNX1', present=True))
    """
    if not _HINT.search(text):
        return ()
    plain = _PH_PLUS.sub("BCR::ABL1 positive", _LIKE.sub("PHLIKE", text))
    plain = _PH_WORD.sub("BCR::ABL1 ", plain)
    found: dict[str, bool | None] = {}
    naming = naming_is_stating or (short_states and len(text) <= _SHORT)
    for clause in clauses(plain):
        for token, at in _mentions(clause):
            verdict = judge(clause, at, naming)
            if verdict == "nothing":
                continue
            present = {"yes": True, "no": False}.get(verdict)
            if token not in found:
                found[token] = present
            elif found[token] != present:
                found[token] = True if True in (found[token], present) and None in (found[token], present) else None
    return tuple(Said(token, present) for token, present in found.items())


def _mentions(clause: str) -> Iterator[tuple[str, int]]:
    named: set[str] = set()
    for token, pattern in _PATTERNS:
        for match in pattern.finditer(clause):
            named.add(token)
            yield token, match.start()
    for match in _ANY_FUSION.finditer(clause):
        token = f"{match[1]}::{match[2]}"
        if token not in named and f"{match[2]}::{match[1]}" not in named:
            yield token, match.start()


def judge(clause: str, at: int, naming: bool) -> str:
    """ "yes", "no", "open", or "nothing" for a mention at a place of a clause."""
    before = clause[:at]
    if _IF.search(before) or (_COULD.search(before) and "%" not in _ASIDE.sub(" ", clause)):
        return "nothing"
    clause = _without_noise(clause)
    starts = [0, *(cut.end() for cut in _PIECE.finditer(clause))]
    start = max(s for s in starts if s <= at)
    end = next((cut.start() for cut in _PIECE.finditer(clause) if cut.start() >= at), len(clause))
    own = polarity(clause[start:end])
    if own is None:
        own = polarity(clause)
    if own is not None:
        return own
    naming = naming or _DISEASE_WITH.search(before) is not None
    return "yes" if naming and not _NOT_A_RESULT.search(clause) else "nothing"


def _without_noise(clause: str) -> str:
    """A clause with every percentage below the limit that it states, or calls normal, written as 0 %."""
    stated = [float(m[1].replace(",", ".")) for m in _LIMIT.finditer(clause)]
    limit = min(stated, default=_NOISE if _WITHIN_NORMAL.search(clause) else 0.0)
    if not limit:
        return clause
    return _PERCENT.sub(lambda m: m[0] if float(m[1].replace(",", ".")) >= limit else re.sub(r"\d", "0", m[0]), clause)


def polarity(text: str) -> str | None:
    """What the words of a text say of what it names: "yes", "no", "open" (doubt, or both), ``None`` (nothing)."""
    text = _ASIDE.sub(" ", text)
    if _OPEN.search(text):
        return "open"
    negative = _NEGATIVE.search(text) is not None
    positive = _POSITIVE.search(_DENIED.sub(" ", text)) is not None
    if negative and positive:
        return "open"
    return "no" if negative else "yes" if positive else None
