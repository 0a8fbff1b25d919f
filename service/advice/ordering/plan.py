"""Draft orders to advice: what stops a signature, what to heed, where a choice stands, what to test first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from service.advice.options import DrugRules
from service.advice.ordering.judge import ALONGSIDE, LINE_FACTS, ORDERED, TREATING, WHO, JudgedLine, OrderRules
from service.advice.ordering.model import (
    Finding,
    Gap,
    Hazard,
    OrderAdvice,
    Place,
    Readiness,
    Repeated,
    Severity,
    Standing,
    Unread,
)
from service.advice.ordering.repeated import repeated
from service.advice.ordering.standing import Standings, is_not_labelled
from service.facts.model import Facts, TokenSet
from service.facts.orders import OrderLine, Orders, read_orders
from service.facts.vocabulary import VOCABULARY
from service.record.terminology import Terminology
from service.record.whose import type_and_id
from service.rules.compile import Evaluator
from service.rules.editions import Speaking
from service.rules.expression import All, Leaf, Node, leaves
from service.rules.rule import Content, Rule
from service.rules.tables import Orderable
from service.rules.verdict import Outcome, Verdict

SELECT, SIGN, REFILL = "order-select", "order-sign", "medication-refill"
GAPS_SHOWN = 4
_STRONG = ("avoid", "require")


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that was worked out about the orders of a call, whichever hook asks.

    ``judged``: the lines that order anything that could be known. ``due``: tests that the guidelines ask for now, by the orderable that does them. ``treats``: whether something that
    treats leukemia is ordered. ``undiagnosed``: whether the record leaves open that there is leukemia.
    """

    orders: Orders
    facts: Facts
    judged: tuple[JudgedLine, ...] = ()
    findings: tuple[Finding, ...] = ()
    standings: tuple[Standing, ...] = ()
    repeated: tuple[Repeated, ...] = ()
    due: frozenset[str] = frozenset()
    verdicts: tuple[Verdict, ...] = ()
    treats: bool = False
    undiagnosed: bool = False


