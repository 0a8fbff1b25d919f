"""What is missing to decide, most useful first, and what each possible answer would change in the advice."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from service.advice.already import AlreadyOrdered
from service.advice.engine import Answer
from service.advice.explain import Explainer, remedy, what_to_send
from service.advice.model import Gap, Missing
from service.advice.words import WHY
from service.facts.model import Fact, Interval, Provenance, known
from service.facts.vocabulary.base import FactType, Kind
from service.rules.criterion import Op
from service.rules.expression import leaves
from service.rules.rule import Rule
from service.smart.case import Case
from service.smart.plain import SUPPOSED, explainer, plain_words
from service.smart.views.change_words import in_short
from service.smart.views.difference import Change, Differs, Told, differences
from service.smart.words import Language

IN_FULL = 6  # gaps of which it is worked out what answering them would change
_MOST_ANSWERS = 20  # of one gap: more are not read
_MOST_WORKED = 48  # answers tried for one page; each takes some milliseconds
_MOST_CUTS = 6
_HERE = Provenance(SUPPOSED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A rule that waits for a fact."""

    rule: str
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class IfSo:
    """What would be if a fact were one of ``values``. ``lines``: (kind of difference, names); none: nothing would change."""

    values: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """One gap. Texts out of the content and about the record are English.

    ``why``: the key of the reason, one of `service.advice.words.WHY`, empty for what is known in part; ``so_far``: what is
    known of it then. ``send``: what would answer it in the record. ``orders``: tests that would answer it, and
    ``ordered`` those of them that are ordered already. ``answers``: None where they were not worked out.
    """

    fact: str
    label: str
    why: str
    so_far: str
    detail: str
    found: str
    question: str
    judgement: bool
    blocks: bool
    decides_edition: bool
    decisions: tuple[Waiting, ...]
    send: str
    orders: tuple[str, ...]
    ordered: tuple[str, ...]
    answers: tuple[IfSo, ...] | None = None


def missing_of(answer: Answer) -> Missing | None:
    """What an answer says is missing."""
    return next((advice for advice in answer.advice if isinstance(advice, Missing)), None)


def asking(
    case: Case, full: Answer, language: Language, also: Collection[str] = (), first: int = IN_FULL
) -> tuple[Asking, ...]:
    """All gaps of a case; of the first few, and of those named in ``also``, with what answering them would change.

    Args:
        full: the answer of `service.advice.engine.Engine.in_full`.
    """
    missing = missing_of(full)
    if missing is None:
        return ()
    explain = explainer(case)
    orders = AlreadyOrdered(case.engine.content.orderables, case.facts)
    left = _MOST_WORKED
    rows = []
    for place, gap in enumerate(missing.gaps):
        row = _asking(case, gap, explain, orders)
        if place < first or gap.fact.name in also:
            answers = list(possible(case, gap))
            if answers and (len(answers) <= left or gap.fact.name in also):
                left -= len(answers)
                row = replace(row, answers=tuple(_changes(case, full, answers, language)))
        rows.append(row)
    return tuple(rows)


def _asking(case: Case, gap: Gap, explain: Explainer, orders: AlreadyOrdered) -> Asking:
    words, fact = plain_words(case.engine), gap.fact
    one = explain.of(fact.name)
    codes = what_to_send(fact.name, explain.sources) if not one.answers.asked else ""
    return Asking(
        fact.name,
        words.label(fact.name),
        WHY[str(fact.reason)] if fact.reason else "",
        words.value(fact) if fact.known else "",
        fact.detail or ("" if one.kind.judgement else one.answers.asked) or "",
        next((p.found for p in fact.provenance if p.found), "") or "",
        gap.question or "",
        one.kind.judgement,
        gap.blocks,
        gap.decides_edition,
        tuple(Waiting(rule.id, rule.title, words.source(rule)) for rule in gap.decisions),
        ": ".join(part for part in (remedy(one), codes) if part),
        tuple(order.title.removeprefix("Draft order: ") for _, order in gap.orders),
        tuple(placed.title for key, _ in gap.orders if (placed := orders.find(key)) is not None),
    )


