"""Whether a result on blasts says that there are any, by number or in words."""

from __future__ import annotations

import re

from service.facts.absence import seen_in
from service.facts.model import Fact, Facts, Interval, Reason, known, unknown
from service.facts.results.lookup import full_text, measured, outdated
from service.record.model import Entry
from service.record.text import Mention, mention_of
from service.record.values import all_text, as_text, concept_text

_SEEN_BLASTS = re.compile(r"blasts?\b|blasten(?:nachweis|population|zellen)?\b|\w*lymphoblast\w*", re.IGNORECASE)
_NONE_BEHIND = re.compile(
    r"(?:blasts?|blasten|lymphoblast\w*)\b[\s:=–-]*(?:none|no\b|nil|keine?r?\b|absent|negativ\w*|0\b(?![.,]\d))",
    re.IGNORECASE,
)
_MALIGNANT = re.compile(
    r"\b(?:malign\w*|leuk(?:a)?emi[ac]\w*|leukämi\w*|neoplas\w*|tumou?rzell\w*|tumou?r cells)(?:\s+(?:cells?|zellen|population))?",
    re.IGNORECASE,
)
_ANY = re.compile(
    r"\b(?:present|seen|detected|positiv\w*|yes|few|many|occasional|rare|vereinzelt\w*|nachweisbar|vorhanden)\b|^\s*\(?\+{1,3}\)?\s*$",
    re.IGNORECASE,
)
_NONE = re.compile(
    r"\b(?:none|no|absent|negativ\w*|not (?:seen|detected|present)|nil|keine?r?|nicht (?:nachweisbar|nachgewiesen)|unauffällig\w*|normal)\b",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"possib|suspect|suspici|cannot|can not|indetermin|equivocal|fraglich|verdächtig|atypi|nicht auszuschlie|\?",
    re.IGNORECASE,
)
_BARE = 3  # words of a value that is an answer and no sentence


def blasts_said(entry: Entry) -> bool | None:
    """Whether the words of a result on blasts say that there are any. What its name alone says is none, and a sentence
    that names neither blasts nor malignant cells speaks of other cells.
    """
    value = as_text(entry.resource.get("valueString")) or concept_text(entry.resource.get("valueCodeableConcept"))
    value = value or (all_text(entry.resource) if entry.type != "Observation" else "")
    text = value or full_text(entry)
    if _DOUBT.search(text):
        return None
    mention = mention_of(text, _SEEN_BLASTS) or (mention_of(value, _MALIGNANT) if value else None)
    if mention is Mention.NEGATED:
        return False
    if mention is Mention.PRESENT:
        return not _NONE_BEHIND.search(text) if value else None
    if mention is None and value and len(value.split()) <= _BARE:
        if _NONE.search(value):
            return False
        return True if _ANY.search(value) else None
    return None


def any_blasts(facts: Facts, name: str, entry: Entry) -> Fact | None:
    """Whether one result shows blasts, by number or words; ``None`` if it holds neither."""
    for kind in ("percent", "cells", "csf"):
        found = measured(entry.resource, kind)
        if found is not None and found.value is not None:
            break
    else:
        found = None
    said = blasts_said(entry) if found is None else None
    seen = seen_in(entry, found.found if found else " ".join(full_text(entry).split())[:200], from_text=found is None)
    if found is None and said is None:
        return None
    old = outdated(facts, name, entry, seen)
    if old is not None:
        return old
    if found is not None and found.value is not None:
        value = found.value if isinstance(found.value, Interval) else Interval(found.value, found.value)
        said = value.more_than(0)
    if said is None:
        return unknown(name, Reason.NOT_DECIDED, "below a limit: not said whether any were seen", (seen,))
    return known(name, said, seen)
