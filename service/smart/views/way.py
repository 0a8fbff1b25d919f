"""A patient's way through the rules of a topic: what holds, what does not, where it stops for want of data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from service.book.flow import Condition, Step, flow, own_exclusions
from service.rules.rule import Rule
from service.rules.verdict import Verdict
from service.smart.views.reading import Gap, Mark, Reading, Said, State
from service.smart.views.said import Seen


class Place(IntEnum):
    """Where a part of the tree lies, in the order in which it is shown. STOP: the way leads here and something is not
    known; OPEN: beyond such a stop, so that the way may lead on here; OFF: something does not hold."""

    WAY = 0
    STOP = 1
    OPEN = 2
    OFF = 3


_ORDER = (Mark.APPLIES, Mark.UNCHECKED, Mark.CANNOT_TELL, Mark.OF_ORDER, Mark.EXCLUDED, Mark.NO, Mark.UNUSED)


@dataclass(frozen=True, slots=True)
class End:
    """A rule at the end of its way. ``exclusions``: those it has for itself; ``against``: facts that exclude it;
    ``missing``: what its verdict waits for, ``unchecked``: what it goes on without."""

    rule: Rule
    mark: Mark
    strength: str
    exclusions: tuple[Said, ...] = ()
    against: tuple[Seen, ...] = ()
    missing: tuple[Gap, ...] = ()
    unchecked: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """A step of the flow with this patient's answers; of ends and branches those of the way come first."""

    conditions: tuple[Said, ...]
    place: Place
    ends: tuple[End, ...] = ()
    branches: tuple[Branch, ...] = ()

    @property
    def off(self) -> tuple[Branch, ...]:
        """Branches that do not fit."""
        return tuple(branch for branch in self.branches if branch.place is Place.OFF)

    @property
    def on(self) -> tuple[Branch, ...]:
        """Branches that fit, or may."""
        return tuple(branch for branch in self.branches if branch.place is not Place.OFF)

    def all_ends(self) -> Iterator[End]:
        """The rules of it and of all below."""
        yield from self.ends
        for branch in self.branches:
            yield from branch.all_ends()

    @property
    def rules(self) -> int:
        return sum(1 for _ in self.all_ends())

    def stops(self) -> Iterator[Said]:
        """The lines at which the way stops for want of data."""
        if self.place is Place.STOP:
            yield from (said for said in self.conditions if said.state is State.UNKNOWN)
        elif self.place is Place.WAY:
            for branch in self.branches:
                yield from branch.stops()


def way(rules: Sequence[Rule], verdicts: Mapping[str, Verdict], reading: Reading) -> Branch:
    """The tree of some rules that answer one question, with a patient's answers.

    Args:
        rules: active ones, at least one. verdicts: of each, by its id.
    """
    walk = _Walk(verdicts, reading, own_exclusions(rules, reading.say))
    return walk.branch(flow(rules, reading.say), Place.WAY)


@dataclass(frozen=True, slots=True)
class _Walk:
    verdicts: Mapping[str, Verdict]
    reading: Reading
    own: Mapping[str, tuple[Condition, ...]]

    def branch(self, step: Step, above: Place) -> Branch:
        said = tuple(self.reading.condition(one) for one in step.asked)
        place = _place(said, above)
        ends = sorted((self.end(rule) for rule in step.rules), key=lambda end: _ORDER.index(end.mark))
        branches = sorted((self.branch(inner, place) for inner in step.steps), key=_nearness)
        return Branch(said, place, tuple(ends), tuple(branches))

    def end(self, rule: Rule) -> End:
        verdict, reading = self.verdicts[rule.id], self.reading
        mark = reading.mark(verdict)
        return End(
            rule,
            mark,
            reading.words.strength(rule),
            tuple(reading.condition(one) for one in self.own[rule.id]),
            reading.against(rule) if mark is Mark.EXCLUDED else (),
            reading.gaps(verdict.missing),
            reading.gaps(verdict.unchecked),
        )


def _nearness(branch: Branch) -> tuple[Place, bool, int]:
    """The way first; of branches that wait, those that wait for the record before those that wait for an order, then
    those that wait for less."""
    waits = [said for said in branch.conditions if said.state is State.UNKNOWN]
    return branch.place, any(said.of_order for said in waits), len(waits)


def _place(said: Sequence[Said], above: Place) -> Place:
    if above is Place.OFF or any(one.bars for one in said):
        return Place.OFF
    if above is not Place.WAY:
        return Place.OPEN
    return Place.STOP if any(one.state is State.UNKNOWN for one in said) else Place.WAY
