"""Which edition answers a topic for this patient by the site's policy, why, and which one did on earlier days."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from service.rules.interpret import find
from service.rules.rule import EVERY_TOPIC, Population, Rule, Source
from service.smart.case import Case
from service.smart.views.said import Need, needed


@dataclass(frozen=True, slots=True)
class Place:
    """A population the patient belongs to, or may (``certain`` is False), for which a source is asked. ``place``: from 1;
    ``after``: the sources asked before it, each with the day since when.
    """

    population: str
    certain: bool
    place: int
    after: tuple[tuple[str, date], ...]


@dataclass(frozen=True, slots=True)
class Role:
    """What a source is by policy for this patient. ``state``: ``asked``, ``other`` (it answers other patients), ``beside``,
    ``not-yet`` (not in force on the day) or ``inactive``. ``asked``: on topics without an entry of their own.
    """

    state: str
    asked: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Answering:
    """A source that answers a topic for this patient today. ``populations``: whom for; none where the topic has no entry
    and the newest source answers. ``silent``: sources asked before it that have nothing on the topic. ``certain``: whether
    the patient is known to belong there.
    """

    source: str
    name: str
    populations: tuple[str, ...]
    silent: tuple[str, ...]
    certain: bool


@dataclass(frozen=True, slots=True)
class Period:
    """From a day on these sources answer."""

    since: date
    names: tuple[str, ...]


class InForce:
    """The policy's answer for one patient."""

    def __init__(self, case: Case):
        self._case, self._content = case, case.engine.content
        self._policy = self._content.policy
        self.truth = {p.id: find(p.when, case.facts, True).truth for p in self._policy.populations.values()}
        active = (self._content.sources[name] for name in self._policy.active)
        self._days = sorted({source.in_force_from for source in active if source.in_force_from <= case.as_of})
        self._answers: dict[str, frozenset[str]] = {}
        self._spoken: dict[date, tuple[Rule, ...]] = {}

    @property
    def waits_for(self) -> tuple[Need, ...]:
        """Facts by which the population, and with it the edition, would be known."""
        speaking = self._case.engine.in_force(self._case.as_of)
        return tuple(
            needed(n, self._case.facts, self._case.engine) for n in sorted(speaking.waiting_for(self._case.facts))
        )

    def role(self, source: Source) -> Role:
        """What a source is for this patient."""
        if source.id not in self._policy.active:
            return Role("inactive")
        if source.in_force_from > self._case.as_of:
            return Role("not-yet")
        if source.id in self._policy.beside:
            return Role("beside")
        asked = tuple(self._asked(source))
        return Role("asked" if asked else "other", asked)

    def _asked(self, source: Source) -> Iterator[Place]:
        sources = self._content.sources
        for entry in self._policy.editions:
            truth = self.truth[entry.population]
            if entry.topic != EVERY_TOPIC or source.id not in entry.sources or truth is False:
                continue
            before = [sources[name] for name in entry.sources[: entry.sources.index(source.id)]]
            after = [s for s in before if s.id in self._policy.active and s.in_force_from <= self._case.as_of]
            yield Place(
                self._policy.populations[entry.population].title,
                truth is True,
                len(after) + 1,
                tuple((s.short_label, s.in_force_from) for s in after),
            )

    def answering(self, topics: Collection[str]) -> tuple[Answering, ...]:
        """The sources that answer topics today, each once."""
        speaking = self._case.engine.in_force(self._case.as_of)
        found: dict[str, Answering] = {}
        for rule in self._rules(self._case.as_of):
            if rule.topic not in topics or rule.speaks_from_every_source or rule.source.ref in found:
                continue
            own = [turn for turn in speaking.turns.get(rule, ()) if self._may_be(turn.population)]
            found[rule.source.ref] = Answering(
                rule.source.ref,
                self._content.sources[rule.source.ref].short_label,
                tuple(turn.population.title for turn in own),
                tuple(dict.fromkeys(self._content.sources[n].short_label for turn in own for n in turn.silent)),
                not own or any(self.truth[turn.population.id] is True for turn in own),
            )
        return tuple(found.values())

    def answer(self, topic: str) -> frozenset[str]:
        """Ids of the sources that answer one topic today."""
        if topic not in self._answers:
            self._answers[topic] = frozenset(one.source for one in self.answering((topic,)))
        return self._answers[topic]

    def history(self, topics: Collection[str]) -> tuple[Period, ...]:
        """Which sources would have answered topics for this patient as of today, from each day on that changed it."""
        periods: list[Period] = []
        for day in self._days:
            refs = {r.source.ref for r in self._rules(day) if r.topic in topics and not r.speaks_from_every_source}
            sources = sorted((self._content.sources[ref] for ref in refs), key=lambda s: s.in_force_from)
            names = tuple(source.short_label for source in sources)
            if names != (periods[-1].names if periods else ()):
                periods.append(Period(day, names))
        return tuple(periods)

    def _rules(self, day: date) -> tuple[Rule, ...]:
        if day not in self._spoken:
            self._spoken[day] = self._case.engine.in_force(day).to(self._case.facts)
        return self._spoken[day]

    def _may_be(self, population: Population) -> bool:
        return self.truth[population.id] is not False
