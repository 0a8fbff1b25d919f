"""What a card says of the options of a choice: each with its pages, labels and cautions; what they share said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from service.advice.label_lines import LabelLines
from service.advice.labels import Label, Standing
from service.advice.model import Option, Options
from service.advice.words import Words
from service.facts.model import Facts
from service.rules.rule import Content, Rule
from service.rules.verdict import Verdict

FACTS_SHOWN = 10
IN_FULL = 5  # options told with all that goes with them; further ones are named with page and strength
ASIDES = 6  # rows of evidence and of assumptions
CAUTIONS = 5  # cautions told of one option


@dataclass(frozen=True, slots=True)
class Heeded:
    """One caution on an option. ``verdict``: of the rule that says it, None where the option's own rule does in words.
    ``needs``: facts that could still exclude it; none where it holds.
    """

    text: str
    verdict: Verdict | None = None
    needs: tuple[str, ...] = ()


class OptionLines:
    """Says options the way their card shows them."""

    def __init__(self, content: Content, words: Words):
        self.content = content
        self.words = words
        self._labels = LabelLines(words)

    def name(self, option: Option) -> str:
        """What an option is called."""
        return option.rule.advise.regimen or option.subject

    def line(self, verdict: Verdict) -> str:
        """A rule in one line, with its page."""
        return f"{verdict.rule.advise.note or verdict.rule.title} ({self.words.source(verdict.rule)})"

    def lines(self, choice: Options, facts: Facts) -> dict[str, object]:
        """The values of the card's template.

        A caution that several options share is said once, with the options it is about.
        """
        full, brief = choice.offered[:IN_FULL], choice.offered[IN_FULL:]
        every = {option: list(dict.fromkeys(self._cautions(option))) for option in full}
        cautions = {option: lines[:CAUTIONS] for option, lines in every.items()}
        counts = Counter(line for own in cautions.values() for line in own)
        shared = [line for line, count in counts.items() if count > 1]
        rules = [v.rule for option in full for v in option.verdicts]
        evidence = self._evidence([*rules, *(verdict.rule for verdict in choice.evidence)])
        assumptions = list(dict.fromkeys(text for rule in rules for text in rule.assumptions))
        return {
            "offered": [
                self._offered(option, [c for c in own if c not in shared], len(every[option]) - len(own), facts)
                for option, own in cautions.items()
            ],
            "further": [self._brief(option) for option in brief],
            "shared_cautions": [
                {"line": line, "of": self._of([option for option, own in cautions.items() if line in own], full)}
                for line in shared
            ],
            "ruled_out": [self._ruled_out(option, facts) for option in choice.ruled_out],
            "unlabelled": self._labels.not_stated(self._without_label(full), facts),
            "facts": self._facts_behind(rules, facts),
            "assumptions": assumptions[:ASIDES],
            "evidence": evidence[:ASIDES],
            "more_evidence": max(0, len(evidence) - ASIDES),
        }

    def _brief(self, option: Option) -> dict[str, object]:
        """One line: name, pages, and what must not be overlooked even there."""
        said = "; ".join(
            ": ".join(part for part in (self.words.source(v.rule), self.words.strength(v.rule)) if part)
            for v in option.verdicts
        )
        labels = [label for label in option.labels if label.standing is Standing.NOT_LABELLED]
        return {
            "name": self.name(option),
            "said": said,
            "unchecked": [self.words.label(name) for name in option.unchecked],
            "cautions": len(list(dict.fromkeys(self._cautions(option)))),
            "not_labelled": [label.drug for label in labels],
        }

    def _offered(self, option: Option, cautions: list[str], more: int, facts: Facts) -> dict[str, object]:
        advise = option.rule.advise
        return {
            "name": self.name(option),
            "act": advise.act,
            "with": advise.with_,
            "note": advise.note,
            "components": advise.components,
            "said": [
                {"source": self.words.source(v.rule), "strength": self.words.strength(v.rule)} for v in option.verdicts
            ],
            "unchecked": [self.words.label(name) for name in option.unchecked],
            "cautions": cautions,
            "more_cautions": more,
            "labels": self._labels.lines(option.labels, facts),
        }

    def heeded(self, option: Option) -> Iterator[Heeded]:
        """Cautions on an option: what must be done first, then of its own source, then from the newest source on; last
        those that cannot be excluded yet.
        """

        def order(verdict: Verdict) -> tuple[bool, bool, int]:
            source = self.content.sources[verdict.rule.source.ref]
            own = option.rule.source.ref
            return verdict.rule.advise.act != "require", source.id != own, -source.published.toordinal()

        for verdict in sorted(option.cautions, key=order):
            yield Heeded(verdict.rule.advise.note or verdict.rule.title, verdict)
        for verdict in option.verdicts:
            yield from (Heeded(text) for text in verdict.rule.cautions if " " in text)
        for verdict in sorted(option.open_cautions, key=order):
            yield Heeded(verdict.rule.advise.note or verdict.rule.title, verdict, verdict.missing)

    def _cautions(self, option: Option) -> Iterator[str]:
        for one in self.heeded(option):
            line = self.line(one.verdict) if one.verdict else one.text
            needs = "; ".join(self.words.label(name) for name in one.needs)
            yield f"Unless excluded ({needs}): {line}" if one.needs else line

    def _of(self, options: list[Option], told: Sequence[Option]) -> str:
        """Which options something is about; nothing where it is about all."""
        return "" if len(options) == len(told) else ", ".join(self.name(option) for option in options)

    def _without_label(self, options: Iterable[Option]) -> list[Label]:
        found = [label for o in options for label in o.labels if label.standing is Standing.NOT_STATED]
        return list({label.drug: label for label in found}.values())

    def _ruled_out(self, option: Option, facts: Facts) -> dict[str, object]:
        return {"name": self.name(option), "reasons": self.reasons_against(option, facts)}

    def reasons_against(self, option: Option, facts: Facts) -> list[str]:
        """Why an option is ruled out: the warnings that hold, else the exclusions of its own rules."""
        reasons = [self.line(verdict) for verdict in option.against]
        if not reasons:
            reasons = [self.words.standing_against(verdict, facts) for verdict in option.verdicts]
        return list(dict.fromkeys(reasons))

    def _facts_behind(self, rules: Iterable[Rule], facts: Facts) -> list[str]:
        names = dict.fromkeys(name for rule in rules for name in sorted(rule.facts))
        known = [facts[name] for name in names if facts[name].known]
        return [self.words.fact(fact) for fact in known[:FACTS_SHOWN]]

    def _evidence(self, rules: Iterable[Rule]) -> list[dict[str, object]]:
        keys = dict.fromkeys(key for rule in rules for key in rule.evidence)
        rows = [self.content.evidence[key] for key in keys]
        return [{"trial": row.trial, "figures": row.figures, "citation": row.citation, "at": row.at} for row in rows]
