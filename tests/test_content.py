"""Every generated check over all content, rule by rule, and the promises about completeness."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path

import pytest

from service.commands.content import facts_of
from service.content import read_content
from service.facts.model import Value
from service.facts.vocabulary import VOCABULARY
from service.rules.checks import (
    applies_to_nobody_known,
    catalogue,
    idle_criteria,
    opposite_advice,
    wrong_examples,
)
from service.rules.compile import Evaluator
from service.rules.coverage import uncovered
from service.rules.editions import every_rule
from service.rules.expression import leaves
from service.rules.interpret import judge
from service.rules.rule import Content, Rule
from service.rules.verdict import Outcome
from service.rules.witness import Patient, Stated, applying, candidates
from tests.shared import entries, inventory_files, needs_shared

DRAWS = 20  # patients for each rule
CATALOGUE = Path(__file__).parent / "data" / "catalogue.json"


@cache
def content() -> Content:
    return read_content()


def rule_ids() -> list[str]:
    return [rule.id for rule in every_rule(content())]


@pytest.mark.parametrize("rule_id", rule_ids())
def test_nothing_applies_to_a_patient_of_whom_nothing_is_known(rule_id: str) -> None:
    assert not list(applies_to_nobody_known([content().rule(rule_id)]))


@pytest.mark.parametrize("rule_id", rule_ids())
def test_every_criterion_decides_and_turns_at_its_threshold(rule_id: str) -> None:
    assert not list(idle_criteria([content().rule(rule_id)], VOCABULARY))


@pytest.mark.parametrize("rule_id", rule_ids())
def test_every_example_gets_its_verdict(rule_id: str) -> None:
    assert not list(wrong_examples([content().rule(rule_id)], facts_of))


def test_no_two_rules_oppose_each_other_unless_accepted() -> None:
    assert not list(opposite_advice(content(), every_rule(content()), VOCABULARY))


def _facts_of(rule: Rule) -> dict[str, list[Value | None]]:
    criteria = [leaf.criterion for half in (rule.when, rule.unless) for leaf in leaves(half)]
    return {
        name: list(candidates([c for c in criteria if c.fact == name], VOCABULARY.lookup(name))) for name in rule.facts
    }


@pytest.mark.parametrize("source", sorted(content().sources))
def test_filling_in_an_unknown_never_flips_a_settled_verdict(source: str) -> None:
    """For every rule some patients drawn from the values it tells apart; the draw is the rule's own, so it repeats."""
    rules = [rule for rule in every_rule(content()) if rule.source.ref == source]
    evaluator = Evaluator(rules)
    for rule in rules:
        draw = random.Random(rule.id)
        values = _facts_of(rule)
        base = applying([rule], VOCABULARY)
        assert base is not None
        for _ in range(DRAWS):
            full: Patient = {name: draw.choice(options) for name, options in values.items()}
            if draw.random() < 0.5:  # half of the time near a patient the rule applies to
                full |= {name: value for name, value in base.items() if draw.random() < 0.5}
            full = {name: value for name, value in full.items() if value is not None}
            vague = {name: value for name, value in full.items() if draw.random() < 0.5}
            before, after = judge(rule, Stated(vague)), judge(rule, Stated(full))
            assert evaluator.verdicts([rule], Stated(vague)) == [before]
            if before.outcome is Outcome.DOES_NOT_APPLY or (before.outcome is Outcome.APPLIES and not before.unchecked):
                assert after.outcome is before.outcome, (rule.id, vague, full)
            elif before.outcome is Outcome.APPLIES:
                unchecked = {name: value for name, value in full.items() if name not in before.unchecked}
                assert judge(rule, Stated(unchecked)).outcome is Outcome.APPLIES, (rule.id, vague, full)


def test_the_catalogue_is_what_was_agreed() -> None:
    """A rule, drug or source that appears or vanishes must be meant: `python -m docs.generate` writes the new list."""
    assert catalogue(content()) == json.loads(CATALOGUE.read_text())


def test_every_statement_of_every_source_is_carried_or_excused() -> None:
    assert not list(uncovered(content()))


def test_little_is_excused() -> None:
    """Each excuse is one statement with its own reason; more than a handful would be a habit."""
    reasons = [entry.reason for entry in content().not_implemented.values()]
    assert len(reasons) <= 30
    assert all(len(reason) > 20 for reason in reasons)


@needs_shared
@pytest.mark.parametrize("path", inventory_files())
def test_the_listed_statements_are_those_of_the_inventories(path: str) -> None:
    listed = {entry: kind for kinds in content().inventory.values() for entry, kind in kinds.items()}
    given_here = {entry["id"]: entry["kind"] for entry in entries(path)}
    assert given_here.items() <= listed.items()


def test_what_a_card_says_stands_in_our_own_words() -> None:
    """Titles and notes are short; a source's sentence would not be."""
    for rule in content().rules:
        assert len(rule.title) <= 140, rule.id
        assert rule.advise.note is None or len(rule.advise.note) <= 300, rule.id
