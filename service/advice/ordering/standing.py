"""Where an ordered drug stands among the options that the guidelines list for this patient.

Only drugs that the sources decide on by themselves have a standing: antibodies against the blasts, cells, TKIs and other
targeted drugs, and those that are offered alone more often than inside a combination (nelarabine, clofarabine, liposomal
vincristine). A drug of the backbone (vincristine, methotrexate, asparaginase) or one added to it (rituximab, bortezomib) belongs
to regimens whose phase an order does not tell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from service.advice.labels import Label
from service.advice.labels import Standing as Labelled
from service.advice.model import Option, Options
from service.advice.options import DrugRules, choose, is_offer
from service.advice.ordering.judge import ALONGSIDE, ORDERED, JudgedLine
from service.advice.ordering.model import Place, Standing
from service.advice.ordering.why_not import closest
from service.facts.model import Facts, TokenSet
from service.facts.orders import OrderLine
from service.facts.vocabulary.base import FactType, Vocabulary
from service.facts.vocabulary.drugs import DRUGS
from service.rules.rule import Content, Rule
from service.rules.verdict import Outcome, Verdict

_BY_ITSELF = frozenset({"immunotherapy", "targeted"})
_ADDED = frozenset({"anti-CD20", "anti-CD38", "proteasome-inhibitor", "JAK-inhibitor"})  # to regimens
_TKI = "TKI"
_PREFERRED = (None, "preferred")


class Standings:
    """Tells where ordered drugs stand; made once for a content."""

    def __init__(self, rules: Iterable[Rule], content: Content, vocabulary: Vocabulary):
        self._content = content
        self._drugs: FactType = vocabulary.lookup(ORDERED)
        alone: Counter[str] = Counter()
        together: Counter[str] = Counter()
        self._subjects: dict[Rule, frozenset[str]] = {}
        for rule in rules:
            if is_offer(rule):
                named = frozenset(
                    token for word in rule.advise.subjects if (token := self._drugs.known(word)) is not None
                )
                self._subjects[rule] = named
                (alone if len(named) == 1 else together).update(named)
        self.decided = frozenset(
            drug
            for drug in (alone.keys() | together.keys()).intersection(DRUGS)
            if not self._implies(drug) & _ADDED
            and (self._implies(drug) & _BY_ITSELF or alone[drug] > max(1, together[drug]))
        )
        # A regimen with "a TKI" leaves open which; one that is only listed in a combination is not meant.
        self._tkis = frozenset(drug for drug in self.decided if alone[drug] and _TKI in self._implies(drug))
        self._subjects = {rule: self._drugs_of(named) for rule, named in self._subjects.items()}
        self._mentions = {rule: self._mentioned(rule) for rule in self._subjects}

    def _drugs_of(self, named: Iterable[str]) -> frozenset[str]:
        """The drugs with a standing among what an offer is of; a class stands for those it has."""
        found: set[str] = set()
        for word in named:
            if word in self.decided:
                found.add(word)
            elif word == _TKI:
                found |= self._tkis
            else:
                found.update(drug for drug in self.decided if word in self._drugs.implies.get(drug, ()))
        return frozenset(found)

    def _mentioned(self, rule: Rule) -> frozenset[str]:
        """Drugs with a standing that the words of an offer name beside its subjects."""
        advise = rule.advise
        said = " ".join(filter(None, (advise.subject, advise.regimen, advise.components, advise.with_)))
        found = {drug for drug in (*self.decided, _TKI) if re.search(rf"\b{re.escape(drug)}", said, re.IGNORECASE)}
        return frozenset(self._tkis if found == {_TKI} else found - {_TKI})

    def _implies(self, drug: str) -> frozenset[str]:
        return frozenset((drug, *self._drugs.implies.get(drug, ())))

    def chosen(
        self, judged: Sequence[JudgedLine], facts: Facts, stopped: Collection[OrderLine]
    ) -> dict[str, tuple[OrderLine, ...]]:
        """The drugs with a standing among some lines; of those being taken already only what should not be signed."""
        taken = facts.value(ALONGSIDE)
        now = taken.members if isinstance(taken, TokenSet) else frozenset[str]()
        found: dict[str, list[OrderLine]] = {}
        for one in judged:
            drugs = one.line.drugs & self.decided if one.line.orders_drug else frozenset[str]()
            for drug in sorted(drugs if one.line in stopped else drugs - now):
                found.setdefault(drug, []).append(one.line)
        return {drug: tuple(lines) for drug, lines in found.items()}

    def standings(
        self,
        chosen: dict[str, tuple[OrderLine, ...]],
        verdicts: Sequence[Verdict],
        drug_rules: DrugRules,
        facts: Facts,
    ) -> tuple[Standing, ...]:
        """Where each chosen drug stands.

        Args:
            verdicts: of the rules that offer treatment to this patient.
        """
        choices = choose(verdicts, drug_rules, facts, self._content)
        offers = [verdict for verdict in verdicts if verdict.rule in self._subjects]
        return tuple(self._standing(drug, lines, choices, offers, drug_rules, facts) for drug, lines in chosen.items())

    def _standing(
        self,
        drug: str,
        lines: tuple[OrderLine, ...],
        choices: Sequence[Options],
        offers: Sequence[Verdict],
        drug_rules: DrugRules,
        facts: Facts,
    ) -> Standing:
        tokens = frozenset({drug})
        _, labels = drug_rules.asked_with_labels([drug], facts)
        (label,) = labels or (None,)
        listed = [(o, choice) for choice in choices for o in choice.offered if self._has(o, tokens)]
        if listed:
            option, choice = min(listed, key=lambda pair: not _is_first_rate(pair[0]))
            better = self._better(choice, tokens)
            if _is_first_rate(option):
                place = Place.PREFERRED if option.rule.source.preference else Place.LISTED
            else:
                place = Place.OTHER if better else Place.LISTED
            instead = _orderables(better) if place is Place.OTHER else ()
            return Standing(drug, lines, place, facts, option, choice, label=label, instead=instead)
        about = [v for v in offers if (self._subjects[v.rule] | self._mentions[v.rule]) & tokens]
        out = [(o, choice) for choice in choices for o in choice.ruled_out if self._has(o, tokens)]
        if out:
            option, choice = out[0]
            instead = _orderables(self._better(choice, tokens))
            return Standing(drug, lines, Place.RULED_OUT, facts, option, choice, label=label, instead=instead)
        waiting = [verdict for verdict in about if verdict.outcome is Outcome.CANNOT_TELL]
        if waiting:
            missing = min(waiting, key=self._closeness).missing
            return Standing(drug, lines, Place.OPEN, facts, missing=missing, label=label)
        first = next((choice for choice in choices if any(_is_therapy(option) for option in choice.offered)), None)
        better = self._better(first, tokens) if first is not None else []
        return Standing(
            drug, lines, Place.NOT_LISTED, facts, choice=first, why_not=closest(about, facts), label=label,
            instead=_orderables(better),
        )  # fmt: skip

    def _closeness(self, verdict: Verdict) -> tuple[int, bool, int]:
        """Of offers that wait, the one that waits for least, is of the first rank and gives the drug most alone."""
        rule = verdict.rule
        return len(verdict.missing), rule.source.preference not in _PREFERRED, len(self._subjects[rule])

    def _has(self, option: Option, tokens: frozenset[str]) -> bool:
        """Whether an option is, holds or names one of some drugs or classes."""
        return any(
            (self._subjects.get(verdict.rule, frozenset()) | self._mentions.get(verdict.rule, frozenset())) & tokens
            for verdict in option.verdicts
        )

    def _better(self, choice: Options, tokens: frozenset[str]) -> list[Option]:
        """Options of the first rank, with nothing left to check, that are not of the drug itself."""
        return [
            option
            for option in choice.offered
            if _is_first_rate(option) and not option.unchecked and not self._has(option, tokens)
        ]


def _is_first_rate(option: Option) -> bool:
    return any(verdict.rule.source.preference in _PREFERRED for verdict in option.verdicts)


def _is_therapy(option: Option) -> bool:
    return option.rule.advise.kind == "therapy"


def _orderables(options: Iterable[Option]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for option in options for key in option.rule.suggest))


def is_not_labelled(label: Label | None) -> bool:
    return label is not None and label.standing is Labelled.NOT_LABELLED
