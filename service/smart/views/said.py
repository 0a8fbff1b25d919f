"""What several pages say alike: a rule with its page and strength, a fact as read, a fact that is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from service.advice.engine import Engine
from service.advice.missing import ORDERS, orderables_by_fact
from service.advice.words import Words, one_line
from service.facts.model import Fact, Facts
from service.rules.rule import Rule
from service.rules.tables import Orderable
from service.smart.plain import plain_words


@lru_cache(maxsize=8)
def answering_tests(engine: Engine) -> Mapping[str, tuple[tuple[str, Orderable], ...]]:
    """Tests that answer each fact, by its name."""
    return orderables_by_fact(engine.content)


@dataclass(frozen=True, slots=True)
class Cited:
    """A rule as a page cites it. ``source``: short name with the page; ``strength``: preference and category as printed."""

    rule: str
    title: str
    text: str
    source: str
    strength: str
    act: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A fact as read: its newest place in the record with the date."""

    name: str
    label: str
    value: str
    where: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """A fact that is unknown, why, and the tests that would answer it."""

    name: str
    label: str
    why: str
    tests: tuple[str, ...] = ()


def cited(rule: Rule, words: Words) -> Cited:
    """A rule with its page."""
    return Cited(
        rule.id,
        rule.title,
        rule.advise.note or rule.title,
        words.source(rule),
        words.strength(rule),
        rule.advise.act,
    )


def seen(fact: Fact, words: Words) -> Seen:
    """A fact with the newest of the places where it was read."""
    newest = max(fact.provenance, key=lambda one: one.date or "", default=None)
    return Seen(
        fact.name,
        words.label(fact.name),
        words.value(fact),
        one_line(newest.resource) if newest else "",
        (newest.date or "")[:10] if newest else "",
    )


def known_of(rules: Iterable[Rule], facts: Facts, words: Words) -> tuple[Seen, ...]:
    """The known facts that rules rest on, without what an order is only supposed to be."""
    names = dict.fromkeys(name for rule in rules for name in sorted(rule.facts))
    return tuple(seen(facts[name], words) for name in names if facts[name].known and not of_an_order(name, words))


def of_an_order(name: str, words: Words) -> bool:
    """Whether a fact is about an order that is being considered; there is none on these pages."""
    kind = words.kind(name)
    return kind is not None and kind.group == ORDERS


def needed(name: str, facts: Facts, engine: Engine) -> Need:
    """A fact that is missing."""
    words = plain_words(engine)
    tests = answering_tests(engine).get(name, ())
    return Need(name, words.label(name), words.why_unknown(facts[name]), tuple(order.title for _, order in tests))
