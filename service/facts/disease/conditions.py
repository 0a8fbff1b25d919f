"""Reading Conditions: where they stand today, and whether they are of a kind, by code or by words."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

from service.record.model import Entry
from service.record.text import Mention, mention_of
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


def standing(entry: Entry, as_of: date | None = None) -> Standing:
    """Where a Condition stands. Without a clinical status its end decides; without ``as_of`` any end counts."""
    status = entry.resource.get("clinicalStatus")
    words = [code for _, code in codings_of(status)] or [as_text(as_dict(status).get("text")) or as_text(status)]
    for word in words:
        found = _BY_STATUS.get(word.strip().lower())
        if found is not None:
            return found
    ended = entry.until is not None and (as_of is None or entry.until.end <= as_of)
    return Standing.PAST if ended or entry.resource.get("abatementBoolean") is True else Standing.UNSAID


def is_differential(entry: Entry) -> bool:
    """Whether a Condition is only one of several diagnoses being considered."""
    return any(code == "differential" for _, code in codings_of(entry.resource.get("verificationStatus")))


def words_of(entry: Entry) -> str:
    """Name and stage of a Condition in words. Notes are left out: they tell of other times."""
    stages = (concept_text(as_dict(stage).get("summary")) for stage in as_list(entry.resource.get("stage")))
    return "\n".join(part for part in (entry.text, *stages) if part)


def in_icd(entry: Entry, prefixes: tuple[str, ...]) -> bool:
    """Whether an ICD-10 code (WHO, CM or GM) of an entry lies in one of the blocks, given by their first characters."""
    return any("icd-10" in system and code.upper().startswith(prefixes) for system, code in entry.codings)


def names(entry: Entry, pattern: re.Pattern[str], *, past_too: bool = False) -> bool:
    """Whether an entry's name states something of this patient; ``past_too``: also as history."""
    if not pattern.search(entry.text):
        return False
    mention = mention_of(entry.text, pattern)
    return mention is Mention.PRESENT or (past_too and mention is Mention.HISTORY)
