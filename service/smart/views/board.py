"""One or two pages for the tumor board, made for printing: it says what the other pages say, in short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from service import __version__
from service.advice.options import is_offer
from service.advice.words import one_line
from service.rules.verdict import Outcome
from service.smart.case import Case
from service.smart.views import Asked, options
from service.smart.views.beside import Beside
from service.smart.views.course import course_of
from service.smart.views.figures import figures, power
from service.smart.views.key_facts import key_facts
from service.smart.views.mrd import mrd_of
from service.smart.views.option_rows import Caution, LabelRow, Reason, Row, RuledOut
from service.smart.views.options import Choice
from service.smart.views.overview import iso
from service.smart.views.said import Cited, Need
from service.smart.views.treatments import Lane, treatments_of

IN_FULL = 7  # options of a choice that have a row; further ones have a line
MRD_SHOWN = 6  # newest results; the chart has all
_NOW = ("ongoing", "doubtful", "ordered", "planned", "unclear")
_FROM_OPTIONS = (
    "choices",
    "beside",
    "gaps",
    "region",
    "undiagnosed",
    "incomplete",
    "unread_types",
)  # of the options page
_COURSE = ("diagnosis", "disease_state", "treatment_phase")  # facts that the course begins with
_TOLD = (*_COURSE, "diagnosis_date")  # and the one that its first mark tells


@dataclass(frozen=True, slots=True)
class Named:
    """A fact by its label, with the kinds of it that are meant: a toxicity's grade for several toxicities is one."""

    label: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A source that something on the sheet is cited from; its pages stand beside what they say."""

    label: str
    citation: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds of the labels of some drugs of an option alike. ``drugs``: none where it holds of all. ``needs``: facts it
    waits for, or that were not checked."""

    standing: str
    drugs: tuple[str, ...]
    needs: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One option, in short. ``cautions``: their numbers in the list below the options."""

    row: Row
    labels: tuple[Standing, ...]
    unchecked: tuple[Named, ...]
    may_forbid: tuple[Named, ...]
    cautions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Aside:
    """Resources that were not used, for one reason."""

    reason: str
    references: tuple[str, ...]


def build(case: Case, asked: Asked) -> Mapping[str, object]:
    """Values of ``board.html``."""
    said = options.build(case, Asked(asked.language))
    treatments, mrd = treatments_of(case.record, case.as_of), mrd_of(case.record)
    facts = key_facts(case, asked.language)
    choices = cast(tuple[Choice, ...], said["choices"])
    lines, cautions = _lines(choices)
    results = {"cells": mrd.cells, "international": mrd.international, "transcripts": mrd.transcripts}
    return {
        **{name: said[name] for name in _FROM_OPTIONS},
        "ruled_out": {choice.key: tuple(_alike(choice.ruled_out)) for choice in choices},
        "waiting": sum(v.outcome is Outcome.CANNOT_TELL and is_offer(v.rule) for v in case.answer.verdicts),
        "course": course_of(case.record, case.as_of),
        "facts": tuple(
            one for one in facts if one.name not in _TOLD or (one.name == "diagnosis_date" and not one.value)
        ),
        "disease": tuple(one for one in facts if one.name in _COURSE),
        "before": tuple(_past(treatments.lanes)),
        "lines": lines,
        "in_full": IN_FULL,
        "cautions": cautions,
        "now": tuple(_present(treatments.lanes)),
        "beside_leukemia": tuple(_present(treatments.others)),
        "nameless": treatments.nameless,
        "mrd": {name: rows[:MRD_SHOWN] for name, rows in results.items() if rows},
        "mrd_more": {name: max(0, len(rows) - MRD_SHOWN) for name, rows in results.items()},
        "asides": _asides(case),
        "documents": _documents(case, choices, cast(Beside, said["beside"])),
        "version": __version__,
        "content": case.engine.content.digest,
        "iso": iso,
        "figures": lambda value: figures(value, asked.language),
        "power": lambda value: power(value, asked.language),
    }


def _present(lanes: Iterable[Lane]) -> Iterator[Lane]:
    """Drugs that are, or may be, being given, and those to come."""
    for lane in lanes:
        bars = tuple(bar for bar in lane.bars if bar.status in _NOW)
        if bars:
            yield Lane(lane.drug, lane.intrathecal, bars)


def _alike(ruled_out: Iterable[RuledOut]) -> Iterator[tuple[tuple[str, ...], tuple[Reason, ...]]]:
    """Options that are ruled out, those for the same reasons together: names and reasons."""
    groups: dict[object, tuple[list[str], tuple[Reason, ...]]] = {}
    for one in ruled_out:
        key = tuple((r.warning, r.cited.text if r.warning else "", r.cited.source, r.facts) for r in one.reasons)
        groups.setdefault(key, ([], one.reasons))[0].append(one.name)
    for names, reasons in groups.values():
        yield tuple(names), reasons


def _past(lanes: Iterable[Lane]) -> Iterator[Lane]:
    """Drugs that were given."""
    for lane in lanes:
        bars = tuple(bar for bar in lane.bars if bar.status == "given")
        if bars:
            yield Lane(lane.drug, lane.intrathecal, bars)


def _asides(case: Case) -> tuple[Aside, ...]:
    by_reason: dict[str, list[str]] = {}
    for one in case.record.set_aside:
        by_reason.setdefault(one_line(one.reason), []).append(one_line(one.reference))
    return tuple(Aside(reason, tuple(found)) for reason, found in by_reason.items())


def _documents(case: Case, choices: tuple[Choice, ...], beside: Beside) -> tuple[Document, ...]:
    """The sources of everything cited, the newest first."""
    content = case.engine.content
    ids = {one.rule for one in _cited(choices, beside)}
    found = {content.sources[rule.source.ref] for rule in content.rules if rule.id in ids}
    newest = sorted(found, key=lambda source: (-source.published.toordinal(), source.id))
    return tuple(Document(source.short_label, source.citation) for source in newest)


def _lines(choices: Iterable[Choice]) -> tuple[Mapping[str, tuple[Line, ...]], tuple[Caution, ...]]:
    """The options of each choice by its key; and all their cautions, each said once and known by its number."""
    numbers: dict[tuple[str, str], int] = {}
    every: list[Caution] = []
    lines: dict[str, tuple[Line, ...]] = {}
    for choice in choices:
        made = []
        for row in choice.rows:
            own = set()
            for one in row.holding:
                key = (one.text, one.cited.rule if one.cited else "")
                if key not in numbers:
                    every.append(one)
                    numbers[key] = len(every)
                own.add(numbers[key])
            labels = tuple(_standings(row.labels))
            made.append(Line(row, labels, _named(row.unchecked), _named(row.may_forbid), tuple(sorted(own))))
        lines[choice.key] = tuple(made)
    return lines, tuple(every)


def _named(needs: Iterable[Need]) -> tuple[Named, ...]:
    found: dict[str, list[str]] = {}
    for one in needs:
        label, _, kind = one.label.partition(": ")
        found.setdefault(label, []).extend([kind] if kind else [])
    return tuple(Named(label, tuple(dict.fromkeys(kinds))) for label, kinds in found.items())


def _standings(labels: tuple[LabelRow, ...]) -> Iterator[Standing]:
    alike: dict[tuple[str, tuple[Named, ...]], list[str]] = {}
    for one in labels:
        alike.setdefault((one.standing, _named(one.needs)), []).append(one.drug)
    for (standing, needs), drugs in alike.items():
        yield Standing(standing, tuple(drugs) if len(alike) > 1 else (), needs)


def _cited(choices: Iterable[Choice], beside: Beside) -> Iterator[Cited]:
    """All rules that the sheet cites."""
    for choice in choices:
        for row in choice.rows:
            yield from row.cited
            yield from (label.cited for label in row.labels if label.cited is not None)
            yield from (caution.cited for caution in row.cautions if caution.cited is not None)
        for out in choice.ruled_out:
            yield from (reason.cited for reason in out.reasons)
    for warned in beside.warnings:
        yield from warned.cited
    yield from (*beside.tests, *beside.safety, *beside.supportive, *beside.referrals)
