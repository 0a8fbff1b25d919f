"""Reading free text with care: is a thing stated, denied, doubted, someone else's, or of the past?

Small patterns in English and German, after the idea of NegEx (Chapman et al. 2001, J Biomed Inform 34:301): a text is
cut into clauses, and in its clause a finding is judged by the words before and behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum


class Mention(StrEnum):
    PRESENT = "present"
    NEGATED = "negated"
    UNCERTAIN = "uncertain"
    FAMILY = "family"
    HISTORY = "history"


_STRONGEST = (Mention.PRESENT, Mention.UNCERTAIN, Mention.NEGATED, Mention.HISTORY, Mention.FAMILY)

# A full stop of an abbreviation ("Z.n. ALL", "V. a. ALL") and a semicolon in brackets ("t(9; 22)") end nothing.
# The points of "Z.n." (state after), "V.a." (suspected) and "z.A." (to be excluded) end no statement.
_CLAUSE = re.compile(
    r"(?<!z\.n)(?<!z\. n)(?<!\bzn)(?<!v\.a)(?<!v\. a)(?<!\bva)(?<!z\.a)(?<!z\. a)(?<!\bz)(?<!\bv)(?<!s\.p)(?<!t\.p)(?<!\. p)"
    r"(?<!\be)(?<!\bca)(?<!\bvd)(?<!\bst)(?<!\bdd)(?<!\bdr)(?<!\bpat)(?<!\bsusp)(?<!\bbzgl)(?<!\bevtl)(?<!\bhx)\.+(?=\s|$)"
    r"|;+(?=\s|$)(?![^()]*\))|[\n\r]+|\\\.br\\|\s\|\s"
    r"|\s(?:but|aber|however|jedoch|sondern|whereas|hingegen|dagegen)\s"
    r"|,\s(?=(?:but|with|mit|aber|positive|relapse|now|jetzt|nun|aktuell|currently)\b)",
    re.IGNORECASE,
)
# Lines broken in the middle of a phrase, as fixed-width reports are.
_WRAP = re.compile(
    r"(?<=\b(?:of|no|an))[ \t]*\r?\n\s*|(?<=\b(?:for|not|von|auf|für))[ \t]*\r?\n\s*|(?<=\b(?:kein|ohne))[ \t]*\r?\n\s*"
    r"|[ \t]*\r?\n\s*(?=(?:of|for|von|auf|für)\b)",
    re.IGNORECASE,
)
_KIN = (
    r"(?:mother|father|brother|sister|sibling|twin|aunt|uncle|cousin|grand(?:mother|father|parent)|mutter|vater|bruder"
    r"|schwester|geschwister|onkel|tante|großmutter|großvater|oma|opa)s?\b"
    # a relative may be the donor, or the one who tells
    r"(?!['’]?s?[\s-]+(?:donor|allo|hct|hsct|sct|bmt|transplant|stem|marrow|spende|stammzell|szt|kmt|report|state|say"
    r"|note|berichte|gibt))"
)
_BEFORE_FAMILY = re.compile(
    rf"\bfamily h(?:istory|x)|\bfhx?\b|\bfamilienanamnes|(?<!from )(?<!von )(?<!matched )(?<!identical )(?<!donor )\b{_KIN}",
    re.IGNORECASE,
)
_AFTER_FAMILY = re.compile(
    rf"\s*(?:\(|,?\s*(?:in|of|bei)\s+)(?:(?:his|her|the|a|patient['’]s|der|dem|seiner|seinem|ihrer|ihrem)\s+)?{_KIN}",
    re.IGNORECASE,
)
# What may stand between a finding and the word that says whether it was found.
_BETWEEN = (
    r"(?:[\s:,=\-–\"')\]]|\([^)]*\)|\[[^\]]*\]|\b(?:is|was|were|are|be|been|has|have|had|could|can|ist|war|waren|wurden?|werden"
    r"|sind|konnten?|kann|können|sich|lässt|lie(?:ß|ss)(?:en)?|also|fusions?|fusionsgen\w*|rearrangements?|rearrangiert"
    r"|transcripts?|transkript\w*|mutation(?:s|en)?|genes?|gen|translo[ck]ation\w*|chromosom\w*|signals?|expression|fish|(?:rt|q|rq|rt-q)?-?pcr"
    r"|ngs|flow|assay|test(?:s|ing)?|analys[ie]s|results?|befund|ergebnis|status|level|p190|p210|e\d+a\d+|major|minor"
    r"|(?:by|per|using|mittels) (?:rt-|q|rq-|multiplex )?\w+|(?:in|im|in der|in the) (?:blood|marrow|bone marrow|csf|sample"
    r"|specimen|knochenmark|blut|liquor|probe))\b)*+"
)
_FOUND = (
    r"(?:detect\w*|present|seen|found|identified|observed|demonstrated|confirmed|evident|nachweis\w*|nachgewiesen|nachzuweisen"
    r"|gefunden|gesehen|detektier\w*|vorhanden|erkennbar|bestätigt|amplified|rearranged|rearrangiert|expressed)"
)
_ABOUT = r"(?!\s+(?:for|für|auf|bezüglich|hinsichtlich|bzgl)\b)"  # "negative for CD20" speaks of what follows
_NOT_FOUND = (
    rf"(?:neg(?:ativ\w*)?\b{_ABOUT}|(?:not|nicht|never|no longer)\s+(?:been\s+|be\s+|mehr\s+)*{_FOUND}|absent\b|undetect\w*"
    r"|ausgeschlossen\b|excluded\b|ruled out\b|none\b|nil\b|fehlt\b|fehlend\w*|kein\w* nachweis|0(?:[.,]0+)?\s?%)"
)
_AFTER_NEGATED = re.compile(_BETWEEN + _NOT_FOUND, re.IGNORECASE)
_AFTER_POSITIVE = re.compile(rf"{_BETWEEN}(?:(?P<sure>positiv\w*)|{_FOUND})", re.IGNORECASE)
_GENE = r"(?:[a-z(]*[\w(]*\d[\w():;./*-]*)"
# "BCR::ABL1 and KMT2A rearrangements not detected", "t(9;22), t(4;11) and t(1;19) were not detected"
_AFTER_LIST_NEGATED = re.compile(
    rf"[\s)]*(?:(?:and|or|und|oder|sowie|/)\s*{_GENE}{_BETWEEN}|(?:,\s*{_GENE})*,?\s*(?:and|or|und|oder|sowie)\s+{_GENE}"
    rf"\s(?:\w+\s)?(?:were|are|wurden|waren|sind|konnten)\b{_BETWEEN}){_NOT_FOUND}",
    re.IGNORECASE,
)
_EXCLUDE = r"(?:exclu\w+|rul(?:e[sd]?|ing)[ -]out|auszuschl\w+|ausschl\w+|ausgeschlossen)"
_NOT = r"(?:\bnot\b|n['’]t\b|\bcannot\b|\bunable\b|\bnicht\b|\bkein\w*)"
_NO_SUSPICION = re.compile(
    r"\b(?:no|without|kein\w*|ohne)\s+(?:\w+\s+)?(?:suspicion|suspected|verdacht\w*|hinweis\w*|anhalt\w*)",
    re.IGNORECASE,
)
_BEFORE_UNCERTAIN = re.compile(
    rf"{_NOT}\s+(?:\w+\s+){{0,3}}?{_EXCLUDE}|\bpossib\w+|\bsuspect\w*|\bsuspici\w+|\bsusp\b|\bquery\b|\?\s*$|\bverdacht\w*"
    r"|\bv\.\s?a\.|\bvd\.?\s|\bfraglich\w*|\br/o\b|\brule[- ]out\b|\bto (?:exclude|rule out)\b|\bzum ausschlu|\bz\.\s?a\."
    r"|\bdifferen[tz]ial\s?diagnos\w*|\bddx?\b|\bprobabl\w+|\b(?:un)?likely\b|\bwahrscheinlich\w*|\bmöglich\w*|\bvermutlich\w*"
    r"|\bevtl\b|\beventuell\w*|\bequivocal\b|\bindetermin\w+|\bconcern(?:ing|ed)? for\b|\bif\b|\bin case of\b|\bim falle?\b",
    re.IGNORECASE,
)
_AFTER_UNCERTAIN = re.compile(
    rf"{_BETWEEN}(?:(?:{_NOT}|\bcan not\b)\s+(?:\w+\s+){{0,3}}?{_EXCLUDE}|suspected|fraglich|possible|indetermin|equivocal|inconclusive"
    r"|uncertain|unclear|unklar|verdächtig|nicht (?:sicher|eindeutig)|excluded with certainty|\?)",
    re.IGNORECASE,
)
_BEFORE_NEGATED = re.compile(
    r"\b(?:no|not|without|denie[sd]|never|neither|nor|none|lack(?:s|ing)?|free of|absen(?:ce|t)|ruled? out|exclud\w+|negativ\w*"
    r"|undetect\w*|kein\w*|ohne|nicht|weder|fehlt|fehlen\w*|ausschluss|ausgeschlossen)\b|\bnon[- ]?$",
    re.IGNORECASE,
)
# A denial behind its own finding ("KMT2A negative, ...") is spent: it says nothing of the next one.
_SPENT = re.compile(
    rf"(?<=[\w)\]:])\s*[-:=]?\s*(?:(?:is|was|were|are|ist|war|wurden?|sind|konnten?)\s+)*{_NOT_FOUND}(?!\s*:)",
    re.IGNORECASE,
)
_ADJACENT = re.compile(r"\b(?:negativ\w*|absent)\s+$", re.IGNORECASE)
_NEXT_ITEM = re.compile(r",|\band\b|\bund\b", re.IGNORECASE)
_SAME_LIST = re.compile(r"\b(?:or|oder|nor|noch)\b", re.IGNORECASE)
_BEFORE_HISTORY = re.compile(
    r"\bhistory of\b|\bhx of\b|\bh/o\b|\bz\.\s?n\.?|\bzn\b|\bzustand nach\b|\banamnestisch|\bstatus post\b|\bs/p\b|\bst\.?\s?p\."
    r"|\bsurvivor",
    re.IGNORECASE,
)
_AFTER_HISTORY = re.compile(r"\s*\(?(?:in the past\b|in der vorgeschichte|survivor|anamnestisch)", re.IGNORECASE)


def clauses(text: str) -> list[str]:
    """A text cut where a new statement begins.

    >>> clauses("Z.n. ALL. Kein Rezidiv")
    ['Z.n. ALL', ' Kein Rezidiv']
    """
    if "\n" in text:
        text = _WRAP.sub(" ", text)
    return [part for part in _CLAUSE.split(text) if part and part.strip()]


def mention_of(text: str, pattern: re.Pattern[str]) -> Mention | None:
    """How a text mentions something; ``None`` if it does not.

    Each clause is judged by what stands before and behind the match in it; a plain statement anywhere wins over a
    denial elsewhere ("t(9;22) detected. No evidence of t(4;11)" is asked per pattern, so they do not meet).

    >>> mention_of("kein Nachweis von BCR::ABL1", re.compile("BCR::ABL1")) is Mention.NEGATED
    True
    """
    if not pattern.search(text):  # as a rule: the rest is for the few texts that do mention it
        return None
    return strongest(
        _judge(clause[: match.start()], match.group(), clause[match.end() :])
        for clause in clauses(text)
        for match in pattern.finditer(clause)
    )


def strongest(mentions: Iterable[Mention | None]) -> Mention | None:
    """Of several mentions of one thing the one that counts: a statement before a doubt before a denial."""
    return min((m for m in mentions if m is not None), key=_STRONGEST.index, default=None)


def _judge(before: str, term: str, after: str) -> Mention:
    if _BEFORE_FAMILY.search(before) or _AFTER_FAMILY.match(after):
        return Mention.FAMILY
    unsuspected = _NO_SUSPICION.search(before)
    if (not unsuspected and _BEFORE_UNCERTAIN.search(before)) or _AFTER_UNCERTAIN.match(after):
        return Mention.UNCERTAIN
    if unsuspected or _AFTER_NEGATED.match(after) or (_is_gene(term) and _AFTER_LIST_NEGATED.match(after)):
        return Mention.NEGATED
    denied = _denied_before(before, after)
    if denied is not None:
        return denied
    if _BEFORE_HISTORY.search(before) or _AFTER_HISTORY.match(after):
        return Mention.HISTORY
    return Mention.PRESENT


def _is_gene(term: str) -> bool:
    return "::" in term or any(c.isdigit() for c in term)


def _denied_before(before: str, after: str) -> Mention | None:
    """What a denial before a finding makes of it; ``None`` without one.

    A finding with a word of its own ("no KMT2A rearrangement, BCR::ABL1 positive") is not denied by the item before
    it; where the list leaves that open ("no KMT2A, BCR::ABL1 detected") it stays in doubt.
    """
    own = _AFTER_POSITIVE.match(after)
    if _ADJACENT.search(before):
        return Mention.PRESENT if own else Mention.NEGATED
    rest = _SPENT.sub("", before)
    denials = list(_BEFORE_NEGATED.finditer(rest))
    if not denials:
        return None
    between = rest[denials[-1].end() :]
    if own and _NEXT_ITEM.search(between) and not _SAME_LIST.search(between):
        return Mention.PRESENT if own["sure"] else Mention.UNCERTAIN
    return Mention.NEGATED


def states(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether a text plainly states something of this patient now."""
    return mention_of(text, pattern) is Mention.PRESENT
