"""Words of an MRD result: positive, negative, not quantifiable, no result. English and German."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.record.text import states

_IGNORE = re.IGNORECASE
_MARKER_LIST = re.compile(
    r"\b(?:positive|negative|positiv|negativ)(?:\s+(?:for|für))\s+(?:(?:cy|s|dim\s)?(?:CD\d+\w*|HLA-?DR|TdT|MPO)[\s,/]*(?:and|und|or)?\s*)+"
    r"|\b(?:cy|s)?(?:CD\d+\w*|HLA-?DR|TdT|MPO)\s?(?:dim|bright|partial|het\w*)?\s?(?:\+|-(?!\w)|positive?\b|negative?\b|pos\b|neg\b)",
    _IGNORE,
)
_ASIDE = re.compile(r"[(\[](?:previous|prior|earlier|last|vor(?:her|befund|wert)|zuletzt)[^)\]]*[)\]]", _IGNORE)
_CLAUSE = re.compile(
    r"[;\n]+|\.(?=\s|$)|\]\s|,\s(?=(?:but|previous|prior|earlier|vor(?:her|befund)|if|falls|wenn)\b)", _IGNORE
)
_ELSEWHEN = re.compile(
    r"\b(?:previous\w*|prior|earlier|formerly|last (?:sample|result)|historical|vorher\w*|zuvor"
    r"|früher\w*|vorbefund\w*|vorwert|if|falls|wenn|should|consider|recommend\w*|empfehl\w*"
    r"|defined|definiert)\b",
    _IGNORE,
)
_AT_DIAGNOSIS = re.compile(r"\b(?:at (?:initial )?diagnosis|bei (?:erst)?diagnose)\b", _IGNORE)
_CHANGED = re.compile(
    r"\bvon\s+[^;\n]{1,30}?\s+(?=auf\s)|(?:decreas|declin|fell|fall|dropp?|ris(?:e|ing|en)|rose|increas|improv|reduc|down|up)\w*"
    r"(?:\s\w+){0,3}\s+from\s+[^;\n]{1,30}?\s+(?=to\s)",
    _IGNORE,
)
_NOW = re.compile(r"\b(?:now|currently|today|jetzt|aktuell|heute|nunmehr)\b", _IGNORE)
_ABOUT = re.compile(
    r"MRD|residual|rest(?:erkrankung|leuk)|leuk|blast|clon|klon|transcript|transkript|sequence", _IGNORE
)

_NO_RESULT = re.compile(
    r"\bno results?\b|kein ergebnis|\binsufficient\b|not sufficient|\bQNS\b|nicht ausreichend|ungenügend|\bfailed\b"
    r"|\bpending\b|ausstehend|steht (?:noch )?aus|not (?:done|performed|tested)|nicht (?:durchgeführt|untersucht)"
    r"|\binvalid\b|to follow\b|cancel+ed|\bTNP\b|\binadequate\b|\bhypocellular|hypozellul|zellarm|\bdry tap|punctio sicca|\bclotted\b|geronnen"
    r"|\bkein (?:\w+ )?material\b|(?<!quantifizierung )(?<!quantification )(?:not|nicht) (?:possible|möglich)|\bno (?:suitable |informative )?marker|kein (?:geeigneter )?marker",
    _IGNORE,
)
_ELSEWHERE = re.compile(
    r"\bsee\b.{0,25}\b(?:report|attach\w*|comment|document|pdf)|siehe\b.{0,25}(?:befund|anhang|bericht)"
    r"|s\.\s?(?:befund|anhang)",
    _IGNORE,
)
_UNCERTAIN = re.compile(
    r"indetermin\w+|undetermined|unbestimmt|inconclusive|equivocal|suspicious|suspected|can ?not (?:be )?(?:\w+ )?(?:exclude|determin|rule|assess|evaluat)\w*"
    r"|not (?:evaluable|assessable|interpretable)|nicht (?:sicher )?(?:auswertbar|beurteilbar|auszuschlie\w+|bewertbar)"
    r"|kann nicht .{0,25}ausgeschlossen|fraglich|unklar\w*|borderline|grenzwertig|uncertain|questionable"
    r"|(?:not|no longer|never|nicht(?: mehr)?|without) (?:\w+ ){0,3}negativ\w*|negativ\w* (?:was |is )?(?:not|nicht) (?:yet )?(?:achiev|reach|erreich)\w*",
    _IGNORE,
)
_NOT_QUANTIFIABLE = re.compile(
    r"\bP?n\.?\s?q\b|quantifizierung (?:\w+ )?nicht möglich|(?:not|non|nicht|un)[ -]?(?:\w+ )?quantif\w+|(?:below|under|outside|less than|unter(?:halb)?|kleiner|<)\s?(?:of )?(?:the |der |des )?(?:lower )?"
    r"(?:LL?OQ|limit of quanti(?:f\w+|tation)|quantif\w+|quantitative range|QR\b|bestimmungsgrenze)",
    _IGNORE,
)
_NOT_SEEN = re.compile(
    r"\buMRD\b|undetect\w+|non-?\s?detect\w+|\bnot (?:\w+ )?(?:detect\w+|present|seen|found|identified|observed)"
    r"|\bno (?:\w+[ -]){0,6}?(?:detect\w+|identified|seen|found|present|observed)"
    r"|nicht (?:mehr )?(?:nachweis\w+|nachgewiesen|detektier\w+)|kein\w* (?:\w+ ){0,2}nachweis\w*"
    r"|\bn\.\s?n\.(?!\w)|(?<![\d.,])\b0 (?:\w+[ -]){0,4}?(?:cells?|zellen|sequen\w+|clonotypes?)\b(?: (?:were |was )?(?:detect\w+|found|identified|nachgewiesen))?"
    r"|(?:below|under|less than|unter(?:halb)?|kleiner|<)\s?(?:the |der |als )?(?:assay )?(?:LL?OD\b|(?:limit|level) of detection|detection (?:limit|threshold)|nachweisgrenze)",
    _IGNORE,
)
_NEGATIVE = re.compile(
    r"\bnegativ\w*|\bneg\b\.?|(?<!\w)-\s?ve\b|\babsent\b|\bMRD\s?(?:\(-\)|-(?=[\s.,;)]|$))"
    r"|\bno (?:\w+[ -]){0,3}?(?:MRD|residual|evidence)|\bkein\w* (?:\w+ ){0,2}(?:MRD|rest\w+|hinweis\w*|anhalt)"
    r"|complete molecular (?:remission|response)|(?:komplette )?molekulare (?:komplett|voll)remission|MRD-frei",
    _IGNORE,
)
_POSITIVE = re.compile(
    r"\bpositiv\w*|\bpos\b\.?|\bPNQ\b|\+\s?ve\b|\bdetect(?:ed|able)\b|\bnachweisbar\w*|\bnachgewiesen\b|\bpresent\b|\bidentified\b"
    r"|\bMRD\s?(?:\+|\(\+\))|\bpersist\w+ (?:MRD|residual|disease|leuk)",
    _IGNORE,
)
_NOT_DETECTED_OR_DONE = re.compile(r"\s*(?:MRD\s*[:=]?\s*)?n\.?\s?d\.?\s*", _IGNORE)
_EMPTY = re.compile(r"\W*(?:n/?a|k\.?\s?a\.?|nil|none)?\W*", _IGNORE)
_PLUS = re.compile(r"\s*(?:MRD\s*[:=]?\s*)?\(?\+{1,3}\)?\s*", _IGNORE)
# A sample too poor, or an assay not sensitive enough, for a negative to mean anything.
_POOR = re.compile(
    r"h[aä]?e?modilut\w*|hämodilu\w*|(?:blood|blut)\w*[- ](?:contaminat|kontamin|beimengung)\w*|blutig verdünnt"
    r"|\b(?:hypocellular|hypozellul\w*|zellarm\w*|paucicellular) (?:sample|specimen|aspirate|probe|aspirat\w*|material)|suboptimal|\binadequate\b|(?:too )?few (?:cells|events)|zu wenige? (?:zellen|ereignisse)"
    r"|(?:limited|reduced|eingeschränkte?|verminderte?|reduzierte?) (?:sensitiv|empfindlich)\w*",
    _IGNORE,
)
_NOT_REACHED = re.compile(
    r"(?:sensitiv|empfindlich)\w*[^.;]{0,30}\b(?:not|nicht) (?:be )?(?:reached|achieved|obtained|erreicht)", _IGNORE
)
_UNDETECTABLE = re.compile(
    r"\bundetectable\b|\b(?:not|non)[ -]?detectable\b|complete molecular (?:remission|response)"
    r"|molekulare (?:komplett|voll)remission",
    _IGNORE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """What the words of a result say. ``seen``: detected at all (a "negative" may still have been seen)."""

    qualitative: str | None = None  # positive, negative, indeterminate
    seen: bool | None = None
    undetectable: bool = False
    not_quantifiable: bool = False
    no_result: bool = False
    elsewhere: bool = False  # only a pointer to a document
    poor: bool = False  # a poor sample or reduced sensitivity: a negative decides nothing


def about_now(text: str) -> str:
    """A text without asides on earlier results ("fell from 0.5 % to"), on diagnosis, and on what would be if.

    What is left out is blanked, so positions stay. A text that is one single clause keeps its words on diagnosis
    ("the marker identified at diagnosis: 0.02 %").
    """
    text = _CHANGED.sub(_blank, _ASIDE.sub(_blank, text))
    kept = _filtered(text, (_ELSEWHEN, _AT_DIAGNOSIS))
    return kept if kept.strip(" .;,\n]") else _filtered(text, (_ELSEWHEN,))


def _filtered(text: str, elsewhen: tuple[re.Pattern[str], ...]) -> str:
    parts: list[str] = []
    last = 0
    for stop in [*_CLAUSE.finditer(text), None]:
        end = stop.end() if stop else len(text)
        parts.append(_current(text[last:end], elsewhen))
        last = end
    return "".join(parts)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _current(clause: str, elsewhen: tuple[re.Pattern[str], ...]) -> str:
    """A clause as it is, what stands behind "now" in a comparison, or blanks."""
    if not any(pattern.search(clause) for pattern in elsewhen):
        return clause
    now = _NOW.search(clause)
    return " " * now.start() + clause[now.start() :] if now else " " * len(clause)


def said(text: str) -> Said:
    """What a text (already `about_now`) says of residual disease.

    Positive and negative words about residual disease in one text are "indeterminate": neither is picked.
    """
    text = _MARKER_LIST.sub(_blank, text)
    if _PLUS.fullmatch(text):
        return Said("positive", True)
    if text.strip() and _EMPTY.fullmatch(text):
        return Said(no_result=True)
    poor = states(text, _POOR) or bool(_NOT_REACHED.search(text))
    no_result, elsewhere = bool(_NO_RESULT.search(text)), bool(_ELSEWHERE.search(text))
    if _UNCERTAIN.search(text) or _NOT_DETECTED_OR_DONE.fullmatch(text):
        return Said("indeterminate", no_result=no_result, elsewhere=elsewhere, poor=poor)
    not_quantifiable = bool(_NOT_QUANTIFIABLE.search(text))
    qualitative, seen = _judge(text)
    if qualitative == "indeterminate":
        pointed = "\n".join(part for part in re.split(r"[;\n]|\.\s", text) if _ABOUT.search(part))
        qualitative, seen = _judge(pointed) if pointed else (qualitative, seen)
    return Said(
        qualitative, seen, qualitative == "negative" and bool(_UNDETECTABLE.search(text)), not_quantifiable, no_result,
        elsewhere, poor,
    )  # fmt: skip


def _judge(text: str) -> tuple[str | None, bool | None]:
    """Positive, negative or both, and whether anything was seen."""
    not_seen = bool(_NOT_SEEN.search(text))
    rest = _NOT_SEEN.sub(" ", text)
    negative = not_seen or bool(_NEGATIVE.search(rest))
    positive = bool(_POSITIVE.search(_NEGATIVE.sub(" ", rest)))
    if positive and negative:
        return "indeterminate", None
    if positive:
        return "positive", True
    if negative:
        return "negative", False if not_seen else None
    return None, None
