"""Which drugs a text and the codes beside it mean: names, brands, German names, classes; what is denied or only planned.

Names and codes come from the terminology (RxNorm, ATC with the numbers of before 2022, HCPCS). A code and a text that name
different drugs settle neither ("RxNorm 6851" is methotrexate, its text says mercaptopurine): what both have in common, a
class, is taken, and the drugs stay open.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from service.facts.vocabulary.drugs import DRUG_OF_CONCEPT, IMPLIES
from service.record.model import Entry
from service.record.terminology import Terminology
from service.record.text import Mention, clauses

# Anatomical groups (ATC) that stand for a class of drugs as a whole.
_CLASS_OF_ATC = {"A02BC": "PPI", "A02BA": "H2-blocker", "H02AB": "corticosteroid", "J02AC": "azole", "L01EA": "TKI"}
# Anatomical groups in which drugs against leukemia, and steroids, stand; V holds what stands nowhere else.
_ANTILEUKEMIC_ATC = ("L", "H02", "V")
_UNNAMED = re.compile(
    r"\W*(?:(?:the|per|as|nach|gemäß|laut|systemic|systemische?|intravenous|iv|combination|blinded|investigational|protocol|protokoll"
    r"|study|studien|clinical|trial|unspecified|other|medication|medications|drugs?|agents?|medikation|chemo\w*"
    r"|immuntherapie|immunotherapy|prüf\w*|polychemotherapie|antineoplastic|zytostatika?|therap\w+|treatment|regimen|unknown"
    r"|nos|administration|infusion|see|siehe|plan)\b\W*)+",
    re.IGNORECASE,
)
# Generic drugs that a more particular preparation is a form of, so that the code of the one does not contradict the other.
_FORM_OF = {
    "vincristine-liposomal": {"vincristine"}, "cytarabine-liposomal": {"cytarabine"},
    "daunorubicin-cytarabine-liposomal": {"daunorubicin", "cytarabine"}, "asparaginase-erwinia": {"asparaginase-e-coli"},
    "pegaspargase": {"asparaginase-e-coli"}, "calaspargase pegol": {"asparaginase-e-coli"},
}  # fmt: skip
# A liposomal preparation is written with the names of what it holds.
_LIPOSOMAL = {
    name: {*parts, "cytarabine-liposomal"} - {name} for name, parts in _FORM_OF.items() if name.endswith("liposomal")
}
# Words that may deny or put off what a text names; only then its clauses are looked at one by one.
_DOUBT = re.compile(
    r"\b(?:no|not|never|without|kein\w*|ohne|nicht|family|mother|father|familien\w*)\b|\bdeni|n't\b|\?|possib|suspect|verdacht",
    re.IGNORECASE,
)
NOT_TAKEN = re.compile(
    r"\b(?:declin\w+|refus\w+|abgelehnt\w*|verweigert|(?:allerg\w*|hypersensitiv\w*|unverträglichkeit)\s+(?:to|auf|gegen|gegenüber)"
    r"|contraindicat\w+|kontraindi\w+|(?:planned|geplant\w*)(?!\s+(?:taper|dose|reduc|course|ausschleich))|vorgesehen|candidate|eligib\w+"
    r"|consider(?:ed|ing)|erwogen|awaiting|na[iï]ve?|to be (?:started|given)|kostenübernahme\w*|beantragt|waiting for|approval pending|pending approval)\b|\bplan(?: is)? to\b",
    re.IGNORECASE,
)
# Words beside which a name of a drug is that of a test or an examination.
_EXAMINED = re.compile(
    r"\b(?:level|spiegel\w*|assay|densit\w*|knochendichte\w*|osteodensito\w*|screening|test(?:s|ing|ung)?|typing|scan|antibod\w+"
    r"|antikörper\w*|monitoring|aktivität\w*|activity|bestimmung)\b|spiegelbestimmung|\bDEXA[\s-]*(?:scan|bone|mess)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Named:
    """The drugs a resource means. ``either``: drugs of which one is meant, and nobody can tell which. ``note``: why."""

    drugs: frozenset[str]
    from_text: bool = False
    note: str | None = None
    either: frozenset[str] = frozenset()


def drugs_in(terminology: Terminology, text: str, *, anyhow: bool = False) -> frozenset[str]:
    """Drugs, and classes, that a text names without denying or merely planning them; ``anyhow``: that it names at all."""
    found = {group for group in terminology.concepts_in_text(text) if group in DRUG_OF_CONCEPT}
    if found and not anyhow and (NOT_TAKEN.search(text) or _DOUBT.search(text)):
        found = {group for group in found if _is_told(terminology, group, text)}
    drugs = {DRUG_OF_CONCEPT[group] for group in found}
    told_by_another = {word for drug in drugs for word in (*IMPLIES.get(drug, ()), *_LIPOSOMAL.get(drug, ()))}
    return frozenset(drugs - told_by_another)


def _is_told(terminology: Terminology, group: str, text: str) -> bool:
    for clause in clauses(text):
        mention = terminology.mention(group, clause)
        if mention in (Mention.PRESENT, Mention.HISTORY) and not NOT_TAKEN.search(clause):
            return True
    return False


def is_examined(text: str) -> bool:
    """Whether a procedure's text speaks of a test or an examination: a drug level, a DEXA scan."""
    return _EXAMINED.search(text) is not None


