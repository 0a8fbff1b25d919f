"""What is worth a card: of the rules about an order, and of where a drug stands."""

from __future__ import annotations

from service.advice.ordering.judge import LINE_FACTS, ORDERED, WHO
from service.advice.ordering.model import Finding, Place, Standing
from service.advice.ordering.standing import is_not_labelled
from service.rules.expression import All, Leaf, Node, leaves
from service.rules.rule import Rule
from service.rules.verdict import Outcome

SELECT, SIGN, REFILL = "order-select", "order-sign", "medication-refill"
STRONG = ("avoid", "require")


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
    if not named or rule.status != "active" or rule.advise.act not in (*STRONG, "caution"):
        return False
    if rule.advise.act in STRONG:
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


def is_test(finding: Finding, testing: bool) -> bool:
    """Whether a test is to be named: when a drug is chosen or goes on; else only what this patient gives reason for."""
    rule = finding.rule
    if rule.advise.kind != "test" or finding.verdict.outcome is not Outcome.APPLIES:
        return False
    return testing or finding.particular


def is_worth_a_card(standing: Standing, choosing: bool) -> bool:
    if standing.place is Place.RULED_OUT:
        return True
    if standing.place is Place.NOT_LISTED:
        return standing.choice is not None
    return choosing and (standing.place is Place.OTHER or is_not_labelled(standing.label))
