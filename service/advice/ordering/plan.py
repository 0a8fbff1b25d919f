"""Draft orders to advice: what stops a signature, what to heed, where a choice stands, what to test first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from service.advice.already import AlreadyOrdered
from service.advice.options import DrugRules
from service.advice.ordering.assessment import Assessment
from service.advice.ordering.judge import ALONGSIDE, TREATING, JudgedLine, OrderRules
from service.advice.ordering.model import (
    Finding,
    Hazard,
    OrderAdvice,
    Severity,
    Standing,
    Unread,
)
from service.advice.ordering.readiness import Readying
from service.advice.ordering.repeated import repeated
from service.advice.ordering.standing import Standings
from service.advice.ordering.weight import STRONG, is_worth_a_card, warns
from service.facts.model import Facts, TokenSet
from service.facts.orders import OrderLine, Orders, read_orders
from service.record.terminology import Terminology
from service.record.whose import type_and_id
from service.rules.compile import Evaluator
from service.rules.editions import Speaking
from service.rules.rule import Content, Rule
from service.rules.tables import Orderable
from service.rules.verdict import Outcome, Verdict


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
        self._evaluator, self._content, self._standings = evaluator, content, standings
        self._ready = Readying(content, by_fact)

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
            if is_worth_a_card(standing, choosing)
        ]
        hazards = self._hazards(findings, worthy, found)
        told = {id(standing) for hazard in hazards for standing in hazard.standings}
        covered = {line for hazard in hazards if hazard.severity is Severity.CRITICAL for line in hazard.lines}
        said: list[OrderAdvice] = [*hazards, *(standing for standing in worthy if id(standing) not in told)]
        said += [again for again in found.repeated if lines.intersection(again.lines)]
        offered = frozenset(key for hazard in hazards for key in hazard.besides)
        ready = self._ready.of(findings, standings, found, testing, covered, offered)
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
    ) -> list[Hazard]:
        """One card for all that is said about the same orders, the gravest first, with where they stand."""
        already = AlreadyOrdered(self._content.orderables, found.facts, found.orders.lines)
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
            besides = dict.fromkeys(key for key in wanted if already.find(key) or not self._is_taken(key, own[0]))
            instead = self._instead(own, found, lines, stops=stops)
            with_ = tuple(aside for aside in asides if lines.intersection(aside.lines))
            same = tuple(standing for standing in left if lines.issuperset(standing.lines))
            left = [standing for standing in left if standing not in same]
            instead = instead or tuple(dict.fromkeys(key for standing in same for key in standing.instead))
            made.append(Hazard(own[0].lines, tuple(own), with_, instead, tuple(besides), same))
        return made

    def _is_taken(self, key: str, finding: Finding) -> bool:
        """Whether a partner that a rule suggests is given already."""
        drug = self._content.orderables[key].drug
        taken = finding.facts.value(ALONGSIDE)
        return drug is not None and isinstance(taken, TokenSet) and drug in taken.members

    def _gravest(self, finding: Finding) -> tuple[bool, int, int]:
        """What stops the orders, then what is forbidden, missing, to be heeded; of equals the source newest in force."""
        act = finding.rule.advise.act
        rank = STRONG.index(act) if act in STRONG else len(STRONG)
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


def _says_something(one: JudgedLine) -> bool:
    """Whether a line orders anything that a rule could know."""
    line = one.line
    return (
        bool(one.drugs.members) or not one.drugs.complete or bool(line.concepts) or bool(line.text and not line.drugs)
    )


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
