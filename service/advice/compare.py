"""Several sources for one patient: what each of them says, what changed from one to another, and why one is silent.

A saying is what the rules of one source say on one subject of one topic. Where a source does not say what another says,
its rules on that subject are asked why not: there is none, or a condition fails, or a fact is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass

from service.advice.labels import Label, Standing
from service.advice.options import ORDERED, current_drugs, is_offer, strength
from service.advice.sides import Judged, Reason, Side, subjects_of, why_silent
from service.facts.model import Facts, Registry, TokenSet
from service.facts.vocabulary.base import Vocabulary
from service.rules.editions import of_sources
from service.rules.rule import Content, Rule, Source
from service.rules.verdict import Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Item:
    """One subject of one topic, in the order of the sources: of each the verdicts that apply (``sides``), or why there
    are none (``silences``). ``topic``: that of the first source that speaks.
    """

    topic: str
    subject: str
    sides: tuple[tuple[Verdict, ...], ...]
    silences: tuple[tuple[Reason, ...], ...]

    @property
    def first(self) -> tuple[Verdict, ...]:
        return self.sides[0]

    @property
    def second(self) -> tuple[Verdict, ...]:
        return self.sides[1]

    @property
    def changed(self) -> tuple[str, ...]:
        """What the first two say differently."""
        return self.changes(0, 1)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the first source that says nothing does not."""
        return next((reasons for reasons in self.silences if reasons), ())

    def changes(self, one: int, other: int) -> tuple[str, ...]:
        """What two sources that both speak say differently: ``act``, ``category``, ``preference``, ``page``."""
        first, second = self.sides[one], self.sides[other]
        return tuple(_changed(first, second)) if first and second else ()


@dataclass(frozen=True, slots=True)
class LabelItem:
    """What each source reports of the label of one drug for this patient."""

    drug: str
    labels: tuple[Label, ...]
    facts: Facts

    @property
    def first(self) -> Label:
        return self.labels[0]

    @property
    def second(self) -> Label:
        return self.labels[1]

    @property
    def differs(self) -> bool:
        """Whether sources that report a label say that it means something else for this patient."""
        return len({label.standing for label in self.labels} - {Standing.NOT_STATED}) > 1


@dataclass(frozen=True, slots=True)
class Tally:
    """How a source's rules about the patient came out; rules that wait for an order are not counted."""

    rules: int
    applies: int
    cannot_tell: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that some sources say of one patient, in the order of topics.

    ``drugs``: those that labels and warnings were asked about, each set of drugs that would be given together.
    """

    sources: tuple[Source, ...]
    tallies: tuple[Tally, ...]
    recommendations: tuple[Item, ...]
    safety: tuple[Item, ...]
    labels: tuple[LabelItem, ...]
    facts: Facts
    drugs: tuple[tuple[str, ...], ...] = ()


class SameSource(ValueError):
    """A source cannot be compared with itself."""


class Comparer:
    """Compares sources of one content, patient by patient."""

    def __init__(self, content: Content, vocabulary: Vocabulary, registry: Registry, names: Sequence[str]):
        """``names``: ids or aliases of two sources or more.

        Raises:
            service.rules.editions.UnknownSource: no such source.
            SameSource: two names mean one source.
        """
        self.content = content
        self.sides: tuple[Side, ...] = tuple(
            Side(s, of_sources(content, [s.id]), vocabulary, registry) for s in _different(content, names)
        )
        self._order = {title: index for index, title in enumerate(dict.fromkeys(content.topics.values()))}

    def among(self, names: Sequence[str]) -> Comparer:
        """A comparer of some of its sources, in this order, without preparing their rules again. Raises as above."""
        by_id = {side.source.id: side for side in self.sides}
        chosen = copy(self)
        chosen.sides = tuple(by_id[source.id] for source in _different(self.content, names))
        return chosen

    def compare(self, facts: Facts) -> Comparison:
        """The sources' answers for one patient."""
        plain = tuple(side.judged(facts) for side in self.sides)
        said = [j for judged in plain for j in judged if j.applies and is_offer(j.rule)]
        drugs = list(dict.fromkeys([*(j.rule.advise.subjects for j in said), *_given(facts)]))
        asked = tuple(list(side.asked(drugs, facts)) for side in self.sides)
        safety = tuple(
            _settled(j for j in (*own, *of_drugs) if j.rule.is_safety)
            for own, of_drugs in zip(plain, asked, strict=True)
        )
        advice = tuple([j for j in judged if not j.rule.speaks_from_every_source] for judged in plain)

        def no_more(_side: Side, _subject: str) -> list[Judged]:
            return []

        def further(side: Side, subject: str) -> list[Judged]:
            return side.not_asked(subject, drugs, facts)

        return Comparison(
            tuple(side.source for side in self.sides),
            tuple(_tally(judged) for judged in plain),
            tuple(self._items(advice, safety, no_more)),
            tuple(self._items(safety, [[] for _ in self.sides], further)),
            tuple(self._labels(drugs, plain, facts)),
            facts,
            tuple(drugs),
        )

    def _items(
        self,
        judged: Sequence[list[Judged]],
        against: Sequence[list[Judged]],
        further: Callable[[Side, str], list[Judged]],
    ) -> Iterator[Item]:
        """What any of them says, side by side; by topic, what is offered most strongly first.

        Args:
            against: warnings that may be why a source does not recommend something.
            further: rules of a source on a subject that were not judged yet, to tell why it is silent.
        """
        items = []
        for (topic, subject), row in _rows([_by_subject(rows) for rows in judged]):
            silences = []
            for side, said, own, warnings in zip(self.sides, row, judged, against, strict=True):
                reasons: tuple[Reason, ...] = ()
                if not said:
                    about = [one for one in own if subject in subjects_of(one.rule)] or further(side, subject)
                    reasons = tuple(why_silent(topic, subject, side, about, warnings))
                silences.append(reasons)
            items.append(Item(topic, subject, tuple(row), tuple(silences)))
        yield from sorted(items, key=self._place)

    def _place(self, item: Item) -> tuple[int, str, bool, tuple[int, int, int, str]]:
        """By title, since several topics may go under one; then offers, the strongest first."""
        title = self.content.topic_title(item.topic)
        rule = next(side[0].rule for side in item.sides if side)
        return self._order.get(title, len(self._order)), title, not is_offer(rule), strength(rule)

    def _labels(
        self, drugs: Sequence[tuple[str, ...]], plain: Sequence[list[Judged]], facts: Facts
    ) -> Iterator[LabelItem]:
        seen: set[str] = set()
        for together in drugs:
            told = []
            for side, judged in zip(self.sides, plain, strict=True):
                asked = side.drug_rules.asked(together, facts, of_patient=True)
                told.append(side.drug_rules.labels(together, [*asked, *(j.verdict for j in judged)], facts))
            for labels in zip(*told, strict=True):
                drug = labels[0].drug
                if drug not in seen and any(label.verdict for label in labels):
                    yield LabelItem(drug, labels, facts)
                seen.add(drug)


