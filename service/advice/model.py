"""Advice: what is worth saying about one patient now, before it is drawn as cards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from service.advice.labels import Label
from service.facts.model import Fact
from service.rules.rule import Rule
from service.rules.tables import Orderable
from service.rules.verdict import Verdict


class Urgency(IntEnum):
    """Order of cards; the least first."""

    UNSAFE = 0
    HEED = 1
    OPTIONS = 2
    MISSING = 3
    NOTICE = 4


@dataclass(frozen=True, slots=True)
class Option:
    """One treatment the guidelines offer this patient, said by one or more rules.

    ``against``: safety verdicts that speak against it for this patient. ``cautions``: safety verdicts to heed when it
    is chosen; ``open_cautions``: those that cannot be excluded yet. ``labels``: for each drug of
    it whether the configured region has it labelled for this patient. ``unchecked``: facts without which it is offered, or which could still forbid it.
    """

    subject: str
    verdicts: tuple[Verdict, ...]
    against: tuple[Verdict, ...] = ()
    cautions: tuple[Verdict, ...] = ()
    open_cautions: tuple[Verdict, ...] = ()
    labels: tuple[Label, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def rule(self) -> Rule:
        """The rule that says it most strongly; options are drawn with its words."""
        return self.verdicts[0].rule


@dataclass(frozen=True, slots=True)
class Options:
    """The choice on one topic: what is offered, what is ruled out for this patient, and what goes with it.

    ``notes`` are to be borne in mind; ``evidence`` are rules that bring figures for something offered.
    """

    topic: str
    offered: tuple[Option, ...]
    ruled_out: tuple[Option, ...] = ()
    notes: tuple[Verdict, ...] = ()
    evidence: tuple[Verdict, ...] = ()
    urgency: Urgency = Urgency.OPTIONS


@dataclass(frozen=True, slots=True)
class Gap:
    """A fact worth asking for: why it is unknown, which decisions wait for it, and what would answer it.

    ``decides_edition``: it hangs on it which guideline answers.
    ``blocks``: a recommendation waits for it; otherwise it is only unchecked on something offered.
    """

    fact: Fact
    decisions: tuple[Rule, ...]
    blocks: bool
    orders: tuple[tuple[str, Orderable], ...] = ()  # by id
    question: str | None = None
    decides_edition: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """What is missing to decide, most useful first, and tests the guidelines ask for now."""

    gaps: tuple[Gap, ...]
    tests: tuple[Verdict, ...] = ()
    further: int = 0  # gaps not shown
    ordered: tuple[str, ...] = ()  # orderables of tests that are asked for and ordered already
    urgency: Urgency = Urgency.MISSING

    @property
    def blocks(self) -> bool:
        return any(gap.blocks for gap in self.gaps)


@dataclass(frozen=True, slots=True)
class Unsafe:
    """Something that is being given, or is the case, and that a source warns of."""

    subject: str
    verdicts: tuple[Verdict, ...]
    drugs: tuple[str, ...] = ()
    urgency: Urgency = Urgency.UNSAFE


@dataclass(frozen=True, slots=True)
class Care:
    """What goes with treatment now, whatever is chosen: cautions and how to go on after a toxicity, supportive care.

    ``safety``: whether it is of safety, which comes before options; supportive care comes last.
    """

    verdicts: tuple[Verdict, ...]
    safety: bool

    @property
    def urgency(self) -> Urgency:
        return Urgency.HEED if self.safety else Urgency.NOTICE


INCOMPLETE = "record-incomplete"  # key of the notice that a part of the record could not be read
UNDIAGNOSED = "undiagnosed"  # key of the notice that the record does not tell whether there is ALL


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know that is neither an option nor a gap: another guideline applies, the record is incomplete."""

    key: str
    verdicts: tuple[Verdict, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()  # (resource type, why it could not be read)
    urgency: Urgency = Urgency.NOTICE


Advice: TypeAlias = Options | Missing | Unsafe | Care | Notice
