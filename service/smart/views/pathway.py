"""The pathway: the rules of a topic as a tree with this patient's way through it.

The address names a topic, a source and whether all branches are shown: nothing of the patient.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from service.advice.model import Options
from service.book.pages import titled
from service.rules.editions import Speaking, every_rule
from service.rules.interpret import find
from service.rules.rule import Content, Rule
from service.rules.verdict import Outcome, Verdict
from service.smart.case import Case
from service.smart.draw.pathway import drawn
from service.smart.views import Asked, NothingThere
from service.smart.views.reading import Mark, Reading
from service.smart.views.way import Branch, way

_MATTERS = (Outcome.APPLIES, Outcome.CANNOT_TELL)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic to choose. ``applies``, ``open``: how many of the rules in force apply, and cannot tell."""

    id: str
    title: str
    applies: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True)
class Edition:
    """A source that has rules on the topic. ``in_force``: how many of them are in force for this patient; ``may_be``: how
    many are while it is not known which edition answers. ``link``: the query that chooses it."""

    id: str
    label: str
    rules: int
    in_force: int
    may_be: int
    link: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How the rules of a picture came out; ``unchecked`` are among those that apply."""

    applies: int
    cannot_tell: int
    of_order: int
    excluded: int
    no: int


def build(case: Case, asked: Asked) -> Mapping[str, object]:
    """Values of ``pathway.html``.

    Raises:
        NothingThere: a topic or source that the content does not have, or has nothing of.
    """
    if asked.part:
        raise NothingThere(asked.language.text("There is no such page."))
    content, verdicts = case.engine.content, case.answer.verdicts
    now = topics_now(content, verdicts)
    everything = asked.one("show") == "all"
    values: dict[str, object] = {
        "now": now,
        "others": _others(content, now),
        "everything": everything,
        "root": None,
    }
    topic = asked.one("topic") or _first_topic(case, now)
    if not topic:
        return values
    by_source = _by_source(content, topic)
    if not by_source:
        raise NothingThere(asked.language.text("The rule book has no such topic."))
    speaking = case.engine.in_force(case.as_of)
    editions = {name: _edition(topic, name, own, case, speaking) for name, own in by_source.items()}
    in_force = {name for name, edition in editions.items() if edition.in_force or edition.may_be}
    source = asked.one("source") or _first_source(case, topic, by_source, in_force)
    if source not in by_source:
        raise NothingThere(asked.language.text("This source has no rules on this topic."))
    rules = by_source[source]
    reading = Reading(case)
    root = way(rules, {verdict.rule.id: verdict for verdict in case.engine.evaluate(rules, case.facts)}, reading)
    title = titled(content, topic)
    everything_at = "?" + urlencode({"topic": topic, "source": source, "show": "all"})
    return values | {
        "root": root,
        "topic": topic,
        "topic_title": title,
        "source": content.sources[source],
        "editions": tuple(editions.values()),
        "edition": editions[source],
        "decides_edition": reading.gaps(sorted(speaking.waiting_for(case.facts))) if editions[source].may_be else (),
        "everything_link": everything_at,
        "less_link": "?" + urlencode({"topic": topic, "source": source}),
        "picture": drawn(root, title, asked.language, "" if everything else everything_at, content.sources[source].short_label),
        "tally": tally(root),
        "stops": tuple({gap.name: gap for said in root.stops() for gap in said.missing if not gap.of_order}.values()),
    }  # fmt: skip


def topics_now(content: Content, verdicts: Sequence[Verdict]) -> tuple[Topic, ...]:
    """The topics that matter for a patient: those of rules in force that apply or cannot tell, by name."""
    applies = Counter(verdict.rule.topic for verdict in verdicts if verdict.outcome is Outcome.APPLIES)
    waits = Counter(verdict.rule.topic for verdict in verdicts if verdict.outcome is Outcome.CANNOT_TELL)
    found = [Topic(name, titled(content, name), applies[name], waits[name]) for name in {*applies, *waits}]
    return tuple(sorted(found, key=lambda topic: (_place(content, topic.id), topic.title, topic.id)))


def tally(root: Branch) -> Tally:
    """How the rules of a tree came out."""
    marks = Counter(end.mark for end in root.all_ends())
    return Tally(
        marks[Mark.APPLIES] + marks[Mark.UNCHECKED], marks[Mark.CANNOT_TELL], marks[Mark.OF_ORDER],
        marks[Mark.EXCLUDED], marks[Mark.NO],
    )  # fmt: skip


def _others(content: Content, now: Sequence[Topic]) -> tuple[Topic, ...]:
    """All other topics of the rule book."""
    known = {topic.id for topic in now}
    names = {rule.topic for rule in every_rule(content)} - known
    found = [Topic(name, titled(content, name)) for name in names]
    return tuple(sorted(found, key=lambda topic: (_place(content, topic.id), topic.title, topic.id)))


def _place(content: Content, topic: str) -> int:
    """Where a topic stands in the content's own order of topics."""
    roots = list(dict.fromkeys(name.partition("/")[0] for name in content.topics))
    root = topic.partition("/")[0]
    return roots.index(root) if root in roots else len(roots)


def _by_source(content: Content, topic: str) -> dict[str, tuple[Rule, ...]]:
    """The active rules of a topic by source, the newest first."""
    found: dict[str, list[Rule]] = {}
    for rule in every_rule(content):
        if rule.topic == topic:
            found.setdefault(rule.source.ref, []).append(rule)
    newest = sorted(found, key=lambda name: content.sources[name].published, reverse=True)
    return {name: tuple(found[name]) for name in newest}


def _edition(topic: str, name: str, rules: Sequence[Rule], case: Case, speaking: Speaking) -> Edition:
    own = [rule for rule in speaking.to(case.facts) if rule in rules]
    sure = sum(
        any(find(turn.population.when, case.facts, True).truth is True for turn in speaking.turns[rule])
        for rule in own
        if rule in speaking.turns
    )
    turned = sum(rule in speaking.turns for rule in own)
    label = case.engine.content.sources[name].short_label
    link = "?" + urlencode({"topic": topic, "source": name})
    return Edition(name, label, len(rules), len(own) - turned + sure, turned - sure, link)


def _first_topic(case: Case, now: Sequence[Topic]) -> str:
    """The topic of the first choice on the cards, else that on which most applies, else one that waits."""
    choice = next((item for item in case.answer.advice if isinstance(item, Options)), None)
    if choice is not None:
        return choice.topic
    best = max(now, key=lambda topic: (topic.applies, topic.open), default=None)
    return best.id if best else ""


def _first_source(case: Case, topic: str, by_source: Mapping[str, Sequence[Rule]], in_force: set[str]) -> str:
    """The edition in force of which most rules apply or may, else the newest."""
    counts = Counter(
        verdict.rule.source.ref
        for verdict in case.answer.verdicts
        if verdict.rule.topic == topic and verdict.outcome in _MATTERS
    )
    return max(
        by_source, key=lambda name: (name in in_force, counts[name], case.engine.content.sources[name].published)
    )
