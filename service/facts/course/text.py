"""Words for the course of a leukemia, English and German: relapse, remission, resistance, and their numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from service.record.text import Mention, mention_of, states

_NTH = {
    1: r"(?:first|1st|erst\w*|1\.)", 2: r"(?:second|2nd|zweit\w*|2\.)", 3: r"(?:third|3rd|dritt\w*|3\.)",
    4: r"(?:fourth|4th|viert\w*|4\.)", 5: r"(?:fifth|5th|fünft\w*|5\.)",
}  # fmt: skip
_ORDINALS = {"1": "first ", "2": "second ", "3": "third ", "4": "fourth ", "5": "fifth "}
_ORDINAL = re.compile(r"\b([1-5])\.\s*(?=[^\W\d])")
_REL = r"(?:relaps|rezidiv|rückfall|recurr|recidiv|rechute|récidiv|reca[ií]d|atkryt|back ?slid)"
_REM = r"(?:remission|remisi|remiss)"
_LEUKEMIA = (
    r"(?=\s+(?:(?:acute|akute\w*|[BT]|cell|pre\w*|childhood|Ph\w*|and|or|und|oder|refractory|refraktär\w*)[\s/-]+){0,4}"
    r"(?:\w*-?ALL\b|LAL\b|leuk|lymph|disease|erkrankung|diagnos))"
)
RELAPSE = re.compile(
    rf"(?<!risk of )(?<!risk for )(?<!prevent )(?<!vor )(?:recurr(?:ent|ing)\b{_LEUKEMIA}|(?!recurr(?:ent|ing)\b|rezidivierend){_REL})"
    r"(?!\w*[\s-]*(?:free|frei|risk|risiko|prophyla|verdacht|ausschlu|überwach|monitor))\w*",
    re.IGNORECASE,
)
# MRD that comes back in morphologic remission: no relapse by the sources, which ask for blasts (NCCN ALL 2015, ALL-E).
_MOLECULAR_RELAPSE = re.compile(
    rf"(?:\bmole[ck]ular\w*|\bMRD|minimal residual disease|submi[ck]ros[ck]op\w+)[\s-]*(?:\(MRD\)\s*)?{_REL}\w*"
    rf"|{_REL}\w*\s*(?:\(|[,:]\s*)(?:nur |only |rein |purely )?(?:mole[ck]ular\w*|MRD)(?:[\s-]*(?:only|relapse|positiv\w*))?\)?",
    re.IGNORECASE,
)
REMISSION = re.compile(
    rf"(?<!partial )(?<!partielle )(?<!partieller )(?<!teil){_REM}"
    r"(?!\w*[\s-]*(?:indu|status(?!\s+post)|unknown|unbekannt|unklar|fraglich))\w*"
    r"|(?-i:\b(?:c?CCR|CRi|CRh|CRp|CRu|c?CR|KR)\b(?!\s*(?:rate|protein|[=:]?\s*\d+[.,]\d))|\bc?(?:CR|KR)[\s-]?[1-5]\b)",
    re.IGNORECASE,
)
REFRACTORY = re.compile(
    r"refract\w*|refrakt\w*|\w*refraktär\w*|induction failure|induktionsversag\w*|therapieversag\w*|primary resistan\w*|resistant disease"
    r"|\b(?:induction|induktions?|chemo\w*|primary|primärer?|late|early)[\s-]+non-?respon\w+"
    r"|\bnon-?respon\w+ (?:to|auf|nach|after) (?:\w+ )?(?:induction|induktion|chemo\w*|frontline)",
    re.IGNORECASE,
)
NEWLY = re.compile(
    r"newly[\s-]diagnos|new[\s-]diagnos|\bde[\s-]novo\b|erstdiagnos|erstmanifest|\bneu\s?diagnos|at (?:initial )?presentation"
    r"|previously untreated|treatment[\s-]na[iï]ve",
    re.IGNORECASE,
)
EITHER = re.compile(rf"{_REL}\w*\s*(?:/|or|and|oder|und|-)\s*(?:refra\w+)|\br/r\b", re.IGNORECASE)
# "in remission after relapse", "prior relapse": what came before is not the state.
BEFORE = re.compile(
    rf"\b(?:after|nach|following|since|seit)\b[^,;.()\n]*"
    rf"|\b(?:prior|previous|past|früher\w*)[\s-]+(?:\w+[\s-]+)?(?:{_REL}\w*|{_REM}\w*)|\bpost[\s-]*(?:{_REL}|{_REM})\w*",
    re.IGNORECASE,
)
_ADJECTIVE = re.compile(
    r"\b(?:[^\W\d_]\w*-|MRD\s)(?:neg|pos)(?:ativ\w*)?\b(?=\s+(?:\w+\s+)?(?:CR|KR|remission|complete|komplett))",
    re.IGNORECASE,
)
_NEXT_REMISSION = re.compile(
    r",\s*(?=(?:(?:still|now|currently|ongoing|continu\w+|sustained|persist\w+|weiterhin|anhaltend\w*|aktuell|derzeit|jetzt|nun|in"
    r"|first|second|third|erste[rn]?|zweite[rn]?|dritte[rn]?|[1-5]\.|complete|komplette\w*|h(?:a)?ematologic\w*|hämatologisch\w*"
    r"|molecular|molekulare\w*|morpholog\w+)\s+){0,4}(?:(?:erst|zweit|dritt|voll|komplett|dauer)?remission|(?-i:CRi?|KR)[1-5]?\b))",
    re.IGNORECASE,
)
_PAST_THEN = re.compile(
    r"((?:\bs/p|\bstatus post|\bz\.\s?n\.?|\bzn|\bzustand nach)\s[^.;\n]*?)(?<!not)(?<!nicht)(?<!never)\s(?=in (?:(?:\w+ )?remission|CR[1-5]?)\b)",
    re.IGNORECASE,
)
_BETWEEN = rf"[\s-]*(?:(?!{_REM}|{_REL}|cr\b)[^\W\d]+[\s-]+){{0,2}}"
_COUNT = {1: "(?:1|one|ein)", 2: "(?:2|two|zwei)", 3: "(?:3|three|drei)", 4: "(?:4|four|vier)", 5: "(?:5|five|fünf)"}
_ROMAN = {1: "I", 2: "II", 3: "III", 4: "IV", 5: "V"}
_RELAPSE_NO = {
    n: re.compile(
        rf"\b{nth}{_BETWEEN}{_REL}\w*|{_REL}\w*\s*(?:#|no\.?|nr\.?)\s*{n}\b"
        rf"|{_REL}\w*[\s,:(]{{1,3}}{nth}(?!\s*(?:\w+\s+)?(?:{_REM}|(?-i:CR|KR)|{_REL}))"
        rf"|{_REL}\w*\s*\(?[x×]\s?{n}\b|\b{n}\s?[x×]\s*{_REL}\w*"
        rf"|\b{_COUNT[n]}\s+(?:(?:prior|previous|earlier|früheren?|vorherigen?)\s+)?(?:relapses|recurrences|rezidiven?)\b",
        re.IGNORECASE,
    )
    for n, nth in _NTH.items()
}
_REMISSION_NO = {
    n: re.compile(
        rf"\b{nth}{_BETWEEN}(?:{_REM}\w*|(?-i:CR|KR)\b)|(?-i:\bc?(?:CR|KR)[\s#-]{{0,2}}(?:{n}|{_ROMAN[n]})\b)",
        re.IGNORECASE,
    )
    for n, nth in _NTH.items()
}
MANY = re.compile(rf"\b(?:multipl\w+|several|mehrfach\w*|repeated(?:ly)?)[\s-]+{_REL}", re.IGNORECASE)
_NOW = r"(?:now|currently|current|presently|jetzt|nun|aktuell\w*|derzeit\w*|momentan)"
NOW_RELAPSED = re.compile(rf"\b{_NOW}[\s:]+(?:\w+[\s-]+){{0,4}}?{_REL}", re.IGNORECASE)
_REACHED = r"(?:achiev|reach|attain|obtain|erreich|erziel|eingetreten|confirm|document)"
_NOT_REACHED = re.compile(
    rf"(?:{_REM}\w*|(?-i:\b(?:CR|KR)[1-5]?\b))\s+(?:(?:was|has|been|is|could|wurde|konnte|ist|bisher)\s+)*(?:not|nicht|never|nie)\s+"
    rf"(?:(?:yet|been|be|mehr)\s+)*{_REACHED}\w*",
    re.IGNORECASE,
)


LONGEST = 2000  # characters: the course is told in a line or a page; more is not looked through, and costs no time


def says(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether a text plainly states something. Most texts do not name it at all, which is quick to see."""
    text = text[:LONGEST]
    return pattern.search(text) is not None and states(in_pieces(text), pattern)