_Answer = tuple[str, Fact]  # in words, and as a fact


def possible(case: Case, gap: Gap) -> Iterator[_Answer]:
    """The answers a gap may get, where they are few: yes and no, categories, and of numbers the ranges that the waiting
    decisions tell apart.
    """
    kind, name = case.engine.vocabulary.lookup(gap.fact.name), gap.fact.name
    words = plain_words(case.engine)
    match kind.kind:
        case Kind.BOOLEAN:
            facts = [known(name, True, _HERE), known(name, False, _HERE)]
        case Kind.CATEGORY if len(kind.values) <= _MOST_ANSWERS:
            facts = [known(name, value, _HERE) for value in kind.values]
        case Kind.NUMBER:
            facts = [known(name, value, _HERE) for value in _numbers(kind, name, gap.decisions)]
        case _:
            facts = []
    yield from ((_said(words.value(fact), fact), fact) for fact in facts)


def _said(value: str, fact: Fact) -> str:
    """A value in words, with a lower bound that is not part of it."""
    found = fact.value
    if isinstance(found, Interval) and found.low_open and math.isfinite(found.low) and math.isfinite(found.high):
        return f">{value}"
    return value


def _numbers(kind: FactType, name: str, rules: Iterable[Rule]) -> list[float | Interval]:
    """The numbers or ranges that the criteria of some rules tell apart; none where there are too many, or none.

    What has no unit and is compared with exact numbers is a count: then there is nothing between one and two.
    """
    cuts, exact = _cuts(name, rules)
    if not 0 < len(cuts) <= _MOST_CUTS:
        return []
    if exact and kind.unit is None and kind.low is not None:
        last = int(max(number for number, _ in cuts)) + 1
        most = math.inf if kind.high is None else kind.high
        counts: list[float | Interval] = [float(number) for number in range(int(kind.low), int(min(last, most + 1)))]
        return [*counts, Interval(last)] if last < most else counts
    found: list[float | Interval] = []
    low, at_low = -math.inf, False
    for number, upper in sorted(cuts, key=lambda cut: (cut[0], not cut[1])):
        found.append(number if low == number else Interval(low, number, at_low, upper))
        low, at_low = number, not upper
    return [*found, Interval(low, low_open=at_low)]


def _cuts(name: str, rules: Iterable[Rule]) -> tuple[set[tuple[float, bool]], bool]:
    """Where the criteria of some rules cut the range of a number, and whether one compares with an exact number.

    A cut is a number and whether it belongs to the upper part ("below 50", "50 or more").
    """
    cuts: set[tuple[float, bool]] = set()
    exact = False
    for rule in rules:
        for leaf in (*leaves(rule.when), *leaves(rule.unless)):
            criterion = leaf.criterion
            if criterion.fact != name:
                continue
            exact = exact or criterion.op is Op.EQ
            for number in (float(operand) for operand in criterion.operands if isinstance(operand, int | float)):
                if criterion.op in (Op.LT, Op.GE, Op.EQ):
                    cuts.add((number, True))
                if criterion.op in (Op.LE, Op.GT, Op.EQ):
                    cuts.add((number, False))
    return cuts, exact


def _changes(case: Case, full: Answer, answers: Iterable[_Answer], language: Language) -> Iterator[IfSo]:
    """What each answer would change; answers of which the same is to be said stand together."""
    words = plain_words(case.engine)
    now = Told(full, words)
    alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for said, fact in answers:
        after = case.engine.in_full(case.question, case.facts.assuming(fact), full)
        found = differences(now, Told(after, words), {fact.name})
        alike.setdefault(in_short(found, language, called(language)), []).append(said)
    for lines, values in alike.items():
        yield IfSo(tuple(values), lines)


def called(language: Language) -> Callable[[Differs], str]:
    """What a difference is called: facts in the language of the page, content as it is."""

    def name(one: Differs) -> str:
        if one.kind is Change.LABEL:
            return f"{one.name} ({one.detail})"
        return language.fact(one.name) if one.fact else one.name

    return name
