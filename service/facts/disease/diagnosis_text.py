"""The lineage of a lymphoblastic leukemia in words, English and German, with the short forms of other languages."""

from __future__ import annotations

import re

from service.record.text import Mention, mention_of, states

_DISEASE = r"(?:ALL|LAL|LLA|LBL|LL|ŪLL|lymph\w*|lymfo\w*|linfo\w*|leuk\w*|leuc\w*|leuz\w*)"
_WORDS_BETWEEN = r"(?:(?:cell|zell\w*|zellige|lineage|linien|linie|precursor|vorläufer|acute|akute)[\s-]+)*"


def _of(letter: str) -> str:
    """Before the disease ("T-cell ALL", "precursor B lymphoblastic ...") or behind it ("LAL-T", "ALL, T lineage"), or as such."""
    before = rf"(?<!CAR[ -])\b(?:pre-?|pr(?:ä|ae)-?|pro-?|p(?=B)|cortical |kortikale |early )?{letter}(?:[\s-]+|(?=ALL)){_WORDS_BETWEEN}{_DISEASE}"
    behind = (
        rf"\b(?:ALL|LAL|LLA|leuk\w+|leuc\w+|lymphom\w*)[\s,(-]+"
        rf"(?:(?:linf|lymph)\w+ |agu\w+ |acut\w+ |aigu\w+ |de |of |a |di |à |célul\w+ |cell\w+ )*"
        rf"(?:pre-?|pro-?|common )?{letter}(?:[\s-]+(?:cell|zell\w*|lin\w+|precursor|vorläufer)\b|(?=[\s,;.)]|$))"
    )
    named = rf"\b{letter}(?:[\s-]+(?:cell|zell))?[\s-]+(?:lineage|linie)\b(?![\s-]+(?:marker|antigen|cell|zell|aplas|deplet))"
    return f"{before}|{behind}|{named}"


_B = re.compile(
    _of("B")
    + r"|\bBCP\b|\b(?:common|c)-?\s?ALL\b|\bB[\s-]+(?:cell |zell\w* )?(?:precursor|vorläufer)|\bprecursor[\s-]B\b",
    re.IGNORECASE,
)
_T = re.compile(_of("T") + r"|\bprecursor[\s-]T\b|\bETP\b|\bT[\s-]+(?:cell |zell\w* )?vorläufer", re.IGNORECASE)
_OWN = (Mention.PRESENT, Mention.HISTORY)
_ETP = re.compile(
    r"(?<!near[ -])(?<!non[ -])\bETP\b|(?<!non[ -])early[\s-]T[\s-](?:cell[\s-])?precursor|frühe?\w* T-(?:zell-)?vorl\w*",
    re.IGNORECASE,
)


def lineage_in(text: str) -> str | None:
    """``B`` or ``T`` where a text states just one of them, also of the past: the lineage does not change.

    >>> lineage_in("T-ALL nach CAR-T-Zell-Therapie"), lineage_in("akute lymphatische Leukämie"), lineage_in("LAL-B")
    ('T', None, 'B')
    """
    found = [letter for letter, pattern in (("B", _B), ("T", _T)) if mention_of(text, pattern) in _OWN]
    return found[0] if len(found) == 1 else None


def etp_in(text: str) -> bool | None:
    """Whether a text calls the disease early T-cell precursor, or denies it."""
    mention = mention_of(text, _ETP)
    if mention is Mention.PRESENT:
        return True
    return False if mention is Mention.NEGATED else None


_PRECURSOR = re.compile(
    r"\b(?:pre|prä|prae|pro)-?\s?B\b|\bcommon\b|\bc-?ALL\b|precursor|vorläufer|\bBCP\b|\bT-?(?:cell )?ALL\b",
    re.IGNORECASE,
)
_OTHERS = (
    (
        "AML",
        re.compile(r"acute (?:pro)?m(?:yelo|ono)|akute[nrs]? (?:pro)?m(?:yelo|ono)|\b(?-i:AML|APL)\b", re.IGNORECASE),
    ),
    (
        "CML",
        re.compile(r"chronic myelo(?:id|gen|cytic)|chronische[nrs]? myelo(?:isch|zyt)|\b(?-i:CML)\b", re.IGNORECASE),
    ),
    (
        "other",
        re.compile(
            r"chronic (?:lympho|myelomono)|chronische[nrs]? (?:lymph|myelomono)|\b(?-i:CLL|J?MML|CMML)\b|juvenile",
            re.IGNORECASE,
        ),
    ),
)
_BLAST_PHASE = re.compile(r"\bblast(?:ic)?[\s-](?:phase|crisis)|blasten-?(?:phase|krise|schub)", re.IGNORECASE)


def names_blast_phase(text: str) -> bool:
    """Whether a text states a blast phase, as of CML."""
    return states(text, _BLAST_PHASE)


def names_precursor(text: str) -> bool:
    """Whether a text states a precursor lymphoblastic disease, which no mature one is."""
    return states(text, _PRECURSOR)


def other_leukemia_in(text: str) -> str | None:
    """The leukemia of another kind that a text states: ``AML``, ``CML`` or ``other``; ``None`` where it does not say."""
    found = {name for name, pattern in _OTHERS if states(text, pattern)}
    return "other" if "other" in found else next(iter(found)) if len(found) == 1 else None
