"""Routes by code and in words, and the one route that is said of a resource, whatever drug it is about."""

from __future__ import annotations

import re

from service.facts.therapy.routes import INTRATHECAL_ROUTES, dosage_texts, dosages, is_intrathecal
from service.record.model import Resource
from service.record.values import as_list, as_text, codings_of, concept_text

INTRATHECAL = "intrathecal"
ORAL = re.compile(r"\boral|by mouth|\bp\.?\s?o\.?(?=\W|$)|\btab(?:let|lette)?s?\b|tablette", re.IGNORECASE)
# SNOMED CT, EDQM, HL7
CODES = {
    **dict.fromkeys(INTRATHECAL_ROUTES, INTRATHECAL), "IT": INTRATHECAL, "ITINJ": INTRATHECAL,
    "47625008": "intravenous", "20045000": "intravenous", "IV": "intravenous", "IVPUSH": "intravenous", "IVPB": "intravenous",
    "34206005": "subcutaneous", "20066000": "subcutaneous", "SC": "subcutaneous", "SQ": "subcutaneous",
    "78421000": "intramuscular", "20035000": "intramuscular", "IM": "intramuscular",
    "26643006": "oral", "20053000": "oral", "PO": "oral",
}  # fmt: skip
PLAIN = (
    ("intravenous", re.compile(r"intraven|\bi\.?v\.?(?=\W|$)", re.IGNORECASE)),
    ("subcutaneous", re.compile(r"subcut|subkut|\bs\.?\s?c\.?(?=\W|$)", re.IGNORECASE)),
    ("intramuscular", re.compile(r"intramus|\bi\.?\s?m\.?(?=\W|$)", re.IGNORECASE)),
    ("oral", re.compile(r"\boral|by mouth|\bp\.?\s?o\.?(?=\W|$)", re.IGNORECASE)),
)
LOOSE = (
    ("intravenous", re.compile(r"\bin(?:fusion|fundier)", re.IGNORECASE)),
    ("oral", ORAL),
)  # where nothing else is said


def route(resource: Resource, text: str) -> str | None:
    """The route by codes and words: intrathecal, intravenous, subcutaneous, intramuscular or oral; any other that is stated
    is "other". ``None`` where none is stated, or several that differ.
    """
    if is_intrathecal(resource, text):
        return INTRATHECAL
    stated = [part for dosage in dosages(resource) for part in as_list(dosage.get("route"))]
    found = {name for said in stated if (name := _stated(said)) is not None}
    if not found:
        found = {name for said in dosage_texts(resource) for name, words in (*PLAIN, *LOOSE) if words.search(said)}
    return found.pop() if len(found) == 1 else None


def _stated(said: object) -> str | None:
    coded = {CODES[code.upper()] for _, code in codings_of(said) if code.upper() in CODES}
    if len(coded) == 1:
        return coded.pop()
    text = concept_text(said) or as_text(said)
    worded = [name for name, words in PLAIN if words.search(text)]
    return worded[0] if len(worded) == 1 else "other" if text or codings_of(said) else None
