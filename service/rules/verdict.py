"""A rule's three-valued answer for one patient, and the trace of how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from service.facts.model import Fact
from service.rules.logic import Truth
from service.rules.rule import Rule


class Outcome(StrEnum):
    APPLIES = "applies"
    DOES_NOT_APPLY = "does_not_apply"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``missing``: facts that could still settle a CANNOT_TELL. ``unchecked``: facts an APPLIES went on without.

    ``excluded``: a DOES_NOT_APPLY whose conditions all hold, so that only an exclusion stands in the way.
    """

    rule: Rule
    outcome: Outcome
    missing: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class TraceNode:
    """One line of a trace: the criterion as written with what it saw, or a group with its members."""

    said: str
    truth: Truth
    assumed: bool = False  # unknown, gone on without, named as unchecked
    because: str | None = None
    fact: Fact | None = None
    children: tuple[TraceNode, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """How one verdict came about: the conditions and the exclusions as written, each with what it saw."""

    verdict: Verdict
    when: TraceNode
    unless: TraceNode
