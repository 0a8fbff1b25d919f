"""The rule book: all rules by topic and source, each with its verdict for this patient.

The address names a topic, a source and a kind of verdict to look for: nothing of the patient.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.book.pages import titled
from service.rules.editions import every_rule
from service.rules.rule import Content, Rule, Source
from service.smart.case import Case
from service.smart.views import Asked, NothingThere
from service.smart.views.reading import Mark, Reading


@dataclass(frozen=True, slots=True)
class Row:
    """A rule with its verdict. ``speaks``: whether its edition is in force for this patient."""

    rule: Rule
    mark: Mark
    speaks: bool
    strength: str
    source: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """The rules of a topic. ``counts``: how many of each verdict, those in force only."""

    id: str
    title: str
    rows: tuple[Row, ...]
    counts: tuple[tuple[Mark, int], ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked for; empty parts let everything pass. ``speaks``: only editions in force for this patient."""

    topic: str = ""
    source: str = ""
    verdict: str = ""
    speaks: bool = False

    def lets(self, row: Row) -> bool:
        """Whether a rule is shown."""
        return (
            self.topic in ("", row.rule.topic)
            and self.source in ("", row.rule.source.ref)
            and self.verdict in ("", row.mark)
            and (row.speaks or not self.speaks)
        )


def build(case: Case, asked: Asked) -> Mapping[str, object]:
    """Values of ``rules.html``.

    Raises:
        NothingThere: a topic, source or verdict that there is not.
    """
    if asked.part:
        raise NothingThere(asked.language.text("There is no such page."))
    content = case.engine.content
    topics, sources = _topics(content.rules, content), _sources(content)
    wanted = Filter(
        asked.one("topic"),
        asked.one("source"),
        asked.one("verdict"),
        asked.one("editions") == "in-force",
    )
    if wanted.topic and wanted.topic not in topics:
        raise NothingThere(asked.language.text("The rule book has no such topic."))
    if wanted.source and wanted.source not in {source.id for source in sources}:
        raise NothingThere(asked.language.text("The rule book has no such source."))
    if wanted.verdict and wanted.verdict not in list(Mark):
        raise NothingThere(asked.language.text("There is no such verdict."))
    every = rows(case)
    found = [row for row in every if wanted.lets(row)]
    return {
        "topics": topics,
        "sources": sources,
        "marks": tuple(str(mark) for mark in Mark),
        "wanted": wanted,
        "chapters": _chapters(found, topics),
        "number": len(found),
        "of": len(every),
        "digest": content.digest,
        "open": bool(wanted.topic or wanted.verdict),
    }


def rows(case: Case) -> tuple[Row, ...]:
    """Every rule with its verdict for this patient, worked out once."""
    engine, reading = case.engine, Reading(case)
    active = every_rule(engine.content)
    marks = {one.rule.id: reading.mark(one) for one in engine.evaluate(active, case.facts)}
    speaking = frozenset(rule.id for rule in engine.in_force(case.as_of).to(case.facts))
    return tuple(
        Row(
            rule,
            marks.get(rule.id, Mark.UNUSED),
            rule.id in speaking,
            reading.words.strength(rule),
            reading.words.source(rule),
        )
        for rule in engine.content.rules
    )


def _topics(rules: Iterable[Rule], content: Content) -> dict[str, str]:
    """Titles of topics by id, in the content's own order of their roots."""
    roots = list(dict.fromkeys(name.partition("/")[0] for name in content.topics))

    def place(topic: str) -> tuple[int, str, str]:
        root = topic.partition("/")[0]
        return roots.index(root) if root in roots else len(roots), titled(content, topic), topic

    return {topic: titled(content, topic) for topic in sorted({rule.topic for rule in rules}, key=place)}


def _sources(content: Content) -> tuple[Source, ...]:
    """Sources that have rules, the newest first."""
    used = {rule.source.ref for rule in content.rules}
    return tuple(sorted((content.sources[name] for name in used), key=lambda source: source.published, reverse=True))


def _chapters(found: Iterable[Row], topics: Mapping[str, str]) -> tuple[Chapter, ...]:
    by_topic: dict[str, list[Row]] = {}
    for row in found:
        by_topic.setdefault(row.rule.topic, []).append(row)
    order = list(Mark)
    made = []
    for topic, title in topics.items():
        own = by_topic.get(topic)
        if own:
            own.sort(key=lambda row: (not row.speaks, order.index(row.mark), row.source, row.rule.id))
            counts = Counter(row.mark for row in own if row.speaks)
            made.append(
                Chapter(topic, title, tuple(own), tuple((mark, counts[mark]) for mark in order if counts[mark]))
            )
    return tuple(made)