class OrderAdviser:
    """Assesses draft orders by the rules of one day, and chooses what a hook says of them."""

    def __init__(
        self,
        speaking: Speaking,
        about_patient: Speaking,
        order_rules: OrderRules,
        drug_rules: DrugRules,
        evaluator: Evaluator,
        content: Content,
        standings: Standings,
        by_fact: Mapping[str, tuple[tuple[str, Orderable], ...]],
    ):
        """``speaking``: all rules of the day. ``about_patient``: those that say what is offered and tested;
        ``drug_rules``: those about a drug that an option names."""
        self._day, self._speaking, self._orders, self._drug_rules = speaking, about_patient, order_rules, drug_rules
        self.silent_before = speaking.silent_before
        self._evaluator, self._content, self._standings, self._by_fact = evaluator, content, standings, by_fact

    def assess(self, orders: Orders, facts: Facts, terminology: Terminology) -> Assessment:
        """What the rules say about the orders; nothing is read of the patient if no line orders anything known."""
        judged = [one for one in self._orders.judged(orders, facts, terminology) if _says_something(one)]
        if not judged:
            return Assessment(orders, facts)
        speaks = frozenset(self._day.to(facts))
        findings = tuple(finding for finding in self._orders.findings(judged) if finding.rule in speaks)
        stopped = {line for finding in findings if finding.stops and warns(finding) for line in finding.lines}
        chosen = self._standings.chosen(judged, facts, stopped)
        waits = any(finding.verdict.outcome is Outcome.CANNOT_TELL for finding in findings)
        verdicts: list[Verdict] = []
        if chosen or waits:
            verdicts = self._evaluator.verdicts(self._speaking.to(facts), facts)
        standings = self._standings.standings(chosen, verdicts, self._drug_rules, facts) if chosen else ()
        twice = tuple(repeated([one.line for one in judged], facts.record, facts.as_of))
        due = frozenset(
            key
            for verdict in verdicts
            if verdict.rule.advise.kind == "test" and verdict.outcome is Outcome.APPLIES
            for key in verdict.rule.suggest
        )
        treats = any(one.drugs.members & TREATING for one in judged)
        return Assessment(orders, facts, tuple(judged), findings, standings, twice, due, tuple(verdicts), treats)

    def advice(
        self,
        found: Assessment,
        speaks: Callable[[Rule], bool],
        choosing: bool,
        testing: bool,
        selected: Sequence[str] = (),
        unread: Sequence[tuple[str, str]] = (),
    ) -> list[OrderAdvice]:
        """What is worth saying, most urgent first.

        Args:
            speaks: whether a rule speaks at this hook.
            choosing: whether the drugs are still being chosen: where the choice stands is told then.
            testing: whether tests that go with a drug are told, whatever the patient.
            selected: references of the orders just chosen; what concerns none of them is not said. All, if empty, or if
                one of them is not among the drafts.
            unread: orders of the call that could not be found, with the reason.
        """
        lines = _selected(found.orders, selected)
        findings = [f for f in found.findings if speaks(f.rule) and lines.intersection((*f.lines, *f.partners))]
        standings = [s for s in found.standings if lines.intersection(s.lines) and not found.undiagnosed]
        worthy = [
            replace(standing, instead=self._safe(standing.instead, frozenset(standing.lines), found))
            for standing in standings
            if _is_worth_a_card(standing, choosing)
        ]
        given = frozenset(drug for line in found.orders.lines for drug in line.drugs)
        hazards = self._hazards(findings, worthy, found, given)
        told = {id(standing) for hazard in hazards for standing in hazard.standings}
        covered = {line for hazard in hazards if hazard.severity is Severity.CRITICAL for line in hazard.lines}
        said: list[OrderAdvice] = [*hazards, *(standing for standing in worthy if id(standing) not in told)]
        said += [again for again in found.repeated if lines.intersection(again.lines)]
        offered = frozenset(key for hazard in hazards for key in hazard.besides)
        ready = self._readiness(findings, standings, found, testing, covered, offered)
        if ready is not None and not found.undiagnosed:
            said.append(ready)
        why = found.orders.why
        lost = (*((name, why.get(name, kind)) for kind, name in found.orders.unreadable), *unread)
        if lost:
            said.append(Unread(tuple(lost)))
        return sorted(said, key=lambda item: item.severity)

    def _hazards(
        self,
        findings: Sequence[Finding],
        worthy: Sequence[Standing],
        found: Assessment,
        given: Collection[str],
    ) -> list[Hazard]:
        """One card for all that is said about the same orders, the gravest first, with where they stand.

        Args:
            given: drugs that are ordered in the session.
        """
        groups: dict[frozenset[OrderLine], list[Finding]] = {}
        asides: list[Finding] = []
        for finding in findings:
            if warns(finding):
                groups.setdefault(frozenset(finding.lines), []).append(finding)
            elif finding.rule.is_safety and finding.verdict.outcome is Outcome.APPLIES:
                asides.append(finding)
        made = []
        left = list(worthy)
        for lines, own in sorted(groups.items(), key=lambda group: not any(finding.stops for finding in group[1])):
            own.sort(key=self._gravest)
            stops = own[0].stops
            wanted = (key for finding in own if finding.stops == stops for key in finding.rule.suggest)
            besides = dict.fromkeys(key for key in wanted if not self._is_there(key, own[0], given))
            instead = self._instead(own, found, lines, stops=stops)
            with_ = tuple(aside for aside in asides if lines.intersection(aside.lines))
            same = tuple(standing for standing in left if lines.issuperset(standing.lines))
            left = [standing for standing in left if standing not in same]
            instead = instead or tuple(dict.fromkeys(key for standing in same for key in standing.instead))
            made.append(Hazard(own[0].lines, tuple(own), with_, instead, tuple(besides), same))
        return made

    def _is_there(self, key: str, finding: Finding, given: Collection[str]) -> bool:
        """Whether a partner that a rule suggests is ordered or taken already."""
        drug = self._content.orderables[key].drug
        taken = finding.facts.value(ALONGSIDE)
        return drug is not None and (drug in given or (isinstance(taken, TokenSet) and drug in taken.members))

    def _gravest(self, finding: Finding) -> tuple[bool, int, int]:
        """What stops the orders, then what is forbidden, missing, to be heeded; of equals the source newest in force."""
        act = finding.rule.advise.act
        rank = _STRONG.index(act) if act in _STRONG else len(_STRONG)
        return not finding.stops, rank, -self._content.sources[finding.rule.source.ref].in_force_from.toordinal()

    def _instead(
        self, own: Sequence[Finding], found: Assessment, lines: frozenset[OrderLine], *, stops: bool
    ) -> tuple[str, ...]:
        """Orderables that may take the place of one unsafe order, none of which a check speaks against."""
        if len(lines) != 1:
            return ()
        keys = [key for finding in own for key in finding.rule.replace]
        for standing in found.standings if stops else ():
            keys += standing.instead if lines.intersection(standing.lines) else ()
        return self._safe(keys, lines, found)

    def _safe(self, keys: Iterable[str], lines: frozenset[OrderLine], found: Assessment) -> tuple[str, ...]:
        """Those of some orderables that may take the place of one order beside the others of the session."""
        if len(lines) != 1:
            return ()
        about = (finding for finding in found.findings if lines.intersection(finding.lines))
        open_ = frozenset(finding.rule for finding in about if finding.verdict.outcome is Outcome.CANNOT_TELL)
        beside = [one for one in found.judged if one.line not in lines]
        return tuple(key for key in dict.fromkeys(keys) if self._is_safe(key, beside, found, open_))

    def _is_safe(self, key: str, beside: Sequence[JudgedLine], found: Assessment, open_: Collection[Rule]) -> bool:
        """Whether no check speaks against a drug if it were ordered instead, and none is open for it alone.

        Args:
            beside: the orders that it would be signed with.
            open_: rules that are as open for the drug that was ordered.
        """
        order, facts = self._content.orderables[key], found.facts
        if order.kind != "medication" or facts.record is None:
            return False
        concept = {"text": order.text, "coding": [code.model_dump(exclude_none=True) for code in order.codes]}
        draft = {"resourceType": "MedicationRequest", "status": "draft", "medicationCodeableConcept": concept}
        terminology = facts.record.terminology
        orders = replace(read_orders([draft], terminology), unreadable=found.orders.unreadable)
        judged = self._orders.judged(orders, facts, terminology, beside)
        findings = self._orders.findings(judged)
        return bool(judged) and not any(
            warns(finding)
            or (finding.rule.advise.act == "avoid" and finding.verdict.outcome is not Outcome.DOES_NOT_APPLY)
            for finding in findings
            if finding.rule.is_safety and finding.rule not in open_
        )

    def _readiness(
        self,
        findings: Sequence[Finding],
        standings: Sequence[Standing],
        found: Assessment,
        testing: bool,
        covered: set[OrderLine],
        offered: Collection[str],
    ) -> Readiness | None:
        """Facts that a check or a listing waits for and a test can give, and tests that belong to the order.

        A test that a warning offers already is not named again. Not every unknown is asked for: of checks only what a guideline has tested now, or what the rule itself asks.
        """
        waiting: dict[str, dict[str, Rule]] = {}
        lines: dict[OrderLine, None] = {}
        for finding in findings:
            if (
                finding.verdict.outcome is Outcome.CANNOT_TELL
                and finding.rule.advise.act in _STRONG
                and not finding.open
            ):
                if covered.issuperset(finding.lines):
                    continue
                names = [n for n in finding.verdict.missing if n in finding.rule.questions or self._is_due(n, found)]
                for name in names:
                    waiting.setdefault(name, {})[finding.rule.id] = finding.rule
                lines.update(dict.fromkeys(finding.lines if names else ()))
        for standing in standings:
            if (
                standing.place is Place.OPEN
                and not covered.issuperset(standing.lines)
                and all(name in self._by_fact and not VOCABULARY.lookup(name).judgement for name in standing.missing)
            ):
                for name in standing.missing:
                    waiting.setdefault(name, {})
                lines.update(dict.fromkeys(standing.lines))
        tests = tuple(
            finding
            for finding in findings
            if _is_test(finding, testing)
            and not covered.issuperset(finding.lines)
            and not (finding.rule.suggest and set(finding.rule.suggest) <= set(offered))
        )
        lines.update(dict.fromkeys(line for finding in tests for line in finding.lines))
        if not waiting and not tests:
            return None
        gaps = tuple(
            Gap(
                found.facts[name],
                tuple(rules.values()),
                self._by_fact.get(name, ()),
                _question(name, rules.values(), self._content),
            )
            for name, rules in list(waiting.items())[:GAPS_SHOWN]
        )
        return Readiness(tuple(lines), gaps, tests)

    def _is_due(self, name: str, found: Assessment) -> bool:
        return any(key in found.due for key, _ in self._by_fact.get(name, ()))


