"""A topic's rules as a tree of decisions, for drawing: what all of them ask for first, then what tells them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from service.rules.criterion import Criterion
from service.rules.expression import All, Any, IfUnknown, Leaf, Node
from service.rules.rule import Rule

Say = Callable[[Criterion], str]
LABEL_PARTS = ": "


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a box: what must hold here or, with ``unless``, must not.

    ``nodes``: what is asked, as written in the rules below that ask it; they say the same, and may differ in what
    happens while it is unknown. Of conditions all hold, of exclusions one is enough.
    """

    text: str
    nodes: tuple[Node, ...]
    unless: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A box of the picture: what is asked here, then the rules that end here and the further steps."""

    asked: tuple[Condition, ...]
    rules: tuple[Rule, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def conditions(self) -> tuple[str, ...]:
        """What is asked here, in words."""
        return tuple(f"unless {one.text}" if one.unless else one.text for one in self.asked)


@dataclass(frozen=True, slots=True)
class _Part:
    """One condition of a rule: what it is about, in words, and as written."""

    subject: str
    text: str
    node: Node = field(compare=False)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A rule with the conditions not yet said above it."""

    rule: Rule
    about: tuple[_Part, ...]

    def parts(self, subject: str) -> list[_Part]:
        return [part for part in self.about if part.subject == subject]

    def of(self, subject: str) -> str | None:
        said = [part.text for part in self.parts(subject)]
        return _joined(subject, said) if said else None

    def without(self, subject: str) -> _Asked:
        return _Asked(self.rule, tuple(part for part in self.about if part.subject != subject))


def flow(rules: Sequence[Rule], say: Say) -> Step:
    """The tree of some rules that answer one question.

    The order of questions is chosen so that the one most rules ask comes first; nothing is left out: every
    condition of a rule stands on its way. Exclusions that all share stand in the first box; `own_exclusions` tells
    those a rule has for itself.
    """
    each = [_exclusions(rule, say) for rule in rules]
    shared = tuple(
        Condition(text, tuple(dict.fromkeys(node for one in each for node in one[text])), unless=True)
        for text in _shared(each)
    )
    step = _step((), [_Asked(rule, tuple(_conditions(rule.when, say))) for rule in rules])
    return Step(step.asked + shared, step.rules, step.steps)


def own_exclusions(rules: Sequence[Rule], say: Say) -> dict[str, tuple[Condition, ...]]:
    """By rule what stands against it beyond what stands against all of these rules."""
    each = [_exclusions(rule, say) for rule in rules]
    shared = frozenset(_shared(each))
    return {
        rule.id: tuple(Condition(text, tuple(nodes), unless=True) for text, nodes in own.items() if text not in shared)
        for rule, own in zip(rules, each, strict=True)
    }


def exclusions(rule: Rule, rules: Sequence[Rule], say: Say) -> list[str]:
    """What stands against one rule beyond what stands against all of these rules, in words."""
    return [one.text for one in own_exclusions(rules, say)[rule.id]]


def _shared(each: Sequence[Mapping[str, object]]) -> list[str]:
    return [text for text in each[0] if all(text in other for other in each)]


def _exclusions(rule: Rule, say: Say) -> dict[str, list[Node]]:
    """The exclusions of a rule by their words; groups of "any" are taken apart."""
    found: dict[str, list[Node]] = {}

    def take(node: Node) -> None:
        if isinstance(node, Any):
            for child in node.children:
                take(_under(node, child))
        else:
            found.setdefault(in_words(node, say), []).append(node)

    take(rule.unless)
    return found


def _under(group: All | Any, child: Node) -> Node:
    """A member of a group that is taken apart: what goes on while the group is unknown goes on while a member is."""
    if group.if_unknown is IfUnknown.NAME and child.if_unknown is not IfUnknown.NAME:
        return replace(child, if_unknown=IfUnknown.NAME, because=group.because)
    return child


def _step(said: tuple[Condition, ...], asked: list[_Asked]) -> Step:
    shared = [part for part in asked[0].about if all(part in other.about for other in asked)]
    said += tuple(_condition(subject, shared, asked) for subject in dict.fromkeys(part.subject for part in shared))
    asked = [_Asked(one.rule, tuple(part for part in one.about if part not in shared)) for one in asked]
    ends = [one for one in asked if not one.about]
    open_ = [one for one in asked if one.about]
    steps = []
    while open_:
        subject = _commonest(open_)
        branches: dict[str, list[_Asked]] = {}
        for one in open_:
            answer = one.of(subject)
            if answer is not None:
                branches.setdefault(answer, []).append(one)
        open_ = [one for one in open_ if one.of(subject) is None]
        steps += [
            _step((_condition(subject, members[0].parts(subject), members),), [one.without(subject) for one in members])
            for members in branches.values()
        ]
    return Step(said, tuple(one.rule for one in ends), tuple(steps))


def _condition(subject: str, parts: Sequence[_Part], asked: Sequence[_Asked]) -> Condition:
    """The parts about one subject as one condition of all who ask it."""
    own = [part for part in parts if part.subject == subject]
    nodes = dict.fromkeys(part.node for one in asked for part in one.about if part in own)
    return Condition(_joined(subject, [part.text for part in own]), tuple(nodes))


def _commonest(asked: list[_Asked]) -> str:
    """The subject that most rules ask about; among equals the one with fewest answers, then the first."""
    counts = Counter(subject for one in asked for subject in dict.fromkeys(part.subject for part in one.about))
    answers = {subject: len({one.of(subject) for one in asked}) for subject in counts}
    first = {subject: index for index, subject in enumerate(counts)}
    return min(counts, key=lambda subject: (-counts[subject], answers[subject], first[subject]))


def _conditions(node: Node, say: Say) -> list[_Part]:
    if isinstance(node, All):
        return [part for child in node.children for part in _conditions(_under(node, child), say)]
    text = in_words(node, say)
    return [_Part(text.partition(LABEL_PARTS)[0] if isinstance(node, Leaf) else text, text, node)]


def in_words(node: Node, say: Say) -> str:
    """A tree as one phrase."""
    if isinstance(node, Leaf):
        return say(node.criterion)
    word = " and " if isinstance(node, All) else " or "
    return "(" + word.join(in_words(child, say) for child in node.children) + ")"


def _joined(subject: str, said: list[str]) -> str:
    """``age: at least 15 years`` and ``age: below 40 years`` as one."""
    head = f"{subject}{LABEL_PARTS}"
    if len(said) > 1 and all(text.startswith(head) for text in said):
        return head + " and ".join(text.removeprefix(head) for text in said)
    return " and ".join(said)
