"""What is missing to decide: which unknown facts are worth asking for, and what would answer them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from service.advice.already import AlreadyOrdered
from service.advice.model import Gap, Missing, Options
from service.advice.options import is_offer
from service.facts.model import Facts
from service.facts.vocabulary.base import Vocabulary
from service.rules.rule import Content, Rule
from service.rules.tables import Orderable
from service.rules.verdict import Outcome, Verdict

SHOWN = 6  # more questions at once are not read
ANSWERS = 2  # tests named for one question
_WEIGHT = {"preferred": 4.0, "other": 2.0, None: 2.0, "useful-in-certain-circumstances": 1.0}
OF_A_TEST = 0.2  # what decides whether a test is due counts less than what decides on treatment
ORDERS = "orders"  # group of the facts that an order brings
_DECIDES = ("therapy", "transplant", "test")


def orderables_by_fact(content: Content) -> Mapping[str, tuple[tuple[str, Orderable], ...]]:
    """Tests that answer each fact, those first that are made for it: what a row lists first is its main answer."""
    by_fact: dict[str, list[tuple[int, int, str, Orderable]]] = {}
    for key, order in content.orderables.items():
        for place, fact in enumerate(order.answers):
            by_fact.setdefault(fact, []).append((place, len(order.answers), key, order))
    return {
        fact: tuple((key, order) for _, _, key, order in sorted(rows, key=lambda row: row[:3])[:ANSWERS])
        for fact, rows in by_fact.items()
    }


def plan(
    verdicts: Iterable[Verdict],
    options: Iterable[Options],
    facts: Facts,
    content: Content,
    vocabulary: Vocabulary,
    by_fact: Mapping[str, tuple[tuple[str, Orderable], ...]],
    editions: frozenset[str] = frozenset(),
    most: int = SHOWN,
) -> Missing | None:
    """The gaps, most useful first: a fact that alone stands between the patient and a preferred option leads.

    Before all others come ``editions``, the facts on which it hangs which guideline answers at all.

    At most ``most`` are told in full. A test that is ordered already is not asked for again. Facts about an order that is being considered are not asked for: the order itself answers them.
    """
    score: dict[str, float] = {}
    waiting: dict[str, dict[str, Rule]] = {}
    blocking: set[str] = set()
    tests: list[Verdict] = []
    already = AlreadyOrdered(content.orderables, facts)
    ordered: list[str] = []
    not_asked = _of_orders(vocabulary)
    for verdict in verdicts:
        if verdict.rule.advise.kind == "test" and verdict.outcome is Outcome.APPLIES:
            if already.covers(verdict.rule.suggest):
                ordered += verdict.rule.suggest
            else:
                tests.append(verdict)
        if verdict.outcome is not Outcome.CANNOT_TELL or verdict.rule.advise.kind not in _DECIDES:
            continue
        weight = _WEIGHT[verdict.rule.source.preference] / len(verdict.missing)
        if verdict.rule.advise.kind == "test":
            weight *= OF_A_TEST
        for name in set(verdict.missing) - not_asked:
            score[name] = score.get(name, 0.0) + weight
            waiting.setdefault(name, {})[verdict.rule.id] = verdict.rule
            if is_offer(verdict.rule):
                blocking.add(name)
    for choice in options:
        for option in choice.offered:
            for name in set(option.unchecked) - not_asked:
                score[name] = score.get(name, 0.0) + 1.0
                waiting.setdefault(name, {})[option.rule.id] = option.rule
    for name in editions:
        score.setdefault(name, 0.0)
        waiting.setdefault(name, {})
    if not score and not tests:
        return None
    names = sorted(score, key=lambda name: (name not in editions, name not in blocking, -score[name], name))
    gaps = tuple(
        Gap(
            fact=facts[name],
            decisions=tuple(waiting[name].values()),
            blocks=name in blocking,
            decides_edition=name in editions,
            orders=by_fact.get(name, ()),
            question=_question(name, waiting[name].values(), content),
        )
        for name in names[:most]
    )
    return Missing(gaps, tuple(tests), further=len(names) - len(gaps), ordered=tuple(dict.fromkeys(ordered)))


@lru_cache(maxsize=8)
def _of_orders(vocabulary: Vocabulary) -> frozenset[str]:
    """Names of the facts that an order brings."""
    return frozenset(kind.name for kind in vocabulary if kind.group == ORDERS)


def _question(name: str, rules: Iterable[Rule], content: Content) -> str | None:
    """The rule's own question for the fact, else the general one."""
    own = next((rule.questions[name] for rule in rules if name in rule.questions), None)
    return own or content.questions.get(name)
