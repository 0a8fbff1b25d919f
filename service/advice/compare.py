"""Two sources for one patient: what only one of them says, what both say otherwise, and why.

A saying is what the rules of one source say on one subject of one topic. Where only one source says something, the
other's rules on that subject are asked why not: there is none, or a condition fails, or a fact is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.advice.labels import Label, Standing
from service.advice.options import ORDERED, DrugRules, current_drugs, is_offer, strength
from service.facts.model import Fact, Facts, Registry, TokenSet, known
from service.facts.vocabulary.base import Vocabulary
from service.rules.compile import Evaluator
from service.rules.editions import of_sources
from service.rules.expression import Leaf
from service.rules.rule import Content, Rule, Source, is_under
from service.rules.verdict import Outcome, Verdict
from service.rules.why import failing, holding


class Why(StrEnum):
    """Why a source does not say what the other says."""

    SILENT_TOPIC = "silent-on-topic"
    SILENT = "silent"
    ELSEWHERE = "elsewhere"
    AGAINST = "against"
    CONDITION = "condition-fails"
    EXCLUDED = "excluded"
    CANNOT_TELL = "cannot-tell"


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule's part in a source's silence.

    ``failing``: conditions this patient does not meet, each a group of which one would do; ``excluding``: exclusions
    that hold; ``missing``: facts a verdict waits for. ``facts``: those the rule was judged by.
    """

    why: Why
    verdict: Verdict | None = None
    failing: tuple[tuple[Leaf, ...], ...] = ()
    excluding: tuple[Leaf, ...] = ()
    missing: tuple[str, ...] = ()
    facts: Facts | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One subject of one topic: the verdicts of both sources that apply; ``reasons`` of the one that says nothing.

    ``changed``: what both say differently: ``act``, ``category``, ``preference``, ``page``.
    """

    topic: str
    subject: str
    first: tuple[Verdict, ...]
    second: tuple[Verdict, ...]
    changed: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def sides(self) -> tuple[tuple[Verdict, ...], tuple[Verdict, ...]]:
        return self.first, self.second


@dataclass(frozen=True, slots=True)
class LabelItem:
    """What each source reports of the label of one drug for this patient."""

    drug: str
    first: Label
    second: Label
    facts: Facts

    @property
    def differs(self) -> bool:
        """Whether both report a label and it means something else for this patient."""
        both = Standing.NOT_STATED not in (self.first.standing, self.second.standing)
        return both and self.first.standing is not self.second.standing


@dataclass(frozen=True, slots=True)
class Tally:
    """How a source's rules about the patient came out; rules that wait for an order are not counted."""

    rules: int
    applies: int
    cannot_tell: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that two sources say of one patient, in the order of topics."""

    sources: tuple[Source, Source]
    tallies: tuple[Tally, Tally]
    recommendations: tuple[Item, ...]
    safety: tuple[Item, ...]
    labels: tuple[LabelItem, ...]
    facts: Facts


@dataclass(frozen=True, slots=True)
class _Judged:
    verdict: Verdict
    facts: Facts

    @property
    def rule(self) -> Rule:
        return self.verdict.rule

    @property
    def applies(self) -> bool:
        return self.verdict.outcome is Outcome.APPLIES


class _Side:
    """The rules of one source."""

    def __init__(self, source: Source, rules: tuple[Rule, ...], vocabulary: Vocabulary, registry: Registry):
        self.source = source
        self.rules = rules
        self._drugs = vocabulary.lookup(ORDERED)
        self._evaluator = Evaluator(rules)
        self.drug_rules = DrugRules(rules, registry.dependents(ORDERED), self._evaluator, vocabulary)
        self._plain = tuple(rule for rule in rules if rule not in self.drug_rules)

    def judged(self, facts: Facts) -> list[_Judged]:
        """Verdicts of the rules about the patient."""
        return [_Judged(verdict, facts) for verdict in self._evaluator.verdicts(self._plain, facts)]

    def asked(self, drugs: Sequence[tuple[str, ...]], facts: Facts) -> Iterator[_Judged]:
        """Verdicts of the rules about drugs, for each set of drugs that would be given together."""
        for together in drugs:
            for verdict in self.drug_rules.asked(together, facts, of_patient=True):
                yield _Judged(verdict, facts.assuming(self._ordered(together)))

    def not_asked(self, subject: str, drugs: Sequence[tuple[str, ...]], facts: Facts) -> list[_Judged]:
        """Verdicts of rules on a subject that speak about other drugs than those in question."""
        rules = [rule for rule in self.drug_rules.rules if rule.is_safety and subject in _subjects(rule)]
        assumed = facts.assuming(self._ordered([drug for together in drugs for drug in together]))
        return [_Judged(verdict, assumed) for verdict in self._evaluator.verdicts(rules, assumed)]

    def _ordered(self, words: Sequence[str]) -> Fact:
        """An order of these drugs; words that are no drug are passed over."""
        return known(ORDERED, self._drugs.token_set(filter(self._is_drug, words)))

    def _is_drug(self, word: str) -> bool:
        return self._drugs.known(word) is not None


class SameSource(ValueError):
    """A source cannot be compared with itself."""


class Comparer:
    """Compares two sources of one content, patient by patient."""

    def __init__(self, content: Content, vocabulary: Vocabulary, registry: Registry, names: tuple[str, str]):
        """``names``: ids or aliases.

        Raises:
            service.rules.editions.UnknownSource: no such source.
            SameSource: both names mean one source.
        """
        self.content = content
        first, second = (_source(content, name) for name in names)
        if first is second:
            raise SameSource(f"{names[0]!r} and {names[1]!r} are the same source, {first.id}.")
        self.sides: tuple[_Side, ...] = tuple(
            _Side(s, of_sources(content, [s.id]), vocabulary, registry) for s in (first, second)
        )
        self._order = {title: index for index, title in enumerate(dict.fromkeys(content.topics.values()))}

    def compare(self, facts: Facts) -> Comparison:
        """Both sources' answers for one patient."""
        one, two = self.sides
        plain = tuple(side.judged(facts) for side in self.sides)
        said = [j for judged in plain for j in judged if j.applies and is_offer(j.rule)]
        drugs = list(dict.fromkeys([*(j.rule.advise.subjects for j in said), *_given(facts)]))
        asked = tuple(list(side.asked(drugs, facts)) for side in self.sides)
        safety = tuple(
            _settled(j for j in (*plain[i], *asked[i]) if j.rule.is_safety) for i in range(2)
        )  # fmt: skip
        advice = tuple([j for j in judged if not j.rule.speaks_from_every_source] for judged in plain)

        def no_more(_side: _Side, _subject: str) -> list[_Judged]:
            return []

        def further(side: _Side, subject: str) -> list[_Judged]:
            return side.not_asked(subject, drugs, facts)

        return Comparison(
            (one.source, two.source),
            (_tally(plain[0]), _tally(plain[1])),
            tuple(self._items(advice, safety, no_more)),
            tuple(self._items(safety, ([], []), further)),
            tuple(self._labels(drugs, plain, facts)),
            facts,
        )

    def _items(
        self,
        judged: Sequence[list[_Judged]],
        against: Sequence[list[_Judged]],
        further: Callable[[_Side, str], list[_Judged]],
    ) -> Iterator[Item]:
        """What either says, paired; by topic, what is offered most strongly first.

        Args:
            against: warnings that may be why a source does not recommend something.
            further: rules of a source on a subject that were not judged yet, to tell why it is silent.
        """
        sides = [_by_subject(rows) for rows in judged]
        pairs = [*_pairs(sides[0], sides[1])]
        items = []
        for (topic, subject), first, second in pairs:
            reasons: tuple[Reason, ...] = ()
            if not first or not second:
                other = 0 if not first else 1
                side = self.sides[other]
                about = [one for one in judged[other] if subject in _subjects(one.rule)] or further(side, subject)
                reasons = tuple(_why(topic, subject, side, about, against[other]))
            changed = tuple(_changed(first, second)) if first and second else ()
            items.append(Item(topic, subject, first, second, changed, reasons))
        yield from sorted(items, key=self._place)

    def _place(self, item: Item) -> tuple[int, str, bool, tuple[int, int, int, str]]:
        """By title, since several topics may go under one; then offers, the strongest first."""
        title = self.content.topic_title(item.topic)
        rule = (item.first or item.second)[0].rule
        return self._order.get(title, len(self._order)), title, not is_offer(rule), strength(rule)

    def _labels(
        self, drugs: Sequence[tuple[str, ...]], plain: Sequence[list[_Judged]], facts: Facts
    ) -> Iterator[LabelItem]:
        seen: set[str] = set()
        for together in drugs:
            both = []
            for side, judged in zip(self.sides, plain, strict=True):
                asked = side.drug_rules.asked(together, facts, of_patient=True)
                both.append(side.drug_rules.labels(together, [*asked, *(j.verdict for j in judged)], facts))
            for first, second in zip(*both, strict=True):
                if first.drug not in seen and (first.verdict or second.verdict):
                    yield LabelItem(first.drug, first, second, facts)
                seen.add(first.drug)


