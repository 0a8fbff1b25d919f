"""Checks generated from the content itself: what no rule may do, whatever it says.

Each check yields its problems as text; the command line and the tests run them all over all content.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations

from service.facts.vocabulary.base import Vocabulary
from service.rules.criterion import NUMERIC, Op
from service.rules.expression import All, Leaf, Node, leaves
from service.rules.interpret import Known, judge
from service.rules.rule import Content, Example, Rule
from service.rules.verdict import Outcome, Verdict
from service.rules.witness import Patient, Stated, applying, opposites, step_of

_OPPOSITE_ACTS = (
    (frozenset({"offer", "consider", "require", "test"}), frozenset({"avoid"})),
    (frozenset({"labelled"}), frozenset({"not-labelled"})),
)
_PLAIN = {Op.LT: operator.lt, Op.LE: operator.le, Op.GT: operator.gt, Op.GE: operator.ge, Op.EQ: operator.eq}
FactsOf = Callable[[Example], Known]  # an example's stated facts, with what can be derived from them


def applies_to_nobody_known(rules: Iterable[Rule]) -> Iterator[str]:
    """With every fact unknown no rule applies."""
    for rule in rules:
        if judge(rule, Stated({})).outcome is Outcome.APPLIES:
            yield f"{rule.id}: applies to a patient of whom nothing is known."


def idle_criteria(rules: Iterable[Rule], vocabulary: Vocabulary) -> Iterator[str]:
    """Every criterion decides something: two patients differing only in its fact get opposite verdicts.

    For a number, the verdict must also turn exactly at the threshold: just below, at and just above. A rule may be
    stricter than the scope of its folder (below 26 years under a scope of below 40): the wider limit is then idle.
    """
    for rule in rules:
        for leaf in (*leaves(rule.when), *leaves(rule.unless)):
            pair = opposites(rule, leaf, vocabulary)
            if pair is None and not _wider_in_scope(rule.when, leaf):
                yield f"{rule.id}: '{leaf.criterion}' never changes the verdict."
            elif pair is not None and leaf.criterion.op in NUMERIC:
                yield from _threshold(rule, leaf, pair[0], vocabulary)


_UPPER, _LOWER = (Op.LT, Op.LE), (Op.GT, Op.GE)


def _wider_in_scope(when: Node, leaf: Leaf) -> bool:
    """Whether a limit comes from the folder's scope and the rule itself sets a narrower one on the same number."""
    here = leaf.criterion
    if here.op not in (*_UPPER, *_LOWER) or not isinstance(when, All) or not when.children:
        return False
    own = list(_required(when.children[-1]))
    same = _UPPER if here.op in _UPPER else _LOWER
    narrower = operator.lt if same is _UPPER else operator.gt
    return leaf not in own and any(
        other.criterion.fact == here.fact
        and other.criterion.op in same
        and narrower(float(other.criterion.operands[0]), float(here.operands[0]))
        for other in own
    )


def _required(node: Node) -> Iterator[Leaf]:
    """The lines that must all hold."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, All):
        for child in node.children:
            yield from _required(child)


def _threshold(rule: Rule, leaf: Leaf, patient: Patient, vocabulary: Vocabulary) -> Iterator[str]:
    fact, limit = leaf.criterion.fact, float(leaf.criterion.operands[0])
    step = step_of(vocabulary.lookup(fact))
    here = [inner for inner in (*leaves(rule.when), *leaves(rule.unless)) if inner.criterion.fact == fact]
    if len(here) > 1:  # a second criterion on the same number moves the verdict elsewhere too
        return
    in_when = any(inner is leaf for inner in leaves(rule.when))
    for value in (limit - step, limit, limit + step):
        expected = bool(_PLAIN[leaf.criterion.op](value, limit)) is in_when
        if (judge(rule, Stated({**patient, fact: value})).outcome is Outcome.APPLIES) is not expected:
            yield f"{rule.id}: '{leaf.criterion}' does not turn the verdict at {value:g}."


def opposite_advice(content: Content, rules: Iterable[Rule], vocabulary: Vocabulary) -> Iterator[str]:
    """No two rules advise opposite things about one subject for one patient, unless accepted with a reason.

    What is accepted is a pair, or one warning against any offer.
    """
    accepted = content.policy.accepted_oppositions
    found: set[frozenset[str]] = set()
    for one, other in combinations(rules, 2):
        if one.advise.subject == other.advise.subject and _opposed(one.advise.act, other.advise.act):
            patient = applying((one, other), vocabulary)
            pair = frozenset({one.id, other.id})
            if patient is not None:
                found.update((pair, frozenset({one.id}), frozenset({other.id})))
                if not accepted.keys() & {pair, frozenset({one.id}), frozenset({other.id})}:
                    yield f"{one.id} and {other.id} oppose each other for {_said(patient)}."
    off = content.site.rules_off if content.site else frozenset()
    for pair in (p for p in content.policy.accepted_oppositions.keys() - found if not p & off):
        yield f"policy.yaml: {' and '.join(sorted(pair))} do not oppose each other: the exception is not needed."


def _opposed(one: str, other: str) -> bool:
    return any((one in a and other in b) or (one in b and other in a) for a, b in _OPPOSITE_ACTS)


def _said(patient: Patient) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in sorted(patient.items())) + "}"


def wrong_examples(rules: Iterable[Rule], facts_of: FactsOf) -> Iterator[str]:
    """Every example written beside a rule gets the verdict it expects, with the facts it names."""
    for rule in rules:
        for example in rule.examples:
            verdict = judge(rule, facts_of(example))
            got, named = outcome_of(verdict)
            if got != example.expect and not (example.expect == "applies" and got == "applies_unchecked"):
                yield f"{rule.id}: example {example.name!r} expects {example.expect}, got {got} {', '.join(named)}."
            elif not set(example.facts) <= set(named):
                yield f"{rule.id}: example {example.name!r} expects {', '.join(example.facts)} named, got {named}."


def outcome_of(verdict: Verdict) -> tuple[str, tuple[str, ...]]:
    """A verdict in the words of examples, with the facts it names."""
    if verdict.outcome is Outcome.APPLIES and verdict.unchecked:
        return "applies_unchecked", verdict.unchecked
    return str(verdict.outcome), verdict.missing


def catalogue(content: Content) -> dict[str, list[str]]:
    """Names that must not change or vanish unnoticed: rules, subjects, drugs, tests and sources."""
    return {
        "sources": sorted(content.sources),
        "rules": sorted(f"{rule.id} ({rule.status})" for rule in content.rules),
        "subjects": sorted({subject for rule in content.rules for subject in rule.advise.subjects}),
        "orderables": sorted(content.orderables),
        "evidence": sorted(content.evidence),
    }
