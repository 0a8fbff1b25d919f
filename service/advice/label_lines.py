"""The labels of an option in words: a line for each drug that has something particular, one for those alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.advice.labels import REGION, Label, Standing
from service.advice.words import Words
from service.facts.model import Facts
from service.rules.expression import Leaf


class LabelLines:
    """Says labels the way cards show them."""

    def __init__(self, words: Words):
        self.words = words

    def lines(self, labels: Sequence[Label], facts: Facts) -> list[str]:
        """What the labels of the configured region say of each drug for this patient, as far as the sources state it."""
        return list(self._each(labels, facts, self._head(facts)))

    def not_stated(self, labels: Sequence[Label], facts: Facts) -> str:
        """One line for the drugs whose label no source states."""
        drugs = ", ".join(label.drug for label in labels)
        return f"{self._head(facts)}: not stated in the sources for {drugs}" if drugs else ""

    def about(self, label: Label, facts: Facts) -> str:
        """What a label asks for, or, of one that is not for this patient, why; nothing where no source states one."""
        if label.verdict is None:
            return ""
        rule = label.verdict.rule
        if label.standing in (Standing.LABELLED, Standing.OPEN):
            return (rule.advise.note or rule.title).removeprefix(f"{self._head(facts)}: ")
        return self._why(label, facts)

    def _head(self, facts: Facts) -> str:
        region = facts.value(REGION)
        return f"{region} label" if isinstance(region, str) else "Label"

    def _each(self, labels: Sequence[Label], facts: Facts, head: str) -> Iterator[str]:
        alone = len(labels) == 1
        for label in labels:
            if label.verdict is None:
                continue
            rule = label.verdict.rule
            name = "" if alone else f"{label.drug} "
            where = f"({self.words.source(rule)})"
            about = self.about(label, facts)
            match label.standing:
                case Standing.LABELLED:
                    open_ = "; ".join(self.words.label(fact) for fact in label.missing)
                    unless = f"; not checked: {open_}" if open_ else ""
                    yield f"{head}: {name}labelled for this patient{unless}: {about} {where}"
                case Standing.OPEN:
                    needs = "; ".join(self.words.label(fact) for fact in label.missing)
                    yield f"{head}: {name}not settled without {needs}: {about} {where}"
                case _:
                    yield f"{head}: {name}not labelled for this patient: {about} {where}"

    def _why(self, label: Label, facts: Facts) -> str:
        """The conditions of the closest label that fail, each with what the patient has."""
        fails = [" or ".join(self._fails(leaf, facts) for leaf in group) for group in label.failing]
        fails += [f"not with {self.words.fact(facts[leaf.criterion.fact])}" for leaf in label.excluding]
        about = label.verdict.rule.advise.note or label.verdict.rule.title if label.verdict else ""
        return f"it asks for {'; '.join(fails)}" if fails else about

    def _fails(self, leaf: Leaf, facts: Facts) -> str:
        fact = facts[leaf.criterion.fact]
        return f"{self.words.criterion(leaf.criterion)} (here: {self.words.value(fact)})"
