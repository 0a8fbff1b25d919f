"""What a rule asks, line by line, each with what this patient's record answers: three answers, and what was read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.book.flow import Condition, in_words
from service.facts.model import Facts
from service.rules.criterion import Criterion, holds
from service.rules.expression import IfUnknown, Leaf, Node, leaves
from service.rules.interpret import Finding, find
from service.rules.logic import Truth
from service.rules.rule import Content, Rule
from service.rules.verdict import Outcome, Verdict
from service.smart.case import Case
from service.smart.plain import plain_words
from service.smart.views.said import Seen, of_an_order, seen


class State(StrEnum):
    """How a line stands. UNCHECKED: it is not known, and the rule goes on without it and says so."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Gap:
    """A fact that is not known and on which something hangs. ``of_order``: an order answers it, not the record."""

    name: str
    label: str
    why: str
    of_order: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """One line with its answer. ``seen``: the facts that decide it; ``missing``: those it waits for or goes on without.

    ``unless``: whether it stands against; ``because``: why a rule may go on without it; ``if_unknown`` as written.
    """

    text: str
    state: State
    seen: tuple[Seen, ...] = ()
    missing: tuple[Gap, ...] = ()
    unless: bool = False
    if_unknown: IfUnknown = IfUnknown.BLOCK
    because: str = ""
    group: bool = False  # of several lines, so that what was read needs its name
    member: bool = False  # of a group: whether it holds alone says nothing for or against the rule

    @property
    def of_order(self) -> bool:
        """Whether only an order that is not written yet could answer it."""
        return bool(self.missing) and all(gap.of_order for gap in self.missing)

    @property
    def bars(self) -> bool:
        """Whether it keeps the rule from applying."""
        return self.state is (State.HOLDS if self.unless else State.FAILS)


class Mark(StrEnum):
    """A verdict as the pages show it."""

    APPLIES = "applies"
    UNCHECKED = "unchecked"  # applies, and something was not checked
    CANNOT_TELL = "cannot-tell"
    OF_ORDER = "of-order"  # hangs on an order that is not written yet, and on nothing else
    EXCLUDED = "excluded"  # all its conditions hold, and an exclusion stands against it
    NO = "no"
    UNUSED = "unused"  # a draft, retired or switched off: not asked


class Reading:
    """One patient's answers to what rules ask, in words for HTML (not for Markdown)."""

    def __init__(self, case: Case):
        self.content: Content = case.engine.content
        self.facts: Facts = case.facts
        self.words = plain_words(case.engine)

    def say(self, criterion: Criterion) -> str:
        """A criterion in plain English."""
        return self.words.criterion(criterion)

    def condition(self, condition: Condition) -> Said:
        """A line of a flow, which may be asked by several rules."""
        return self._said(condition.text, condition.nodes, condition.unless)

    def line(self, text: str, node: Node, unless: bool) -> Said:
        """A line or group of one rule."""
        return self._said(text, (node,), unless)

    def gaps(self, names: Iterable[str]) -> tuple[Gap, ...]:
        """Facts that are not known."""
        return tuple(self._gap(name) for name in names)

    def mark(self, verdict: Verdict) -> Mark:
        """A verdict as it is shown."""
        if verdict.outcome is Outcome.APPLIES:
            return Mark.UNCHECKED if verdict.unchecked else Mark.APPLIES
        if verdict.outcome is Outcome.DOES_NOT_APPLY:
            return Mark.EXCLUDED if verdict.excluded else Mark.NO
        return Mark.OF_ORDER if all(of_an_order(name, self.words) for name in verdict.missing) else Mark.CANNOT_TELL

    def against(self, rule: Rule) -> tuple[Seen, ...]:
        """The facts by which exclusions of a rule hold."""
        return self._seen(rule.unless, True) if find(rule.unless, self.facts, False).truth is True else ()

    def _said(self, text: str, nodes: Sequence[Node], unless: bool) -> Said:
        by_text: dict[str, list[Finding]] = {}
        for node in nodes:
            by_text.setdefault(in_words(node, self.say), []).append(find(node, self.facts, not unless))
        # The same text stands for the same question: an answer is the answer to all, and one that may go on does.
        parts = [next((one for one in found if one.assumed), found[0]) for found in by_text.values()]
        state = _state(parts, unless)
        names = frozenset[str]()
        if state is State.UNKNOWN:
            names = names.union(*(one.missing for one in parts))
        elif state is State.UNCHECKED:
            names = names.union(*(one.assumed for one in parts))
        first = nodes[0]
        return Said(
            text,
            state,
            tuple(dict.fromkeys(one for node in nodes for one in self._seen(node, state is State.HOLDS)))
            if state in (State.HOLDS, State.FAILS)
            else (),
            self.gaps(sorted(names)),
            unless,
            first.if_unknown,
            first.because or "",
            not isinstance(first, Leaf),
        )

    def _seen(self, node: Node, truth: Truth) -> tuple[Seen, ...]:
        """The facts of the lines that have a truth."""
        found = (leaf for leaf in leaves(node) if self._truth(leaf) is truth)
        return tuple(
            seen(self.facts[name], self.words) for name in dict.fromkeys(leaf.criterion.fact for leaf in found)
        )

    def _truth(self, leaf: Leaf) -> Truth:
        return holds(leaf.criterion, self.facts.value(leaf.criterion.fact))

    def _gap(self, name: str) -> Gap:
        return Gap(
            name, self.words.label(name), self.words.why_unknown(self.facts[name]), of_an_order(name, self.words)
        )


def _state(parts: Sequence[Finding], unless: bool) -> State:
    """Of conditions all must hold; of exclusions one is enough."""
    truths = [one.truth for one in parts]
    decisive = unless
    if decisive in truths:
        return State.HOLDS if decisive else State.FAILS
    if None in truths:
        return State.UNKNOWN
    if any(one.assumed for one in parts):
        return State.UNCHECKED
    return State.FAILS if unless else State.HOLDS
