"""The difference of two answers about one patient in words: what is offered, ruled out, warned of, asked for.

Compared is the advice on the patient as a whole, by what it is about and not by its cards; advice on single orders is
passed over. Answers of `service.advice.engine.Engine.in_full` tell all of it, those that drew cards what cards show.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.advice.engine import Answer
from service.advice.labels import Standing
from service.advice.model import INCOMPLETE, UNDIAGNOSED, Care, Missing, Notice, Option, Options, Unsafe
from service.advice.words import Words
from service.rules.verdict import Verdict


class Change(StrEnum):
    """What kind of difference it is; in the order in which they are told."""

    SPEAKS = "speaks"
    SILENT = "silent"
    OFFERED = "offered"
    RULED_OUT = "ruled-out"
    GONE = "gone"
    STRENGTH = "strength"
    LABEL = "label"
    UNSETTLED = "unsettled"
    SETTLED = "settled"
    WARNING = "warning"
    WARNING_GONE = "warning-gone"
    CAUTION = "caution"
    CAUTION_GONE = "caution-gone"
    TEST = "test"
    TEST_GONE = "test-gone"
    MISSING = "missing"
    ANSWERED = "answered"
    CARE = "care"
    CARE_GONE = "care-gone"


@dataclass(frozen=True, slots=True)
class Differs:
    """One difference. ``name``: an option, a rule's title, the label of a fact or a source; ``detail``: what goes with it
    (reasons, strength before and now). Both are English, as in the content. ``rules``: ids of the rules that say it;
    ``fact``: the name of the fact that it is about."""

    kind: Change
    name: str
    detail: str = ""
    rules: tuple[str, ...] = ()
    fact: str = ""


def difference(before: Answer, after: Answer, words: Words, known: Collection[str] = ()) -> tuple[Differs, ...]:
    """What the second answer says otherwise than the first.

    Args:
        known: facts of which it goes without saying that they are no longer missing, such as those that were supposed.
    """
    return differences(Told(before, words), Told(after, words), known)


def differences(first: Told, second: Told, known: Collection[str] = ()) -> tuple[Differs, ...]:
    """As `difference`, of answers of which it was worked out already what they tell."""
    found = [
        *_gone(Change.SPEAKS, second.sources, first.sources),
        *_gone(Change.SILENT, first.sources, second.sources),
        *_options(first, second),
        *_gone(Change.WARNING, second.warnings, first.warnings),
        *_gone(Change.WARNING_GONE, first.warnings, second.warnings),
        *_gone(Change.TEST, second.tests, first.tests),
        *_gone(Change.TEST_GONE, first.tests, second.tests),
        *_gone(Change.MISSING, second.gaps, first.gaps),
        *(one for one in _gone(Change.ANSWERED, first.gaps, second.gaps) if one.fact not in known),
        *_gone(Change.CARE, second.care, first.care),
        *_gone(Change.CARE_GONE, first.care, second.care),
    ]
    order = list(Change)
    return tuple(sorted(found, key=lambda one: order.index(one.kind)))


_Named = Mapping[str, Differs]
_Key = tuple[str, str]  # pathway, subject


class Told:
    """What an answer tells, by what it is about."""

    def __init__(self, answer: Answer, words: Words):
        self.words, self.answer = words, answer
        self.offered: dict[_Key, Option] = {}
        self.ruled_out: dict[_Key, Option] = {}
        self.warnings: dict[str, Differs] = {}
        self.care: dict[str, Differs] = {}
        self.tests: dict[str, Differs] = {}
        self.gaps: dict[str, Differs] = {}
        self.sources = self._speaking()
        for advice in answer.advice:
            match advice:
                case Options():
                    root = advice.topic.partition("/")[0]
                    self.offered |= {(root, option.subject): option for option in advice.offered}
                    self.ruled_out |= {(root, option.subject): option for option in advice.ruled_out}
                    self._verdicts(self.care, advice.notes)
                case Unsafe():
                    self._verdicts(self.warnings, advice.verdicts)
                case Care():
                    self._verdicts(self.warnings if advice.safety else self.care, advice.verdicts)
                case Missing():
                    self._verdicts(self.tests, advice.tests)
                    self.gaps |= {gap.fact.name: self._fact(gap.fact.name) for gap in advice.gaps}
                case Notice():
                    self._verdicts(self.care, advice.verdicts)
                    if advice.key in (INCOMPLETE, UNDIAGNOSED):
                        self.warnings[advice.key] = Differs(Change.WARNING, _NOTICES[advice.key])

    def _verdicts(self, into: dict[str, Differs], verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            rule = verdict.rule
            into[rule.id] = Differs(Change.CARE, rule.title, self.words.source(rule), (rule.id,))

    def _fact(self, name: str) -> Differs:
        return Differs(Change.MISSING, self.words.label(name), fact=name)

    def _speaking(self) -> dict[str, Differs]:
        """The sources whose edition is in force for this patient; what speaks from every source says nothing of that."""
        rules = (v.rule for v in self.answer.verdicts if not v.rule.speaks_from_every_source)
        refs = dict.fromkeys(rule.source.ref for rule in rules)
        return {ref: Differs(Change.SPEAKS, self.words.content.sources[ref].label) for ref in refs}

    def strength(self, option: Option) -> str:
        """Who says it how strongly."""
        said = {
            ": ".join(part for part in (self.words.source(v.rule), self.words.strength(v.rule)) if part)
            for v in option.verdicts
        }
        return "; ".join(sorted(said))

    def against(self, option: Option) -> str:
        """Why an option is ruled out."""
        reasons = [f"{v.rule.title} ({self.words.source(v.rule)})" for v in option.against]
        if not reasons and self.answer.facts is not None:
            facts = self.answer.facts
            reasons = [self.words.standing_against(verdict, facts) for verdict in option.verdicts]
        return "; ".join(dict.fromkeys(reasons))


_NOTICES = {
    INCOMPLETE: "Part of the record could not be read: the advice may be incomplete",
    UNDIAGNOSED: "The record does not tell whether there is acute lymphoblastic leukemia",
}


def _gone(kind: Change, here: _Named, there: _Named) -> Iterator[Differs]:
    """What is here and not there."""
    for key, one in here.items():
        if key not in there:
            yield Differs(kind, one.name, one.detail, one.rules, one.fact)


def _name(option: Option) -> str:
    return option.rule.advise.regimen or option.subject


def _ids(option: Option) -> tuple[str, ...]:
    return tuple(verdict.rule.id for verdict in option.verdicts)


def _options(first: Told, second: Told) -> Iterator[Differs]:
    for key, option in second.offered.items():
        old = first.offered.get(key)
        if old is None:
            yield Differs(Change.OFFERED, _name(option), second.strength(option), _ids(option))
        else:
            yield from _changed(first, old, second, option)
    for key, option in second.ruled_out.items():
        if key not in first.ruled_out:
            yield Differs(Change.RULED_OUT, _name(option), second.against(option), _ids(option))
    for key, option in first.offered.items():
        if key not in second.offered and key not in second.ruled_out:
            yield Differs(Change.GONE, _name(option), first.strength(option), _ids(option))


def _changed(first: Told, old: Option, second: Told, new: Option) -> Iterator[Differs]:
    """What differs of an option that both offer."""
    words, name, rules = second.words, _name(new), _ids(new)
    was, now = first.strength(old), second.strength(new)
    if was != now:
        yield Differs(Change.STRENGTH, name, f"{was} → {now}", rules)
    labels = {label.drug: label.standing for label in old.labels}
    for label in new.labels:
        standing = labels.get(label.drug)
        if standing is not None and standing is not label.standing:
            yield Differs(Change.LABEL, label.drug, f"{_LABEL[standing]} → {_LABEL[label.standing]}", rules)
    for kind, more, less in ((Change.UNSETTLED, new, old), (Change.SETTLED, old, new)):
        names = [words.label(fact) for fact in more.unchecked if fact not in less.unchecked]
        if names:
            yield Differs(kind, name, "; ".join(names), rules)
    for kind, more, less in ((Change.CAUTION, new, old), (Change.CAUTION_GONE, old, new)):
        known = {verdict.rule.id for verdict in _cautions(less)}
        for verdict in {v.rule.id: v for v in _cautions(more) if v.rule.id not in known}.values():
            rule = verdict.rule
            yield Differs(kind, name, f"{rule.title} ({words.source(rule)})", (rule.id,))


def _cautions(option: Option) -> tuple[Verdict, ...]:
    return (*option.cautions, *option.open_cautions)


_LABEL = {
    Standing.LABELLED: "labelled",
    Standing.OPEN: "not settled",
    Standing.NOT_LABELLED: "not labelled",
    Standing.NOT_STATED: "not stated in the sources",
}