def _different(content: Content, names: Sequence[str]) -> Iterator[Source]:
    """The sources of these names."""
    seen: dict[str, str] = {}
    for name in names:
        of_sources(content, [name])  # tells which sources there are
        source = content.source_named(name)
        if source.id in seen:
            raise SameSource(f"{seen[source.id]!r} and {name!r} are the same source, {source.id}.")
        seen[source.id] = name
        yield source


def _given(facts: Facts) -> Iterator[tuple[str, ...]]:
    """Drugs being taken now, and drugs being ordered."""
    current = current_drugs(facts)
    if current:
        yield current
    ordered = facts.value(ORDERED)
    if isinstance(ordered, TokenSet) and ordered.members:
        yield tuple(sorted(ordered.members))


def _tally(judged: list[Judged]) -> Tally:
    outcomes = [one.verdict.outcome for one in judged]
    return Tally(len(outcomes), outcomes.count(Outcome.APPLIES), outcomes.count(Outcome.CANNOT_TELL))


_RANK = {Outcome.APPLIES: 0, Outcome.CANNOT_TELL: 1, Outcome.DOES_NOT_APPLY: 2}


def _settled(judged: Iterable[Judged]) -> list[Judged]:
    """One answer per rule: a warning that was asked about several drugs counts if it applies to one of them."""
    best: dict[str, Judged] = {}
    for one in judged:
        known = best.get(one.rule.id)
        if known is None or _RANK[one.verdict.outcome] < _RANK[known.verdict.outcome]:
            best[one.rule.id] = one
    return list(best.values())


_Key = tuple[str, str]
_Said = dict[_Key, tuple[Verdict, ...]]


def _by_subject(judged: list[Judged]) -> _Said:
    """What applies, by topic and subject, the strongest first."""
    found: dict[_Key, list[Verdict]] = {}
    for one in judged:
        if one.applies:
            found.setdefault((one.rule.topic, one.rule.advise.subject), []).append(one.verdict)
    return {key: tuple(sorted(rows, key=lambda verdict: strength(verdict.rule))) for key, rows in found.items()}


def _rows(sides: Sequence[_Said]) -> list[tuple[_Key, list[tuple[Verdict, ...]]]]:
    """All sides by topic and subject; what only some say is put together where it stands under the same main topic."""
    rows: dict[_Key, list[tuple[Verdict, ...]]] = {}
    for index, side in enumerate(sides):
        for key, said in side.items():
            rows.setdefault(key, [()] * len(sides))[index] = said
    put: list[tuple[_Key, list[tuple[Verdict, ...]]]] = []
    for key, row in rows.items():
        near = next((own for other, own in put if _go_together(other, own, key, row)), None)
        if near is None:
            put.append((key, row))
        else:
            near[:] = [one or other for one, other in zip(near, row, strict=True)]
    return put


def _go_together(
    key: _Key, row: Sequence[tuple[Verdict, ...]], other: _Key, others: Sequence[tuple[Verdict, ...]]
) -> bool:
    """Whether two rows are on one subject of one main topic, and no source speaks in both."""
    return (
        key[1] == other[1] and _root(key) == _root(other) and not any(a and b for a, b in zip(row, others, strict=True))
    )


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
