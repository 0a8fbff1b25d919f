"""The label overlay: for each drug of an option, whether it is labelled for this patient in the configured region.

What is labelled is stated by rules of kind ``label`` (EU: the labels listed in the G-BA dossier; US: the approvals that
the guidelines report). A drug is labelled when one of them applies; where none does, the one that comes closest is
named with the conditions that fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.rules.expression import Leaf, leaves
from service.rules.interpret import Known, find
from service.rules.verdict import Outcome, Verdict
from service.rules.why import Find, failing, holding

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
    meet (the lines of an "any of" together), and ``excluding`` those of its exclusions that hold. ``missing``: facts
    it waits for or, where it applies, could not check.
    """

    drug: str
    standing: Standing
    verdict: Verdict | None = None
    failing: tuple[tuple[Leaf, ...], ...] = ()
    excluding: tuple[Leaf, ...] = ()
    missing: tuple[str, ...] = ()


def overlay(
    drugs: Sequence[str], verdicts: Iterable[Verdict], facts: Known, ordered: str, find: Find = find
) -> tuple[Label, ...]:
    """The label of each drug, in order.

    Args:
        verdicts: of label rules, each about the drug that is its subject.
        facts: the patient's, with the drugs taken as ordered under the fact named ``ordered``.
        find: who evaluates the lines of a label; `Evaluator.find` where there is one, which knows them from the verdicts.
    """
    by_drug: dict[str, list[Verdict]] = {drug: [] for drug in drugs}
    for verdict in verdicts:
        if verdict.rule.advise.subject in by_drug and not _of_another_region(verdict, facts, find):
            by_drug[verdict.rule.advise.subject].append(verdict)
    return tuple(_label(drug, said, facts, ordered, find) for drug, said in by_drug.items())


def _label(drug: str, said: list[Verdict], facts: Known, ordered: str, find: Find) -> Label:
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
    reasons = [
        (tuple(_fails(v, facts, ordered, find)), tuple(holding(v.rule.unless, facts, find)), v) for v in granting
    ]
    fails, excluding, verdict = min(reasons, key=lambda row: (len(row[0]) + len(row[1]), -_met(row[2], facts, find)))
    return Label(drug, Standing.NOT_LABELLED, verdict, fails, excluding)


def _fails(verdict: Verdict, facts: Known, ordered: str, find: Find) -> Iterator[tuple[Leaf, ...]]:
    """The conditions that fail; that another drug of a regimen is not ordered is none."""
    return (
        group for group in failing(verdict.rule.when, facts, find) if any(x.criterion.fact != ordered for x in group)
    )


def _met(verdict: Verdict, facts: Known, find: Find) -> int:
    """How many lines of a label the patient meets; of two that fail in one line, the one that asks more is closer."""
    return sum(find(leaf, facts, True).truth is True for leaf in leaves(verdict.rule.when))


def _of_another_region(verdict: Verdict, facts: Known, find: Find) -> bool:
    """Whether a label speaks of a region that is not the configured one."""
    excluding = any(leaf.criterion.fact == REGION for leaf in holding(verdict.rule.unless, facts, find))
    failed = (leaf for group in failing(verdict.rule.when, facts, find) for leaf in group)
    return excluding or any(leaf.criterion.fact == REGION for leaf in failed)
