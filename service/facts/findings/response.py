"""Blasts in marrow and blood, and the response where it is stated."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import seen_in
from service.facts.course.text import in_pieces
from service.facts.findings.marrow import marrow_results
from service.facts.findings.results import (
    RESULTS,
    full_text,
    latest_first,
    measured,
    nothing,
    outdated,
    results_about,
)
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.record.model import Entry
from service.record.text import Mention, mention_of
from service.record.values import as_text, codings_of, concept_text

_SEEN_BLASTS = re.compile(r"blasts?\b|blasten\b|lymphoblast\w*", re.IGNORECASE)
_ANY = re.compile(
    r"\b(?:present|seen|detected|positive|yes|few|many|occasional|rare|nachweisbar|vorhanden)\b", re.IGNORECASE
)
_NONE = re.compile(
    r"\b(?:none|no|absent|negative|not (?:seen|detected|present)|nil|keine?r?|nicht nachweisbar)\b", re.IGNORECASE
)


_DOUBT = re.compile(
    r"possib|suspect|suspici|cannot|can not|indetermin|equivocal|fraglich|nicht auszuschlie|\?", re.IGNORECASE
)


def blasts_said(entry: Entry) -> bool | None:
    """Whether the words of a result on blasts say that there are any."""
    value = as_text(entry.resource.get("valueString")) or concept_text(entry.resource.get("valueCodeableConcept"))
    text = value or full_text(entry)
    if _DOUBT.search(text):
        return None
    mention = mention_of(text, _SEEN_BLASTS)
    if mention is Mention.PRESENT:
        return not _NONE.search(text) if value else None
    if mention is Mention.NEGATED:
        return False
    if mention is None and value:
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


@provides("circulating_blasts")
def circulating_blasts(facts: Facts) -> Iterator[Fact]:
    """Blasts in the blood: any in a result of the newest day. A missing row is not zero."""
    if facts.record is None:
        return
    told = [
        (e, f) for e in results_about(facts.record, "labs.blood_blasts")
        if (f := any_blasts(facts, "circulating_blasts", e)) is not None
    ]  # fmt: skip
    if not told:
        yield nothing(facts, "circulating_blasts")
        return
    newest = [f for e, f in told if _same_day(e, told[0][0])]
    yield next((f for f in newest if f.value is True), next((f for f in newest if not f.known), newest[0]))


def _same_day(one: Entry, other: Entry) -> bool:
    return (one.when.end if one.when else None) == (other.when.end if other.when else None)


_CODED = {
    "V": "CR", "R": "CR", "T": "less-than-CR", "P": "less-than-CR",
    "550991000124107": "CR", "551001000124108": "less-than-CR",
}  # fmt: skip
_STATED = (
    ("CRi", r"\bCRi\b|\bCRh\b|\bCRp\b|(?:CR|complete (?:remission|response)) with incomplete (?:count|hemato|blood)\w*"
            r"|komplette remission mit unvollständiger"),
    ("less-than-CR", r"partial (?:remission|response)|partielle remission|teilremission|no (?:response|remission)\b"
                     r"|(?:not|nicht) in (?:complete |kompletter )?remission|less than (?:CR|complete)|keine remission"
                     r"|refract\w+|refraktär\w*|non-?respon\w+|induction failure|induktionsversagen"),
    ("CR", r"\bc?(?:CR|KR)(?:[1-5])?\b(?!P)|complete (?:\w+ )?(?:remission|response)|komplette remission|vollremission|komplettremission"),
)  # fmt: skip
_RESPONSES = tuple((name, re.compile(pattern, re.IGNORECASE if name != "CRi" else 0)) for name, pattern in _STATED)
_MOLECULAR = re.compile(
    r"(?:complete )?(?:molecular|molekulare?|cytogenetic|metabolic) (?:remission|response)|CMR", re.IGNORECASE
)
_STATUS = ("response.disease_status", "response.obds")


def stated_response(text: str) -> str | None:
    """CR, CRi or less-than-CR where a text says so. "Improved" or "stable" say nothing of remission, and a molecular
    response is another thing.
    """
    text = in_pieces(_MOLECULAR.sub(" ", text))
    for name, pattern in _RESPONSES:
        mention = mention_of(text, pattern)
        if mention is Mention.PRESENT or (mention is Mention.NEGATED and name == "less-than-CR"):
            return name
        if mention is Mention.NEGATED and name == "CR":
            return "less-than-CR"
    return None


@provides("response", needs=("marrow_blasts_percent",))
def response(facts: Facts) -> Iterator[Fact]:
    """The newest stated response: a coded assessment, or words in a disease status or marrow report.

    Marrow blasts of 5 % or more on the same day or later contradict a stated remission.
    """
    record = facts.record
    if record is None:
        return
    entries = latest_first([*record.about(*_STATUS, types=RESULTS), *marrow_results(record)])
    for entry in dict.fromkeys(entries):
        found = _response_of(entry)
        if found is None:
            continue
        value, seen = found
        marrow_now = facts["marrow_blasts_percent"]
        if value != "less-than-CR" and _contradicted(entry, marrow_now):
            detail = "a remission was stated, and marrow blasts are 5 % or more"
            yield unknown("response", Reason.CONFLICTING, detail, (seen, *marrow_now.provenance))
        else:
            yield known("response", value, seen)
        return
    yield nothing(facts, "response", *RESULTS, concepts=_STATUS)


def _response_of(entry: Entry) -> tuple[str, Provenance] | None:
    status = entry.concepts & set(_STATUS)
    if status:
        for _, code in codings_of(entry.resource.get("valueCodeableConcept")):
            if code in _CODED:
                return _CODED[code], seen_in(entry, code)
    text = full_text(entry)
    words = text if not status else text.replace(entry.text, " ", 1)
    said = stated_response(words)
    return (said, seen_in(entry, " ".join(words.split())[:200], from_text=True)) if said else None


def _contradicted(entry: Entry, marrow_now: Fact) -> bool:
    value = marrow_now.value
    raised = value.at_least(5) if isinstance(value, Interval) else isinstance(value, float) and value >= 5
    day = marrow_now.provenance[0].date if marrow_now.provenance else None
    return bool(raised) and day is not None and entry.when is not None and day[:10] >= entry.when.start.isoformat()


PROVIDERS: tuple[Provider, ...] = (circulating_blasts, response)
