"""What each edition says of one subject: rows of the comparison, and why an edition is silent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from service.advice.compare import Comparison, Item
from service.advice.engine import Engine
from service.advice.options import is_offer
from service.advice.sides import Reason, Why
from service.facts.model import Facts
from service.rules.criterion import Criterion
from service.rules.editions import every_rule
from service.rules.rule import Source
from service.rules.verdict import Verdict
from service.smart.case import Case
from service.smart.plain import plain_words
from service.smart.views.in_force import Answering, InForce, Period
from service.smart.views.said import Cited, Need, Seen, cited, needed, of_an_order, seen

_MOST_REASONS = 2  # told of one silence; the closest to the patient come first
_MOST_LINES = 4  # of an "any of"


@dataclass(frozen=True, slots=True)
class Silence:
    """One rule's part in why an edition does not say it: ``why`` as `service.advice.sides.Why`. ``asks``: conditions that
    fail; ``here``: what the patient has instead, or what excludes; ``needs``: facts it waits for. ``topic``: where the
    rule stands, if elsewhere.
    """

    why: str
    cited: Cited | None = None
    topic: str = ""
    asks: tuple[str, ...] = ()
    here: tuple[Seen, ...] = ()
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True)
class Saying:
    """``topic``: where it stands, if not under that of the row. ``unchecked``: facts it is said without."""

    cited: Cited
    regimen: str
    topic: str
    unchecked: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One edition on one subject. ``open``: whether it cannot be told if it says it: a rule of it on the subject, under the
    same main topic, waits for facts. ``in_force``: whether it answers this topic for the patient today. ``changed``: what it
    says otherwise than the edition before it that speaks.
    """

    says: tuple[Saying, ...]
    silent: tuple[Silence, ...]
    further: int
    open: bool
    in_force: bool
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One subject. ``offer``: whether it is a treatment that is offered."""

    subject: str
    offer: bool
    cells: tuple[Cell, ...]
    item: Item


@dataclass(frozen=True, slots=True)
class Section:
    """The subjects of a topic. ``blank``: the places of editions that have no rule on it at all. ``answering``: who answers it for this patient
    today, ``history`` since when who did; neither where safety is compared, which speaks from every source.
    """

    title: str
    lines: tuple[Line, ...]
    blank: frozenset[int]
    answering: tuple[Answering, ...] = ()
    history: tuple[Period, ...] = ()

    @property
    def offers(self) -> bool:
        """Whether a treatment is offered under it."""
        return any(line.offer for line in self.lines)


class Lines:
    """Makes sections of a comparison."""

    def __init__(self, case: Case, found: Comparison, policy: InForce):
        self._case, self._found, self._policy = case, found, policy
        self._words, self._content = plain_words(case.engine), case.engine.content

    def sections(self, items: Iterable[Item], *, safety: bool = False) -> tuple[Section, ...]:
        """The items by topic."""
        grouped = groupby(items, key=lambda item: self._content.topic_title(item.topic))
        return tuple(self._section(title, list(group), safety) for title, group in grouped)

    def _section(self, title: str, items: list[Item], safety: bool) -> Section:
        said = {item.topic for item in items} | {v.rule.topic for i in items for side in i.sides for v in side}
        topics = {topic for topic in said if self._content.topic_title(topic) == title}
        lines = tuple(self._line(item) for item in items)
        blank = frozenset(
            index
            for index, source in enumerate(self._found.sources)
            if title not in titles_of(self._case.engine).get(source.id, ())
            and not any(line.cells[index].says or line.cells[index].open for line in lines)
        )
        answering = () if safety else self._policy.answering(topics)
        return Section(
            title,
            lines,
            blank,
            answering,
            () if safety else self._policy.history(topics),
        )  # fmt: skip

    def _line(self, item: Item) -> Line:
        said = next(side[0] for side in item.sides if side)
        cells = tuple(
            self._cell(item, index, source) for index, source in enumerate(self._found.sources)
        )  # fmt: skip
        return Line(name_of(item), is_offer(said.rule), cells, item)

    def _cell(self, item: Item, index: int, source: Source) -> Cell:
        before = next((i for i in reversed(range(index)) if item.sides[i]), None)
        changed = [] if before is None else [c for c in item.changes(before, index) if c != "page"]
        topics = {verdict.rule.topic for verdict in item.sides[index]} or {item.topic}
        reasons = sorted(item.silences[index], key=lambda reason: not _is_open(reason, item))
        return Cell(
            tuple(self._saying(verdict, item) for verdict in item.sides[index]),
            tuple(self._silence(reason, item) for reason in reasons[:_MOST_REASONS]),
            max(0, len(reasons) - _MOST_REASONS),
            any(_is_open(reason, item) for reason in reasons),
            any(source.id in self._policy.answer(topic) for topic in topics),
            tuple(changed),
        )

    def _saying(self, verdict: Verdict, item: Item) -> Saying:
        rule = verdict.rule
        regimen = (rule.advise.regimen or "") if is_offer(rule) else rule.title
        return Saying(
            cited(rule, self._words),
            "" if _plain(regimen) == _plain(name_of(item)) else regimen,
            self._elsewhere(rule.topic, item),
            tuple(needed(name, self._case.facts, self._case.engine) for name in verdict.unchecked),
        )

    def _elsewhere(self, topic: str, item: Item) -> str:
        title = self._content.topic_title(topic)
        return "" if title == self._content.topic_title(item.topic) else title

    def _silence(self, reason: Reason, item: Item) -> Silence:
        if reason.verdict is None:
            return Silence(str(reason.why))
        rule, facts = reason.verdict.rule, reason.facts or self._case.facts
        leaves = [leaf for group in reason.failing for leaf in group] or list(reason.excluding)
        return Silence(
            str(reason.why),
            cited(rule, self._words),
            "" if reason.why is Why.AGAINST else self._elsewhere(rule.topic, item),
            tuple(self._group([leaf.criterion for leaf in group]) for group in reason.failing),
            self._here([leaf.criterion.fact for leaf in leaves], facts),
            tuple(needed(name, facts, self._case.engine) for name in reason.missing),
        )

    def _group(self, criteria: Sequence[Criterion]) -> str:
        lines = list(dict.fromkeys(self._words.criterion(one) for one in criteria))
        more = f", or {len(lines) - _MOST_LINES} more" if len(lines) > _MOST_LINES else ""
        return " or ".join(lines[:_MOST_LINES]) + more

    def _here(self, names: Iterable[str], facts: Facts) -> tuple[Seen, ...]:
        """What the patient has; an order is only supposed here."""
        told = [name for name in dict.fromkeys(names) if not of_an_order(name, self._words)]
        return tuple(seen(facts[name], self._words) for name in told)


def name_of(item: Item) -> str:
    """What a subject is called: as the newest source that offers it calls it."""
    offers = [verdict.rule for side in reversed(item.sides) for verdict in side if is_offer(verdict.rule)]
    return (offers[0].advise.regimen or item.subject) if offers else item.subject.replace("-", " ")


def _is_open(reason: Reason, item: Item) -> bool:
    """Whether a source may still say it once facts are known. A warning against it settles nothing of that."""
    if reason.why is not Why.CANNOT_TELL or reason.verdict is None:
        return False
    return reason.verdict.rule.topic.partition("/")[0] == item.topic.partition("/")[0]


@lru_cache(maxsize=4)
def titles_of(engine: Engine) -> Mapping[str, frozenset[str]]:
    """The titles of the topics that each source has rules on."""
    found: dict[str, set[str]] = {}
    for rule in every_rule(engine.content):
        found.setdefault(rule.source.ref, set()).add(engine.content.topic_title(rule.topic))
    return {source: frozenset(titles) for source, titles in found.items()}


def _plain(text: str) -> str:
    return text.lower().replace("-", " ")