def in_pieces(text: str) -> str:
    """A text in which a remission begins a statement of its own, so that what is denied or told of the past before it
    says nothing of it; and without "MRD-negative" and the like, which deny no remission.

    >>> in_pieces("No evidence of relapse, in MRD-negative CR1")
    'No evidence of relapse. in  CR1'
    """
    text = _NOT_REACHED.sub("no remission", _ADJECTIVE.sub("", text))
    return _PAST_THEN.sub(r"\1. ", _NEXT_REMISSION.sub(". ", text))


def without_molecular(text: str) -> str:
    """A text without relapses that are called molecular ("MRD relapse"): blasts did not come back."""
    return _MOLECULAR_RELAPSE.sub(" ", text)


def molecular_relapse_in(text: str) -> bool:
    """Whether a text states a relapse of MRD only.

    >>> molecular_relapse_in("molekulares Rezidiv nach CR1"), molecular_relapse_in("no MRD relapse")
    (True, False)
    """
    return says(text, _MOLECULAR_RELAPSE) and not says(BEFORE.sub(" ", without_molecular(text)), RELAPSE)


def relapse_number_in(text: str) -> int | None:
    """The highest number of a relapse that a text states, past ones too ("second relapse", "Z.n. 2 Rezidiven")."""
    return _highest(_RELAPSE_NO, text, past_too=True)


def remission_number_in(text: str) -> int | None:
    """The highest number of a remission that a text states ("CR2", "zweite Remission")."""
    return _highest(_REMISSION_NO, text)


def _highest(patterns: Mapping[int, re.Pattern[str]], text: str, past_too: bool = False) -> int | None:
    text = without_ordinal(without_molecular(text[:LONGEST]))
    meant = (Mention.PRESENT, Mention.HISTORY) if past_too else (Mention.PRESENT,)
    found = (
        n for n, pattern in patterns.items() if pattern.search(text) and mention_of(in_pieces(text), pattern) in meant
    )
    return max(found, default=None)


def without_ordinal(text: str) -> str:
    """A text in which "1." before a word is an ordinal, not the end of a sentence."""
    return _ORDINAL.sub(lambda match: _ORDINALS[match[1]], text)
