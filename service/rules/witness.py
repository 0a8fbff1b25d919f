"""Patients made to order: assignments of values to facts under which a rule does what a check wants to see.

For each fact only values that some criterion tells apart are tried: a threshold and its neighbours, each named
category and one not named, each token alone and together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, product

from service.facts.model import Fact, Reason, TokenSet, Value, known, unknown
from service.facts.vocabulary.base import FactType, Kind, Vocabulary
from service.rules.criterion import Criterion, Op, holds
from service.rules.expression import All, Leaf, Node, leaves
from service.rules.interpret import judge
from service.rules.logic import Truth
from service.rules.rule import Rule
from service.rules.verdict import Outcome

Patient = dict[str, Value]
ELSEWHERE = "another-value"  # a token or category no criterion names


class Stated:
    """Facts given by value; everything else unknown. What the evaluators need, without a registry."""

    def __init__(self, values: Mapping[str, Value]):
        self.values = values

    def __getitem__(self, name: str) -> Fact:
        value = self.values.get(name)
        return unknown(name, Reason.NOT_GIVEN) if value is None else known(name, value)


def step_of(kind: FactType) -> float:
    """The smallest step worth telling apart next to a threshold."""
    return 1e-6 if kind.high == 1 else 0.5 if kind.unit in (None, "years", "months") else 0.01


def candidates(criteria: Iterable[Criterion], kind: FactType) -> list[Value | None]:
    """Values of one fact that the criteria over it can tell apart; ``None``, not known, where one asks for just that."""
    rows = list(criteria)
    told_apart = [row for row in rows if row.op is not Op.KNOWN]
    found: list[Value | None] = [*_values(told_apart, kind)]
    return found if len(told_apart) == len(rows) else [*found, None]


def meets(criterion: Criterion, value: Value | None) -> Truth:
    """Whether a value is one that a criterion asks for; unlike in a rule, not being known is here a plain answer."""
    if criterion.op is Op.KNOWN:
        return value is not None
    return holds(criterion, value)


def _values(rows: list[Criterion], kind: FactType) -> list[Value]:
    if kind.kind is Kind.BOOLEAN:
        return [True, False]
    if kind.kind is Kind.TEXT:
        return ["as found"]
    named = [operand for row in rows for operand in row.operands]
    if kind.kind is Kind.NUMBER:
        step = step_of(kind)
        numbers = sorted({float(n) + d for n in named for d in (-step, 0.0, step)}) or [kind.low or 0.0]
        return [n for n in numbers if (kind.low is None or n >= kind.low) and (kind.high is None or n <= kind.high)]
    words = list(dict.fromkeys(map(str, named)))
    if kind.kind is Kind.CATEGORY:
        return [*words, next((v for v in kind.values if v not in words), ELSEWHERE)]
    sets = [(), *((w,) for w in words), tuple(words)]
    sets += [(a, b) for i, a in enumerate(words) for b in words[i + 1 :]] if len(words) <= 12 else []
    other = next((v for v in kind.values if v not in words and v not in kind.implies), ELSEWHERE)
    made: list[Value] = [TokenSet(_with_implied(tokens, kind)) for tokens in sets]
    return [*made, TokenSet(frozenset({other}))]


def _with_implied(tokens: Iterable[str], kind: FactType) -> frozenset[str]:
    members = set(tokens)
    for token in tuple(members):
        members.update(kind.implies.get(token, ()))
    return frozenset(members)


Demand = tuple[Leaf, bool]  # a leaf and the truth wanted of it
TRIES = 2000  # ways to meet a tree's demands that are tried before giving up


def demands(node: Node, wanted: bool) -> Iterator[list[Demand]]:
    """Ways to give a tree the wanted truth, each as demands on its leaves."""
    if isinstance(node, Leaf):
        yield [(node, wanted)]
    elif isinstance(node, All) is wanted:  # all of an All true, all of an Any false
        for parts in product(*(list(demands(child, wanted)) for child in node.children)):
            yield [demand for part in parts for demand in part]
    else:
        for child in node.children:
            yield from demands(child, wanted)


def hinging(node: Node, leaf: Leaf, wanted: bool) -> Iterator[list[Demand]]:
    """Ways to make a tree's truth hang on one leaf: siblings true under All, false under Any, down to the leaf."""
    if node is leaf:
        yield [(leaf, wanted)]
    elif not isinstance(node, Leaf):
        for index, child in enumerate(node.children):
            if any(inner is leaf for inner in leaves(child)):
                others = [list(demands(o, isinstance(node, All))) for i, o in enumerate(node.children) if i != index]
                for below in hinging(child, leaf, wanted):
                    for parts in product(*others):
                        yield below + [demand for part in parts for demand in part]


def solve(wanted: Iterable[Demand], vocabulary: Vocabulary) -> Patient | None:
    """Values under which every demand is met, or ``None`` if none of the tried values does.

    Facts are taken as independent, so each is chosen by itself among its candidates.
    """
    by_fact: dict[str, list[Demand]] = {}
    for demand in wanted:
        by_fact.setdefault(demand[0].criterion.fact, []).append(demand)
    patient: Patient = {}
    for fact, rows in by_fact.items():
        for value in candidates([leaf.criterion for leaf, _ in rows], vocabulary.lookup(fact)):
            if all(meets(leaf.criterion, value) is truth for leaf, truth in rows):
                if value is not None:
                    patient[fact] = value
                break
        else:
            return None
    return patient


def applying(rules: Iterable[Rule], vocabulary: Vocabulary) -> Patient | None:
    """One patient to whom all the rules apply, or ``None`` if the search finds none."""
    halves = [half for rule in rules for half in (demands(rule.when, True), demands(rule.unless, False))]
    for parts in islice(product(*(list(islice(half, TRIES)) for half in halves)), TRIES):
        patient = solve((demand for part in parts for demand in part), vocabulary)
        if patient is not None:
            return patient
    return None


def opposites(rule: Rule, leaf: Leaf, vocabulary: Vocabulary) -> tuple[Patient, Patient] | None:
    """Two patients who differ only in what this leaf sees: the rule applies to the first and not to the second.

    Other criteria on the same fact must see no difference, so a criterion that another implies has no such pair.
    """
    in_when = any(inner is leaf for inner in leaves(rule.when))
    tree, other = (rule.when, rule.unless) if in_when else (rule.unless, rule.when)
    ways = product(list(islice(hinging(tree, leaf, in_when), TRIES)), list(islice(demands(other, not in_when), TRIES)))
    fact = leaf.criterion.fact
    same = [inner for half in (rule.when, rule.unless) for inner in leaves(half) if inner.criterion.fact == fact]
    values = candidates([inner.criterion for inner in same], vocabulary.lookup(fact))
    others_on_it = [inner.criterion for inner in same if inner is not leaf]
    for here, there in islice(ways, TRIES):
        patient = solve([*here, *there], vocabulary)
        if patient is None or judge(rule, Stated(patient)).outcome is not Outcome.APPLIES:
            continue
        for value in values:
            changed = {name: other for name, other in {**patient, fact: value}.items() if other is not None}
            if (
                meets(leaf.criterion, value) is (not in_when)
                and all(meets(c, value) is meets(c, patient.get(fact)) for c in others_on_it)
                and judge(rule, Stated(changed)).outcome is Outcome.DOES_NOT_APPLY
            ):
                return patient, changed
    return None
