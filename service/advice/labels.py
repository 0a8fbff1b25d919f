"""The label overlay: for each drug of an option, whether it is labelled for this patient in the configured region.

What is labelled is stated by rules of kind ``label`` (EU: the labels listed in the G-BA dossier; US: the approvals that
the guidelines report). A drug is labelled when one of them applies; where none does, the one that comes closest is
named with the conditions that fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.rules.expression import All, Leaf, Node, leaves
from service.rules.interpret import Known, find
from service.rules.verdict import Outcome, Verdict

REGION = "jurisdiction"


class Standing(StrEnum):
    LABELLED = "labelled"
    OPEN = "open"
    NOT_LABELLED = "not-labelled"
    NOT_STATED = "not-stated"


@dataclass(frozen=True, slots=True)
class Label:
    """One drug's label for one patient.

    ``verdict``: of the label that decides or comes closest. ``failing``: its conditions that this patient does not
    meet, and ``excluding`` those of its exclusions that hold; ``missing``: facts it waits for.
    """

    drug: str
    standing: Standing
    verdict: Verdict | None = None
    failing: tuple[Leaf, ...] = ()
    excluding: tuple[Leaf, ...] = ()
    missing: tuple[str, ...] = ()


def overlay(drugs: Sequence[str], verdicts: Iterable[Verdict], facts: Known, ordered: str) -> tuple[Label, ...]:
    """The label of each drug, in order.

    Args:
        verdicts: of label rules, each about the drug that is its subject.
        facts: the patient's, with the drugs taken as ordered under the fact named ``ordered``.
    """
    by_drug: dict[str, list[Verdict]] = {drug: [] for drug in drugs}
    for verdict in verdicts:
        if verdict.rule.advise.subject in by_drug and not _of_another_region(verdict, facts):
            by_drug[verdict.rule.advise.subject].append(verdict)
    return tuple(_label(drug, said, facts, ordered) for drug, said in by_drug.items())


def _label(drug: str, said: list[Verdict], facts: Known, ordered: str) -> Label:
    granting = [verdict for verdict in said if verdict.rule.advise.act == "labelled"]
    refusing = [v for v in said if v.rule.advise.act == "not-labelled" and v.outcome is Outcome.APPLIES]
    for verdict in granting:
        if verdict.outcome is Outcome.APPLIES:
            return Label(drug, Standing.LABELLED, verdict, missing=verdict.unchecked)
    if refusing:
        return Label(drug, Standing.NOT_LABELLED, refusing[0])
    waiting = [verdict for verdict in granting if verdict.outcome is Outcome.CANNOT_TELL]
    if waiting:
        closest = min(waiting, key=lambda verdict: len(verdict.missing))
        return Label(drug, Standing.OPEN, closest, missing=closest.missing)
    if not granting:
        return Label(drug, Standing.NOT_STATED)
    reasons = [(tuple(_failing(v.rule.when, facts, ordered)), tuple(_excluding(v, facts)), v) for v in granting]
    failing, excluding, verdict = min(reasons, key=lambda row: (len(row[0]) + len(row[1]), -_met(row[2], facts)))
    return Label(drug, Standing.NOT_LABELLED, verdict, failing, excluding)


def _met(verdict: Verdict, facts: Known) -> int:
    """How many lines of a label the patient meets; of two that fail in one line, the one that asks more is closer."""
    return sum(find(leaf, facts, True).truth is True for leaf in leaves(verdict.rule.when))


def _of_another_region(verdict: Verdict, facts: Known) -> bool:
    """Whether a label speaks of a region that is not the configured one."""
    excluded = any(leaf.criterion.fact == REGION for leaf in _excluding(verdict, facts))
    return excluded or any(leaf.criterion.fact == REGION for leaf in _failing(verdict.rule.when, facts, ""))


def _failing(node: Node, facts: Known, ordered: str) -> Iterator[Leaf]:
    """The lines of a tree that are known not to hold and make it fail."""
    if find(node, facts, True).truth is not False:
        return
    if isinstance(node, Leaf):
        if node.criterion.fact != ordered:
            yield node
    elif isinstance(node, All):
        for child in node.children:
            yield from _failing(child, facts, ordered)
    else:
        yield from min((list(_failing(child, facts, ordered)) for child in node.children), key=len)


def _excluding(verdict: Verdict, facts: Known) -> Iterator[Leaf]:
    for leaf in leaves(verdict.rule.unless):
        if find(leaf, facts, False).truth is True:
            yield leaf
