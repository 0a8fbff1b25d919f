"""A topic's rules as a tree of decisions, for drawing: what all of them ask for first, then what tells them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.rules.criterion import Criterion
from service.rules.expression import All, Any, Leaf, Node
from service.rules.rule import Rule

Say = Callable[[Criterion], str]
LABEL_PARTS = ": "


@dataclass(frozen=True, slots=True)
class Step:
    """A box of the picture: conditions that hold here, then the rules that end here and the further steps."""

    conditions: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A rule with the conditions not yet said above it, by what they are about."""

    rule: Rule
    about: tuple[tuple[str, str], ...]  # (subject of the condition, condition in words)

    def of(self, subject: str) -> str | None:
        said = [text for about, text in self.about if about == subject]
        return _joined(subject, said) if said else None

    def without(self, subject: str) -> _Asked:
        return _Asked(self.rule, tuple(part for part in self.about if part[0] != subject))


def flow(rules: Sequence[Rule], say: Say) -> Step:
    """The tree of some rules that answer one question.

    The order of questions is chosen so that the one most rules ask comes first; nothing is left out: every
    condition of a rule stands on its way. Exclusions that all share stand in the first box; `exclusions` tells
    those a rule has for itself.
    """
    shared = tuple(f"unless {text}" for text in _shared_exclusions(rules, say))
    step = _step((), [_Asked(rule, tuple(_conditions(rule.when, say))) for rule in rules])
    return Step(step.conditions + shared, step.rules, step.steps)


def exclusions(rule: Rule, rules: Sequence[Rule], say: Say) -> list[str]:
    """What stands against one rule beyond what stands against all of these rules."""
    shared = _shared_exclusions(rules, say)
    return [text for text in _exclusions(rule, say) if text not in shared]


def _shared_exclusions(rules: Sequence[Rule], say: Say) -> list[str]:
    each = [_exclusions(rule, say) for rule in rules]
    return [text for text in each[0] if all(text in other for other in each)]


def _exclusions(rule: Rule, say: Say) -> list[str]:
    """The exclusions of a rule, each in words; groups of "any" are taken apart."""

    def parts(node: Node) -> list[str]:
        if isinstance(node, Any):
            return [text for child in node.children for text in parts(child)]
        return [in_words(node, say)]

    return list(dict.fromkeys(parts(rule.unless)))


def _step(said: tuple[str, ...], asked: list[_Asked]) -> Step:
    shared = [part for part in asked[0].about if all(part in other.about for other in asked)]
    said += tuple(
        _joined(subject, [t for s, t in shared if s == subject]) for subject in dict.fromkeys(s for s, _ in shared)
    )
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
                branches.setdefault(answer, []).append(one.without(subject))
        open_ = [one for one in open_ if one.of(subject) is None]
        steps += [_step((answer,), members) for answer, members in branches.items()]
    return Step(said, tuple(one.rule for one in ends), tuple(steps))


def _commonest(asked: list[_Asked]) -> str:
    """The subject that most rules ask about; among equals the one with fewest answers, then the first."""
    counts = Counter(subject for one in asked for subject in dict.fromkeys(s for s, _ in one.about))
    answers = {subject: len({one.of(subject) for one in asked}) for subject in counts}
    first = {subject: index for index, subject in enumerate(counts)}
    return min(counts, key=lambda subject: (-counts[subject], answers[subject], first[subject]))


def _conditions(node: Node, say: Say) -> list[tuple[str, str]]:
    if isinstance(node, All):
        return [part for child in node.children for part in _conditions(child, say)]
    text = in_words(node, say)
    if isinstance(node, Leaf):
        return [(text.partition(LABEL_PARTS)[0], text)]
    return [(text, text)]


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