def named(
    terminology: Terminology,
    coded: Iterable[str],
    text: str,
    codings: Iterable[tuple[str, str]] = (),
    *,
    anyhow: bool = False,
) -> Named:
    """The drugs of a resource from the concepts of its codes, its codings, and its text, which may name more of them.

    A class in the text ("asparaginase") does not contradict a drug, nor the code of a generic drug the text of one of its
    preparations; there the more particular is taken.
    """
    by_code = frozenset(DRUG_OF_CONCEPT[c] for c in coded if c.startswith("therapy.") and c in DRUG_OF_CONCEPT)
    by_code = by_code or _classes(codings)
    by_text = drugs_in(terminology, text, anyhow=anyhow)
    if not by_code:
        return Named(by_text, from_text=True)
    if by_code < by_text:
        return Named(by_text, from_text=True)
    if not by_text or by_code & by_text or _within(by_text, by_code):
        return Named(by_code)
    if _within(by_code, by_text) or any(by_code & _FORM_OF.get(drug, set()) for drug in by_text):
        return Named(by_text, from_text=True)
    code, words = ", ".join(sorted(by_code)), ", ".join(sorted(by_text))
    common = _classes_of(by_code) & _classes_of(by_text)
    return Named(common, note=f"its code says {code}, its text {words}", either=by_code | by_text)


def _classes(codings: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset(
        _CLASS_OF_ATC[code[:5]] for system, code in codings if "atc" in system and code[:5] in _CLASS_OF_ATC
    )


def _classes_of(drugs: Collection[str]) -> frozenset[str]:
    return frozenset(implied for drug in drugs for implied in (*IMPLIES.get(drug, ()), drug))


def _within(words: Collection[str], drugs: Collection[str]) -> bool:
    classes = {implied for drug in drugs for implied in IMPLIES.get(drug, ())}
    return classes.issuperset(words)


def is_nameless(entry: Entry) -> bool:
    """Whether nobody can tell which drug a medication is: no name, and no code that this service or its class tells.

    "Chemotherapy per protocol" and "study drug" name none either.
    """
    return names_nothing(entry.text, entry.concepts, entry.codings)


def names_nothing(text: str, concepts: Collection[str], codings: Iterable[tuple[str, str]]) -> bool:
    """The same of a text and codes: no name, or "chemotherapy per protocol", and no code that tells."""
    if text.strip():
        return _UNNAMED.fullmatch(text) is not None
    return not concepts and not any(
        "atc" in system and len(code) > 1 and not code.startswith(_ANTILEUKEMIC_ATC) for system, code in codings
    )