def _says_something(one: JudgedLine) -> bool:
    """Whether a line orders anything that a rule could know."""
    line = one.line
    return (
        bool(one.drugs.members) or not one.drugs.complete or bool(line.concepts) or bool(line.text and not line.drugs)
    )


def warns(finding: Finding) -> bool:
    """Whether a finding is worth a card: what is forbidden or missing, and what is to be heeded in this patient."""
    rule = finding.rule
    if not rule.is_safety or rule.advise.kind == "label":
        return False
    applies = finding.verdict.outcome is Outcome.APPLIES
    if rule.advise.act == "require":
        return applies or finding.open
    return applies and (rule.advise.act == "avoid" or (rule.advise.act == "caution" and finding.particular))


def may_warn(rule: Rule) -> bool:
    """Whether a rule can make a card about an order: one that forbids, asks for something, or heeds this patient."""
    if not rule.is_safety or rule.advise.kind == "label" or not {SELECT, SIGN}.intersection(rule.hooks):
        return False
    named = LINE_FACTS.intersection(rule.facts)
    if not named or rule.status != "active" or rule.advise.act not in (*_STRONG, "caution"):
        return False
    if rule.advise.act in _STRONG:
        return True
    drugs = [str(o) for leaf in leaves(rule.when) if leaf.criterion.fact == ORDERED for o in leaf.criterion.operands]
    return not any(_is_general(rule.when, drug) for drug in drugs or [""])


