"""Why a decision is discordant or cannot be judged, in words: with page and criterion, and, for one patient, what was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.advice.words import Words, one_line
from service.facts.model import Facts
from service.facts.vocabulary import VOCABULARY
from service.population.past.verdicts import Ground, Judgement, Placed
from service.rules.expression import Leaf
from service.rules.rule import Content, Rule
from service.rules.verdict import Verdict
from service.rules.why import holding

NOT_NAMED = "no rule of this edition offers it"


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """One reason for a deviation, the same for all patients it holds for.

    ``what``: that was chosen. ``source``: id of the guideline; ``at``: page as printed; ``rule``: id, "" where the edition has no rule of
    it. ``text``: what stood against it, or what the rule that lists it asks for.
    """

    ground: str
    what: str
    source: str
    at: str
    rule: str
    text: str


class Reasons:
    """Says why, with the words of cards."""

    def __init__(self, content: Content):
        self.content = content
        self.words = Words(VOCABULARY, content, quote=one_line)

    def of(self, judgement: Judgement) -> tuple[Reason, ...]:
        """The reasons of a deviation; none of any other verdict."""
        return tuple(self._of(judgement.first, judgement))

    def in_words(self, judgement: Judgement) -> tuple[str, ...]:
        """The reasons for one patient, with what was known of it."""
        return tuple(self._in_words(judgement.first, judgement.facts)) if judgement.facts is not None else ()

    def _of(self, placed: Placed, judgement: Judgement) -> Iterator[Reason]:
        ground = str(placed.ground)
        if placed.ground is Ground.RULED_OUT:
            for verdict in placed.against:
                rule = verdict.rule
                yield Reason(
                    ground, placed.what, rule.source.ref, rule.source.at, rule.id, self._against(verdict, judgement)
                )
        elif placed.ground is Ground.NOT_LISTED and placed.why_not:
            for why in placed.why_not:
                rule = why.verdict.rule
                needs = [" or ".join(map(self._criterion, group)) for group in why.failing]
                needs += [f"not where {self._criterion(leaf)}" for leaf in why.excluding]
                text = f"listed where {'; '.join(needs)}"
                yield Reason(ground, placed.what, rule.source.ref, rule.source.at, rule.id, text)
        elif placed.ground is Ground.NOT_LISTED:
            first = placed.instead[0].source if placed.instead else None
            yield Reason(ground, placed.what, first.ref if first else "", first.at if first else "", "", NOT_NAMED)

    def _against(self, verdict: Verdict, judgement: Judgement) -> str:
        if verdict.excluded and judgement.facts is not None:
            said = [self._criterion(leaf) for leaf in holding(verdict.rule.unless, judgement.facts)]
            return f"not where {'; '.join(dict.fromkeys(said))}"
        return verdict.rule.title

    def _in_words(self, placed: Placed, facts: Facts) -> Iterator[str]:
        for verdict in placed.against:
            said = self.words.standing_against(verdict, facts) if verdict.excluded else verdict.rule.title
            yield f"{self.words.source(verdict.rule)}: {said}"
        for why in placed.why_not if placed.ground is Ground.NOT_LISTED else ():
            leaves = [(" or ".join(map(self._criterion, group)), group[0]) for group in why.failing]
            parts = [f"{said} (here: {self._found(leaf, facts)})" for said, leaf in leaves]
            parts += [f"not with {self._found(leaf, facts)}" for leaf in why.excluding]
            yield f"{self.words.source(why.verdict.rule)} lists it where {'; '.join(parts)}"
        if placed.ground is Ground.NOT_LISTED and not placed.why_not:
            yield NOT_NAMED

    def label(self, name: str) -> str:
        """A missing fact's name for people; what is no fact is a name already."""
        return self.words.label(name) if name in VOCABULARY else name

    def named(self, rule: Rule) -> str:
        """What a rule offers, in words."""
        return rule.advise.regimen or rule.advise.subject.replace("-", " ")

    def _criterion(self, leaf: Leaf) -> str:
        return self.words.criterion(leaf.criterion)

    def _found(self, leaf: Leaf, facts: Facts) -> str:
        return self.words.value(facts[leaf.criterion.fact])
