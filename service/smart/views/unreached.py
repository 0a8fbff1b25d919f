"""Choices that are not open to a patient: which condition of all offers on a topic fails, or which fact they wait for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from service.advice.options import is_offer
from service.advice.words import Words
from service.facts.model import Facts
from service.rules.expression import Leaf
from service.rules.verdict import Outcome, Verdict
from service.rules.why import failing, holding
from service.smart.case import Case
from service.smart.plain import plain_words
from service.smart.views.said import Need, Seen, needed, seen

_MOST_ASKED = 2  # conditions told of a topic; the rule book has all
_MOST_ALTERNATIVES = 4  # lines told of an "any of"
_Group = tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that offers of a topic make and this patient does not meet, or an exclusion that holds. ``rules``: how
    many of them. ``here``: what the patient has instead.
    """

    text: str
    rules: int
    excludes: bool
    here: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Unreached:
    """A topic of which nothing is offered. ``rules``: how many of its rules offer something; ``waiting``: how many of them
    wait for facts, those in ``needs``; ``asks``: what most of the others ask for.
    """

    title: str
    rules: int
    waiting: int
    needs: tuple[Need, ...]
    asks: tuple[Condition, ...]


def unreached(case: Case, reached: Iterable[str] = ()) -> tuple[Unreached, ...]:
    """The topics of offers of which nothing applies, those that wait for a fact first.

    Args:
        reached: titles of topics on which something is offered or ruled out.
    """
    content, by_title = case.engine.content, dict[str, list[Verdict]]()
    for verdict in case.answer.verdicts:
        if is_offer(verdict.rule):
            by_title.setdefault(content.topic_title(verdict.rule.topic), []).append(verdict)
    told = set(reached)
    left = {
        title: verdicts
        for title, verdicts in by_title.items()
        if title not in told and not any(v.outcome is Outcome.APPLIES for v in verdicts)
    }
    found = [_unreached(title, verdicts, case) for title, verdicts in left.items()]
    return tuple(sorted(found, key=lambda one: (not one.waiting, len(one.needs))))


def _unreached(title: str, verdicts: list[Verdict], case: Case) -> Unreached:
    words, facts = plain_words(case.engine), case.facts
    waiting = [verdict for verdict in verdicts if verdict.outcome is Outcome.CANNOT_TELL]
    missing = Counter(name for verdict in waiting for name in verdict.missing)
    asked: Counter[tuple[_Group, bool]] = Counter()
    for verdict in verdicts:
        if verdict.outcome is Outcome.DOES_NOT_APPLY:
            fails = {(group, False) for group in failing(verdict.rule.when, facts)}
            asked.update(fails or {((leaf,), True) for leaf in holding(verdict.rule.unless, facts)})
    most = sorted(asked.items(), key=lambda one: (-one[1], len(one[0][0]), one[0][0][0].criterion.said))
    return Unreached(
        title,
        len(verdicts),
        len(waiting),
        tuple(needed(name, facts, case.engine) for name, _ in missing.most_common()),
        tuple(_asked(group, count, excludes, words, facts) for (group, excludes), count in most[:_MOST_ASKED]),
    )


def _asked(group: _Group, count: int, excludes: bool, words: Words, facts: Facts) -> Condition:
    lines = list(dict.fromkeys(words.criterion(leaf.criterion) for leaf in group))
    text = " or ".join(lines[:_MOST_ALTERNATIVES])
    if len(lines) > _MOST_ALTERNATIVES:
        text += f", or {len(lines) - _MOST_ALTERNATIVES} more"
    names = dict.fromkeys(leaf.criterion.fact for leaf in group)
    return Condition(text, count, excludes, tuple(seen(facts[name], words) for name in names))
