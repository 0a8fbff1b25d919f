"""Orders as they arrive: every example of ``fhir_examples/orders`` over HTTP, and an example for each check."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from fhir_examples.request import FOLDER, day_of, request_of, story_in
from service.advice.engine import Answer
from service.advice.ordering.judge import JudgedLine
from service.advice.ordering.weight import may_warn, warns
from service.bundles import invocation_of
from service.facts.vocabulary import VOCABULARY
from service.rules.expression import leaves
from service.rules.rule import Rule
from service.settings import Settings
from tests.apps import client_of
from tests.test_examples import bundle, clinic, empty

Raw = dict[str, Any]
ORDERS = FOLDER / "orders"
HOOKS = ("order-select", "order-sign")
NAMES = sorted(path.stem for path in ORDERS.glob("*.yaml"))


@cache
def story(name: str) -> Raw:
    return story_in(ORDERS / f"{name}.yaml")


def told(path: Path) -> Raw:
    found: Raw = json.loads(path.read_text(encoding="utf-8"))
    return found


def request(name: str, hook: str) -> Raw:
    """The example's drafts for its patient, whose record holds what the example adds to it."""
    about = story(name)
    patient = bundle(about["patient"])
    more = ORDERS / f"{name}.record.json"
    if more.is_file():
        patient = {**patient, "entry": [*patient["entry"], *told(more)["entry"]]}
    drafts = told(ORDERS / f"{name}.json")
    context: Raw = {"draftOrders": drafts}
    if hook == "order-select":
        rows = [row["resource"] for row in drafts["entry"]]
        context["selections"] = [f"{row['resourceType']}/{row['id']}" for row in rows if "id" in row]
    return request_of(patient, about["patient"], hook, context)


@cache
def answer(name: str, hook: str) -> Answer:
    return clinic().answer(invocation_of(request(name, hook), day_of(story(name)["patient"])))


CASES = [
    pytest.param(name, hook, id=f"{name}: {hook}") for name in NAMES for hook in HOOKS if hook in story(name)["expect"]
]


@pytest.mark.parametrize(("name", "hook"), CASES)
def test_the_cards_are_those_of_the_story(name: str, hook: str) -> None:
    about = story(name)
    response = client_of(Settings(as_of=day_of(about["patient"]), region=about.get("region"))).post(
        f"/cds-services/allcue-{hook}", json=request(name, hook)
    )
    assert response.status_code == 200, response.data
    assert not list(empty(response.json, ""))
    cards = response.json["cards"]
    expected = about["expect"][hook]
    said = [f"{card['indicator']}: {card['summary']}" for card in cards]
    if expected == "silent":
        assert said == []
        return
    assert [card["indicator"] for card in cards] == [one["indicator"] for one in expected], said
    for card, one in zip(cards, expected, strict=True):
        text = f"{card['summary']}\n{card['detail']}".casefold()
        for words in (*one.get("says", ()), *one.get("cites", ())):
            assert words.casefold() in text
        tied = [row["reference"] for row in card.get("extension", {}).get("davinci-crd.associated-resource", ())]
        assert sorted(tied) == sorted(one.get("ties", tied))
        labels = [suggestion["label"] for suggestion in card.get("suggestions", ())]
        for label in one.get("suggests", ()):
            assert any(label in found for found in labels), labels
        for label in one.get("withholds", ()):
            assert not any(label in found for found in labels), labels


@pytest.mark.parametrize("name", [name for name in NAMES if story(name).get("checks")])
def test_the_named_checks_speak(name: str) -> None:
    spoken = set()
    for hook in story(name)["expect"]:
        assessment = answer(name, hook).assessment
        assert assessment is not None
        spoken |= {finding.rule.id for finding in assessment.findings if warns(finding)}
    assert set(story(name)["checks"]) <= spoken


@cache
def checks() -> tuple[Rule, ...]:
    """The rules that may warn at an order, but for those that a newer one replaces or that ask for a judgement."""
    rules = clinic().engine.content.rules
    replaced = {old for rule in rules if rule.status == "active" for old in rule.supersedes}
    found = (rule for rule in rules if may_warn(rule) and rule.id not in replaced and not asks_judgement(rule))
    return tuple(sorted(found, key=lambda rule: rule.id))


def asks_judgement(rule: Rule) -> bool:
    """Whether a condition is for the clinician to say and never read from a record."""
    return any(VOCABULARY.lookup(leaf.criterion.fact).judgement for leaf in leaves(rule.when))


def concerns(rule: Rule, one: JudgedLine) -> bool:
    """Whether a line orders what a rule is about: one of its drugs, or else something it reads of an order."""
    about = [leaf.criterion for leaf in leaves(rule.when) if leaf.criterion.fact in one.own]
    drugs = [criterion for criterion in about if criterion.fact == "ordered_drug"]
    if drugs:
        return any(one.drugs.members.intersection(map(str, criterion.operands)) for criterion in drugs)
    return any(one.facts[criterion.fact].known for criterion in about)


def test_every_check_has_an_example_where_it_speaks() -> None:
    spoken = {check for name in NAMES for check in story(name).get("checks", ())}
    assert [rule.id for rule in checks() if rule.id not in spoken] == []


def test_every_check_has_an_example_where_it_is_silent() -> None:
    """An order of a drug that the check is about, of which it does not warn."""
    silent: set[str] = set()
    for name in NAMES:
        hook = next(iter(story(name)["expect"]))
        found = answer(name, hook).assessment
        if found is None:  # nothing is assessed of a patient without leukemia
            continue
        warned = {finding.rule.id for finding in found.findings if warns(finding)}
        for rule in checks():
            settled = rule.id in silent or rule.id in warned
            if not settled and any(concerns(rule, line) for line in found.judged):
                silent.add(rule.id)
    assert [rule.id for rule in checks() if rule.id not in silent] == []


@pytest.mark.parametrize("path", sorted(ORDERS.glob("*.json")), ids=lambda path: path.stem)
def test_the_examples_are_valid_fhir(path: Path) -> None:
    """Except what stands for malformed drafts of real clients."""
    name = path.name.partition(".")[0]
    if path.name.endswith(".record.json") or not story(name).get("malformed"):
        Bundle.model_validate(told(path))
