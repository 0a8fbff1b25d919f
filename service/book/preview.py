"""How a rule's card looks, for a patient of its own examples."""

from __future__ import annotations

from datetime import date

from service.advice.cards import Card
from service.advice.engine import Engine, Question
from service.advice.words import Words
from service.facts.given import StatedFactsProblem, facts_from_mapping
from service.facts.model import Facts, Registry, Site
from service.record.model import PatientRecord
from service.record.terminology import Terminology
from service.rules.rule import Example, Rule


def given(example: Example, words: Words) -> str:
    """What is stated of the patient of an example."""
    return "; ".join(f"{words.label(name)}: {_said(value)}" for name, value in example.given.items())


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


class Previews:
    """Draws example cards with one engine: the rule alone, beside the safety and label rules of every source."""

    def __init__(self, engine: Engine, registry: Registry, terminology: Terminology, as_of: date):
        self._engine = engine
        self._registry = registry
        self._as_of = as_of
        self._record = PatientRecord("example", {"resourceType": "Patient", "id": "example"}, (), {}, terminology)
        self._beside = tuple(r for r in engine.content.rules if r.status == "active" and r.speaks_from_every_source)

    def card(self, rule: Rule) -> tuple[Example, Card] | None:
        """The first example the rule applies to with the card it is on; ``None`` where it makes no card alone."""
        for example in rule.examples if rule.status == "active" else ():
            if example.expect not in ("applies", "applies_unchecked"):
                continue
            facts = self._facts(example)
            if facts is None:
                continue
            question = Question(rule.hooks[0], f"example/{rule.id}", self._as_of, self._record, facts.stated)
            rules = dict.fromkeys((rule, *(other for other in self._beside if other is not rule)))
            answer = self._engine.of_rules(question, rules, facts)
            drawn = zip(answer.advice, answer.cards, strict=True)
            card = next((card for _, card in drawn if rule.title in card["summary"] or self._on(rule, card)), None)
            return (example, card) if card is not None else None
        return None

    def _on(self, rule: Rule, card: Card) -> bool:
        """Whether a card says the rule: its note or, for an option, its subject."""
        said = rule.advise.note or rule.title
        return said in card["detail"] or f"- {rule.advise.regimen or rule.advise.subject}" in card["detail"].replace(
            "**", ""
        )

    def _facts(self, example: Example) -> Facts | None:
        try:
            return facts_from_mapping(example.given, self._as_of, self._registry, site=Site(self._engine.site.region))
        except StatedFactsProblem:
            return None
