"""The rules about orders, asked of each order line, and their verdicts merged by rule.

An order line is judged by itself: what is ordered, its route, dose and schedule are of that line, while the drugs of the
other lines count as given alongside. So two lines together never look like one order (vincristine into a vein beside
methotrexate into the CSF), and a partner that is ordered beside is not missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.advice.ordering.model import Finding
from service.facts.model import Fact, Facts, Provenance, Reason, Registry, TokenSet, known, unknown
from service.facts.orders import OrderLine, Orders, line_facts
from service.facts.orders.line import DRUG_ORDERS
from service.record.terminology import Terminology
from service.rules.compile import Evaluator
from service.rules.criterion import Op, test_of
from service.rules.expression import leaves
from service.rules.interpret import find
from service.rules.rule import Rule
from service.rules.verdict import Outcome, Verdict

ORDERED, ALONGSIDE = "ordered_drug", "concurrent_drugs"
# What an order itself says.
LINE_FACTS = frozenset({
    ORDERED, "ordered_drug_indication", "ordered_schedule", "ordered_dose", "ordered_route", "ordered_procedure",
    "ordered_test", "methotrexate_dose_level", "cytarabine_dose_level", "planned_procedure", "transfusion_ordered",
    "marrow_aspirate_planned",
})  # fmt: skip
# Facts that say whose guideline it is; a caution that rests on nothing else is true of everybody who gets the drug.
WHO = frozenset({"lineage", "ph_status", "diagnosis", "age_years", "age_group", "is_adult", "care_setting",
                 "jurisdiction"})  # fmt: skip
TREATING = frozenset({"chemotherapy", "immunotherapy", "targeted"})
PARTNERS = 2  # with more other orders a rule is about the session, not about a pair
_NEGATIVE = (Op.IS_NOT, Op.NONE_OF, Op.INCLUDES_NONE, Op.EMPTY, Op.KNOWN)


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """One line with the patient's facts while it is ordered. ``own``: names of the facts that are of this line."""

    line: OrderLine
    facts: Facts
    own: frozenset[str]
    drugs: TokenSet


class _Apart:
    """The facts of a line without those that are particular to this patient or to the other orders."""

    def __init__(self, judged: JudgedLine):
        self._judged = judged

    def __getitem__(self, name: str) -> Fact:
        if name in self._judged.own or name in WHO:
            return self._judged.facts[name]
        if name == ALONGSIDE:  # a drug that is ordered and also taken already is the same drug
            value = self._judged.facts.value(name)
            taken = value.members if isinstance(value, TokenSet) else frozenset[str]()
            return known(name, TokenSet(taken & self._judged.drugs.members, complete=False))
        return unknown(name, Reason.NOT_GIVEN)


