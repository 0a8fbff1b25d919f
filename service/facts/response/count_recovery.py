"""What reports say of recovery after treatment: trilineage hematopoiesis, recovery of counts, leukostasis.

NCCN asks for "adequate count recovery per protocol" and prints no figures (NCCN ALL 2.2025, footnotes bb and nn): it
is read where stated; what a stated or computed response says of it is derived.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from service.facts.absence import seen_in
from service.facts.model import Fact, Facts, Provenance, Provider, known, provides
from service.facts.response.marrow import marrow_results
from service.facts.results.lookup import full_text, is_active, is_count, latest_first, nothing
from service.record.model import Entry, PatientRecord
from service.record.text import Mention, mention_of

_LATELY = timedelta(days=90)
_TRILINEAGE = re.compile(
    r"tri-?linea(?:r|ge)\w*\s+(?:\w+\s+)?(?:h(?:a)?ematopoies[ie]s|maturation|recovery|regeneration|hämatopoese)|\bTLH\b"
    r"|trilineäre\w*\s+(?:\w+\s+)?(?:hämatopoese|regeneration|reifung)|all three (?:cell )?lines? (?:present|maturing|recovered)",
    re.IGNORECASE,
)
_RECOVERED = re.compile(
    r"(?:count|counts|h(?:a)?ematologic(?:al)?|blood count|neutrophil and platelet) recovery|(?:blood )?counts? (?:have |has |had )?recovered"
    r"|recovered (?:blood )?counts|(?:blutbild|zell)regeneration|hämatologische regeneration|regeneration der blutwerte|blutbild\w* regeneriert",
    re.IGNORECASE,
)
_INCOMPLETE = re.compile(
    r"incomplete\w* (?:h(?:a)?ematologic(?:al)? |blood )?(?:count )?recover\w*|(?:counts?|recovery) (?:have |has |is |was )?(?:not|nicht|still not)"
    r"|delayed count recovery|prolonged cytopenia|unvollständige\w* (?:\w+)?regeneration|verzögerte\w* (?:\w+)?regeneration"
    r"|(?:awaiting|pending) count recovery|count recovery (?:pending|awaited|incomplete)",
    re.IGNORECASE,
)
_LEUKOSTASIS = re.compile(
    r"(?<!a)symptomatic hyperleu[kc]ocytosis|hyperleu[kc]ocytosis with (?:symptoms|leu[kc]ostasis)|leu[kc]ostas[ie]s\w*|leukostase\w*"
    r"|symptomatische\w* hyperleukozytose",
    re.IGNORECASE,
)


@provides("trilineage_hematopoiesis")
def trilineage_hematopoiesis(facts: Facts) -> Iterator[Fact]:
    """Whether the newest marrow that speaks of it, of the last 90 days, shows all three lines."""
    if facts.record is None:
        return
    for entry in marrow_results(facts.record):
        mention = mention_of(full_text(entry), _TRILINEAGE)
        if mention in (Mention.PRESENT, Mention.NEGATED) and _is_recent(facts, entry):
            yield known("trilineage_hematopoiesis", mention is Mention.PRESENT, _seen(entry))
            return
    yield nothing(facts, "trilineage_hematopoiesis", "Observation", "DiagnosticReport")


@provides("count_recovery")
def count_recovery(facts: Facts) -> Iterator[Fact]:
    """Whether blood counts are said to have recovered, by the newest statement of the last 90 days."""
    if facts.record is None:
        return
    for entry in _texts(facts, facts.record, _RECOVERED, _INCOMPLETE):
        text = full_text(entry)
        if mention_of(text, _INCOMPLETE) is Mention.PRESENT or mention_of(text, _RECOVERED) is Mention.NEGATED:
            yield known("count_recovery", False, _seen(entry))
            return
        if mention_of(_INCOMPLETE.sub(" ", text), _RECOVERED) is Mention.PRESENT:
            yield known("count_recovery", True, _seen(entry))
            return
    yield nothing(facts, "count_recovery", "Observation", "DiagnosticReport")


@provides("symptomatic_hyperleukocytosis")
def leukostasis(facts: Facts) -> Iterator[Fact]:
    """Leukostasis, or hyperleukocytosis called symptomatic, in an active Condition or lately said. A count proves neither
    symptoms nor their absence: NCCN ALL 2015 (ALL-B) prints no threshold.
    """
    if facts.record is None:
        return
    for entry in _texts(facts, facts.record, _LEUKOSTASIS, conditions=True):
        mention = mention_of(full_text(entry), _LEUKOSTASIS)
        if mention in (Mention.PRESENT, Mention.NEGATED):
            yield known("symptomatic_hyperleukocytosis", mention is Mention.PRESENT, _seen(entry))
            return
    yield nothing(facts, "symptomatic_hyperleukocytosis", "Condition", "Observation")


def _texts(
    facts: Facts, record: PatientRecord, *patterns: re.Pattern[str], conditions: bool = False
) -> Iterator[Entry]:
    """Recent entries, newest first, whose words match a pattern."""
    kinds = ("Observation", "DiagnosticReport", *(("Condition",) if conditions else ()))
    for entry in latest_first(e for e in record.of_type(*kinds) if not is_count(e)):
        now = is_active(entry, facts.as_of) if entry.type == "Condition" else _is_recent(facts, entry)
        if now and any(pattern.search(full_text(entry)) for pattern in patterns):
            yield entry


def _is_recent(facts: Facts, entry: Entry) -> bool:
    return entry.when is not None and entry.when.start >= facts.as_of - _LATELY


def _seen(entry: Entry) -> Provenance:
    return seen_in(entry, " ".join(full_text(entry).split())[:200], from_text=True)


PROVIDERS: tuple[Provider, ...] = (trilineage_hematopoiesis, count_recovery, leukostasis)