def _is_general(node: Node, drug: str) -> bool:
    """Whether conditions can all hold by an order of one drug alone, for whoever gets it."""
    if isinstance(node, Leaf):
        if node.criterion.fact == ORDERED:
            return drug in node.criterion.operands
        return node.criterion.fact in WHO | LINE_FACTS
    some = (_is_general(child, drug) for child in node.children)
    return all(some) if isinstance(node, All) else any(some)


def _is_test(finding: Finding, testing: bool) -> bool:
    """Whether a test is to be named: when a drug is chosen or goes on; else only what this patient gives reason for."""
    rule = finding.rule
    if rule.advise.kind != "test" or finding.verdict.outcome is not Outcome.APPLIES:
        return False
    return testing or finding.particular


def _is_worth_a_card(standing: Standing, choosing: bool) -> bool:
    if standing.place is Place.RULED_OUT:
        return True
    if standing.place is Place.NOT_LISTED:
        return standing.choice is not None
    return choosing and (standing.place is Place.OTHER or is_not_labelled(standing.label))


def _selected(orders: Orders, selected: Sequence[str]) -> frozenset[OrderLine]:
    """The lines chosen, with those of their groups; all where something chosen is not among the drafts, since a client may
    name them in its own way. A draft that is nothing this service reads was chosen alone: no lines.
    """
    wanted = {type_and_id(reference) for reference in selected}

    def is_wanted(reference: str | None) -> bool:
        kind, own = type_and_id(reference or "")
        return bool(own) and not wanted.isdisjoint({(kind, own), ("", own)})

    known = {type_and_id(reference) for reference in orders.came}
    known |= {("", own) for _, own in known}
    if not selected or not wanted <= known:
        return frozenset(orders.lines)
    found = frozenset(line for line in orders.lines if is_wanted(line.reference) or is_wanted(line.group))
    groups = {line.group for line in found if line.group}
    return found | frozenset(line for line in orders.lines if line.group in groups)


def _question(name: str, rules: Iterable[Rule], content: Content) -> str | None:
    own = next((rule.questions[name] for rule in rules if name in rule.questions), None)
    return own or content.questions.get(name)
