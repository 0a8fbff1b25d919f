"""The clinical engine: one patient in, cards out. Pure: no I/O, no clock; built once, shared by all requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from service.advice.already import AlreadyOrdered
from service.advice.basis import Basis, basis
from service.advice.cards import Call, Card, CardWriter
from service.advice.ids import CallIds
from service.advice.labels import Label
from service.advice.missing import SHOWN, orderables_by_fact
from service.advice.model import Advice, Notice
from service.advice.options import ORDERED, DrugRules
from service.advice.ordering.actions import OrderActions
from service.advice.ordering.assessment import Assessment
from service.advice.ordering.draw import OrderCardWriter
from service.advice.ordering.judge import OrderRules
from service.advice.ordering.model import OrderAdvice, Severity
from service.advice.ordering.plan import OrderAdviser
from service.advice.ordering.standing import Standings
from service.advice.ordering.weight import REFILL, SELECT, SIGN
from service.advice.plan import advise, incomplete, of_the_moment, undiagnosed, unread_parts
from service.advice.suggestions import OrderBook
from service.advice.words import Words
from service.facts.model import Fact, Facts, Registry, Site, TokenSet
from service.facts.orders import Orders, facts_beside, read_orders, session_facts
from service.facts.vocabulary.base import Vocabulary
from service.record.model import PatientRecord
from service.rules.compile import Evaluator
from service.rules.editions import Speaking, by_policy, every_rule, of_sources
from service.rules.interpret import trace
from service.rules.rule import Content, Rule
from service.rules.verdict import Trace, Verdict

_EVERY = 1_000_000  # gaps, of which the vocabulary sets the limit
A = TypeVar("A", bound=Advice | OrderAdvice)
Gate = Callable[[PatientRecord], bool | None]


@dataclass(frozen=True, slots=True)
class Question:
    """One call: whose record, on which day, at which point of the workflow.

    ``stated``: facts the call itself brings, such as the drugs of its draft orders. ``call_id`` names the call; cards
    of the same call and content get the same uuids. ``orders``: the orders to be judged, as they were sent, with the
    Medications they refer to. ``missing_orders``: references to orders that could not be found, so that they cannot be
    judged. ``selections``: references to those of the orders that were just chosen. ``silenced``: whether advice was
    overridden for a reason that still holds; it is not asked about what must be said anyway.
    """

    hook: str
    call_id: str
    as_of: date
    record: PatientRecord
    stated: Mapping[str, Fact] = field(default_factory=dict)
    orders: tuple[Any, ...] = ()
    missing_orders: tuple[str, ...] = ()
    selections: tuple[str, ...] = ()
    silenced: Callable[[Basis], bool] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The cards with the advice, verdicts and facts they were drawn from.

    ``assessment``: of a call about orders, what was worked out about them, whichever hook asks. ``ids``: of the cards and
    their suggestions; None where no card was drawn.
    """

    cards: tuple[Card, ...]
    advice: tuple[Advice | OrderAdvice, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    facts: Facts | None = None
    assessment: Assessment | None = None
    ids: CallIds | None = None

    def traces(self) -> tuple[Trace, ...]:
        """How each verdict that was not settled against came about, line by line."""
        if self.facts is None:
            return ()
        of_orders = self.assessment.findings if self.assessment is not None else ()
        said = [
            (verdict.rule, self.facts)
            for verdict in self.verdicts
            if verdict.outcome != "does_not_apply" or verdict.excluded
        ]
        return tuple(trace(rule, facts) for rule, facts in (*((f.rule, f.facts) for f in of_orders), *said))


class Engine:
    """Answers questions with one content, vocabulary and registry of fact readers."""

    def __init__(
        self,
        content: Content,
        vocabulary: Vocabulary,
        registry: Registry,
        gate: Gate,
        deceased: Callable[[PatientRecord, date], bool],
        site: Site | None = None,
        pinned: tuple[str, ...] = (),
    ):
        """``pinned``: sources, by id or alias, that alone are asked in place of those the policy has in force.

        Raises:
            service.rules.editions.UnknownSource: a pinned source that the content does not have.
        """
        self._pinned = Speaking(of_sources(content, pinned)) if pinned else None
        self.content = content
        self.vocabulary = vocabulary
        self.registry = registry
        self.site = site or Site(region=content.policy.region)
        self._gate = gate
        self._deceased = deceased
        self._evaluator = Evaluator(every_rule(content))
        self._order_facts = registry.dependents(ORDERED)
        self._by_fact = orderables_by_fact(content)
        self.words = Words(vocabulary, content)
        book = OrderBook(content.orderables)
        self._writer = CardWriter(content, self.words, book)
        self._order_writer = OrderCardWriter(self._writer, OrderActions(book))
        self._standings = Standings(every_rule(content), content, vocabulary)
        self.in_force = lru_cache(maxsize=64)(self._in_force)
        self._speaking = lru_cache(maxsize=512)(self._rules_for)
        self._adviser = lru_cache(maxsize=64)(self._adviser_for)

    def _rules_for(self, hook: str, as_of: date) -> tuple[Speaking, DrugRules]:
        """The rules that speak at a hook on a day: those about the patient, and those to be asked about a drug."""
        speaking = self.in_force(as_of)
        policy = self.content.policy
        rules = [rule for rule in speaking.rules if policy.speaks(rule, hook)]
        return self._parted(speaking.narrowed(rules) if hook in policy.hooks else speaking.of(rules))

    def _parted(self, speaking: Speaking) -> tuple[Speaking, DrugRules]:
        drug_rules = DrugRules(speaking.rules, self._order_facts, self._evaluator, self.vocabulary)
        return speaking.of(rule for rule in speaking.rules if rule not in drug_rules), drug_rules

    def _adviser_for(self, as_of: date) -> OrderAdviser:
        """Who assesses orders on a day: by all rules that speak when a drug is chosen or an order signed."""
        speaking = self.in_force(as_of)
        about_patient, drug_rules = self._speaking(SELECT, as_of)
        rules = [rule for rule in speaking.rules if {SELECT, SIGN}.intersection(rule.hooks)]
        judge = OrderRules(rules, self.registry, self._evaluator)
        return OrderAdviser(
            speaking, about_patient, judge, drug_rules, self._evaluator, self.content, self._standings, self._by_fact
        )

    @property
    def is_pinned(self) -> bool:
        """Whether chosen sources answer in place of those the policy has in force."""
        return self._pinned is not None

    def _in_force(self, as_of: date) -> Speaking:
        """The rules that speak on a day, at whichever hook."""
        return self._pinned or by_policy(self.content, as_of)

    def facts(self, question: Question) -> Facts:
        """The facts of the record, read as they are asked for."""
        return Facts(question.as_of, self.registry, question.record, self.site, question.stated)

    def answer(self, question: Question, ahead: Assessment | None = None) -> Answer:
        """The cards for one call. A patient without ALL, or who has died, gets none, and costs almost nothing.

        Where the record does not let anyone tell whether there is ALL, one card says just that.

        Args:
            ahead: what was worked out before about the same orders of the same patient.
        """
        if ahead is not None:
            return self._of_orders(question, ahead)
        record = question.record
        has_all = self._gate(record)
        if has_all is False or self._deceased(record, question.as_of):
            return Answer(())
        facts = self.facts(question)
        if self.is_about_orders(question.hook):
            orders = read_orders(question.orders, record.terminology, record)
            facts = facts.assuming(*self._session(orders, record, facts))
            adviser = self._adviser(question.as_of)
            found = adviser.assess(orders, facts, record.terminology)
            return self._of_orders(question, replace(found, undiagnosed=has_all is None))
        if has_all is None:
            return self._drawn(question, facts, [undiagnosed(facts)], (), Speaking(()))
        return self._said(question, facts, *self._speaking(question.hook, question.as_of))

    def _session(self, orders: Orders, record: PatientRecord, facts: Facts) -> list[Fact]:
        """What the orders of a call say together, with the record."""
        taken = facts.value("concurrent_drugs")
        now = taken.members if isinstance(taken, TokenSet) else frozenset[str]()
        together = session_facts(orders, record.terminology, now)
        return [*together, *facts_beside(orders, record, facts.as_of)]

    def is_about_orders(self, hook: str) -> bool:
        """Whether the drafts of a call are judged at a hook, not the patient as a whole."""
        moment = self.content.policy.hooks.get(hook)
        return (moment.as_ if moment is not None else hook) in (SELECT, SIGN)

    def _of_orders(self, question: Question, found: Assessment) -> Answer:
        """The cards about the orders of a call. Nothing that should stop a signature is cut off by the limit."""
        policy = self.content.policy
        unread = [(reference, "not among what came with the call") for reference in question.missing_orders]
        choosing = question.hook == SELECT
        adviser = self._adviser(question.as_of)
        said = adviser.advice(
            found,
            lambda rule: policy.speaks(rule, question.hook),
            choosing,
            question.hook in (SELECT, REFILL),
            question.selections if choosing else (),
            unread,
        )
        said = self._unsilenced(said, question, found.facts)
        urgent = sum(item.severity is Severity.CRITICAL for item in said)
        shown = said[: max(urgent, policy.cards_on_chart_open)]
        ids = CallIds(question.call_id, self.content.digest)
        patient = question.record.patient_id or "unknown"
        already = AlreadyOrdered(self.content.orderables, found.facts, found.orders.lines)
        call = Call(found.facts, patient, ids, adviser.silent_before, already)
        cards = tuple(self._order_writer.draw(item, call) for item in shown)
        if found.treats:  # dangers of a drug are told even so
            cards += tuple(self._writer.draw(notice, call) for notice in _doubts(found))
        return Answer(cards, tuple(shown), found.verdicts, found.facts, found, ids)

    def of_rules(self, question: Question, rules: Iterable[Rule], facts: Facts) -> Answer:
        """The cards if only these rules spoke, whatever the policy and the hook: how a rule looks, a pinned edition."""
        return self._said(question, facts, *self._parted(Speaking(tuple(rules))))

    def labels(self, question: Question, drugs: Sequence[str], facts: Facts) -> tuple[Label, ...]:
        """The labels of drugs that would be given together, by all rules that speak, whether anything offers them."""
        drug_rules = self._speaking(question.hook, question.as_of)[1]
        return drug_rules.labels(drugs, drug_rules.asked(drugs, facts, of_patient=True), facts)

    def _advised(
        self,
        question: Question,
        facts: Facts,
        speaking: Speaking,
        drug_rules: DrugRules,
        gaps: int = SHOWN,
        standing: Mapping[Rule, Verdict] | None = None,
    ) -> tuple[list[Advice], tuple[Verdict, ...]]:
        verdicts = self._evaluator.verdicts(speaking.to(facts), facts, standing)
        waiting = speaking.waiting_for(facts)
        advice = advise(verdicts, drug_rules, facts, self.content, self.vocabulary, self._by_fact, waiting, gaps=gaps)
        return (of_the_moment(advice) if question.hook in self.content.policy.hooks else advice), tuple(verdicts)

    def _said(self, question: Question, facts: Facts, speaking: Speaking, drug_rules: DrugRules) -> Answer:
        advice, verdicts = self._advised(question, facts, speaking, drug_rules)
        shown = self._unsilenced(advice, question, facts)[: self.content.policy.cards_on_chart_open]
        return self._drawn(question, facts, shown, verdicts, speaking)

    def in_full(self, question: Question, facts: Facts, before: Answer | None = None) -> Answer:
        """All there is to say of a patient with ALL at a hook, whatever the limits on cards and whatever is silenced; no card is
        drawn.

        Args:
            facts: of the question's patient; some may be supposed (`Facts.assuming`), which is quicker than to ask anew.
            before: the answer in full about the facts of which these were supposed: verdicts that rest on none that
                differs are taken from there.
        """
        if self._gate(question.record) is None:
            return Answer((), (undiagnosed(facts),), (), facts)
        speaking, drug_rules = self._speaking(question.hook, question.as_of)
        standing = self._evaluator.standing(before.verdicts, facts.differing()) if before is not None else None
        advice, verdicts = self._advised(question, facts, speaking, drug_rules, _EVERY, standing)
        return Answer((), tuple(advice), verdicts, facts)

    def basis(self, advice: Advice | OrderAdvice, facts: Facts) -> Basis:
        """What advice for a patient rests on."""
        return basis(advice, facts, self.vocabulary, self._evaluator, self.content.digest)

    def _unsilenced(self, advice: list[A], question: Question, facts: Facts) -> list[A]:
        """The advice without what was overridden for a reason that still holds."""
        silenced = question.silenced
        if silenced is None:
            return advice
        rests_on = ((item, self.basis(item, facts)) for item in advice)
        return [item for item, found in rests_on if not (found.quietable and silenced(found))]

    def _drawn(
        self,
        question: Question,
        facts: Facts,
        advice: list[Advice],
        verdicts: tuple[Verdict, ...],
        speaking: Speaking,
    ) -> Answer:
        ids = CallIds(question.call_id, self.content.digest)
        already = AlreadyOrdered(self.content.orderables, facts)
        call = Call(facts, question.record.patient_id or "unknown", ids, speaking.silent_before, already)
        cards = tuple(self._writer.draw(item, call) for item in advice)
        return Answer(cards, tuple(advice), verdicts, facts, ids=ids)

    def evaluate(self, rules: tuple[Rule, ...], facts: Facts) -> list[Verdict]:
        """Verdicts of any active rules over any facts."""
        return self._evaluator.verdicts(rules, facts)


def _doubts(found: Assessment) -> Iterator[Notice]:
    """What stands in the way of a full check of orders that treat leukemia: no diagnosis, an incomplete record."""
    unread = unread_parts(found.facts)
    if found.undiagnosed:
        yield undiagnosed(found.facts)
    elif unread:
        yield incomplete(unread)


def as_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as the command line prints it."""
    rule = verdict.rule
    return {
        "rule": rule.id,
        "source": rule.source.ref,
        "inventory": list(rule.inventory),
        "verdict": str(verdict.outcome),
        "missing": list(verdict.missing),
        "unchecked": list(verdict.unchecked),
    }
