"""The exported CQL, run by a public engine, gives the verdicts of the reference evaluator."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any as Anything

import pytest

from service.commands.content import facts_of
from service.content import read_content
from service.exchange.conditions import goes_on
from service.facts.model import Fact, Interval, Reason, TokenSet, Value, known, unknown
from service.facts.vocabulary import VOCABULARY
from service.rules.criterion import Op, parse_criterion
from service.rules.expression import NOTHING_EXCLUDED, All, Any, IfUnknown, Leaf, Node, leaves
from service.rules.interpret import Known, judge
from service.rules.rule import Advise, Rule, Source, SourceRef
from service.rules.verdict import Outcome
from tests.cql.node import why_not
from tests.exchange.support import NAMES, Said, cql_says, cql_says_of

pytestmark = pytest.mark.skipif(bool(why_not()), reason=f"NOTICE: {why_not()}")
SEED, EACH = 20_260_301, 1  # rules of each source and operator


class Told(dict[str, Fact]):
    """Facts of a patient; what is not stated is unknown."""

    def __missing__(self, name: str) -> Fact:
        return unknown(name, Reason.NOT_GIVEN)


def told(**values: Value | None) -> Told:
    return Told({name: known(name, value) for name, value in values.items() if value is not None})


def expected(rule: Rule, facts: Known) -> Said:
    verdict = judge(rule, facts)
    names = verdict.outcome is Outcome.APPLIES and goes_on(rule)
    return Said(str(verdict.outcome), tuple(verdict.unchecked) if names else None)


def sample() -> list[Rule]:
    """Of each source some rules with each operator, some that go on without a fact, and all with a rare operator."""
    content, chance = read_content(), random.Random(SEED)
    groups: dict[tuple[str, ...], list[Rule]] = {}
    for rule in content.rules:
        own = {(str(leaf.criterion.op), rule.source.ref) for side in (rule.when, rule.unless) for leaf in leaves(side)}
        for key in {*own, *([("goes on", rule.source.ref)] if goes_on(rule) else [])}:
            groups.setdefault(key, []).append(rule)
    chosen = {rule.id: rule for rules in groups.values() for rule in chance.sample(rules, min(EACH, len(rules)))}
    return [chosen[name] for name in sorted(chosen)]


def test_a_sample_of_rules_with_all_their_examples(tmp_path: Path) -> None:
    rules = sample()
    assert {rule.source.ref for rule in rules} == {rule.source.ref for rule in read_content().rules}
    cases: dict[Rule, list[Known]] = {rule: [facts_of(example) for example in rule.examples] for rule in rules}
    said = cql_says(cases, list(read_content().sources.values()), tmp_path)
    for rule, patients in cases.items():
        for example, facts, found in zip(rule.examples, patients, said[rule], strict=True):
            assert found == expected(rule, facts), f"{rule.id}: {example.name}"


NUMBERS: list[Value | None] = [
    None, 17.0, 18.0, 19.0, Interval(18, 18), Interval(17, 18), Interval(18, 20), Interval(18, 20, low_open=True),
    Interval(10, 18, high_open=True), Interval(high=18), Interval(high=18, high_open=True), Interval(low=18),
    Interval(low=18, low_open=True), Interval(19, 30), Interval(0, 17),
]  # fmt: skip
SETS: list[Value | None] = [
    None,
    *(
        TokenSet(frozenset(members), complete, frozenset(excluded))
        for members in ((), ("dasatinib",), ("ponatinib",), ("dasatinib", "ponatinib"))
        for complete in (True, False)
        for excluded in ((), ("imatinib",))
    ),
]
CASES: Mapping[str, tuple[str, list[Value | None]]] = {
    **{f"age_years {op} 18": ("age_years", NUMBERS) for op in ("<", "<=", ">", ">=", "=")},
    "age_years is known": ("age_years", NUMBERS),
    **{
        f"prior_tkis {rest}": ("prior_tkis", SETS)
        for rest in ("includes dasatinib", "includes any of dasatinib, imatinib", "includes all of dasatinib, ponatinib",
                     "includes none of dasatinib, imatinib", "is empty", "is not empty", "is known")
    },
    **{f"lineage {rest}": ("lineage", [None, "B", "T", "mature-B"]) for rest in ("is B", "is not B", "is one of B, T", "is none of B, T", "is known")},
    **{f"prior_allo_hct {rest}": ("prior_allo_hct", [None, True, False]) for rest in ("is true", "is false", "is not true", "is known")},
    "diagnosis_date is known": ("diagnosis_date", [None, "2025-03"]),
}  # fmt: skip


def made(name: str, when: Node, unless: Node = NOTHING_EXCLUDED) -> Rule:
    advise = Advise("information", "note", "x")
    return Rule(name, name, "active", "x", ("patient-view",), SourceRef(SOURCE.id, "p. 1"), when, unless, advise)


SOURCE: Source = next(iter(read_content().sources.values()))


def line(text: str, if_unknown: IfUnknown = IfUnknown.BLOCK) -> Leaf:
    return Leaf(parse_criterion(text, VOCABULARY, {}), if_unknown, "a reason")


def test_every_operator_on_every_shape_of_value(tmp_path: Path) -> None:
    rules = {made(f"rule {number}", line(text)): rest for number, (text, rest) in enumerate(CASES.items())}
    assert {rule.when.criterion.op for rule in rules if isinstance(rule.when, Leaf)} == set(Op)
    cases: dict[Rule, list[Known]] = {
        rule: [told(**{fact: v}) for v in values] for rule, (fact, values) in rules.items()
    }
    said = cql_says(cases, [SOURCE], tmp_path)
    for rule, (fact, values) in rules.items():
        for value, facts, found in zip(values, cases[rule], said[rule], strict=True):
            assert found == expected(rule, facts), f"{rule.when}: {fact} {value}"


def tree(chance: random.Random, depth: int) -> Node:
    """A random tree of lines about three facts, some of which go on without theirs."""
    policy = chance.choice([IfUnknown.BLOCK, IfUnknown.BLOCK, IfUnknown.NAME])
    if depth == 0 or chance.random() < 0.3:
        return line(
            chance.choice(["prior_allo_hct is true", "lineage is B", "lineage is not T", "age_years >= 18"]), policy
        )
    children = tuple(tree(chance, depth - 1) for _ in range(chance.randint(1, 3)))
    every = chance.choice([True, False])
    return All(children, policy, "a reason") if every else Any(children, policy, "a reason")


def test_random_trees_with_and_without_unknown_facts(tmp_path: Path) -> None:
    """Verdict and the facts gone on without, over all combinations of three facts."""
    chance = random.Random(SEED)
    rules = [made(f"tree {number}", tree(chance, 3), tree(chance, 2)) for number in range(40)]
    patients: list[Known] = [
        told(prior_allo_hct=hct, lineage=lineage, age_years=age)
        for hct in (None, True, False)
        for lineage in (None, "B", "T")
        for age in (None, 18.0, 17.0)
    ]
    said = cql_says(dict.fromkeys(rules, patients), [SOURCE], tmp_path)
    outcomes = set()
    for rule in rules:
        for facts, found in zip(patients, said[rule], strict=True):
            assert found == expected(rule, facts), f"{rule.when} unless {rule.unless}: {facts}"
            outcomes.add((found.verdict, bool(found.unchecked)))
    assert outcomes >= {("applies", True), ("applies", False), ("does_not_apply", False), ("cannot_tell", False)}


AGE, SET, LINEAGE = "age_years >= 18", "prior_therapies includes TKI", "lineage is not B"


def quantity(value: float | None, comparator: str | None = None, code: str = "a") -> dict[str, Anything]:
    told = {"value": value, "comparator": comparator, "system": "http://unitsofmeasure.org", "code": code}
    return {"valueQuantity": {key: one for key, one in told.items() if one is not None}}


def part(code: str, **value: Anything) -> dict[str, Anything]:
    return {"code": {"coding": [{"system": NAMES.parts, "code": code}]}, **value}


def token(code: str, system: str = NAMES.values) -> dict[str, Anything]:
    return {"valueCodeableConcept": {"coding": [{"system": system, "code": code}]}}


COMPLETE = part("complete", valueBoolean=True)
PARTNERS: list[tuple[str, dict[str, Anything], str]] = [
    # Ends of an interval are told by their parts, with comparators or without.
    (AGE, {"component": [part("low", **quantity(10)), part("high", **quantity(12))]}, "does_not_apply"),
    (AGE, {"component": [part("high", **quantity(30)), part("low", **quantity(10))]}, "cannot_tell"),
    (AGE, {"component": [part("low", **quantity(18))]}, "applies"),
    (AGE, {"component": [part("low", **quantity(18, "<"))]}, "cannot_tell"),
    (AGE, {"component": [part("low", **quantity(18)), part("low", **quantity(10))]}, "cannot_tell"),
    (AGE, {"component": [part("low", **quantity(20)), part("high", **quantity(300, code="mo"))]}, "cannot_tell"),
    ("age_years is known", quantity(None), "cannot_tell"),
    (AGE, quantity(18), "applies"),
    (AGE, quantity(18, "<"), "does_not_apply"),
    # A drug carries its class, whether the sender says so or not.
    (SET, {"component": [part("member", **token("dasatinib")), COMPLETE]}, "applies"),
    (SET, {"component": [part("member", **token("vincristine")), COMPLETE]}, "does_not_apply"),
    # What cannot be read may be any token.
    (SET, {"component": [part("member", **token("Sprycel 100")), COMPLETE]}, "cannot_tell"),
    (SET, {"component": [part("member", **token("1001", "http://example.org/drugs")), COMPLETE]}, "cannot_tell"),
    ("prior_therapies is empty", {"component": [part("member", valueString="dasatinib"), COMPLETE]}, "cannot_tell"),
    ("abl1_mutations includes T315I", {"component": [part("member", **token("G250E")), COMPLETE]}, "does_not_apply"),
    (LINEAGE, token("b-cell"), "cannot_tell"),
    (LINEAGE, token("T"), "applies"),
]


def test_facts_that_a_partner_tells_otherwise_than_we_do(tmp_path: Path) -> None:
    """Where it is clear it counts; else the fact is unknown, and never a no."""
    told_as = {made(f"rule {number}", line(text)): [value] for number, (text, value, _) in enumerate(PARTNERS)}
    said = cql_says_of(told_as, [SOURCE], tmp_path)
    for rule, (text, value, wanted) in zip(told_as, PARTNERS, strict=True):
        assert said[rule][0].verdict == wanted, f"{text}: {value}"
