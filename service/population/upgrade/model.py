"""What differs between two contents for one patient. Plain values: for files, and for other processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """What happened to what a rule says of a patient; ``CARD``: a card reads otherwise though its rules say the same."""

    GAINED = "gained"
    LOST = "lost"
    CHANGED = "changed"
    VERDICT = "verdict"  # the rule advises nothing either way, but another verdict, or another fact, stands in the way
    CARD = "card"


class Because(StrEnum):
    """What makes the difference."""

    NEW = "rule-new"
    GONE = "rule-gone"
    STATUS = "rule-status"  # draft or retired in one of the two
    POLICY = "policy"  # the rule is in both, and the policy lets it speak for this patient in one
    CRITERION = "criterion"
    OFFER = "offer"  # it speaks of a treatment that only one of the two offers
    TEXT = "text"  # what the rule itself says, or how it is drawn


@dataclass(frozen=True, slots=True)
class Line:
    """A criterion that makes the difference.

    ``content``: ``old`` or ``new``, in which it stands; ``part``: ``when`` or ``unless``. ``holds``: a condition that
    fails (False), an exclusion that holds (True), or unknown (None). ``criterion``: as written; ``says``: in words.
    ``value``: what this patient has, in words. ``instead``: lines of the other content on the same fact.
    """

    content: str
    part: str
    holds: bool | None
    criterion: str
    says: str
    fact: str
    value: str
    instead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the two say differently: its name, as docs/upgrade.md lists them, and what each says."""

    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one rule for one patient. For a card, ``rule`` and ``source`` are empty and ``subject`` names it.

    ``old`` and ``new``: verdicts: ``applies``, ``cannot_tell``, ``does_not_apply``, or ``silent`` where the rule does not
    speak; of cards ``shown`` or ``not shown``. ``why``: in words, without anything of the patient, so that it is the same
    for all whom it concerns.
    """

    kind: Kind
    rule: str
    title: str
    source: str
    topic: str
    subject: str
    old: str
    new: str
    because: Because
    why: str
    differs: tuple[Difference, ...] = ()
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """One patient on one day. ``advised``: whether there is advice at all: not without ALL, nor after death.

    ``where``: name of the file, of a patient who has one of their own.
    """

    patient: str
    day: date
    advised: bool
    changes: tuple[Change, ...]
    where: str = ""
