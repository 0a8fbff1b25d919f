"""The generated checks find what they are for, and are quiet on sound content."""

from __future__ import annotations

from typing import Any as Raw

import pytest

from service.rules.checks import (
    applies_to_nobody_known,
    catalogue,
    idle_criteria,
    opposite_advice,
    wrong_examples,
)
from service.rules.expression import leaves
from service.rules.load import load_content
from service.rules.rule import Content
from service.rules.witness import Stated, applying, opposites
from tests.rules.support import POLICY, VOCABULARY, content, dump, files, rule

NAME = {"if_unknown": "name", "because": "not asked for"}


def stated(example: Raw) -> Stated:
    values = {name: VOCABULARY.lookup(name).parse(value) for name, value in example.given.items()}
    return Stated({name: value for name, value in values.items() if value is not None})


def sound() -> Content:
    return content()


def test_sound_content_passes_every_check() -> None:
    found = sound()
    assert not list(applies_to_nobody_known(found.rules))
    assert not list(idle_criteria(found.rules, VOCABULARY))
    assert not list(opposite_advice(found, found.rules, VOCABULARY))
    assert not list(wrong_examples(found.rules, stated))


def test_a_rule_that_needs_nothing_is_found() -> None:
    found = content(rule(when={"all": [{"criterion": "lineage is B", **NAME}]}, unless=None))
    assert list(applies_to_nobody_known(found.rules)) == ["offer-x: applies to a patient of whom nothing is known."]


@pytest.mark.parametrize(
    "when",
    [
        {"all": ["lineage is B", "lineage is not T"]},  # the second is implied by the first
        {"all": ["age >= 18", {"any": ["age >= 30", "age >= 18"]}]},
        {"all": ["drugs includes dasatinib", "drugs is not empty"]},
    ],
)
def test_a_criterion_that_never_decides_is_found(when: Raw) -> None:
    found = content(rule(when=when))
    assert any("never changes the verdict" in line for line in idle_criteria(found.rules, VOCABULARY))


@pytest.mark.parametrize(
    "when",
    [
        {"all": ["lineage is B", {"any": ["age < 5", {"all": ["age > 60", "fraction < 0.0001"]}]}]},
        {"all": ["drugs includes any of dasatinib, imatinib", "drugs includes none of mesna"]},
        {"all": ["drugs includes all of dasatinib, mesna", "toxicity(pancreatitis) >= 2"]},
        {"all": ["age >= 18", "age < 26", "karyotype is known"]},
    ],
)
def test_each_criterion_has_two_patients_with_opposite_verdicts(when: Raw) -> None:
    (only,) = content(rule(when=when)).rules
    for leaf in leaves(only.when):
        if str(leaf.criterion) == "karyotype is known":
            assert opposites(only, leaf, VOCABULARY) is None  # nothing known is the opposite of "is known"
        else:
            assert opposites(only, leaf, VOCABULARY) is not None, leaf


def test_an_impossible_rule_has_no_patient() -> None:
    (only,) = content(rule(when={"all": ["age < 5", "age > 60"]})).rules
    assert applying((only,), VOCABULARY) is None


AVOID = {"kind": "safety", "act": "avoid", "subject": "dasatinib"}


def test_opposite_advice_is_found_and_may_be_accepted_with_a_reason() -> None:
    avoid = rule(id="avoid-x", advise=AVOID, when={"all": ["age >= 60"]})
    found = content(rule(), avoid)
    (problem,) = opposite_advice(found, found.rules, VOCABULARY)
    assert problem.startswith("avoid-x and offer-x oppose each other for {")
    accepted = {"rules": ["avoid-x", "offer-x"], "because": "the warning stands on the offer"}
    found = content(rule(), avoid, policy={**POLICY, "accepted_oppositions": [accepted]})
    assert not list(opposite_advice(found, found.rules, VOCABULARY))
    found = content(rule(), policy={**POLICY}, **{"rules__avoid-x": {**avoid, "when": {"all": ["lineage is T"]}}})
    assert not list(opposite_advice(found, found.rules, VOCABULARY))


def test_a_warning_may_be_accepted_against_any_offer() -> None:
    avoid = rule(id="avoid-x", advise=AVOID, when={"all": ["age >= 60"]})
    accepted = {"rules": ["avoid-x"], "because": "the option is shown as ruled out"}
    found = content(rule(), rule(id="offer-y"), avoid, policy={**POLICY, "accepted_oppositions": [accepted]})
    assert not list(opposite_advice(found, found.rules, VOCABULARY))


@pytest.mark.parametrize("rules", [["avoid-x", "offer-x"], ["avoid-x"]])
def test_an_exception_nobody_needs_is_found(rules: list[str]) -> None:
    avoid = rule(id="avoid-x", advise=AVOID, when={"all": ["lineage is T"]})
    accepted = {"rules": rules, "because": "once needed"}
    found = content(rule(), avoid, policy={**POLICY, "accepted_oppositions": [accepted]})
    (problem,) = opposite_advice(found, found.rules, VOCABULARY)
    assert "the exception is not needed" in problem


@pytest.mark.parametrize(
    ("example", "says"),
    [
        (
            {"name": "n", "given": {"lineage": "B", "age": 5}, "expect": "applies"},
            "expects applies, got does_not_apply",
        ),
        (
            {"name": "n", "given": {"lineage": "B", "age": 50}, "expect": {"cannot_tell": ["lineage"]}},
            "expects lineage",
        ),
    ],
)
def test_a_wrong_example_is_found(example: Raw, says: str) -> None:
    base: Raw = rule()["examples"]
    found = content(rule(examples=[*base, example]))
    assert any(says in line for line in wrong_examples(found.rules, stated))


def test_an_example_may_expect_an_unchecked_fact() -> None:
    made = rule(
        unless={"any": [{"criterion": "transplanted is true", **NAME}]},
        examples=[
            {"name": "a", "given": {"lineage": "B", "age": 20}, "expect": {"applies_unchecked": ["transplanted"]}},
            {"name": "b", "given": {"lineage": "B", "age": 10}, "expect": "does_not_apply"},
        ],
    )
    assert not list(wrong_examples(content(made).rules, stated))


def test_a_rule_may_be_stricter_than_its_scope_but_not_wider() -> None:
    scope = dump({"when": {"all": ["age < 40"]}, "because": "the guideline's patients"})
    for limit, idle in (("age < 26", False), ("age < 50", True)):
        made = rule(when={"all": ["lineage is B", limit]}, unless=None)
        found = load_content({**files(made), "rules/scope.yaml": scope}, VOCABULARY)
        assert bool(list(idle_criteria(found.rules, VOCABULARY))) is idle


@pytest.mark.parametrize("fact", ["transplanted", "lineage", "drugs", "fraction"])
def test_a_rule_may_hold_while_a_fact_is_not_known(fact: str) -> None:
    """Asking for what is missing: the check finds a patient without the fact, and one with it."""
    known = {"criterion": f"{fact} is known", **NAME}
    asks = rule(when={"all": ["age >= 18"]}, unless={"any": [known]})
    assert not list(idle_criteria(content(asks).rules, VOCABULARY))
    idle = rule(when={"all": ["age >= 18", f"{fact} is known"]}, unless={"any": [known]})
    assert list(idle_criteria(content(idle).rules, VOCABULARY))


def test_the_catalogue_names_what_must_not_vanish() -> None:
    names = catalogue(sound())
    assert names["rules"] == ["offer-x (active)"]
    assert names["subjects"] == ["dasatinib"]
    assert dump(names)
