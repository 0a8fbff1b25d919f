"""Which rules speak: by policy for today's patient, or from chosen editions.

What is offered follows the edition in force for a topic and for the patient's population; where that edition is silent
on a topic, the next one of the policy's list that has a rule on it answers. Safety and labels speak from every active
source, until a newer rule replaces the older by name. A site's own sources speak beside the edition in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from service.facts.model import Facts
from service.facts.vocabulary.base import did_you_mean
from service.rules.interpret import Finding, Known, find
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
    """A population for which a rule's source answers its topic.

    ``silent``: sources that the policy asks before it for that population, in force but without a rule on the topic.
    """

    population: Population
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Speaking:
    """The rules that may speak on a day; those with turns only for patients of the populations named there."""

    rules: tuple[Rule, ...]
    turns: Mapping[Rule, tuple[Turn, ...]] = field(default_factory=dict)
    speakers: Mapping[Population, frozenset[str]] = field(default_factory=dict)  # the sources each one is answered by

    def of(self, rules: Iterable[Rule]) -> Speaking:
        """The same day with some of the rules."""
        return replace(self, rules=tuple(rules))

    def narrowed(self, rules: Iterable[Rule]) -> Speaking:
        """The same day with some of the rules and no others to come: which edition speaks hangs on these alone."""
        kept = tuple(rules)
        return replace(
            self, rules=kept, speakers=_speakers({rule: self.turns[rule] for rule in kept if rule in self.turns})
        )

    def to(self, facts: Known) -> tuple[Rule, ...]:
        """The rules that speak for one patient.

        While it is unknown which of two populations a patient belongs to (an AYA patient whose care setting is not
        in the record), the editions of both speak.
        """
        others = {population for population in self.speakers if not _belongs(population, facts)}
        return tuple(
            rule
            for rule in self.rules
            if (turns := self.turns.get(rule)) is None or not others.issuperset([turn.population for turn in turns])
        )

    def waiting_for(self, facts: Known) -> frozenset[str]:
        """Facts on which it hangs which editions speak, while those of several populations do."""
        findings = [(_belonging(population, facts), who) for population, who in self.speakers.items()]
        possible = [(finding, who) for finding, who in findings if finding.truth is not False]
        if all(who == possible[0][1] for _, who in possible):
            return frozenset()
        return frozenset[str]().union(*(finding.missing for finding, _ in possible))

    def silent_before(self, rule: Rule, facts: Known) -> tuple[str, ...]:
        """Sources asked for this patient before the rule's own, which have nothing on its topic."""
        own = [turn for turn in self.turns.get(rule, ()) if _belongs(turn.population, facts)]
        return tuple(dict.fromkeys(name for turn in own for name in turn.silent))


def _belongs(population: Population, facts: Known) -> bool:
    return _belonging(population, facts).truth is not False


def _belonging(population: Population, facts: Known) -> Finding:
    """Whether a patient is of a population; told once, being asked for every rule that is cited."""
    if isinstance(facts, Facts):
        return facts.once(population, lambda: find(population.when, facts, True))
    return find(population.when, facts, True)


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
    answering: dict[str, dict[str, tuple[Turn, ...]]] = {}
    chosen, turns = [], {}
    for rule in rules:
        if rule.id in superseded:
            continue
        if not rule.speaks_from_every_source and rule.source.ref not in policy.beside:
            if rule.topic not in answering:
                answering[rule.topic] = _answering(content, rule.topic, in_force, on_topic[rule.topic])
            own = answering[rule.topic].get(rule.source.ref)
            if own is None:
                continue
            if own:
                turns[rule] = own
        chosen.append(rule)
    return Speaking(tuple(chosen), turns, _speakers(turns))


def _speakers(turns: Mapping[Rule, tuple[Turn, ...]]) -> dict[Population, frozenset[str]]:
    """Which sources answer each population."""
    speakers: dict[Population, frozenset[str]] = {}
    for rule, own in turns.items():
        for turn in own:
            speakers[turn.population] = speakers.get(turn.population, frozenset()) | {rule.source.ref}
    return speakers


def _answering(content: Content, topic: str, in_force: list[str], speaking: set[str]) -> dict[str, tuple[Turn, ...]]:
    """The sources that answer a topic, each with its turns; without any, it answers for everyone."""
    entries = list(_closest(content.policy, topic))
    if not entries:
        newest = max(content.sources[name].published for name in speaking)
        return {name: () for name in speaking if content.sources[name].published == newest}
    turns: dict[str, tuple[Turn, ...]] = {}
    for entry in entries:
        asked = [name for name in entry.sources if name in in_force]
        answer = next((name for name in asked if name in speaking), None)
        if answer is not None:
            turn = Turn(content.policy.populations[entry.population], tuple(asked[: asked.index(answer)]))
            turns[answer] = (*turns.get(answer, ()), turn)
    return turns


def _closest(policy: Policy, topic: str) -> Iterator[Edition]:
    """For each population the entry with the closest topic."""
    by_population: dict[str, Edition] = {}
    for entry in policy.editions:
        best = by_population.get(entry.population)
        if is_under(topic, entry.topic) and (best is None or len(entry.topic) > len(best.topic)):
            by_population[entry.population] = entry
    yield from by_population.values()
