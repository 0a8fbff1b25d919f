"""Transplants and cell infusions in words: the thing itself, its kind, and what goes on around it.

English and German; the plain words of Italian, Spanish and French registries; and codes of ICD-9-CM that stand in a text:
"(41.03)" is an allogeneic marrow transplant.
"""

from __future__ import annotations

import re

from service.record.text import Mention, mention_of

_ORGAN = (
    r"(?:kidney|renal|liver|hepatic|heart|cardiac|lung|cornea\w*|pancrea\w*|islet|f(?:a)?ecal|microbio\w*|stool|skin|hair"
    r"|meniscus|tendon|bone(?! marrow)|nieren|leber|herz|lungen|hornhaut|pankreas|stuhl|haut)"
)
_OTHER_TISSUE = re.compile(
    rf"(?:\ballo\w*\s+)?\b{_ORGAN}[\s-]*(?:allo\w*[\s-]*)?(?:microbio\w*[\s-]*)?(?:transpl\w*|grafts?\b|allografts?\b|tx\b)"
    rf"|\btranspl\w*[\s,]+(?:of\s+)?{_ORGAN}\b",
    re.IGNORECASE,
)
_CELLS = (
    r"(?:stem[\s-]*cells?|progenitor[\s-]*cells?|stammzell\w*|bone[\s-]*marrow|knochenmark\w*|h(?:a)?ematopoietic"
    r"|hämatopoetisch\w*|cord[\s-]*blood|nabelschnurblut\w*|\bHPC\b)"
)
_DONOR = (
    r"(?:\bMM?UD\b|\bMSD\b|\bMRD(?=[\s-]+(?:transpl|P?B?H?SCT))|\bhaplo\w*|(?:un)?related[\s-]+donor|sibling[\s-]+donor|(?:fremd|geschwister|familien)"
    r"[\s-]*spender\w*)"
)
_INFUSED = r"(?:infusion|transfusion|rescue)"
_SHORT = (
    r"(?-i:\b(?:[Aa]llo|[Hh]aplo|[Aa]uto|a)?-?(?:PBH?|BM|UCB?|CB|H)?S(?:C|Z)T\b"
    r"|\b(?:[Aa]llo|[Hh]aplo|[Aa]uto|a)?-?(?:HCT|BMT|KMT|UCBT|HPCT)\b)"
)
_ROMANCE = (
    r"\b(?:trapianto|trasplante|transplante|greffe)\b[\w\s,()-]{0,40}?\b(?:midollo|staminali|médula|medula|progenitor\w*|moelle|souches"
    r"|hematopoyétic\w*|emopoietic\w*|hématopoïétiques)|\ballogreffe\b|\bautogreffe\b"
)
_ICD9 = r"\(41\.?0\d\)"
_TRANSPLANT = re.compile(
    rf"{_CELLS}[\w\s,()/-]*?(?:transpl|\btxp?\b)|\btranspl\w*[\s,(]+(?:of |von |der )?(?:allo\w*[\s,]+)?{_CELLS}"
    rf"|(?:stem[\s-]*cells?|progenitor[\s-]*cells?|cord[\s-]*blood|stammzell\w*)[\w\s-]*?\b{_INFUSED}\b"
    rf"|\b{_INFUSED}\s+(?:of|von)\s[\w\s-]*?(?:stem[\s-]*cells?|progenitor[\s-]*cells?|cord[\s-]*blood|stammzellen)"
    rf"|{_DONOR}[\w\s-]*?(?:transpl|\btxp?\b)|blutstammzell\w*transpl|{_ROMANCE}|{_ICD9}|{_SHORT}",
    re.IGNORECASE,
)
_KINDS = (
    (
        "allogeneic",
        re.compile(
            rf"\ballo(?!w|pur|anti|immun)|\balog[eé]n|\(41\.?0[23568]\)|{_DONOR}|matched (?:un)?related|cord[\s-]*blood"
            r"|nabelschnurblut|\bUCB",
            re.IGNORECASE,
        ),
    ),
    (
        "autologous",
        re.compile(
            r"\bauto(?:log\w*|greffe)?(?:\b|(?-i:(?=[A-Z-])))|\baut[oó]log|\(41\.?0[1479]\)",
            re.IGNORECASE,
        ),
    ),
)
_KIN_DONOR = re.compile(
    r"\b(?:donor|spender(?:in)?)\b[\s:,=-]*(?:HLA[\w-]*\s+)?(?:\d+/\d+\s+)?(?:sister|brother|sibling|mother|father|son|daughter|unrelated|related"
    r"|schwester|bruder|mutter|vater|sohn|tochter|unverwandt|verwandt|fremd)",
    re.IGNORECASE,
)
# Procedures around a transplant, an infusion or a drug that are not it.
_NOT_YET = (
    r"evaluat|consult|work-?up|donor search|spendersuche|typing|typisier|planning|planned|geplant|candidate|referral|harvest"
    r"|collection|apheresis|apherese|screening|vorbereitung|aufklärung|counsel|declin|refus|awaiting|educat|teaching|schulung"
    r"|lympho-?deplet|manufactur|herstellung|\bconsent|authori[sz]ation|eligib|warteliste|waiting list"
    r"|(?:conditioning|konditionierung)\s+(?:\w+\s+){0,2}(?:for|before|prior|vor|zur|für)\b"
    r"|\b(?:before|prior to|pre-?|vor)\s*(?:CAR\b|tecartus|kymriah|aucatzyl|tisa|brexu|obe|allo|auto|haplo|transpl|stammzell"
    r"|stem cell|bone marrow|knochenmark|(?-i:P?B?H?SCT\b|HCT\b|BMT\b|SZT\b|KMT\b))"
)
_NOT_IT = re.compile(_NOT_YET, re.IGNORECASE)
_AROUND = re.compile(rf"{_NOT_YET}|follow[\s-]?up|nachsorge|complication", re.IGNORECASE)
_GVHD = re.compile(
    r"graft[\s-]*(?:versus|vs\.?|v\.?)[\s-]*host|\bGv?HD\b|transplantat[\s-]*gegen[\s-]*wirt", re.IGNORECASE
)


