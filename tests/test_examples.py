"""The example patients through the whole service: HTTP request in, facts and cards as their stories say."""

from __future__ import annotations

import copy
import json
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest

from fhir_examples.request import FOLDER, day_of, moved, names, request_of, story_in
from service.advice.engine import Answer, Question
from service.advice.model import Missing, Options
from service.bundles import invocation_of
from service.content import read_content
from service.facts.model import Facts, Interval, TokenSet
from service.facts.vocabulary import VOCABULARY
from service.settings import Settings
from service.wiring import Clinic, build_clinic
from tests.apps import client_of

Raw = dict[str, Any]
PATH = "/cds-services/allcue-patient-view"


@cache
def _story(name: str) -> Raw:
    return story_in(FOLDER / f"{name}.yaml")


def story(name: str) -> Raw:
    """A copy of what the example says of itself, the caller's own to change."""
    return copy.deepcopy(_story(name))


@cache
def _text(name: str) -> bytes:
    return (FOLDER / f"{name}.json").read_bytes()


def bundle(name: str) -> Raw:
    """The example's Bundle, the caller's own to change."""
    found: Raw = json.loads(_text(name))
    return found


@cache
def clinic() -> Clinic:
    return build_clinic()


@cache
def answer(name: str) -> Answer:
    return clinic().answer(invocation_of(bundle(name), story(name)["as_of"]))


def post(request: Raw, as_of: date) -> tuple[int, Raw]:
    found = client_of(Settings(as_of=as_of)).post(PATH, data=json.dumps(request), content_type="application/json")
    return found.status_code, json.loads(found.data)


def facts_named(section: str) -> list[Any]:
    return [
        pytest.param(name, fact, id=f"{name}: {fact}") for name in names() for fact in story(name).get(section) or ()
    ]


@cache
def question(name: str) -> Question:
    """The example as the engine is asked about it: its record is immutable."""
    return clinic().question(invocation_of(bundle(name), story(name)["as_of"]))


def facts_read(name: str) -> Facts:
    """What is read from the example, worked out anew in each test: no fact may rest on others having been asked for."""
    return clinic().engine.facts(question(name))


@pytest.mark.parametrize(("name", "fact"), facts_named("facts"))
def test_facts_are_read(name: str, fact: str) -> None:
    read = facts_read(name)[VOCABULARY.resolve(fact)]
    expected = VOCABULARY.lookup(fact).parse(story(name)["facts"][fact])
    if isinstance(expected, TokenSet):
        assert isinstance(read.value, TokenSet), read
        assert expected.members <= read.value.members
    elif isinstance(read.value, Interval) and isinstance(expected, float):
        assert read.value.equals(expected) is not False
    else:
        assert read.value == expected, read


@pytest.mark.parametrize(("name", "fact"), facts_named("unknown"))
def test_what_cannot_be_known_stays_unknown_with_its_reason(name: str, fact: str) -> None:
    read = facts_read(name)[VOCABULARY.resolve(fact)]
    assert read.value is None
    assert str(read.reason) == story(name)["unknown"][fact], read


def offered(found: Answer) -> list[str]:
    """Words of every option that is offered: its name, subject and drugs."""
    options = [option for advice in found.advice if isinstance(advice, Options) for option in advice.offered]
    words = [(o.rule.advise.regimen or "", o.subject, *o.rule.advise.subjects, o.rule.title) for o in options]
    return [" | ".join(row).lower().replace("-", " ") for row in words]


@pytest.mark.parametrize("name", names())
def test_cards(name: str) -> None:
    expect, found = story(name)["expect"], answer(name)
    words = offered(found)
    if "silent" in expect:
        assert (found.cards == ()) is expect["silent"]
    for wanted in expect.get("offers") or ():
        assert any(wanted.lower().replace("-", " ") in row for row in words), f"{wanted} is not among {words}"
    for unwanted in expect.get("not_offered") or ():
        subjects = [row.split(" | ")[1] for row in words]
        assert unwanted.lower().replace("-", " ") not in subjects
    gaps = {gap.fact.name for advice in found.advice if isinstance(advice, Missing) for gap in advice.gaps}
    assert set(expect.get("asks") or ()) <= gaps
    text = "\n".join(card["detail"] for card in found.cards)
    for warned in expect.get("warns") or ():
        assert warned in text


@pytest.mark.parametrize("name", names())
def test_the_service_answers_as_the_engine(name: str) -> None:
    """Over HTTP the same cards come as from the engine, complete and without empty values."""
    status, body = post(request_of(bundle(name), name), story(name)["as_of"])
    assert status == 200
    assert [card["summary"] for card in body["cards"]] == [card["summary"] for card in answer(name).cards]
    assert not list(empty(body, "")), body


@pytest.mark.parametrize("name", names())
def test_an_example_tells_its_story_on_any_day(name: str) -> None:
    """`python -m fhir_examples.request` moves the dates to today; the cards stay what they are."""
    by = timedelta(days=333)
    status, body = post(request_of(moved(bundle(name), by), name), day_of(name) + by)
    assert status == 200
    if editions_on(day_of(name)) == editions_on(day_of(name) + by):  # a newer guideline may say something else
        assert [card["summary"] for card in body["cards"]] == [card["summary"] for card in answer(name).cards]


def editions_on(day: date) -> set[str]:
    """The sources in force on a day."""
    return {source.id for source in read_content().sources.values() if source.in_force_from <= day}


def empty(value: Any, path: str) -> Any:
    """Paths of null, "", [] and {}; only ``cards`` may be empty."""
    if value in (None, "", [], {}) and path != ".cards":
        yield path
    if isinstance(value, dict):
        for key, child in value.items():
            yield from empty(child, f"{path}.{key}")
    elif isinstance(value, list):
        for child in value:
            yield from empty(child, f"{path}[]")


REQUESTS = sorted(path.stem for path in (FOLDER / "requests").glob("*.json"))


@pytest.mark.parametrize("name", REQUESTS)
def test_prefetch_states(name: str) -> None:
    about, request = story(f"requests/{name}"), bundle(f"requests/{name}")
    status, body = post(request, about["as_of"])
    assert status == about["expect"]["status"]
    for key in about["expect"].get("missing", ()):
        assert any(key in issue["diagnostics"] for issue in body["issue"])
    if status == 200:
        invocation = invocation_of(request, about["as_of"])
        assert {k: str(p.state) for k, p in invocation.prefetched.items()} == about["expect"]["key_states"]
        assert body["cards"]
        found = clinic().engine.facts(clinic().question(invocation))
        for fact, reason in about.get("unknown", {}).items():
            assert str(found[fact].reason) == reason, found[fact]
        gaps = {g.fact.name for a in clinic().answer(invocation).advice if isinstance(a, Missing) for g in a.gaps}
        assert set(about["expect"].get("asks", ())) <= gaps
