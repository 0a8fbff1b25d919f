"""Reading free text with care: is a thing stated, denied, doubted, someone else's, or of the past?"""

from __future__ import annotations

import re
from enum import StrEnum


class Mention(StrEnum):
    PRESENT = "present"
    NEGATED = "negated"
    UNCERTAIN = "uncertain"
    FAMILY = "family"
    HISTORY = "history"


_CLAUSE = re.compile(
    r"[.;\n\r]+(?:\s|$)|\s(?:but|aber|however|jedoch)\s|,\s(?=(?:but|with|mit|aber|positive|relapse)\b)"
)
_BEFORE_NEGATED = re.compile(
    r"(?i)(\bno(?:t)?(?: evidence| sign| signs| history| prior| previous)?(?: of| for)?\b|\bwithout\b|\bnegativ\w*(?: for| für)?\b"
    r"|\bdenies\b|\bruled? out\b|\bexclud\w+\b|\babsen(?:ce|t)\b|\bkein\w*(?: nachweis| hinweis| anhalt)?\b|\bohne\b|\bnicht\b"
    r"|\bausschluss\b|\bz\.?\s?a\.?\s?)"
)
_BEFORE_UNCERTAIN = re.compile(
    r"(?i)(cannot (?:be )?(?:exclude|rule)|can ?not exclude|not excluded|possible|possibly|suspect|suspicious|query|\?\s*$"
    r"|verdacht|v\.\s?a\.|fraglich|nicht auszuschlie|r/o\b|rule out|differential|probable)"
)
# Whole words: "chemotherapy" holds "mother". A sibling who gives stem cells is no family history.
_BEFORE_FAMILY = re.compile(
    r"(?i)(family history|familienanamnese|\b(?:grand)?(?:mother|father|parent)s?\b|\b(?:brother|sister|aunt|uncle|cousin)s?\b"
    r"|(?<!matched )\bsiblings?\b(?![\s-]+(?:donor|allo|hct|hsct|sct|bmt|transplant|stem|bone))"
    r"|\b(?:groß)?(?:mutter|vater)\b|\b(?:bruder|schwester)\b)"
)
_BEFORE_HISTORY = re.compile(r"(?i)(history of|h/o|z\.?\s?n\.?|zustand nach|anamnestisch|status post|s/p|survivor)")
_AFTER_NEGATED = re.compile(
    r"(?i)^[\s:,=\-\"')\]]*(?:\([^)]*\))?[\s:,=-]*(?:is |was |were |are |by \w+ |fusion |rearrangement |transcript |mutation |gene )*"
    r"(negativ|not (?:detected|present|seen|found|identified|observed)|absent|undetect|nicht nachweis|nicht nachgew|ausgeschlossen"
    r"|excluded|ruled out|none\b|0 ?%)"
)
_AFTER_UNCERTAIN = re.compile(
    r"(?i)^[\s:,=\-)]*(?:is |was |cannot be |kann nicht )?(?:not excluded|excluded with certainty|ausgeschlossen werden|suspected|fraglich"
    r"|possible|indetermin|equivocal|\?)"
)


def clauses(text: str) -> list[str]:
    """A text cut where a new statement begins."""
    return [part for part in _CLAUSE.split(text) if part and part.strip()]


def mention_of(text: str, pattern: re.Pattern[str]) -> Mention | None:
    """How a text mentions something; ``None`` if it does not.

    Each clause is judged by what stands before and behind the match in it; a plain statement anywhere wins over a
    denial elsewhere ("t(9;22) detected. No evidence of t(4;11)" is asked per pattern, so they do not meet).

    >>> mention_of("kein Nachweis von BCR::ABL1", re.compile("BCR::ABL1")) is Mention.NEGATED
    True
    """
    best: Mention | None = None
    order = (Mention.PRESENT, Mention.UNCERTAIN, Mention.NEGATED, Mention.HISTORY, Mention.FAMILY)
    for clause in clauses(text):
        for match in pattern.finditer(clause):
            found = _judge(clause[: match.start()], clause[match.end() :])
            if best is None or order.index(found) < order.index(best):
                best = found
    return best


def _judge(before: str, after: str) -> Mention:
    if _BEFORE_FAMILY.search(before):
        return Mention.FAMILY
    if _BEFORE_UNCERTAIN.search(before) or _AFTER_UNCERTAIN.search(after):
        return Mention.UNCERTAIN
    if _BEFORE_NEGATED.search(before) or _AFTER_NEGATED.search(after):
        return Mention.NEGATED
    if _BEFORE_HISTORY.search(before):
        return Mention.HISTORY
    return Mention.PRESENT


def states(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether a text plainly states something of this patient now."""
    return mention_of(text, pattern) is Mention.PRESENT
