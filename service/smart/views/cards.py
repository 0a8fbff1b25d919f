"""The cards of a patient, each with the rules behind it, so that every card leads to its rules."""

from __future__ import annotations

from itertools import zip_longest

from service.advice.cards import Card
from service.advice.engine import Engine
from service.rules.rule import Rule
from service.smart.case import Case


def shown(case: Case) -> tuple[tuple[Card, tuple[Rule, ...]], ...]:
    """Each card in order with its rules, first what it is about; a card about the record itself has none."""
    pairs = zip_longest(case.answer.cards, case.answer.advice[: len(case.answer.cards)])
    by_id = rules_by_id(case.engine)
    return tuple(
        (card, tuple(by_id[name] for name in case.engine.basis(advice, case.facts).rules) if advice is not None else ())
        for card, advice in pairs
    )


def rules_by_id(engine: Engine) -> dict[str, Rule]:
    """Every rule of the content, whatever its status."""
    return {rule.id: rule for rule in engine.content.rules}
