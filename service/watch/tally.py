"""What is counted of one answer of the engine: worked out once, however often the same answer is given again."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from service.advice.engine import Answer
from service.record.build import READ
from service.record.model import SetAside
from service.rules.verdict import Outcome
from service.watch.catalogue import ANSWERS, CARDS, SET_ASIDE, UNKNOWN, VERDICTS, Metric

log = logging.getLogger("allcue.watch")
Key: TypeAlias = tuple[Metric, tuple[str, ...]]
"""A metric with the values of its labels."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What to count whenever an answer is given: ``of_hook`` with the hook of the call as first label, which is left out
    here. Holds names of ours only, so it may be kept as long as the answer."""

    of_hook: tuple[tuple[Key, int], ...] = ()
    rest: tuple[tuple[Key, int], ...] = ()


@lru_cache(maxsize=20_000)
def _once(metric: Metric, *labels: str) -> tuple[Key, int]:
    """The same object for the same labels: charts differ, what is counted of them hardly does."""
    return (metric, tuple(str(label) for label in labels)), 1


# How reasons for setting a resource aside begin, and the word for each: their ends may hold what somebody sent.
_REASONS = (
    ("status ", "status"),
    ("verificationStatus ", "verification"),
    ("its code is marked as excluded", "verification"),
    ("dated after ", "dated-ahead"),
    ("belongs to a patient who", "whose-unknown"),
    ("belongs to ", "another-patient"),
    ("one of several patients", "another-patient"),
    ("is about ", "about-another"),
    ("replaced by ", "corrected"),
    ("an older version", "older-version"),
    ("type not read", "type-not-read"),
    ("not a resource", "not-a-resource"),
    ("its code and its text", "contradiction"),
    ("its code names what its text", "contradiction"),
    ("says what not to do", "not-to-do"),
    ("an event that could have", "not-happened"),
    ("carries a modifier", "modifier"),
)
_TYPES = READ | {"Patient", "Medication", "Specimen"}


def tally_of(answer: Answer) -> Tally:
    """What to count whenever this answer is given. Never raises: the advice is worth more than its count."""
    try:
        return _tally_of(answer)
    except Exception as error:  # the text of an error may hold values
        log.error("an answer is not counted: unexpected %s", type(error).__name__)
        return Tally()


def _tally_of(answer: Answer) -> Tally:
    facts = answer.facts
    about, shown = "other" if facts is None else "all", "some" if answer.cards else "none"
    of_hook = (_once(ANSWERS, about, shown), *(_once(CARDS, str(card["indicator"])) for card in answer.cards))
    if facts is None:
        return Tally(of_hook)
    settled_against = Outcome.DOES_NOT_APPLY
    of_orders = answer.assessment.findings if answer.assessment is not None else ()
    rest = []
    unknown: set[str] = set()
    for verdict in (*answer.verdicts, *(finding.verdict for finding in of_orders)):
        if verdict.outcome is not settled_against:
            rest.append(_once(VERDICTS, verdict.rule.id, verdict.outcome))
            if verdict.missing or verdict.unchecked:
                unknown.update(verdict.missing, verdict.unchecked)
    for name in unknown:  # facts that a draft order changes are taken as they are without it
        reason = facts[name].reason
        if reason is not None:
            rest.append(_once(UNKNOWN, name, reason))
    record = facts.record
    if record is not None:
        rest += [_once(SET_ASIDE, _type(aside), word_for(aside.reason)) for aside in record.set_aside]
    return Tally(of_hook, tuple(rest))


def _type(aside: SetAside) -> str:
    return aside.type if aside.type in _TYPES else "other"


def word_for(reason: str) -> str:
    """A reason for setting a resource aside, as one of a fixed list of words."""
    return next((word for start, word in _REASONS if reason.startswith(start)), "other")
