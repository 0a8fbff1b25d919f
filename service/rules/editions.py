"""Which rules speak: by policy for today's patient, or from chosen editions.

What is offered follows the edition in force for a topic and population; where that edition is silent on a topic, the
newest active one that has a rule on it answers. Safety and labels speak from every active source, until a newer rule
replaces the older by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from service.facts.vocabulary.base import did_you_mean
from service.rules.rule import Content, Rule, Source, is_under


class UnknownSource(ValueError):
    """A source that the content does not have; the message lists those it has."""


def every_rule(content: Content) -> tuple[Rule, ...]:
    """All active rules of all sources."""
    return tuple(rule for rule in content.rules if rule.status == "active")


def of_sources(content: Content, names: Iterable[str]) -> tuple[Rule, ...]:
    """All active rules of the named sources, given by id or alias.

    Raises:
        UnknownSource: no such source.
    """
    wanted = set()
    for name in names:
        try:
            wanted.add(content.source_named(name).id)
        except KeyError:
            known = [n for source in content.sources.values() for n in (source.id, *source.aliases)]
            raise UnknownSource(
                f"{name!r} is not a source. Allowed: {', '.join(known)}.{did_you_mean(name, known)}"
            ) from None
    return tuple(rule for rule in every_rule(content) if rule.source.ref in wanted)


def by_policy(content: Content, as_of: date) -> tuple[Rule, ...]:
    """The rules that speak under the site's policy on a day."""
    in_force = {
        name: content.sources[name] for name in content.policy.active if content.sources[name].in_force_from <= as_of
    }
    rules = [rule for rule in every_rule(content) if rule.source.ref in in_force]
    superseded = {old for rule in rules for old in rule.supersedes}
    answering: dict[str, frozenset[str]] = {}
    chosen = []
    for rule in rules:
        if rule.id in superseded:
            continue
        if not rule.speaks_from_every_source:
            if rule.topic not in answering:
                answering[rule.topic] = frozenset(_answering(content, rule.topic, in_force, rules))
            if rule.source.ref not in answering[rule.topic]:
                continue
        chosen.append(rule)
    return tuple(chosen)


def _answering(content: Content, topic: str, in_force: dict[str, Source], rules: list[Rule]) -> Iterator[str]:
    """Sources that answer a topic: per population the first listed that is in force and has a rule on the topic."""
    speaking = {rule.source.ref for rule in rules if rule.topic == topic}
    entries = [e for e in content.policy.editions if is_under(topic, e.topic)]
    closest = max((len(e.topic) for e in entries), default=0)
    populations: set[str] = set()
    for entry in entries:
        if len(entry.topic) == closest and entry.source in speaking and entry.population not in populations:
            populations.add(entry.population)
            yield entry.source
    if not populations:
        newest = max((in_force[name].published for name in speaking), default=None)
        yield from (name for name in speaking if in_force[name].published == newest)
