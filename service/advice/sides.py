"""One source asked about a patient: what its rules say, and why they do not say what another source says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.advice.options import ORDERED, DrugRules
from service.facts.model import Fact, Facts, Registry, known
from service.facts.vocabulary.base import Vocabulary
from service.rules.compile import Evaluator
from service.rules.expression import Leaf
from service.rules.rule import Rule, Source, is_under
from service.rules.verdict import Outcome, Verdict
from service.rules.why import failing, holding


class Why(StrEnum):
    """Why a source does not say what the other says."""

    SILENT_TOPIC = "silent-on-topic"
    SILENT = "silent"
    ELSEWHERE = "elsewhere"
    AGAINST = "against"
    CONDITION = "condition-fails"
    EXCLUDED = "excluded"
    CANNOT_TELL = "cannot-tell"


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule's part in a source's silence.

    ``failing``: conditions this patient does not meet, each a group of which one would do; ``excluding``: exclusions
    that hold; ``missing``: facts a verdict waits for. ``facts``: those the rule was judged by.
    """

    why: Why
    verdict: Verdict | None = None
    failing: tuple[tuple[Leaf, ...], ...] = ()
    excluding: tuple[Leaf, ...] = ()
    missing: tuple[str, ...] = ()
    facts: Facts | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with the facts it was reached by."""

    verdict: Verdict
    facts: Facts

    @property
    def rule(self) -> Rule:
        return self.verdict.rule

    @property
    def applies(self) -> bool:
        return self.verdict.outcome is Outcome.APPLIES


class Side:
    """The rules of one source, prepared to be asked about any patient."""

    def __init__(self, source: Source, rules: tuple[Rule, ...], vocabulary: Vocabulary, registry: Registry):
        self.source = source
        self.rules = rules
        self._drugs = vocabulary.lookup(ORDERED)
        self._evaluator = Evaluator(rules)
        self.drug_rules = DrugRules(rules, registry.dependents(ORDERED), self._evaluator, vocabulary)
        self._plain = tuple(rule for rule in rules if rule not in self.drug_rules)

    def judged(self, facts: Facts) -> list[Judged]:
        """Verdicts of the rules about the patient."""
        return [Judged(verdict, facts) for verdict in self._evaluator.verdicts(self._plain, facts)]

    def asked(self, drugs: Sequence[tuple[str, ...]], facts: Facts) -> Iterator[Judged]:
        """Verdicts of the rules about drugs, for each set of drugs that would be given together."""
        for together in drugs:
            for verdict in self.drug_rules.asked(together, facts, of_patient=True):
                yield Judged(verdict, facts.assuming(self._ordered(together)))

    def not_asked(self, subject: str, drugs: Sequence[tuple[str, ...]], facts: Facts) -> list[Judged]:
        """Verdicts of rules on a subject that speak about other drugs than those in question."""
        rules = [rule for rule in self.drug_rules.rules if rule.is_safety and subject in subjects_of(rule)]
        assumed = facts.assuming(self._ordered([drug for together in drugs for drug in together]))
        return [Judged(verdict, assumed) for verdict in self._evaluator.verdicts(rules, assumed)]

    def _ordered(self, words: Sequence[str]) -> Fact:
        """An order of these drugs; words that are no drug are passed over."""
        return known(ORDERED, self._drugs.token_set(filter(self._is_drug, words)))

    def _is_drug(self, word: str) -> bool:
        return self._drugs.known(word) is not None


def why_silent(topic: str, subject: str, side: Side, about: list[Judged], against: list[Judged]) -> Iterator[Reason]:
    """Why a source does not say something: what it says elsewhere, then its rules on the same topic, the closest first."""
    for one in against:
        if one.applies and one.rule.advise.act == "avoid" and subject in subjects_of(one.rule):
            yield Reason(Why.AGAINST, one.verdict, facts=one.facts)
    if not about:
        on_topic = any(is_under(rule.topic, topic) or is_under(topic, rule.topic) for rule in side.rules)
        yield Reason(Why.SILENT if on_topic else Why.SILENT_TOPIC)
    yield from sorted(map(reason_of, about), key=lambda reason: _closeness(reason, topic))


def subjects_of(rule: Rule) -> tuple[str, ...]:
    """What a rule is about: its subject and its drugs."""
    return (rule.advise.subject, *rule.advise.subjects)


def reason_of(one: Judged) -> Reason:
    """Why one rule does not say what it could: the conditions that fail, or what excludes, or what is missing."""
    verdict, facts = one.verdict, one.facts
    if one.applies:
        return Reason(Why.ELSEWHERE, verdict, facts=facts)
    if verdict.outcome is Outcome.CANNOT_TELL:
        return Reason(Why.CANNOT_TELL, verdict, missing=verdict.missing, facts=facts)
    fails = tuple(failing(verdict.rule.when, facts))
    excluding = tuple(dict.fromkeys(holding(verdict.rule.unless, facts)))
    return Reason(Why.CONDITION if fails else Why.EXCLUDED, verdict, fails, excluding, facts=facts)


_NEAREST = (Why.ELSEWHERE, Why.CANNOT_TELL, Why.EXCLUDED, Why.CONDITION)  # to the patient


def _closeness(reason: Reason, topic: str) -> tuple[bool, int, int, int, str]:
    assert reason.verdict is not None
    rule = reason.verdict.rule
    same = 0 if rule.topic == topic else 1 if rule.topic.partition("/")[0] == topic.partition("/")[0] else 2
    elsewhere = reason.why is Why.ELSEWHERE
    return not elsewhere, same, _NEAREST.index(reason.why), len(reason.failing) + len(reason.missing), rule.id
