"""Why a drug is not among a patient's options: the rule that comes closest to offering it, and what it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from service.rules.expression import Leaf
from service.rules.interpret import Known
from service.rules.verdict import Outcome, Verdict
from service.rules.why import failing, holding

OF_ANOTHER_LEUKEMIA = frozenset({"lineage", "ph_status", "diagnosis"})
SHOWN = 2  # rules that come closest; further ones say the same in other words


@dataclass(frozen=True, slots=True)
class WhyNot:
    """An offer that does not apply: ``failing`` are conditions not met, each a group of which one would do."""

    verdict: Verdict
    failing: tuple[tuple[Leaf, ...], ...]
    excluding: tuple[Leaf, ...]


def closest(verdicts: Iterable[Verdict], facts: Known) -> tuple[WhyNot, ...]:
    """The offers that fail in the fewest conditions; those for another kind of leukemia last."""
    reasons = [
        WhyNot(verdict, tuple(failing(verdict.rule.when, facts)), tuple(holding(verdict.rule.unless, facts)))
        for verdict in verdicts
        if verdict.outcome is Outcome.DOES_NOT_APPLY
    ]
    reasons.sort(key=_distance)
    if not reasons:
        return ()
    nearest = _distance(reasons[0])
    distinct: dict[tuple[str, ...], WhyNot] = {}
    for reason in reasons:
        if _distance(reason) == nearest:
            said = tuple(leaf.criterion.said for group in (*reason.failing, reason.excluding) for leaf in group)
            distinct.setdefault(said, reason)
    return tuple(distinct.values())[:SHOWN]


def _distance(reason: WhyNot) -> tuple[bool, int]:
    facts = {leaf.criterion.fact for group in reason.failing for leaf in group}
    return bool(facts & OF_ANOTHER_LEUKEMIA), len(reason.failing) + len(reason.excluding)
