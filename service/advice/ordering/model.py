"""What is worth saying about draft orders, before it is drawn as cards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TypeAlias

from service.advice.labels import Label
from service.advice.model import Option, Options
from service.advice.ordering.why_not import WhyNot
from service.facts.model import Fact, Facts
from service.facts.orders import OrderLine
from service.rules.rule import Rule
from service.rules.tables import Orderable
from service.rules.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's verdict about some of the orders.

    ``partners``: other orders whose drugs make it apply. ``facts``: the patient's, with the first of these lines ordered. ``particular``: whether it rests on something of
    this patient or of the other orders, not only on the drug. ``open``: it holds unless a drug that the record may
    not tell of is being given.
    """

    verdict: Verdict
    lines: tuple[OrderLine, ...]
    facts: Facts
    particular: bool
    open: bool = False
    partners: tuple[OrderLine, ...] = ()

    @property
    def rule(self) -> Rule:
        return self.verdict.rule

    @property
    def stops(self) -> bool:
        """Whether it should stop the signature."""
        return self.rule.advise.stops and not self.open


class Severity(IntEnum):
    """Order of cards; the least first."""

    CRITICAL = 0
    WARNING = 1
    INFO = 2


class Place(StrEnum):
    """Where a drug stands among the options of a patient."""

    PREFERRED = "preferred"
    OTHER = "other"  # listed, while something else is preferred
    LISTED = "listed"
    RULED_OUT = "ruled-out"
    OPEN = "open"  # it hangs on facts that are missing whether it is listed
    NOT_LISTED = "not-listed"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one ordered drug stands.

    ``option``: the option it belongs to, or the one that is ruled out. ``choice``: the options it competes with.
    ``why_not``: of a drug that is not listed, what the rules that list it ask for and this patient does not have.
    ``missing``: facts on which it hangs. ``instead``: orderables of what is preferred.
    """

    drug: str
    lines: tuple[OrderLine, ...]
    place: Place
    facts: Facts
    option: Option | None = None
    choice: Options | None = None
    why_not: tuple[WhyNot, ...] = ()
    missing: tuple[str, ...] = ()
    label: Label | None = None
    instead: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        deviates = self.place in (Place.RULED_OUT, Place.NOT_LISTED)
        return Severity.WARNING if deviates else Severity.INFO


@dataclass(frozen=True, slots=True)
class Hazard:
    """What sources say against some orders as they stand, or ask for with them.

    ``asides``: what else is to be heeded with these drugs, for everybody who gets them. ``instead``: orderables that
    may take the place of the lines; ``besides``: orderables asked for with them, those included that are ordered already. ``standings``: where the same
    drugs stand among the options, where that is worth saying too.
    """

    lines: tuple[OrderLine, ...]
    findings: tuple[Finding, ...]
    asides: tuple[Finding, ...] = ()
    instead: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    standings: tuple[Standing, ...] = ()

    @property
    def concerned(self) -> tuple[OrderLine, ...]:
        """The orders with those alongside that make the warnings apply."""
        return tuple(dict.fromkeys((*self.lines, *(x for finding in self.findings for x in finding.partners))))

    @property
    def severity(self) -> Severity:
        return Severity.CRITICAL if any(finding.stops for finding in self.findings) else Severity.WARNING


@dataclass(frozen=True, slots=True)
class Gap:
    """A fact to be known before an order is signed: which rules hang on it, and what would answer it."""

    fact: Fact
    rules: tuple[Rule, ...]
    orders: tuple[tuple[str, Orderable], ...]
    question: str | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """What should be tested before some orders are signed: ``gaps`` of checks, and ``tests`` that rules ask for;
    ``ordered``: orderables of those that are ordered already."""

    lines: tuple[OrderLine, ...]
    gaps: tuple[Gap, ...]
    tests: tuple[Finding, ...]
    ordered: tuple[str, ...] = ()
    severity: Severity = Severity.INFO


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same drug ordered twice: at the same time and by the same route, or while an equal order is active."""

    drug: str
    lines: tuple[OrderLine, ...]
    active: tuple[str, ...] = ()  # references of active orders on record
    severity: Severity = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Unread:
    """Orders that could not be read or found: nothing was checked about them."""

    orders: tuple[tuple[str, str], ...]  # (type or reference, why)
    severity: Severity = Severity.WARNING


OrderAdvice: TypeAlias = Hazard | Standing | Readiness | Repeated | Unread
