"""What should be known or tested before some orders are signed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from service.advice.already import AlreadyOrdered
from service.advice.ordering.assessment import Assessment
from service.advice.ordering.model import Finding, Gap, Place, Readiness, Standing
from service.advice.ordering.weight import STRONG, is_test
from service.facts.orders import OrderLine
from service.facts.vocabulary import VOCABULARY
from service.rules.rule import Content, Rule
from service.rules.tables import Orderable
from service.rules.verdict import Outcome

GAPS_SHOWN = 4


class Readying:
    """Finds what is missing before a signature.

    ``by_fact``: tests that answer each fact.
    """

    def __init__(self, content: Content, by_fact: Mapping[str, tuple[tuple[str, Orderable], ...]]):
        self._content, self._by_fact = content, by_fact

    def of(
        self,
        findings: Sequence[Finding],
        standings: Sequence[Standing],
        found: Assessment,
        testing: bool,
        covered: set[OrderLine],
        offered: Collection[str],
    ) -> Readiness | None:
        """Facts that a check or a listing waits for and a test can give, and tests that belong to the order.

        A test that a warning offers already, or that is ordered, is not named again. Not every unknown is asked for: of checks only what a
        guideline has tested now, or what the rule itself asks.

        Args:
            testing: whether tests that go with a drug are told, whatever the patient.
            covered: orders that should not be signed anyway.
            offered: orderables that warnings suggest.
        """
        waiting: dict[str, dict[str, Rule]] = {}
        lines: dict[OrderLine, None] = {}
        for finding in findings:
            if (
                finding.verdict.outcome is Outcome.CANNOT_TELL
                and finding.rule.advise.act in STRONG
                and not finding.open
            ):
                if covered.issuperset(finding.lines):
                    continue
                names = [n for n in finding.verdict.missing if n in finding.rule.questions or self._is_due(n, found)]
                for name in names:
                    waiting.setdefault(name, {})[finding.rule.id] = finding.rule
                lines.update(dict.fromkeys(finding.lines if names else ()))
        for standing in standings:
            if (
                standing.place is Place.OPEN
                and not covered.issuperset(standing.lines)
                and all(name in self._by_fact and not VOCABULARY.lookup(name).judgement for name in standing.missing)
            ):
                for name in standing.missing:
                    waiting.setdefault(name, {})
                lines.update(dict.fromkeys(standing.lines))
        wanted = [
            finding
            for finding in findings
            if is_test(finding, testing)
            and not covered.issuperset(finding.lines)
            and not (finding.rule.suggest and set(finding.rule.suggest) <= set(offered))
        ]
        already = AlreadyOrdered(self._content.orderables, found.facts, found.orders.lines)
        tests = tuple(finding for finding in wanted if not already.covers(finding.rule.suggest))
        ordered = dict.fromkeys(key for finding in wanted if finding not in tests for key in finding.rule.suggest)
        lines.update(dict.fromkeys(line for finding in tests for line in finding.lines))
        if not waiting and not tests:
            return None
        gaps = tuple(
            Gap(
                found.facts[name],
                tuple(rules.values()),
                self._by_fact.get(name, ()),
                self._question(name, rules.values()),
            )
            for name, rules in list(waiting.items())[:GAPS_SHOWN]
        )
        return Readiness(tuple(lines), gaps, tests, tuple(ordered))

    def _is_due(self, name: str, found: Assessment) -> bool:
        return any(key in found.due for key, _ in self._by_fact.get(name, ()))

    def _question(self, name: str, rules: Iterable[Rule]) -> str | None:
        own = next((rule.questions[name] for rule in rules if name in rule.questions), None)
        return own or self._content.questions.get(name)