class OrderRules:
    """Rules that speak about an order."""

    def __init__(self, rules: Iterable[Rule], registry: Registry, evaluator: Evaluator):
        self._about = LINE_FACTS | registry.dependents(ORDERED)
        self._registry, self._evaluator = registry, evaluator
        self.rules = tuple(rule for rule in rules if self._positive(rule))
        self._names = {rule: self._named(rule) for rule in self.rules}
        self._conditions = {
            rule: tuple(
                (leaf.criterion.fact, test_of(leaf.criterion))
                for leaf in leaves(rule.when)
                if leaf.criterion.op not in _NEGATIVE
            )
            for rule in self.rules
        }

    def _positive(self, rule: Rule) -> bool:
        return any(
            leaf.criterion.fact in self._about and leaf.criterion.op not in _NEGATIVE for leaf in leaves(rule.when)
        )

    def _named(self, rule: Rule) -> frozenset[str] | None:
        """Drugs of which a line must have one for the rule to concern it; ``None`` if it reads more than the drug."""
        named: set[str] = set()
        for leaf in leaves(rule.when):
            if leaf.criterion.fact == ORDERED and leaf.criterion.op not in _NEGATIVE:
                named.update(map(str, leaf.criterion.operands))
            elif leaf.criterion.fact in self._about:
                return None
        return frozenset(named)

    def judged(
        self, orders: Orders, facts: Facts, terminology: Terminology, beside: Iterable[JudgedLine] = ()
    ) -> tuple[JudgedLine, ...]:
        """Each line with the facts that hold while it is ordered.

        Args:
            beside: lines that are ordered too and have been judged.
        """
        stated = {line: line_facts(line, orders, terminology) for line in orders.lines}
        drugs = {line: _drugs(said) for line, said in stated.items()}
        drugs.update({one.line: one.drugs for one in beside})
        seen = {line: line.seen() for line in drugs}  # made once: each line tells of all the others
        dependents = self._registry.dependents(ORDERED)
        made = []
        for line, said in stated.items():
            alongside = _alongside(line, drugs, seen, orders, facts)
            assumed = facts.assuming(*said, *((alongside,) if alongside is not None else ()))
            made.append(JudgedLine(line, assumed, dependents.union(fact.name for fact in said), drugs[line]))
        return tuple(made)

    def findings(self, judged: Sequence[JudgedLine]) -> tuple[Finding, ...]:
        """What the rules say of the lines: verdicts that apply, or that wait for something, each rule once."""
        by_rule: dict[Rule, list[tuple[JudgedLine, Verdict]]] = {}
        for one in judged:
            # Of the rules most are about other orders: that is cheaper to tell than what they say of this one.
            rules = [rule for rule in self.rules if self._may_concern(rule, one) and self._concerns(rule, one)]
            for verdict in self._evaluator.verdicts(rules, one.facts):
                if verdict.outcome is not Outcome.DOES_NOT_APPLY:
                    by_rule.setdefault(verdict.rule, []).append((one, verdict))
        return tuple(self._merged(said, judged) for said in by_rule.values())

    def _may_concern(self, rule: Rule, one: JudgedLine) -> bool:
        named = self._names[rule]
        return named is None or bool(named & one.drugs.members) or not one.drugs.complete

    def _concerns(self, rule: Rule, one: JudgedLine) -> bool:
        """Whether some condition holds because of this line."""
        for name, test in self._conditions[rule]:
            if name in one.own:
                value = one.facts.value(name)
                if value is not None and test(value):
                    return True
        return False

    def _merged(self, said: list[tuple[JudgedLine, Verdict]], judged: Sequence[JudgedLine]) -> Finding:
        """One finding of what a rule says of several lines: of those it applies to, else of those it waits for.

        The lines of the drugs that are ordered alongside and make it apply are its partners.
        """
        applying = [(one, verdict) for one, verdict in said if verdict.outcome is Outcome.APPLIES]
        rows = applying or said
        one, verdict = rows[0]
        when = verdict.rule.when
        open_ = (
            not applying
            and set(verdict.missing) <= {ALONGSIDE}
            and self._evaluator.find(when, one.facts, True).truth is True
        )
        lines = tuple(dict.fromkeys(row.line for row, _ in rows))
        beside = (line for row, _ in applying for line in _partners(verdict.rule, row, judged))
        partners = tuple(dict.fromkeys(line for line in beside if line not in lines))
        particular = any(find(when, _Apart(row), True).truth is not True for row, _ in rows)
        return Finding(verdict, lines, one.facts, particular, open_, partners if len(partners) <= PARTNERS else ())


def _partners(rule: Rule, one: JudgedLine, judged: Sequence[JudgedLine]) -> Iterator[OrderLine]:
    """Other lines with a drug that a rule asks for alongside by name; "chemotherapy" would be nearly all."""
    wanted = (
        {
            str(operand)
            for leaf in leaves(rule.when)
            if leaf.criterion.fact == ALONGSIDE and leaf.criterion.op not in _NEGATIVE
            for operand in leaf.criterion.operands
        }
        - one.drugs.members
        - TREATING
    )
    for other in judged:
        if other.line is not one.line and wanted & other.drugs.members:
            yield other.line


def _drugs(stated: Iterable[Fact]) -> TokenSet:
    """What a line orders, with classes."""
    value = next((fact.value for fact in stated if fact.name == ORDERED), None)
    return value if isinstance(value, TokenSet) else TokenSet(frozenset())


def _alongside(
    line: OrderLine,
    drugs: Mapping[OrderLine, TokenSet],
    seen: Mapping[OrderLine, Provenance],
    orders: Orders,
    facts: Facts,
) -> Fact | None:
    """The drugs given alongside: those taken now and those of the other lines; ``None`` if only the former.

    Of alternatives in one order set only one is given. An order that could not be read may be of any drug.
    """
    others = [x for x in drugs if x is not line and drugs[x].members and not x.is_instead_of(line)]
    missed = orders.missed(*DRUG_ORDERS)
    if not others and not missed:
        return None
    taken = facts[ALONGSIDE]
    now = taken.value if isinstance(taken.value, TokenSet) else TokenSet(frozenset(), complete=False)
    members = now.members.union(*(drugs[other].members for other in others))
    complete = now.complete and not missed and all(drugs[other].complete for other in others)
    value = TokenSet(members, complete, now.excluded - members if not missed else frozenset())
    return known(ALONGSIDE, value, *taken.provenance, *(seen[other] for other in others))
