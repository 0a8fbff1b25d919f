"""The questions of a population run: read from their definitions, answered from verdicts, facts and orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from service.advice.already import AlreadyOrdered
from service.facts.absence import complete_list
from service.facts.course.hct import Infusion, infusions
from service.facts.model import Fact, Facts, Reason
from service.population.asking import Asker
from service.population.definitions import DEFINITIONS, Definition, Done, read_definitions
from service.population.orders import JudgedOrder
from service.record.dates import parse_when
from service.record.model import Coverage, When
from service.rules.criterion import holds
from service.rules.expression import All, Leaf, Node, leaves
from service.rules.interpret import Finding, combine, find
from service.rules.logic import Truth
from service.rules.rule import Content, Rule
from service.rules.verdict import Outcome, Verdict

_BELIEVED = timedelta(days=365)  # as of a transplant that is planned (`service.facts.course.planned`)


@dataclass(frozen=True, slots=True)
class Answer:
    """``answer``: True, False, or None for unknown. ``missing``: facts that would settle it."""

    answer: Truth
    rules: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    ordered: bool | None = None

    @property
    def values(self) -> tuple[Any, ...]:
        """In the order of the columns, without patient, day, question and content."""
        said = {True: "yes", False: "no", None: "unknown"}[self.answer]
        return (said, list(self.rules), list(self.because), list(self.missing), self.ordered)


@dataclass(slots=True)
class Questions:
    """Definitions, ready to be asked of patients.

    Raises:
        service.population.definitions.BadQuestions: they cannot be used.
    """

    content: Content
    file: Path = DEFINITIONS
    definitions: tuple[Definition, ...] = ()
    _chosen: dict[Rule, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.definitions = read_definitions(self.content, self.file)

    def answerable(self, rules: Iterable[Rule]) -> tuple[Definition, ...]:
        """Those that some rules can answer: one about rules needs at least one such rule, whoever it speaks for."""
        there = frozenset[str]().union(*(self._about(rule) for rule in rules))
        return tuple(one for one in self.definitions if one.rules is None or one.key in there)

    def answers(
        self,
        asker: Asker,
        facts: Facts,
        verdicts: Sequence[Verdict],
        orders: Sequence[JudgedOrder],
        *,
        has_all: bool | None,
        deceased: bool,
    ) -> Iterator[tuple[str, Answer]]:
        """The answer to each question for one patient. Who has died needs nothing; without a diagnosis nothing is known."""
        for one in self.answerable(asker.speaking(facts).rules):
            if deceased:
                yield one.key, Answer(False, because=("deceased",))
            elif has_all is None:
                yield one.key, Answer(None, missing=("diagnosis",))
            else:
                yield one.key, self._answer(one, facts, verdicts, orders)

    def _about(self, rule: Rule) -> frozenset[str]:
        found = self._chosen.get(rule)
        if found is None:
            of = (one.key for one in self.definitions if one.rules is not None and one.rules.has(rule))
            found = self._chosen[rule] = frozenset(of)
        return found

    def _answer(
        self, one: Definition, facts: Facts, verdicts: Sequence[Verdict], orders: Sequence[JudgedOrder]
    ) -> Answer:
        if one.orders:
            return _of_orders(orders, facts)
        if one.rules is not None:
            said = _of_verdicts(one, [v for v in verdicts if one.key in self._about(v.rule)], facts)
        else:
            assert one.when is not None
            said = _of_conditions(one.when, facts)
        if said.answer is not False:
            said = _unless(one, said, facts)
        if one.ordered and said.answer is True:
            keys = {key for v in verdicts if v.rule.id in said.rules for key in v.rule.suggest}
            return replace(said, ordered=self._is_ordered(sorted(keys), facts))
        return said

    def _is_ordered(self, keys: Sequence[str], facts: Facts) -> bool | None:
        """Whether one of some orderables is ordered; None where the orders were not exported as a whole."""
        placed = AlreadyOrdered(self.content.orderables, facts)
        if any(placed.find(key) is not None for key in keys):
            return True
        types = {
            "MedicationRequest" if self.content.orderables[key].kind == "medication" else "ServiceRequest"
            for key in keys
        }
        return False if types and complete_list(facts, *types) else None


def _of_verdicts(one: Definition, verdicts: Sequence[Verdict], facts: Facts) -> Answer:
    """Yes by a rule that applies; unknown by one that cannot tell, or that went on without what the record may hold."""
    yes: list[str] = []
    open_: list[tuple[str, tuple[str, ...]]] = []
    for verdict in verdicts:
        if verdict.outcome is Outcome.CANNOT_TELL:
            open_.append((verdict.rule.id, verdict.missing))
        elif verdict.outcome is Outcome.APPLIES:
            wanted = (name for name in verdict.unchecked if name in one.needs_record)
            lost = tuple(name for name in wanted if not _is_none_on_record(facts[name]))
            if lost:
                open_.append((verdict.rule.id, lost))
            else:
                yes.append(verdict.rule.id)
    if yes:
        return Answer(True, tuple(yes))
    if open_:
        return Answer(None, tuple(rule for rule, _ in open_), missing=_sorted(names for _, names in open_))
    return Answer(False)


def _of_conditions(when: Node, facts: Facts) -> Answer:
    found = find(when, facts, True)
    said = tuple(leaf.criterion.said for leaf in leaves(when)) if found.truth else ()
    return Answer(found.truth, because=said, missing=tuple(sorted(found.missing)) if found.truth is None else ())


def _unless(one: Definition, said: Answer, facts: Facts) -> Answer:
    """A yes or an unknown that what is on record turns into a no, or a yes into an unknown."""
    if one.done is not None:
        done = _is_done(one.done, facts)
        if done:
            return Answer(False, said.rules, (f"{one.done.facts[0]} of the last {one.done.days} days",))
        if done is None and said.answer:
            return Answer(None, said.rules, said.because, one.done.facts[:1])
    if one.infused_since is not None:
        infused = _is_infused(one.infused_since, facts)
        if infused:
            return Answer(False, said.rules, (infused,))
        if infused is None and said.answer:
            return Answer(None, said.rules, said.because, ("days_since_hct",))
    if one.on_record is not None:
        planned = _on_record(one.on_record, facts)
        if planned.truth:
            held = [leaf for leaf in leaves(one.on_record) if _on_record(leaf, facts).truth]
            return Answer(False, said.rules, tuple(leaf.criterion.said for leaf in held))
        if planned.truth is None and said.answer:
            return Answer(None, said.rules, said.because, tuple(sorted(planned.missing)))
    return said


def _of_orders(orders: Sequence[JudgedOrder], facts: Facts) -> Answer:
    """Yes by an order that deviates; unknown by one of which that cannot be told, or where orders were not exported."""
    wrong = [order for order in orders if order.deviates]
    if wrong:
        rules = tuple(dict.fromkeys(order.rule for order in wrong if order.rule))
        return Answer(True, rules, tuple(dict.fromkeys(f"{order.order}: {order.says}" for order in wrong)))
    open_ = [order for order in orders if order.deviates is None]
    if open_:
        rules = tuple(dict.fromkeys(order.rule for order in open_ if order.rule))
        told = tuple(dict.fromkeys(f"{order.order}: {order.says}" for order in open_))
        return Answer(None, rules, told, _sorted(order.missing for order in open_))
    if not complete_list(facts, "MedicationRequest"):
        came = facts.record is not None and facts.record.covered("MedicationRequest") is Coverage.PARTIAL
        return Answer(None, because=(f"MedicationRequest was not exported{' as a whole' if came else ''}",))
    return Answer(False)


def _is_done(done: Done, facts: Facts) -> Truth:
    """Whether one of some facts is known by a recent result; None where that cannot be told.

    A recent result that a fact cannot be taken from leaves it open: a sample without a result, of the diagnosis, of blood.
    """
    found = {_is_recent(facts[name], facts.as_of - timedelta(days=done.days)) for name in done.facts}
    if True in found:
        return True
    return None if None in found or not complete_list(facts, *done.types) else False


def _is_recent(fact: Fact, since: date) -> Truth:
    dates = [when for row in fact.provenance if (when := parse_when(row.date)) is not None]
    if fact.known and any(when.start >= since for when in dates):
        return True
    if dates and all(when.end < since for when in dates):
        return False
    return False if _is_none_on_record(fact) else None


def _is_infused(name: str, facts: Facts) -> str | Literal[False] | None:
    """The transplant, donor lymphocytes or CAR-T cells that were given since the result a fact rests on, or the CAR-T cells
    that are planned; None where the dates do not tell.

    What a Condition tells of has no date, and was before.
    """
    if facts.record is None:
        return None
    every = infusions(facts.record, facts.as_of)
    samples = [when for row in facts[name].provenance if (when := parse_when(row.date)) is not None]
    given = [one for one in every if not one.planned and one.entry.type != "Condition"]
    for one in every:
        if one.planned and one.kind == "CAR-T" and _is_ahead(one.when, given, facts.as_of):
            return f"{one.kind} planned"
    for one in given:
        if one.when is not None and samples and all(one.when.start >= when.end for when in samples):
            return f"{one.kind} given since"
    open_ = [one for one in given if one.when is None or not any(one.when.end < when.start for when in samples)]
    return None if open_ else False


def _is_ahead(asked: When | None, given: Iterable[Infusion], as_of: date) -> bool:
    """Whether CAR-T cells that were asked for are still to come: not given since, nor asked for more than a year ago."""
    if asked is None:
        return True
    done = (one.when for one in given if one.kind == "CAR-T" and one.when is not None)
    return asked.end >= as_of - _BELIEVED and not any(when.end >= asked.end for when in done)


def _on_record(node: Node, facts: Facts) -> Finding:
    """Conditions of which one does not hold, where the record was searched and holds nothing that says it does."""
    if isinstance(node, Leaf):
        fact = facts[node.criterion.fact]
        truth = False if _is_none_on_record(fact) else holds(node.criterion, fact.value)
        return Finding(truth, frozenset({fact.name}) if truth is None else frozenset())
    return combine((_on_record(child, facts) for child in node.children), decisive=not isinstance(node, All))


def _sorted(names: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted({name for group in names for name in group}))


def _is_none_on_record(fact: Fact) -> bool:
    """Whether a fact is unknown because the record, which was searched, holds nothing that answers."""
    return fact.reason is Reason.RECORD_EMPTY
