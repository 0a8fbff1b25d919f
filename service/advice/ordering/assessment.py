"""All that was worked out about the orders of a call."""

from __future__ import annotations

from dataclasses import dataclass

from service.advice.ordering.judge import JudgedLine
from service.advice.ordering.model import Finding, Repeated, Standing
from service.facts.model import Facts
from service.facts.orders import Orders
from service.rules.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that was worked out about the orders of a call, whichever hook asks.

    ``judged``: the lines that order anything that could be known. ``due``: tests that the guidelines ask for now, by the
    orderable that does them. ``treats``: whether something that treats leukemia is ordered. ``undiagnosed``: whether the record leaves open that there is leukemia.
    """

    orders: Orders
    facts: Facts
    judged: tuple[JudgedLine, ...] = ()
    findings: tuple[Finding, ...] = ()
    standings: tuple[Standing, ...] = ()
    repeated: tuple[Repeated, ...] = ()
    due: frozenset[str] = frozenset()
    verdicts: tuple[Verdict, ...] = ()
    treats: bool = False
    undiagnosed: bool = False
