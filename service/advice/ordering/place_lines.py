"""Where an ordered drug stands, in words: listed how, not listed why, what is preferred, whether it is labelled."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.advice.cards import CardWriter, listed
from service.advice.label_lines import LabelLines
from service.advice.ordering.model import Place, Standing
from service.advice.ordering.standing import is_not_labelled
from service.advice.ordering.why_not import WhyNot
from service.facts.model import Facts
from service.rules.rule import Rule

PREFERRED_SHOWN = 5
_FIRST = (None, "preferred")


@dataclass(frozen=True, slots=True)
class Told:
    """Where a drug stands, in words, and the rules that say so."""

    summary: str
    lines: tuple[str, ...]
    preferred: tuple[str, ...]
    labels: tuple[str, ...]
    rules: tuple[Rule, ...]


class PlaceLines:
    """Says where drugs stand the way cards show it."""

    def __init__(self, cards: CardWriter):
        self.words, self.lines = cards.words, cards.options
        self._labels = LabelLines(cards.words)

    def told(self, advice: Standing) -> Told:
        """Where a drug stands, in words."""
        drug, option, facts = re.sub(r"^(.+)-liposomal$", r"liposomal \1", advice.drug), advice.option, advice.facts
        rules = [verdict.rule for verdict in option.verdicts] if option is not None else []
        rules += [reason.verdict.rule for reason in advice.why_not]
        if advice.choice is not None and not rules:
            rules = [advice.choice.offered[0].rule]
        preferred = self._preferred(advice)
        lines = [": ".join(filter(None, (self.words.source(rule), self.words.strength(rule)))) for rule in rules]
        match advice.place:
            case Place.NOT_LISTED:
                needs = [
                    " or ".join(self.words.criterion(leaf.criterion) for leaf in reason.failing[0])
                    for reason in advice.why_not[:1]
                    if reason.failing
                ]
                summary = ": ".join((f"{drug} is not listed for this patient", *(f"it needs {need}" for need in needs)))
                lines = [self._why_not(reason, facts) for reason in advice.why_not]
                lines = lines or [f"{drug}: no rule of the guidelines in force lists it for a patient like this one."]
            case Place.RULED_OUT:
                lines = self.lines.reasons_against(option, facts) if option is not None else []
                summary = f"{drug} is ruled out for this patient: {lines[0] if lines else ''}"
                lines = [f"{drug} is ruled out: {line}" for line in lines]
            case Place.OTHER:
                strength = self.words.strength(option.rule) if option is not None else ""
                summary = listed(f"{drug} is listed as {strength}; preferred", self._first(advice) or preferred)
            case Place.OPEN:
                summary = f"{drug}: whether it is listed for this patient is open"
            case _:
                summary = f"{drug} is listed for this patient"
        if advice.place in (Place.OTHER, Place.PREFERRED, Place.LISTED) and is_not_labelled(advice.label):
            summary = f"{drug} is listed, but not labelled for this patient"
        if advice.place is Place.OPEN and is_not_labelled(advice.label):
            summary = f"{drug} is not labelled for this patient; whether it is listed is open"
        label = advice.label
        labels = self._labels.lines([label], facts) if label is not None else []
        if label is not None and label.verdict is not None:
            rules = [*rules, label.verdict.rule]
        return Told(summary, tuple(lines), tuple(preferred), tuple(labels), tuple(rules))

    def _first(self, advice: Standing) -> list[str]:
        """Names of what is preferred itself, a trial too."""
        offered = advice.choice.offered if advice.choice is not None else ()
        first = (o for o in offered if o is not advice.option and o.rule.source.preference in _FIRST)
        return [self.lines.name(option) for option in first][:PREFERRED_SHOWN]

    def _preferred(self, advice: Standing) -> list[str]:
        """Names of the options in place of the drug, strongest first: what is preferred, or else all that is listed."""
        if advice.choice is None or advice.place in (Place.PREFERRED, Place.LISTED):
            return []
        others = [option for option in advice.choice.offered if option is not advice.option]
        first = [option for option in others if option.rule.source.preference in _FIRST]
        if all(option.rule.advise.act == "prefer-trial" for option in first):
            first = others
        return [self.lines.name(option) for option in first][:PREFERRED_SHOWN]

    def _why_not(self, reason: WhyNot, facts: Facts) -> str:
        rule = reason.verdict.rule
        fails = [
            " or ".join(
                f"{self.words.criterion(leaf.criterion)} (here: {self.words.value(facts[leaf.criterion.fact])})"
                for leaf in group
            )
            for group in reason.failing
        ]
        fails += [f"not with {self.words.fact(facts[leaf.criterion.fact])}" for leaf in reason.excluding]
        return f"{self.words.source(rule)} lists it where: {'; '.join(fails)}"
