"""A comparison of two sources for a terminal of 100 columns."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import click

from service.advice.compare import Comparison, Item, LabelItem, Tally
from service.advice.explain import clean
from service.advice.labels import Label, Standing
from service.advice.options import ORDERED, is_offer
from service.advice.sides import Reason, Why
from service.advice.words import Words
from service.commands.patients import Patient
from service.facts.model import Facts
from service.rules.expression import Leaf
from service.rules.rule import Source
from service.rules.verdict import Verdict

WIDTH = 100
_MOST_REASONS = 3
_MOST_CRITERIA = 4
_STANDINGS = {
    Standing.LABELLED: "labelled for this patient",
    Standing.OPEN: "not settled",
    Standing.NOT_LABELLED: "not labelled for this patient",
    Standing.NOT_STATED: "says nothing of its label",
}


def compared(name: str, patient: Patient, found: Comparison, words: Words) -> Iterator[str]:
    """The lines for one patient."""
    return _Report(patient, found, words).lines(name)


class _Report:
    def __init__(self, patient: Patient, found: Comparison, words: Words):
        self.patient = patient
        self.found = found
        self.words = words
        short = [source.short_label for source in found.sources]
        self.names = short if short[0] != short[1] else [source.id for source in found.sources]

    def lines(self, name: str) -> Iterator[str]:
        yield click.style(f"{name} as of {self.patient.facts.as_of}", bold=True)
        if self.patient.without_all:
            yield from _wrapped(
                "  ", "The record shows no acute lymphoblastic leukemia: as a service Allcue says nothing."
            )
        for label, source, tally in zip(self.names, self.found.sources, self.found.tallies, strict=True):
            yield from self._source(label, source, tally)
        parts = (("Recommendations", self.found.recommendations), ("Safety warnings", self.found.safety))
        for title, items in parts:
            yield ""
            yield click.style(f"{title}: {self._counted(items)}", bold=True)
            for heading, group in groupby(items, key=lambda item: self.words.content.topic_title(item.topic)):
                yield from self._topic(heading, list(group))
        if self.found.labels:
            yield ""
            yield click.style(f"Labels: {self._labels_counted()}", bold=True)
            for label_item in self.found.labels:
                yield from self._labels(label_item)

    def _source(self, name: str, source: Source, tally: Tally) -> Iterator[str]:
        counts = f"{tally.applies} of {tally.rules} rules apply, {tally.cannot_tell} cannot tell"
        if not tally.rules:
            counts = "no rule of it in this content: its silence says nothing"
        yield from _wrapped("  ", f"{name}: {counts} ({source.population})")
        if source.silent_on and tally.rules:
            yield from _wrapped("    ", f"does not cover here: {'; '.join(source.silent_on)}")

    def _counted(self, items: Sequence[Item]) -> str:
        both = [item for item in items if item.first and item.second]
        parts = [
            (sum(1 for item in items if not item.second), f"only {self.names[0]}"),
            (sum(1 for item in items if not item.first), f"only {self.names[1]}"),
            (sum(1 for item in both if _changes(item)), "both, changed"),
            (sum(1 for item in both if not _changes(item)), "both alike"),
        ]
        return ", ".join(f"{count} {what}" for count, what in parts if count) or "none"

    def _topic(self, title: str, items: list[Item]) -> Iterator[str]:
        """The topics of one title; that a source is silent on all of it is said once."""
        yield click.style(title, underline=True)
        silent = [i for i in range(2) if all(not item.sides[i] and _is_off_topic(item) for item in items)]
        for side in silent:
            if self.found.tallies[side].rules:
                yield from _wrapped("  ", f"{self.names[side]}: silent on this topic")
        for item in items:
            yield from self._item(item, with_reasons=not silent)

    def _labels_counted(self) -> str:
        counts = Counter(_label_mark(item) for item in self.found.labels)
        return ", ".join(f"{counts[mark]} {mark}" for mark in _MARKS if counts[mark])

    def _item(self, item: Item, with_reasons: bool = True) -> Iterator[str]:
        changes = _changes(item)
        if item.first and item.second:
            mark, colour = (f"both, changed {' and '.join(changes)}", "yellow") if changes else ("both", "green")
        else:
            mark, colour = f"only {self.names[0 if item.first else 1]}", "cyan"
        yield from _wrapped("  ", f"{item.subject}: {mark}", colour)
        for name, side in zip(self.names, item.sides, strict=True):
            for verdict in side:
                yield from _wrapped("    ", f"{name}: {self._said(verdict, item.topic)}")
        other = self.names[0] if not item.first else self.names[1]
        if not with_reasons:
            return
        for reason in item.reasons[:_MOST_REASONS]:
            yield from _wrapped("    ", f"{other}: {self._reason(reason, item)}")
        if len(item.reasons) > _MOST_REASONS:
            yield from _wrapped(
                "    ", f"{other}: further rules that do not apply: {len(item.reasons) - _MOST_REASONS}"
            )

    def _said(self, verdict: Verdict, topic: str) -> str:
        rule = verdict.rule
        regimen = rule.advise.regimen
        if regimen and _plain(regimen) == _plain(rule.advise.subject):
            regimen = None
        title = None if is_offer(rule) else rule.title
        parts = [rule.advise.act, title or regimen, self.words.strength(rule) or None, rule.source.at]
        if rule.topic != topic:
            parts.append(f"under “{self.words.content.topic_title(rule.topic)}”")
        if verdict.unchecked:
            parts.append(f"not checked: {'; '.join(map(self.words.label, verdict.unchecked))}")
        return ", ".join(part for part in parts if part)

    def _reason(self, reason: Reason, item: Item) -> str:
        if reason.why is Why.SILENT_TOPIC:
            return f"silent on {item.subject}, and on the topic as a whole"
        if reason.verdict is None:
            return f"silent on {item.subject}"
        rule, where = reason.verdict.rule, reason.verdict.rule.source.at
        topic = self.words.content.topic_title(rule.topic)
        under = f", under “{topic}”" if rule.topic != item.topic and reason.why is not Why.AGAINST else ""
        match reason.why:
            case Why.AGAINST:
                return f"warns against it: {rule.title} ({where})"
            case Why.ELSEWHERE:
                return f"says it under “{topic}” ({rule.advise.act}, {where})"
            case Why.CANNOT_TELL:
                return f"cannot tell ({where}{under}): needs {self._labels_of(reason.missing)}"
            case Why.EXCLUDED:
                return f"excludes this patient ({where}{under}): {self._held(reason.excluding, reason.facts)}"
            case _:
                asked = [self._criteria(group, reason.facts, " or ") for group in reason.failing]
                return f"says it for other patients ({where}{under}): {'; '.join(asked)}"

    def _labels_of(self, names: Iterable[str]) -> str:
        return "; ".join(map(self.words.label, names))

    def _criteria(self, lines: Sequence[Leaf], facts: Facts | None, between: str = "; ") -> str:
        """Criteria in English, each fact with what this patient has."""
        shown = between.join(self.words.criterion(leaf.criterion) for leaf in lines[:_MOST_CRITERIA])
        if len(lines) > _MOST_CRITERIA:
            shown += f" and {len(lines) - _MOST_CRITERIA} more"
        names = dict.fromkeys(leaf.criterion.fact for leaf in lines)
        several = len(names) > 1
        has = [
            f"{self.words.label(name)} {self._value(name, facts)}" if several else self._value(name, facts)
            for name in names
            if facts is not None and name != ORDERED  # an order is only assumed here
        ]
        return f"{shown} (here: {', '.join(has)})" if has else shown

    def _held(self, lines: Sequence[Leaf], facts: Facts | None) -> str:
        """Facts of exclusions, with what this patient has."""
        names = dict.fromkeys(leaf.criterion.fact for leaf in lines)
        shown = [f"{self.words.label(name)}: {self._value(name, facts)}" for name in names if facts is not None]
        return "; ".join(shown)

    def _value(self, name: str, facts: Facts) -> str:
        fact = facts[name]
        newest = max((seen.date or "" for seen in fact.provenance), default="")
        return clean(self.words.value(fact)) + (f", {newest[:10]}" if newest else "")

    def _labels(self, item: LabelItem) -> Iterator[str]:
        mark = _label_mark(item)
        yield from _wrapped("  ", f"{item.drug}: {mark}", _MARKS[mark])
        for name, label in zip(self.names, (item.first, item.second), strict=True):
            yield from _wrapped("    ", f"{name}: {self._label(label, item.facts)}")

    def _label(self, label: Label, facts: Facts) -> str:
        said = _STANDINGS[label.standing]
        if label.verdict is None:
            return said
        rule = label.verdict.rule
        why = [self._criteria(group, facts) for group in label.failing]
        why += [f"not with {self._held([leaf], facts)}" for leaf in label.excluding]
        if label.standing is Standing.OPEN:
            why = [f"needs {self._labels_of(label.missing)}"]
        return f"{said} ({rule.source.at}){': ' + '; '.join(why) if why else ''}"


_MARKS = {"different": "yellow", "alike": "green", "reported by one only": "cyan"}


def _label_mark(item: LabelItem) -> str:
    if Standing.NOT_STATED in (item.first.standing, item.second.standing):
        return "reported by one only"
    return "different" if item.differs else "alike"


def _is_off_topic(item: Item) -> bool:
    return all(reason.why is Why.SILENT_TOPIC for reason in item.reasons)


def _plain(text: str) -> str:
    return text.lower().replace("-", " ")


def _changes(item: Item) -> list[str]:
    """What changed beside the page, which seldom stays."""
    return [name for name in item.changed if name != "page"]


def _wrapped(indent: str, text: str, colour: str | None = None) -> Iterator[str]:
    for line in textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}    ", break_on_hyphens=False
    ):
        yield click.style(line, fg=colour) if colour else line