def _why(topic: str, subject: str, side: _Side, about: list[_Judged], against: list[_Judged]) -> Iterator[Reason]:
    """Why a source does not say something: what it says elsewhere, then its rules on the same topic, the closest first."""
    for one in against:
        if one.applies and one.rule.advise.act == "avoid" and subject in _subjects(one.rule):
            yield Reason(Why.AGAINST, one.verdict, facts=one.facts)
    if not about:
        on_topic = any(is_under(rule.topic, topic) or is_under(topic, rule.topic) for rule in side.rules)
        yield Reason(Why.SILENT if on_topic else Why.SILENT_TOPIC)
    yield from sorted(map(_reason, about), key=lambda reason: _closeness(reason, topic))


def _source(content: Content, name: str) -> Source:
    of_sources(content, [name])  # tells which sources there are
    return content.source_named(name)


def _given(facts: Facts) -> Iterator[tuple[str, ...]]:
    """Drugs being taken now, and drugs being ordered."""
    current = current_drugs(facts)
    if current:
        yield current
    ordered = facts.value(ORDERED)
    if isinstance(ordered, TokenSet) and ordered.members:
        yield tuple(sorted(ordered.members))


def _tally(judged: list[_Judged]) -> Tally:
    outcomes = [one.verdict.outcome for one in judged]
    return Tally(len(outcomes), outcomes.count(Outcome.APPLIES), outcomes.count(Outcome.CANNOT_TELL))


