"""Which rules speak: by policy for today's patient, or from chosen editions.

What is offered follows the edition in force for a topic and for the patient's population; where that edition is silent
on a topic, the next one of the policy's list that has a rule on it answers. Safety and labels speak from every active
source, until a newer rule replaces the older by name. A site's own sources speak beside the edition in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from service.facts.vocabulary.base import did_you_mean
from service.rules.interpret import Known, find
from service.rules.rule import Content, Edition, Policy, Population, Rule, is_under


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


@dataclass(frozen=True, slots=True)
class Turn:
    """Why a rule's source answers its topic: for these populations (none: for everyone), these having been silent.

    ``silent``: sources that the policy would have asked before, in force but without a rule on the topic.
    """

    populations: tuple[Population, ...] = ()
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Speaking:
    """The rules that may speak on a day, each with the patients its edition is in force for."""

    rules: tuple[Rule, ...]
    turns: Mapping[Rule, Turn] = field(default_factory=dict)

    def to(self, facts: Known) -> tuple[Rule, ...]:
        """The rules that speak for one patient.

        While it is unknown which of two populations a patient belongs to (an AYA patient whose care setting is not
        in the record), the editions of both speak.
        """
        member: dict[str, bool] = {}
        speaking = []
        for rule in self.rules:
            turn = self.turns.get(rule)
            if turn is None or not turn.populations or any(_belongs(p, facts, member) for p in turn.populations):
                speaking.append(rule)
        return tuple(speaking)

    def silent_before(self, rule: Rule) -> tuple[str, ...]:
        """Sources that come before the rule's own and have nothing on its topic."""
        turn = self.turns.get(rule)
        return turn.silent if turn is not None else ()


def _belongs(population: Population, facts: Known, known: dict[str, bool]) -> bool:
    if population.id not in known:
        known[population.id] = find(population.when, facts, True).truth is not False
    return known[population.id]


def by_policy(content: Content, as_of: date) -> Speaking:
    """The rules that speak under the site's policy on a day."""
    policy = content.policy
    in_force = [name for name in policy.active if content.sources[name].in_force_from <= as_of]
    rules = [rule for rule in every_rule(content) if rule.source.ref in in_force]
    superseded = {old for rule in rules for old in rule.supersedes}
    on_topic: dict[str, set[str]] = {}
    for rule in rules:
        if rule.source.ref not in policy.beside:
            on_topic.setdefault(rule.topic, set()).add(rule.source.ref)
    answering: dict[str, dict[str, Turn]] = {}
    chosen, turns = [], {}
    for rule in rules:
        if rule.id in superseded:
            continue
        if not rule.speaks_from_every_source and rule.source.ref not in policy.beside:
            if rule.topic not in answering:
                answering[rule.topic] = _answering(content, rule.topic, in_force, on_topic[rule.topic])
            turn = answering[rule.topic].get(rule.source.ref)
            if turn is None:
                continue
            turns[rule] = turn
        chosen.append(rule)
    return Speaking(tuple(chosen), turns)


def _answering(content: Content, topic: str, in_force: list[str], speaking: set[str]) -> dict[str, Turn]:
    """The sources that answer a topic, each with its turn."""
    entries = list(_closest(content.policy, topic))
    if not entries:
        newest = max(content.sources[name].published for name in speaking)
        return {name: Turn() for name in speaking if content.sources[name].published == newest}
    populations: dict[str, list[Population]] = {}
    silent: dict[str, list[str]] = {}
    for entry in entries:
        asked = [name for name in entry.sources if name in in_force]
        answer = next((name for name in asked if name in speaking), None)
        if answer is not None:
            populations.setdefault(answer, []).append(content.policy.populations[entry.population])
            silent.setdefault(answer, []).extend(asked[: asked.index(answer)])
    return {name: Turn(tuple(who), tuple(dict.fromkeys(silent[name]))) for name, who in populations.items()}


def _closest(policy: Policy, topic: str) -> Iterator[Edition]:
    """For each population the entry with the closest topic."""
    by_population: dict[str, Edition] = {}
    for entry in policy.editions:
        best = by_population.get(entry.population)
        if is_under(topic, entry.topic) and (best is None or len(entry.topic) > len(best.topic)):
            by_population[entry.population] = entry
    yield from by_population.values()
