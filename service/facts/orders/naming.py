"""Which drugs and regimens an order names: in codes, in words, several at once.

A regimen counts as ordered where its name is what the order is called ("hyper-CVAD cycle 1", "dasatinib + hyper-CVAD"). Beside
the name of a drug it says what the drug is part of ("vincristine 2 mg, hyper-CVAD day 4"). What a regimen is made of: POMP is
mercaptopurine, vincristine, methotrexate and prednisone; MOpAD methotrexate, vincristine, pegaspargase and dexamethasone (NCCN
Insights 2017); FLAG-IDA fludarabine, high-dose cytarabine, G-CSF and idarubicin; the triple intrathecal therapy methotrexate,
cytarabine and a corticosteroid.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from service.facts.therapy.drug_names import drugs_in, is_examined, named
from service.facts.therapy.regimens import regimens_in
from service.facts.vocabulary.drugs import IMPLIES, TREATMENTS
from service.record.terminology import Terminology
from service.record.values import codings_of, concept_text

CONTENTS: Mapping[str, tuple[str, ...]] = {
    "POMP": ("mercaptopurine", "vincristine", "methotrexate", "prednisone"),
    "MOpAD": ("methotrexate", "vincristine", "pegaspargase", "dexamethasone"),
    "FLAG-IDA": ("fludarabine", "cytarabine", "G-CSF", "idarubicin"),
}
_JOINED = re.compile(r"\+|&|\b(?:plus|with|and|mit|und)\b|\bR-", re.IGNORECASE)
_RITUXIMAB = re.compile(r"\bR[\s-]+(?=(?:mini[\s-]*)?hyper[\s-]*C)")
_TRIPLE = re.compile(
    r"\btriple[\s-]+(?:it|intrathecal\w*|i\.?th)\b|\bTIT\b|\btri(?:ple|fach)[\s-]*(?:it|intrathe[ck]al\w*|prophyla\w*)\b"
    r"|(?:intrathe[ck]al\w*|i\.?th\.?)[\s-]+(?:triple|dreifach\w*|trifach\w*)|dreifach[\s-]*(?:it|intrathe[ck]al\w*|prophyla\w*)",
    re.IGNORECASE,
)
_HC = re.compile(r"\bHC\b")
_IT_CHEMO = re.compile(
    r"(?:intrathe[ck]al\w*|\bi\.?\s?th\.?|(?-i:\bIT))[\s-]+(?:chemo\w*|therap\w+|prophyla\w+|zytosta\w*)|chemo\w*[,\s]+intrathe[ck]al",
    re.IGNORECASE,
)
_MAINTENANCE = re.compile(
    r"\s*(?:(?:oral|ALL|leuk[aä]?e?mi\w*|POMP|cycle|zyklus|start|continue|begin|of|[\d:#,-]+)\s+)*"
    r"(?:maintenance[\s-]+(?:chemo\w*|therapy|treatment|cycle|regimen|phase|course)|erhaltungs\w*)\b(?!\s*(?:fluid|infus))",
    re.IGNORECASE,
)
# A service that gives a drug, and one that is done because of it.
_GIVES = re.compile(
    r"administ\w*|\binfus\w*|\binfund\w*|inject\w*|injekt\w*|injiz\w*|instill\w*|\bgabe\b|applikation|chemo\w*|intrathe[ck]al\w*|\bi\.?\s?[vmt]h?\.|"
    r"(?-i:\bI[VMT]\b|\bSC\b|\bPO\b)|\d\s*(?:mg|g|µg|mcg|ug|IU|IE|units?)\b|\bcycle\b|\bzyklus\b|\bcourse\b|\bdose\b",
    re.IGNORECASE,
)
_BECAUSE_OF = re.compile(
    r"\b(?:consent\w*|einwillig\w*|aufklär\w*|educat\w*|teach\w*|schulung\w*|counsel\w*|beratung\w*|pump\w*|referral|consult\w*|konsil\w*"
    r"|genotyp\w*|serolog\w*|echo\w*|ECG|EKG|MRI|MRT|CT|biops\w*|toxicity|due|wegen|reaction|allerg\w*|author\w*|approval|evaluat\w*|expression"
    r"|resist\w*|mutat\w*|follow|visit|sperm|fertil\w*|port access|picc|clearance|expos\w*|hold|stop|discontinue|pausier\w*|absetzen|monitor\w*"
    r"|check|watch|observ\w*|kontroll\w*)\b",
    re.IGNORECASE,
)
_TIMED = re.compile(r"\b(?:before|prior|pre|vor|after|nach|post|during|while|on)\b", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:no|not|without|kein\w*|ohne|nicht|hold|stop|allerg\w*|intoleran\w*|contraindic\w*|kontraindi\w*|declin\w*|refus\w*|abgelehnt\w*)\b|n't\b",
    re.IGNORECASE,
)


def contents_of(regimen: str) -> tuple[str, ...]:
    """The drugs and classes that a regimen surely contains; none where this service does not know.

    >>> "vincristine" in contents_of("HyperCVAD"), contents_of("GMALL")
    (True, ())
    """
    known = [
        part for name, token in regimens_in(regimen) if token for part in IMPLIES.get(token, ()) if name == regimen
    ]
    return (*CONTENTS.get(regimen, ()), *known)


_TREATMENTS = frozenset(TREATMENTS)
_LONGEST = 2000  # characters of a name that are looked through


@dataclass(frozen=True, slots=True)
class Names:
    """What an order names. ``regimens``: as what is ordered; ``within``: as what it is part of. ``tokens`` of both kinds
    (drugs, classes, regimens) are ``drugs``. ``concepts``: of its codes.
    """

    text: str
    codings: tuple[tuple[str, str], ...]
    concepts: frozenset[str]
    drugs: frozenset[str]
    either: frozenset[str] = frozenset()
    from_text: bool = False
    notes: tuple[str, ...] = ()
    regimens: tuple[str, ...] = ()
    within: tuple[str, ...] = ()


def names_of(terminology: Terminology, concepts: Iterable[object], more: str = "") -> Names:
    """What the concepts of a drug order name, each read for itself: of a product all its ingredients. ``more``: a further
    text that belongs to its name.
    """
    codings: list[tuple[str, str]] = []
    coded: frozenset[str] = frozenset()
    texts: list[str] = []
    drugs: set[str] = set()
    either: set[str] = set()
    notes: list[str] = []
    from_text = False
    for concept in (*concepts, *([{"text": more}] if more else ())):
        own = [terminology.coding(system, code) for system, code in codings_of(concept)]
        known = frozenset[str]().union(*(terminology.concepts_of(*coding) for coding in own))
        text = concept_text(concept)[:_LONGEST]
        found = named(terminology, known, text, own)
        if text and not (found.drugs or found.either or _DENIED.search(text)):  # "planned" does not take an order back
            found = named(terminology, known, text, own, anyhow=True)
        codings += own
        coded |= known
        texts += [text] if text else []
        drugs |= found.drugs
        either |= found.either
        notes += [found.note] if found.note else []
        from_text = from_text or (found.from_text and bool(found.drugs))
    parts = {part.casefold(): part for text in reversed(texts) for part in reversed(text.split(" | "))}
    text = " | ".join(reversed(parts.values()))  # each once, as it is written first
    by_code = bool(drugs) and not from_text
    names, tokens = _regimens(text, drugs, by_code)
    return Names(
        text, tuple(codings), coded, frozenset(drugs | tokens), frozenset(either), from_text or bool(tokens), tuple(notes),
        *((names, ()) if tokens or not drugs else ((), names)),
    )  # fmt: skip


def _regimens(text: str, drugs: Collection[str], by_code: bool) -> tuple[tuple[str, ...], set[str]]:
    """The regimens that a text names, and the words for what they order: nothing where they only say what a drug is
    part of.
    """
    found = [] if not text else regimens_in(text)
    tokens: set[str] = set()
    if found and not by_code and (not drugs or _JOINED.search(text)):
        for name, treatment in found:
            tokens |= {treatment} if treatment else set(CONTENTS.get(name, ()))
            tokens |= {"venetoclax"} if name == "Mini-hyperCVD + venetoclax" else set()
        if _RITUXIMAB.search(text):
            tokens.add("rituximab")
    if _TRIPLE.search(text):
        tokens |= {"IT chemotherapy", "methotrexate", "cytarabine"}
        tokens |= {"hydrocortisone"} if _HC.search(text) else set()
        tokens |= set() if _has_steroid({*drugs, *tokens}) else {"corticosteroid"}
    elif not drugs and not tokens:
        if _IT_CHEMO.search(text):
            tokens.add("IT chemotherapy")
        elif _MAINTENANCE.match(text):
            tokens.add("maintenance")
    return tuple(name for name, _ in found), tokens


def _has_steroid(drugs: Collection[str]) -> bool:
    return any("corticosteroid" in (drug, *IMPLIES.get(drug, ())) for drug in drugs)


def names_of_service(
    terminology: Terminology, concepts: Iterable[object], more: str = "", *, of_plan: bool = False
) -> Names:
    """What a service names. Its drugs count where it gives them: a level, a genotype or a teaching is no drug order.

    ``of_plan``: the words are those of a plan or an order set, where a drug is named to be given.
    """
    found = names_of(terminology, concepts, more)
    by_code = any(concept.startswith("therapy.") and concept != "therapy.radiation" for concept in found.concepts)
    gives = (
        of_plan
        or by_code
        or _GIVES.search(found.text)
        or _is_bare(terminology, found)
        or found.regimens
        or found.drugs & _TREATMENTS
    )
    timed = _TIMED.search(found.text)
    denied = (
        is_examined(found.text)
        or _BECAUSE_OF.search(found.text)
        or (timed and not found.regimens and not drugs_in(terminology, found.text[: timed.start()], anyhow=True))
    )
    if gives and not denied:
        return found
    return Names(found.text, found.codings, found.concepts, frozenset(), within=(*found.regimens, *found.within))


def _is_bare(terminology: Terminology, found: Names) -> bool:
    """Whether a text is the name of a drug or a treatment and nothing else."""
    words = found.text.split()
    return bool(found.drugs) and len(words) <= 2 and all(drugs_in(terminology, w) or len(w) < 3 for w in words)
