"""Names of regimens in words, and where records write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from service.facts.course.phase import plan_text
from service.record.model import Entry, PatientRecord, once_per_record
from service.record.text import states
from service.record.values import as_dict, as_list, as_text, concept_text, notes_of

# name in the vocabulary, pattern, name among the treatments given (where the vocabulary lists one). First match wins,
# so the particular stands before the general ("mini-hyper-CVD" before "hyper-CVAD").
_MINI = r"mini[\s-]*hyper[\s-]*C-?VD"
_HYPER = r"hyper[\s-]*C-?VAD"
_REGIMENS: tuple[tuple[str, re.Pattern[str], str | None], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE), treatment)
    for name, pattern, treatment in (
        ("InO + mini-hyperCVD", rf"(?:inotuzumab|\bInO\b|besponsa).*{_MINI}|{_MINI}.*(?:inotuzumab|\bInO\b|besponsa)", "mini-hyper-CVD"),
        ("Mini-hyperCVD + venetoclax", rf"venetoclax.*{_MINI}|{_MINI}.*venetoclax", "mini-hyper-CVD"),
        ("Mini-hyperCVD", _MINI, "mini-hyper-CVD"),
        ("augmented hyper-CVAD", rf"augmented[\s-]*{_HYPER}", "augmented-hyper-CVAD"),
        ("HyperCVAD", _HYPER, "hyper-CVAD"),
        ("CALGB 10403", r"(?:CALGB|C)[\s-]*10403\b", None),
        ("CALGB 9111", r"CALGB[\s-]*9111\b", None),
        ("CALGB-8811-Larson", r"CALGB[\s-]*8811\b|\bLarson\b", "CALGB-8811-Larson"),
        ("MRC UKALLXII/ECOG2993", r"UK[\s-]?ALL[\s-]?(?:XII|12)\b|\bE(?:COG)?[\s-]*2993\b", None),
        ("Linker", r"\bLinker\b", None),
        ("ALL-INITIAL-1", r"ALL-INITIAL-1", None),
        ("ALLIANCE A041703", r"\bA041703\b", None),
        ("ALLOLD07", r"\bALLOLD[\s-]*07\b", None),
        ("ALLTogether1", r"\bALL[\s-]?Together", None),
        ("DFCI 00-01", r"DFCI[\s-]*00-0?01", None),
        ("DFCI-11-001", r"DFCI[\s-]*11-001", None),
        ("DFCI-16-001", r"DFCI[\s-]*16-001", None),
        ("Modified DFCI 91-01", r"DFCI[\s-]*91-01", None),
        ("ECOG 1910", r"(?:ECOG(?:-ACRIN)?[\s-]*E?|\bE)1910\b", None),
        ("EsPhALL", r"\bEsPh[\s-]?ALL", None),
        ("EWALL", r"\bEWALL\b", None),
        ("GRAAPH", r"\bGRAAPH", None),
        ("GRAALL", r"\bGRAALL", None),
        ("GMALL", r"\bGMALL", None),
        ("Interfant", r"\bInterfant", None),
        ("NOPHO", r"\bNOPHO", None),
        ("MSKCC CCG-1882", r"\bCCG[\s-]*1882\b", None),
        ("POMP", r"\bPOMP\b", None),
        ("Total-XVII", r"\bTotal(?: therapy)?[\s-]*(?:XVII|17)\b", None),
        ("Total-XVI", r"\bTotal(?: therapy)?[\s-]*(?:XVI|16)\b", None),
        ("FLAG-IDA", r"\bFLAG[\s-]*IDA", None),
        ("FLAM", r"\bFLAM\b", None),
        ("MOpAD", r"\bMOpAD\b", None),
        ("BFM-like", r"\b(?:AIEOP-?)?(?:ALL[\s-]?)?BFM\b", "BFM-like"),
    )
)  # fmt: skip
_COG = re.compile(r"\bA?ALL[\s-]*(\d{4}|\d{2}[PB]\d)\b", re.IGNORECASE)  # COG: AALL and the year with a number
_ANY = re.compile("|".join((_COG.pattern, *(pattern.pattern for _, pattern, _ in _REGIMENS))), re.IGNORECASE)
_BEGUN = (None, "completed", "in-progress", "stopped", "active", "on-hold", "onhold", "finished")
_TYPES = (
    "CarePlan",
    "EpisodeOfCare",
    "Procedure",
    "MedicationStatement",
    "MedicationRequest",
    "MedicationAdministration",
)


def regimens_in(text: str) -> list[tuple[str, str | None]]:
    """The regimens a text names, each with its name among the treatments given; a general name within a particular one
    is not counted again.

    >>> regimens_in("R-Hyper-CVAD cycle 1A"), regimens_in("GMALL 08/2013 Induktion I")
    ([('HyperCVAD', 'hyper-CVAD')], [('GMALL', None)])
    """
    if not _ANY.search(text):  # as a rule
        return []
    found: list[tuple[str, str | None]] = []
    for name, pattern, treatment in _REGIMENS:
        if pattern.search(text) and states(text, pattern):
            found.append((name, treatment))
            text = pattern.sub(" ", text)
    for match in _COG.finditer(text):
        if match.group().upper().startswith("AALL") and states(text, re.compile(re.escape(match.group()))):
            found.append((f"AALL{match.group(1).upper()}", None))
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Written:
    """A regimen where it is written. ``treatment``: its name among the treatments given, where those list it."""

    name: str
    treatment: str | None
    entry: Entry
    text: str


@once_per_record
def regimens(record: PatientRecord, as_of: date) -> tuple[Written, ...]:
    """The regimens that were begun, by name."""
    return tuple(
        Written(name, treatment, entry, text)
        for entry, text in _regimen_texts(record, as_of)
        for name, treatment in regimens_in(text)
    )


def _regimen_texts(record: PatientRecord, as_of: date) -> Iterator[tuple[Entry, str]]:
    """Texts that may name a regimen that was begun: of plans, episodes, procedures with what they used, medications with
    the protocol they follow, and their notes.
    """
    for entry in record.of_type(*_TYPES):
        begun = entry.when is None or entry.when.start <= as_of
        if begun and entry.status in _BEGUN and _carried_out(entry):
            for text in _texts(entry):
                if text.strip():
                    yield entry, text


def _carried_out(entry: Entry) -> bool:
    """Plans of care count once they run; a mere order of a drug, or the intention of one, does not."""
    intent = as_text(entry.resource.get("intent"))
    if entry.type == "MedicationRequest":
        return entry.status == "completed"
    return intent not in ("proposal", "option") or entry.status == "completed"


def _texts(entry: Entry) -> Iterator[str]:
    if entry.type in ("CarePlan", "EpisodeOfCare"):
        yield plan_text(entry)
    else:
        yield entry.text
    if "usedCode" in entry.resource:
        yield "; ".join(concept_text(c) for c in as_list(entry.resource.get("usedCode")))
    for key in ("basedOn", "partOf"):
        if key in entry.resource:
            for link in as_list(entry.resource[key]):
                yield as_text(as_dict(link).get("display"))
    if "note" in entry.resource:
        yield notes_of(entry.resource)