_RANK = {Outcome.APPLIES: 0, Outcome.CANNOT_TELL: 1, Outcome.DOES_NOT_APPLY: 2}


def _settled(judged: Iterable[_Judged]) -> list[_Judged]:
    """One answer per rule: a warning that was asked about several drugs counts if it applies to one of them."""
    best: dict[str, _Judged] = {}
    for one in judged:
        known = best.get(one.rule.id)
        if known is None or _RANK[one.verdict.outcome] < _RANK[known.verdict.outcome]:
            best[one.rule.id] = one
    return list(best.values())


_Key = tuple[str, str]
_Said = dict[_Key, tuple[Verdict, ...]]


def _by_subject(judged: list[_Judged]) -> _Said:
    """What applies, by topic and subject, the strongest first."""
    found: dict[_Key, list[Verdict]] = {}
    for one in judged:
        if one.applies:
            found.setdefault((one.rule.topic, one.rule.advise.subject), []).append(one.verdict)
    return {key: tuple(sorted(rows, key=lambda verdict: strength(verdict.rule))) for key, rows in found.items()}


def _pairs(first: _Said, second: _Said) -> Iterator[tuple[_Key, tuple[Verdict, ...], tuple[Verdict, ...]]]:
    """Both sides by topic and subject; what is left over is paired where it stands under the same main topic."""
    left = {key: rows for key, rows in second.items() if key not in first}
    for key, rows in first.items():
        match = second.get(key)
        if match is None:
            near = next((k for k in left if k[1] == key[1] and _root(k) == _root(key)), None)
            match = left.pop(near) if near is not None else ()
        yield key, rows, match
    yield from ((key, (), rows) for key, rows in left.items())


def _root(key: _Key) -> str:
    return key[0].partition("/")[0]


_COMPARED: tuple[tuple[str, Callable[[Rule], object]], ...] = (
    ("act", lambda rule: rule.advise.act),
    ("category", lambda rule: rule.source.category),
    ("preference", lambda rule: rule.source.preference),
    ("page", lambda rule: rule.source.at),
)


def _changed(first: tuple[Verdict, ...], second: tuple[Verdict, ...]) -> Iterator[str]:
    for name, of in _COMPARED:
        if {of(verdict.rule) for verdict in first} != {of(verdict.rule) for verdict in second}:
            yield name


def _subjects(rule: Rule) -> tuple[str, ...]:
    return (rule.advise.subject, *rule.advise.subjects)


def _reason(one: _Judged) -> Reason:
    verdict, facts = one.verdict, one.facts
    if one.applies:
        return Reason(Why.ELSEWHERE, verdict, facts=facts)
    if verdict.outcome is Outcome.CANNOT_TELL:
        return Reason(Why.CANNOT_TELL, verdict, missing=verdict.missing, facts=facts)
    fails = tuple(failing(verdict.rule.when, facts))
    excluding = tuple(dict.fromkeys(holding(verdict.rule.unless, facts)))
    return Reason(Why.CONDITION if fails else Why.EXCLUDED, verdict, fails, excluding, facts=facts)


_NEAREST = (Why.ELSEWHERE, Why.CANNOT_TELL, Why.EXCLUDED, Why.CONDITION)  # to the patient


def _closeness(reason: Reason, topic: str) -> tuple[bool, int, int, int, str]:
    assert reason.verdict is not None
    rule = reason.verdict.rule
    same = 0 if rule.topic == topic else 1 if rule.topic.partition("/")[0] == topic.partition("/")[0] else 2
    elsewhere = reason.why is Why.ELSEWHERE
    return not elsewhere, same, _NEAREST.index(reason.why), len(reason.failing) + len(reason.missing), rule.id
