"""Reading Conditions: where they stand today, and whether they are of a kind, by code or by words."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

from service.record.model import Entry, SetAside
from service.record.text import Mention, mention_of
from service.record.usable import certainty
from service.record.values import as_dict, as_list, as_text, codings_of, concept_text


class Standing(StrEnum):
    """What a Condition's clinical status (or its end) says of today."""

    ACTIVE = "active"
    REMISSION = "remission"
    RELAPSE = "relapse"
    PAST = "past"
    UNSAID = "unsaid"


_BY_STATUS = {
    "active": Standing.ACTIVE,
    "recurrence": Standing.RELAPSE,
    "relapse": Standing.RELAPSE,
    "remission": Standing.REMISSION,
    "inactive": Standing.PAST,
    "resolved": Standing.PAST,
}


_TENTATIVE = frozenset({"provisional", "unconfirmed"})


def standing(entry: Entry, as_of: date | None = None) -> Standing:
    """Where a Condition stands. Without a clinical status its end decides; without ``as_of`` any end counts."""
    status = entry.resource.get("clinicalStatus")
    words = [code for _, code in codings_of(status)] or [as_text(as_dict(status).get("text")) or as_text(status)]
    for word in words:
        found = _BY_STATUS.get(word.strip().lower())
        if found is not None:
            return found
    ended = entry.until is not None and (as_of is None or entry.until.end <= as_of)
    over = ended or entry.resource.get("abatementBoolean") is True or certainty(entry.resource) == "Z"
    return Standing.PAST if over else Standing.UNSAID


def is_differential(entry: Entry) -> bool:
    """Whether a Condition is only one of several diagnoses being considered, or (a German mark) only suspected."""
    return "differential" in _verification(entry) or certainty(entry.resource) == "V"


def is_tentative(entry: Entry) -> bool:
    """Whether a Condition is recorded as provisional or unconfirmed: evidence, but weaker than a confirmed one."""
    return not _TENTATIVE.isdisjoint(_verification(entry))


def _verification(entry: Entry) -> set[str]:
    status = entry.resource.get("verificationStatus")
    words = {code for _, code in codings_of(status)} or {as_text(as_dict(status).get("text")) or as_text(status)}
    return {word.strip().lower() for word in words}


def words_of(entry: Entry) -> str:
    """Name and stage of a Condition in words. Notes are left out: they tell of other times."""
    stages = (concept_text(as_dict(stage).get("summary")) for stage in as_list(entry.resource.get("stage")))
    return "\n".join(part for part in (entry.text, *stages) if part)


def in_icd(entry: Entry | SetAside, prefixes: tuple[str, ...]) -> bool:
    """Whether an ICD-10 code (WHO, CM or GM) of an entry lies in one of the blocks, given by their first characters."""
    return any("icd-10" in system and code.upper().startswith(prefixes) for system, code in entry.codings)


_RISK_BEFORE = re.compile(
    r"(?:\brisk (?:for|of)|risiko (?:für|eine[rs]?)|\bprophyla\w+ (?:for|of|against|gegen)|\bscreening (?:for|auf))\b[^.;\n]*$",
    re.IGNORECASE,
)
_RISK_AFTER = re.compile(
    r"\w*?(?:\s+(?:syndrome|disease|events?|infections?))?[\s-]*(?:risk\b|risiko|prophyla|screening|vaccin|impfung)",
    re.IGNORECASE,
)


def only_risked(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether a text speaks of a thing only as a risk, or as what is to be prevented or screened for.

    >>> only_risked("Thromboseprophylaxe", re.compile("thrombose", re.IGNORECASE))
    True
    """
    found = list(pattern.finditer(text))
    return bool(found) and all(
        _RISK_BEFORE.search(text[: m.start()]) or _RISK_AFTER.match(text, m.end()) for m in found
    )


def names(entry: Entry, pattern: re.Pattern[str], *, past_too: bool = False) -> bool:
    """Whether an entry's name states something of this patient; ``past_too``: also as history. The risk of a thing, or
    what is done to prevent it, is not the thing.
    """
    if not pattern.search(entry.text) or only_risked(entry.text, pattern):
        return False
    mention = mention_of(entry.text, pattern)
    return mention is Mention.PRESENT or (past_too and mention is Mention.HISTORY)