def only_around(text: str, *, told_later: bool = False) -> bool:
    """Whether a text is about what goes before, or beside, a transplant or treatment: a work-up, a collection of cells.

    ``told_later``: it is told as part of the history, where a complication or a follow-up speaks of one that was done.

    >>> only_around("Leukapheresis for CAR-T manufacturing"), only_around("Allogeneic HSCT, day 0")
    (True, False)
    """
    return (_NOT_IT if told_later else _AROUND).search(text) is not None


def transplant_in(text: str, *, told_later: bool = False) -> str | None:
    """``allogeneic``, ``autologous`` or ``unspecified`` where a text states a transplant of blood-forming cells.

    ``told_later``: one that is history counts too.

    >>> transplant_in("10/10 MUD PBSCT"), transplant_in("BMT"), transplant_in("renal transplant")
    ('allogeneic', 'unspecified', None)
    """
    text = _OTHER_TISSUE.sub(" ", text)
    mention = mention_of(text, _TRANSPLANT)
    if mention is not Mention.PRESENT and not (told_later and mention is Mention.HISTORY):
        return None
    said = [kind for kind, pattern in _KINDS if pattern.search(text)]
    return said[0] if len(said) == 1 else "unspecified"


def kind_by_donor(text: str) -> str | None:
    """The kind that words about the donor give a transplant: ``allogeneic`` or ``autologous``, if they say one.

    >>> kind_by_donor("Donor: HLA-identical sister"), kind_by_donor("without complications")
    ('allogeneic', None)
    """
    said = [kind for kind, pattern in _KINDS if pattern.search(text)]
    if not said and _KIN_DONOR.search(text):
        return "allogeneic"
    return said[0] if len(said) == 1 else None


def is_other_tissue(text: str) -> bool:
    """Whether a text is about a graft of something else than blood-forming cells, and of nothing more."""
    return _OTHER_TISSUE.search(text) is not None and not _TRANSPLANT.search(_OTHER_TISSUE.sub(" ", text))


def names_gvhd(text: str) -> bool:
    """Whether a text states graft-versus-host disease, now or in the past."""
    return mention_of(text, _GVHD) in (Mention.PRESENT, Mention.HISTORY)
