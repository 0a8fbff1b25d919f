"""Blasts in the blood, and the response where it is stated."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import seen_in
from service.facts.course.state_text import state_in
from service.facts.course.statements import course_reports, is_course_report, status_text
from service.facts.course.text import in_pieces
from service.facts.course.timeline import course
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.facts.response.blasts import any_blasts
from service.facts.response.marrow import marrow_results
from service.facts.results.lookup import (
    RESULTS,
    full_text,
    latest_first,
    nothing,
    results_about,
)
from service.record.model import Entry
from service.record.text import Mention, mention_of
from service.record.values import codings_of


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
_REGISTRY = re.compile(r"gesamtbeurteilung|verlauf|obds|gekid", re.IGNORECASE)


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

    Blasts in a marrow of the three months after a stated remission contradict it; those of later, and a relapse stated
    since, make it a thing of the past. "No change" and "improved" say nothing of remission.
    """
    record = facts.record
    if record is None:
        return
    entries = latest_first([*record.about(*_STATUS, types=RESULTS), *course_reports(record), *marrow_results(record)])
    for entry in dict.fromkeys(entries):
        found = _response_of(entry)
        if found is None:
            continue
        value, seen = found
        if entry.when is None:
            yield unknown("response", Reason.UNDATED, "the stated response has no date", (seen,))
            return
        if value == "less-than-CR":
            yield known("response", value, seen)
            return
        marrow_now = facts["marrow_blasts_percent"]
        since = [r for r in course(record, facts.as_of).relapses if r.when.start > entry.when.end]
        if since:
            detail = "a relapse came after the last stated response"
            yield unknown("response", Reason.NOT_DECIDED, detail, (seen, since[-1].seen()))
        elif _contradicted(entry, marrow_now):
            detail = "a remission was stated, and later marrow blasts are 5 % or more"
            yield unknown("response", Reason.CONFLICTING, detail, (seen, *marrow_now.provenance))
        else:
            yield known("response", value, seen)
        return
    yield nothing(facts, "response", *RESULTS, concepts=_STATUS)


def _response_of(entry: Entry) -> tuple[str, Provenance] | None:
    status = entry.concepts & set(_STATUS)
    if status:
        for system, code in codings_of(entry.resource.get("valueCodeableConcept")):
            letters = len(code) > 1 or "response.obds" in status or _REGISTRY.search(system)
            if code in _CODED and letters:
                return _CODED[code], seen_in(entry, code)
    summary = is_course_report(entry)  # whose plans say nothing of today
    text = status_text(entry) if summary else full_text(entry)
    words = text if not status else text.replace(entry.text, " ", 1)
    if state_in(words) == "relapsed":  # "relapsed after CR1": the remission it names is over
        return None
    said = stated_response(words)
    return (said, seen_in(entry, " ".join(words.split())[:200], from_text=True)) if said else None


def _contradicted(entry: Entry, marrow_now: Fact) -> bool:
    value = marrow_now.value
    raised = value.at_least(5) if isinstance(value, Interval) else isinstance(value, float) and value >= 5
    day = marrow_now.provenance[0].date if marrow_now.provenance else None
    return bool(raised) and day is not None and entry.when is not None and day[:10] > entry.when.end.isoformat()


PROVIDERS: tuple[Provider, ...] = (circulating_blasts, response)
