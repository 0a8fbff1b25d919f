"""How advice was taken: acceptance and override counts per rule and content version, place, reason and month."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, func, or_, select

from service.store.database import Database
from service.store.tables import FEEDBACK, TRACES

K = TypeVar("K", str, tuple[str, str])
FEWEST = 5  # answered cards below which no percentage is told: it would be chance
_LATEST = 2**62  # seconds since 1970 that never come


@dataclass(slots=True)
class Tally:
    """Some cards and what became of them. ``held_back``: times that advice was not shown, since it was overridden
    before. ``reasons``: of overrides, by ``system|code``; "" where none was given.

    A card that nobody reacted to is neither accepted nor overridden (CDS Hooks 2.0, "Feedback").
    """

    shown: int = 0
    held_back: int = 0
    accepted: int = 0
    overridden: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        return self.accepted + self.overridden

    @property
    def unanswered(self) -> int:
        return self.shown - self.answered

    @property
    def accepted_percent(self) -> int | None:
        """Of the answered; None for too few."""
        return round(100 * self.accepted / self.answered) if self.answered >= FEWEST else None

    def add(self, outcome: tuple[str, str] | None, *, held_back: bool) -> None:
        """Count one card, with the last word on it."""
        if held_back:
            self.held_back += 1
            return
        self.shown += 1
        if outcome is None:
            return
        if outcome[0] == "accepted":
            self.accepted += 1
        else:
            self.overridden += 1
            self.reasons[outcome[1]] += 1


@dataclass(frozen=True, slots=True)
class Asked:
    """Which cards are counted: those shown from ``since`` to before ``until`` (seconds since 1970), ``rule`` (an id, or
    a pattern such as ``nccn-2015-*``) being among what they rest on, by ``service`` (its id or its hook)."""

    since: int = 0
    until: int = _LATEST
    rule: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """``rules`` by rule and content, ``places`` by service and hook, ``months`` as ``2026-03`` in order.

    ``entries``: of feedback that came in that time, ``unknown``: those on cards without a trace, because it was never
    saved or its time has run out. Both are None where a rule was asked for: they tell of no rule.
    """

    asked: Asked
    total: Tally
    rules: dict[tuple[str, str], Tally]
    places: dict[tuple[str, str], Tally]
    months: dict[str, Tally]
    entries: int | None
    unknown: int | None


def report(database: Database, asked: Asked | None = None) -> Report:
    """Count the cards with the last word on each, whenever it came.

    Raises:
        StoreUnavailable: not read.
    """
    asked = asked or Asked()
    total = Tally()
    rules: dict[tuple[str, str], Tally] = {}
    places: dict[tuple[str, str], Tally] = {}
    months: dict[str, Tally] = {}
    table = TRACES.c
    shown = select(
        table.client, table.card, table.content, table.rules, table.service, table.hook, table.saved, table.held_back
    ).where(table.saved >= asked.since, table.saved < asked.until)
    if asked.service is not None:
        shown = shown.where(or_(table.service == asked.service, table.hook == asked.service))
    with database.reading() as connection:
        last = _last_words(connection)
        for trace in connection.execute(shown, execution_options={"yield_per": 1000}):
            named = dict.fromkeys(json.loads(trace.rules))
            if asked.rule is not None:
                named = {rule: None for rule in named if fnmatchcase(rule, asked.rule)}
                if not named:
                    continue
            outcome = last.get((trace.client, trace.card))
            month = datetime.fromtimestamp(trace.saved, UTC).strftime("%Y-%m")
            for tally in (
                total,
                places.setdefault((trace.service, trace.hook), Tally()),
                months.setdefault(month, Tally()),
                *(rules.setdefault((rule, trace.content), Tally()) for rule in named),
            ):
                tally.add(outcome, held_back=trace.held_back)
        entries, unknown = (None, None) if asked.rule is not None else _entries(connection, asked)
    return Report(asked, total, _sorted(rules), _sorted(places), _sorted(months), entries, unknown)


def _last_words(connection: Connection) -> dict[tuple[str, str], tuple[str, str]]:
    """By client and card what was told last: outcome and reason."""
    query = select(
        FEEDBACK.c.client, FEEDBACK.c.card, FEEDBACK.c.outcome, FEEDBACK.c.reason_system, FEEDBACK.c.reason_code
    ).order_by(FEEDBACK.c.at, FEEDBACK.c.sequence)
    return {
        (row.client, row.card): (row.outcome, f"{row.reason_system or ''}|{row.reason_code}" if row.reason_code else "")
        for row in connection.execute(query, execution_options={"yield_per": 1000})
    }


def _entries(connection: Connection, asked: Asked) -> tuple[int, int]:
    """How many entries of feedback came, and how many of them on cards without a trace."""
    came: list[ColumnElement[bool]] = [FEEDBACK.c.received >= asked.since, FEEDBACK.c.received < asked.until]
    if asked.service is not None:
        services = select(TRACES.c.service).where(TRACES.c.hook == asked.service)
        came.append(or_(FEEDBACK.c.service == asked.service, FEEDBACK.c.service.in_(services)))
    beside = FEEDBACK.outerjoin(TRACES, (FEEDBACK.c.client == TRACES.c.client) & (FEEDBACK.c.card == TRACES.c.card))
    entries = connection.execute(select(func.count()).select_from(FEEDBACK).where(*came)).scalar_one()
    orphans = select(func.count()).select_from(beside).where(*came, TRACES.c.card.is_(None))
    return entries, connection.execute(orphans).scalar_one()


def _sorted(tallies: dict[K, Tally]) -> dict[K, Tally]:
    return dict(sorted(tallies.items()))


def lines(found: Report, spelled: Callable[[str], str] = str) -> Iterator[dict[str, str | int]]:
    """The counts per rule and content as rows of a table, in the order of `COLUMNS`.

    Args:
        spelled: how the name of a reason, which is the client's text, is written.
    """
    for (rule, content), tally in found.rules.items():
        reasons = "; ".join(
            f"{spelled(name) or 'none given'}: {number}" for name, number in sorted(tally.reasons.items())
        )
        yield {
            "rule": rule,
            "content": content,
            "shown": tally.shown,
            "held_back": tally.held_back,
            "accepted": tally.accepted,
            "overridden": tally.overridden,
            "unanswered": tally.unanswered,
            "reasons": reasons,
        }


COLUMNS = ("rule", "content", "shown", "held_back", "accepted", "overridden", "unanswered", "reasons")
