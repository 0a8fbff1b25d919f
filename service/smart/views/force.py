"""Whether a rule is in force for a patient, and why: what the policy of the site says of its source and topic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.rules.editions import Speaking, Turn
from service.rules.interpret import find
from service.rules.logic import Truth, any_of
from service.rules.rule import Rule
from service.smart.case import Case
from service.smart.views.reading import Gap, Reading


class Because(StrEnum):
    """What decides."""

    STATUS = "status"  # a draft, retired, or switched off
    CHOSEN = "chosen"  # this service answers from sources that were chosen, this one among them
    NOT_CHOSEN = "not-chosen"
    NOT_ACTIVE = "not-active"  # the site has the source switched off
    NOT_YET = "not-yet"  # the source is in force from a later day
    REPLACED = "replaced"  # a newer rule replaces it by name
    EVERY_SOURCE = "every-source"  # safety and labels
    BESIDE = "beside"  # the site's own
    NEWEST = "newest"  # no policy on the topic: the newest that speaks answers everyone
    POPULATION = "population"  # it answers the topic for some patients
    ANOTHER = "another"  # another source answers the topic


@dataclass(frozen=True, slots=True)
class Answers:
    """Of whom a source answers a topic: the title of a population, and whether this patient belongs to it.

    ``silent``: sources that are asked before and say nothing on the topic.
    """

    population: str
    belongs: Truth
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Force:
    """``in_force``: None while it is not known to which population the patient belongs. ``populations``: those that
    this rule's source answers. ``rules``: what replaces it. ``sources``: those that answer the topic in its stead.
    ``missing``: what decides on the population. ``since``: the day from which its source is in force."""

    in_force: Truth
    because: Because
    populations: tuple[Answers, ...] = ()
    rules: tuple[Rule, ...] = ()
    sources: tuple[str, ...] = ()
    missing: tuple[Gap, ...] = ()
    since: date | None = None


def force_of(case: Case, rule: Rule, reading: Reading) -> Force:
    """Whether a rule speaks for this patient on the day of judgement, at whichever moment it is asked."""
    content, speaking = case.engine.content, case.engine.in_force(case.as_of)
    policy, source = content.policy, content.sources[rule.source.ref]
    if rule.status != "active":
        return Force(False, Because.STATUS)
    if case.engine.is_pinned:
        chosen = rule in speaking.rules
        return Force(chosen, Because.CHOSEN if chosen else Because.NOT_CHOSEN)
    if rule in speaking.turns:
        return _for_some(speaking.turns[rule], reading)
    if rule in speaking.rules:
        beside = source.id in policy.beside
        why = (
            Because.EVERY_SOURCE if rule.speaks_from_every_source else Because.BESIDE if beside else Because.NEWEST
        )  # fmt: skip
        return Force(True, why)
    if source.id not in policy.active:
        return Force(False, Because.NOT_ACTIVE)
    if source.in_force_from > case.as_of:
        return Force(False, Because.NOT_YET, since=source.in_force_from)
    newer = tuple(one for one in speaking.rules if rule.id in one.supersedes)
    if newer:
        return Force(False, Because.REPLACED, rules=newer)
    labels = (content.sources[name].short_label for name in _answering(rule.topic, speaking))
    return Force(False, Because.ANOTHER, sources=tuple(dict.fromkeys(labels)))


def _for_some(turns: tuple[Turn, ...], reading: Reading) -> Force:
    sources = reading.content.sources
    found, missing = [], frozenset[str]()
    for turn in turns:
        finding = find(turn.population.when, reading.facts, True)
        missing |= finding.missing
        silent = tuple(sources[name].short_label for name in turn.silent)
        found.append(Answers(turn.population.title, finding.truth, silent))
    belongs = any_of(one.belongs for one in found)
    gaps = reading.gaps(sorted(missing)) if belongs is None else ()
    return Force(belongs, Because.POPULATION, tuple(found), missing=gaps)


def _answering(topic: str, speaking: Speaking) -> Iterator[str]:
    """The sources that answer a topic with more than warnings and labels."""
    for rule in speaking.rules:
        if rule.topic == topic and not rule.speaks_from_every_source:
            yield rule.source.ref
