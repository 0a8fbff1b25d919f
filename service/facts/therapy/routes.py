"""Where a drug goes: into the CSF, or onto skin, eye and airways, which is no treatment of leukemia.

Routes come coded (SNOMED CT, EDQM 20042000 intrathecal), in words ("i.th."), or in the text of the dosage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from service.record.model import Resource
from service.record.values import as_dict, as_list, as_text, codings_of, concept_text

# Anatomical groups (ATC) of preparations for skin, eye, ear, nose, lung, mouth, bowel, vagina.
_LOCAL_ATC = ("S01", "S02", "S03", "D", "R01", "R03", "A01", "A07", "C05", "G01")
# SNOMED CT and EDQM routes: ophthalmic, topical, nasal, otic, respiratory; ocular, cutaneous, inhalation, nasal, auricular.
_LOCAL_ROUTES = frozenset(
    {"54485002", "6064005", "46713006", "10547007", "447694001",
     "20047500", "20003000", "20020000", "20049000", "20001000"}
)  # fmt: skip
_LOCAL_WORDS = re.compile(
    r"\b(?:eye|ophthalm\w*|ocular|augen\w*|ear drops?|otic|ohren\w*|nasal\w*|nasen\w*|cream|creme|salbe|ointment|topical\w*"
    r"|topisch\w*|lotion|gel|inhal\w*|shampoo|mouthwash|mundspül\w*|enema|rectal|cutaneous)\b",
    re.IGNORECASE,
)
INTRATHECAL_ROUTES = frozenset({"72607000", "20042000"})
_INTRATHECAL_WORDS = re.compile(
    r"intrathec|intrathek|intratec|intraventric|intraventrik|\bi\.\s?th\b|\bi\.?th\.(?=\W|$)"
    r"|(?-i:\bi\.?t\.|\bIT\b|\bITh\b|\bTIT\b|\bIT(?=MTX))",
    re.IGNORECASE,
)
_SUCH_ROUTES = r"(?:\b(?:intra\w+\b|subcut\w*\b|subkut\w*\b|oral\w*\b|epidural\w*\b|i\.?[vm]\.?|s\.?c\.?|p\.?o\.?)[\s,/]{0,4}(?:(?:or|and|oder|und|nor|noch)\s{1,4})?){0,8}"
_FATAL = r"(?:fatal\w*|lethal\w*|deadly|death|tödlich\w*|letal\w*|contraindicat\w*|kontraindiz\w*|verboten|prohibited|forbidden|not permitted)"
# "fatal if given intrathecally", "not for intramuscular or intrathecal use", "intrathecal use is fatal": no sign of the route
_WARNING = re.compile(
    rf"(?:\b(?:{_FATAL}|never|not|no|nor|nicht|niemals|nie|kein\w*|don'?t|avoid|without|ohne|except|other than|rather than|instead of|statt)\b"
    rf"(?:(?!\bbut\b|\bsondern\b|\bonly\b|\bnur\b)[^.;,:!|\n]){{0,60}}?{_SUCH_ROUTES}(?:intrathe[ck]al\w*|intraventri[ck]ul\w*|\bi\.?\s?th\.?|(?-i:\bIT\b))"
    rf"|(?:intrathe[ck]al\w*|intraventri[ck]ul\w*|(?-i:\bIT\b))(?:(?!\bonly\b)[^.;|\n]){{0,40}}?\b{_FATAL}\b)",
    re.IGNORECASE,
)


# What every warning names: most texts do not, and that is quick to see.
_WARNED_OF = re.compile(r"intrathe[ck]al|intraventri[ck]ul|\bi\.?\s?th|\bit\b", re.IGNORECASE)


def without_warnings(text: str) -> str:
    """A text without what it says about the intrathecal route only to forbid it.

    >>> without_warnings("2 mg i.v. FATAL IF GIVEN INTRATHECALLY"), without_warnings("not i.v. but intrathecal")
    ('2 mg i.v.  ', 'not i.v. but intrathecal')
    """
    return _WARNING.sub(" ", text) if _WARNED_OF.search(text) else text


def intrathecal_words(text: str) -> Iterator[re.Match[str]]:
    """Where a text names the intrathecal route, warnings against it apart: give it ``without_warnings``."""
    return _INTRATHECAL_WORDS.finditer(text)


def is_local(resource: Resource, codings: Iterable[tuple[str, str]], text: str) -> bool:
    """Whether a preparation is for skin, eye, ear, nose or airways: no treatment of leukemia and no interaction."""
    if any("atc" in system and code.startswith(_LOCAL_ATC) for system, code in codings):
        return True
    routes = list(_routes(resource))
    if any(code in _LOCAL_ROUTES for route in routes for _, code in codings_of(route)):
        return True
    return bool(_LOCAL_WORDS.search(" ".join((text, *map(concept_text, routes)))))


def is_intrathecal(resource: Resource, text: str) -> bool:
    """Whether a drug goes into the CSF, by route or words."""
    routes = list(_routes(resource))
    if any(code in INTRATHECAL_ROUTES for route in routes for _, code in codings_of(route)):
        return True
    said = " | ".join((text, *map(concept_text, routes), *dosage_texts(resource)))
    return bool(_INTRATHECAL_WORDS.search(without_warnings(said)))


def dosages(resource: Resource) -> Iterator[Resource]:
    """Dosage elements of any of the medication resources, objects where arrays belong included."""
    for key in ("dosage", "dosageInstruction"):
        for element in as_list(resource.get(key)):
            if isinstance(element, dict):
                yield element
            elif isinstance(element, str):  # the text where the object belongs
                yield {"text": element}


def dosage_texts(resource: Resource) -> Iterator[str]:
    """The dosages as they are written out."""
    for dosage in dosages(resource):
        yield as_text(dosage.get("text"))


def _routes(resource: Resource) -> Iterator[object]:
    for dosage in dosages(resource):
        yield as_dict(dosage.get("route")) or as_text(dosage.get("route"))
