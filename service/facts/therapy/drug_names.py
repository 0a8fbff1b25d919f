"""Which drug an order or statement means: by code, by name in a text, and whether it is for local use only."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from service.facts.vocabulary.drugs import DRUG_ALIASES, DRUG_NAMES, DRUG_OF_CONCEPT, IMPLIES
from service.record.model import Entry, Resource
from service.record.values import as_dict, as_list, as_text, codings_of, concept_text

_CLASS_WORDS = {"asparaginase": "asparaginase", "car-t": "CAR-T", "car t": "CAR-T"}
_CASE_MATTERS = 4  # short names ("InO", "MTX") count only as they are written


def _names() -> dict[str, str]:
    """All names and brands in lower case; generic names also without their final e ("Methotrexat")."""
    names = {alias.lower(): name for alias, name in DRUG_ALIASES.items() if name in DRUG_NAMES}
    for name in DRUG_NAMES:
        names[name] = name
        if name.endswith("e") and " " not in name:
            names.setdefault(name[:-1], name)
    return {**names, **_CLASS_WORDS}


_NAMES = _names()
_SHORT = frozenset(alias for alias in DRUG_ALIASES if len(alias) <= _CASE_MATTERS and not alias.islower())
_SHORT_LOWER = frozenset(alias.lower() for alias in _SHORT)
_IN_TEXT = re.compile(
    r"(?<![\w-])(?:" + "|".join(map(re.escape, sorted(_NAMES, key=len, reverse=True))) + r")(?!\w)", re.IGNORECASE
)
# Anatomical groups of preparations for skin, eye, ear, nose, lung, mouth, bowel, vagina.
_LOCAL_ATC = ("S01", "S02", "S03", "D", "R01", "R03", "A01", "A07", "C05", "G01")
# Anatomical groups in which drugs against leukemia, and steroids, stand; V holds what stands nowhere else.
_ANTILEUKEMIC_ATC = ("L", "H02", "V")
_UNNAMED = re.compile(
    r"\W*(?:(?:the|per|as|nach|gemäß|laut|systemic|systemische?|intravenous|iv|combination|blinded|investigational|protocol|protokoll"
    r"|study|studien|clinical|trial|unspecified|other|medication|medications|drugs?|agents?|medikation|chemo\w*"
    r"|immuntherapie|immunotherapy|prüf\w*|polychemotherapie|antineoplastic|zytostatika?|therap\w+|treatment|regimen|unknown"
    r"|nos|administration|infusion|see|siehe|plan)\b\W*)+",
    re.IGNORECASE,
)
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
_INTRATHECAL_ROUTES = frozenset({"72607000", "20042000"})
_INTRATHECAL_WORDS = re.compile(r"intrathec|intrathek|intratec|(?-i:\bi\.?t\.|\bIT\b|\bTIT\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Named:
    """The drugs a resource means. ``note``: what did not fit together."""

    drugs: frozenset[str]
    from_text: bool = False
    note: str | None = None


def drugs_in(text: str) -> frozenset[str]:
    """Drugs that a text names, brands and German names included.

    >>> sorted(drugs_in("MTX, Ara-C und Prednison")), drugs_in("methylprednisolone")
    (['cytarabine', 'methotrexate', 'prednisone'], frozenset({'methylprednisolone'}))
    """
    found = set()
    for match in _IN_TEXT.finditer(text):
        word = match.group()
        if word.lower() not in _SHORT_LOWER or word in _SHORT:
            found.add(_NAMES[word.lower()])
    return frozenset(found)


def named(coded: Iterable[str], text: str) -> Named:
    """The drugs of a resource from the concepts of its codes and from its text.

    Where the text names other drugs than the code, the text is believed, as that is what people saw and wrote; both
    are told in ``note``. A class or a component in the text ("asparaginase") does not contradict.
    """
    by_code = frozenset(DRUG_OF_CONCEPT[concept] for concept in coded if concept in DRUG_OF_CONCEPT)
    by_text = drugs_in(text)
    if not by_code:
        return Named(by_text, from_text=True)
    if not by_text or by_code & by_text or _within(by_text, by_code):
        return Named(by_code)
    code, words = ", ".join(sorted(by_code)), ", ".join(sorted(by_text))
    return Named(by_text, from_text=True, note=f"its code says {code}, its text {words}")


def is_nameless(entry: Entry) -> bool:
    """Whether nobody can tell which drug a medication is: no name, and no code that this service or its class tells.

    "Chemotherapy per protocol" and "study drug" name none either.
    """
    if entry.text.strip():
        return _UNNAMED.fullmatch(entry.text) is not None
    return not entry.concepts and not any(
        "atc" in system and len(code) > 1 and not code.startswith(_ANTILEUKEMIC_ATC) for system, code in entry.codings
    )


def _within(words: Collection[str], drugs: Collection[str]) -> bool:
    classes = {implied for drug in drugs for implied in IMPLIES.get(drug, ())}
    return classes.issuperset(words)


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
    if any(code in _INTRATHECAL_ROUTES for route in routes for _, code in codings_of(route)):
        return True
    return bool(_INTRATHECAL_WORDS.search(" ".join((text, *map(concept_text, routes), *_dosage_texts(resource)))))


def dosages(resource: Resource) -> Iterator[Resource]:
    """Dosage elements of any of the medication resources, objects where arrays belong included."""
    for key in ("dosage", "dosageInstruction"):
        for element in as_list(resource.get(key)):
            if isinstance(element, dict):
                yield element


def _routes(resource: Resource) -> Iterator[object]:
    for dosage in dosages(resource):
        yield as_dict(dosage.get("route")) or as_text(dosage.get("route"))


def _dosage_texts(resource: Resource) -> Iterator[str]:
    for dosage in dosages(resource):
        yield as_text(dosage.get("text"))
