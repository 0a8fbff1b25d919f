"""How advice was taken: acceptance and override counts per rule and content version."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import func, select

from service.store.database import Database
from service.store.tables import FEEDBACK, TRACES


@dataclass(slots=True)
class Count:
    """The cards of one rule in one content. ``reasons``: of overrides, by ``system|code``; "" where none was given.

    A card that nobody reacted to is neither accepted nor overridden (CDS Hooks 2.0, "Feedback").
    """

    rule: str
    content: str
    shown: int = 0
    accepted: int = 0
    overridden: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        return self.accepted + self.overridden


@dataclass(frozen=True, slots=True)
class Report:
    """``counts`` by rule and content. ``cards``: traces counted. ``entries``: of feedback, ``unknown``: those on
    cards without a trace, because it was never saved or its time has run out."""

    counts: tuple[Count, ...]
    cards: int
    entries: int
    unknown: int


def report(database: Database, since: int = 0) -> Report:
    """Count, for cards shown since a moment (seconds since 1970), the last word on each.

    Raises:
        StoreUnavailable: not read.
    """
    with database.reading() as connection:
        last: dict[tuple[str, str], tuple[str, str]] = {}
        query = select(FEEDBACK).where(FEEDBACK.c.received >= since).order_by(FEEDBACK.c.at, FEEDBACK.c.sequence)
        for row in connection.execute(query):
            why = f"{row.reason_system or ''}|{row.reason_code}" if row.reason_code else ""
            last[row.client, row.card] = row.outcome, why
        counts: dict[tuple[str, str], Count] = {}
        cards = 0
        shown = select(TRACES.c.client, TRACES.c.card, TRACES.c.content, TRACES.c.rules).where(TRACES.c.saved >= since)
        for trace in connection.execution_options(yield_per=1000).execute(shown):
            cards += 1
            outcome = last.get((trace.client, trace.card))
            for rule in dict.fromkeys(json.loads(trace.rules)):
                count = counts.setdefault((rule, trace.content), Count(rule, trace.content))
                _add(count, outcome)
        entries = connection.execute(
            select(func.count()).select_from(FEEDBACK).where(FEEDBACK.c.received >= since)
        ).scalar_one()
        orphans = (
            select(func.count())
            .select_from(
                FEEDBACK.outerjoin(TRACES, (FEEDBACK.c.client == TRACES.c.client) & (FEEDBACK.c.card == TRACES.c.card))
            )
            .where(FEEDBACK.c.received >= since, TRACES.c.card.is_(None))
        )
        unknown = connection.execute(orphans).scalar_one()
    return Report(tuple(counts[key] for key in sorted(counts)), cards, entries, unknown)


def _add(count: Count, outcome: tuple[str, str] | None) -> None:
    count.shown += 1
    if outcome is None:
        return
    if outcome[0] == "accepted":
        count.accepted += 1
    else:
        count.overridden += 1
        count.reasons[outcome[1]] += 1


def lines(found: Report) -> Iterator[dict[str, str | int]]:
    """The counts as rows of a table, in the order of `COLUMNS`."""
    for count in found.counts:
        reasons = "; ".join(f"{name or 'none given'}: {number}" for name, number in sorted(count.reasons.items()))
        yield {
            "rule": count.rule,
            "content": count.content,
            "shown": count.shown,
            "accepted": count.accepted,
            "overridden": count.overridden,
            "unanswered": count.shown - count.answered,
            "reasons": reasons,
        }


COLUMNS = ("rule", "content", "shown", "accepted", "overridden", "unanswered", "reasons")
