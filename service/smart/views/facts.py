"""Every fact of the record with its source resource and date, and every unknown with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.advice.explain import (
    Explained,
    Explainer,
    Seen,
    clean,
    remedy,
    said,
    shortened,
    what_to_send,
)
from service.advice.words import LONGEST, WHY
from service.facts.model import Reason
from service.facts.vocabulary.base import Vocabulary
from service.smart.case import Case
from service.smart.plain import SUPPOSED, explainer
from service.smart.views import Asked
from service.smart.views.resources import aside, coverage, resources

# Why a fact is unknown although something was found: what somebody may want to put right comes before all others.
FIRST = (
    Reason.CONFLICTING, Reason.IMPLAUSIBLE, Reason.UNIT, Reason.UNREADABLE, Reason.UNDATED, Reason.SET_ASIDE, Reason.STALE,
)  # fmt: skip
_MOST_FOLLOWED = 6


@dataclass(frozen=True, slots=True)
class Place:
    """One place where a fact was read. ``id``: of the resource on the page; empty where it is none of the record."""

    resource: str
    id: str
    date: str
    code: str
    found: str
    marks: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Row:
    """One fact. Texts are English but for what the record says. ``id``: of its place on the page.

    ``why``: why it is unknown, a value of `service.advice.words.WHY`; empty of a known one. ``rule``, ``where``: what the
    reader does, and the file it stands in. ``rests_on`` and ``follows``: (id, label, value) of facts it was, or could be,
    concluded from. ``send``: what would answer it.
    """

    id: str
    name: str
    label: str
    value: str
    date: str
    marks: tuple[str, ...]
    places: tuple[Place, ...]
    detail: str
    rule: str
    where: str
    rests_on: tuple[tuple[str, str, str], ...]
    why: str = ""
    send: str = ""
    follows: tuple[tuple[str, str, str], ...] = ()
    supposed: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """The facts of one group of the vocabulary."""

    id: str
    name: str
    known: tuple[Row, ...]
    unknown: tuple[Row, ...]


def build(case: Case, asked: Asked) -> Mapping[str, object]:  # noqa: ARG001
    """Values of ``facts.html``."""
    explain = explainer(case)
    names = every_name(case.engine.vocabulary)
    ids = {name: f"fact-{number}" for number, name in enumerate(names)}
    found = [explain.of(name) for name in names]
    read: dict[str, dict[tuple[str, str], None]] = {}
    for one in found:
        for seen in one.seen:
            read.setdefault(seen.resource, {})[ids[one.name], one.label] = None
    shown, further = resources(case, read)
    at = {resource.reference: resource.id for resource in shown}
    rows = [(one, _row(one, explain, ids, at)) for one in found]
    return {
        "groups": _groups(rows),
        "first": _first(rows),
        "known": sum(one.fact.known for one in found),
        "unknown": sum(not one.fact.known for one in found),
        "resources": shown,
        "further": further,
        "coverage": coverage(case),
        "aside": aside(case),
    }


def every_name(vocabulary: Vocabulary) -> tuple[str, ...]:
    """The names of all facts, those with kinds once for each kind."""
    return tuple(
        name for kind in vocabulary for name in ([f"{kind.name}({p})" for p in kind.parameters] or [kind.name])
    )


def _first(rows: Iterable[tuple[Explained, Row]]) -> tuple[tuple[str, tuple[Row, ...]], ...]:
    """What was found and could not be used, by the reason."""
    by_reason = {reason: tuple(row for one, row in rows if one.fact.reason is reason) for reason in FIRST}
    return tuple((WHY[str(reason)], found) for reason, found in by_reason.items() if found)


def _groups(rows: Iterable[tuple[Explained, Row]]) -> tuple[Group, ...]:
    by_name: dict[str, list[tuple[Explained, Row]]] = {}
    for one, row in rows:
        by_name.setdefault(one.kind.group, []).append((one, row))
    return tuple(
        Group(
            f"group-{number}",
            name,
            tuple(row for one, row in found if one.fact.known),
            tuple(row for one, row in found if not one.fact.known),
        )
        for number, (name, found) in enumerate(by_name.items())
    )


def _row(one: Explained, explain: Explainer, ids: Mapping[str, str], at: Mapping[str, str]) -> Row:
    fact, provider = one.fact, one.provider
    places = tuple(_place(seen, at) for seen in one.seen)
    row = Row(
        ids[one.name], one.name, one.label, one.value,
        max((place.date for place in places), default=""),
        tuple(dict.fromkeys(mark for place in places for mark in place.marks)),
        places, clean(fact.detail or ""),
        provider.rule if provider else "", provider.place if provider else "",
        _named(one.rests_on, explain, ids),
        supposed=any(place.resource == SUPPOSED for place in places),
    )  # fmt: skip
    if fact.known:
        return row
    asked = one.answers.asked or ""
    send = "" if asked else ": ".join(filter(None, (remedy(one), what_to_send(one.name, explain.sources))))
    follows = [name for name in one.answers.follows_from if name in ids and not explain.found[name].known]
    return Row(
        row.id, row.name, row.label, row.value, row.date, row.marks, row.places,
        row.detail or asked, row.rule, row.where, row.rests_on,
        WHY[str(fact.reason)], send, () if asked else _named(follows[:_MOST_FOLLOWED], explain, ids), row.supposed,
    )  # fmt: skip


def _named(names: Iterable[str], explain: Explainer, ids: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    words, facts = explain.words, explain.found
    return tuple(
        (ids[name], words.label(name), shortened(words.value(facts[name]), LONGEST)) for name in names if name in ids
    )


def _place(seen: Seen, at: Mapping[str, str]) -> Place:
    return Place(
        clean(seen.resource),
        at.get(seen.resource, ""),
        clean(seen.date or ""),
        said(seen.coding) if seen.coding else "",
        shortened(seen.found or "", LONGEST),
        seen.marks,
        clean(seen.note or ""),
    )
