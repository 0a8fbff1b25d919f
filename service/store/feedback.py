"""Feedback: append-only, in sequence, idempotent by content; and what follows from it for the same patient."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import Connection, RowMapping, delete, select

from service.store.database import Database
from service.store.tables import FEEDBACK, SUPPRESSIONS, TRACES

_CARDS_AT_ONCE = 400  # in one query; SQLite has a limit


class Item(Protocol):
    """One outcome of one card; ``service.hooks.ports.FeedbackItem`` has this shape."""

    @property
    def card(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def suggestions(self) -> tuple[str, ...]: ...
    @property
    def reason(self) -> tuple[str, str] | None: ...
    @property
    def comment(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Saved:
    """How many entries are new, and of how many items the card is not known. ``entries``: of each new one its place among
    the items, and the rules that its card rested on, as far as the card is known."""

    new: int
    unknown: int
    entries: tuple[tuple[int, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Quiet:
    """When an override silences the same advice for the same patient: for which reasons, as (system, code), and for
    how many days. Never for a critical card, and only while the facts it rests on are the same."""

    reasons: Collection[tuple[str, str]] = ()
    days: int = 0


class FeedbackStore:
    """Implements the port ``FeedbackLog``."""

    def __init__(
        self,
        database: Database,
        quiet: Quiet | None = None,
        *,
        keep_comments: bool = False,
        now: Callable[[], float] = time.time,
    ):
        self._database, self._quiet, self._keep_comments, self._now = database, quiet or Quiet(), keep_comments, now

    def record(self, service_id: str, client: str, items: Sequence[Item]) -> Saved:
        """Save all items or none; they are on the disk when this returns. What was saved before is not saved again.

        Raises:
            StoreUnavailable: none is saved.
        """
        unknown = 0
        entries: list[tuple[int, tuple[str, ...]]] = []
        now = int(self._now())
        with self._database.transaction(durable=True) as connection:
            known = _traces(connection, client, {item.card for item in items})
            for place, item in enumerate(items):
                trace = known.get(item.card)
                unknown += trace is None
                row = self._row(service_id, client, item, now, known=trace is not None)
                insert = self._database.insert(FEEDBACK).values(row).on_conflict_do_nothing()
                if connection.execute(insert.returning(FEEDBACK.c.sequence)).first() is None:
                    continue  # saved before
                entries.append((place, tuple(json.loads(trace["rules"])) if trace is not None else ()))
                if trace is not None:
                    self._follow(connection, trace, item, row["at"], now)
        return Saved(len(entries), unknown, tuple(entries))

    def _row(self, service_id: str, client: str, item: Item, now: int, *, known: bool) -> dict[str, Any]:
        system, code = item.reason or (None, None)
        at = item.at.astimezone(UTC).isoformat(timespec="microseconds")
        # Of words that are not kept no hash is kept either: with few words and all else known it would betray them.
        comment = item.comment if self._keep_comments else bool(item.comment)
        content = [client, service_id, item.card, item.outcome, at, item.suggestions, item.reason, comment]
        return {
            "received": now,
            "client": client,
            "service": service_id,
            "card": item.card,
            "known": known,
            "outcome": item.outcome,
            "at": at,
            "suggestions": json.dumps(item.suggestions),
            "reason_system": system,
            "reason_code": code,
            "commented": bool(item.comment),
            "comment": item.comment if self._keep_comments else None,
            "digest": hashlib.sha256(json.dumps(content).encode()).hexdigest(),
        }

    def _follow(self, connection: Connection, trace: RowMapping, item: Item, at: str, now: int) -> None:
        """Silence the advice after a justified override; let it speak again when it is accepted after all."""
        if trace["patient"] is None or trace["basis"] is None or self._is_outdated(connection, trace, at):
            return
        same = {name: trace[name] for name in ("client", "patient", "advice")}
        justified = item.outcome == "overridden" and item.reason in self._quiet.reasons
        if not justified:
            connection.execute(delete(SUPPRESSIONS).filter_by(**same))
        elif trace["indicator"] != "critical" and self._quiet.days > 0:
            insert = self._database.insert(SUPPRESSIONS)
            # From the override on, which may be told much later; but no clock of a client makes it longer.
            start = min(now, int(datetime.fromisoformat(at).timestamp()))
            row = {"basis": trace["basis"], "until": start + self._quiet.days * 86400, "card": trace["card"]}
            connection.execute(
                insert.values(**same, **row).on_conflict_do_update(
                    index_elements=["client", "patient", "advice"], set_=row
                )
            )

    def _is_outdated(self, connection: Connection, trace: RowMapping, at: str) -> bool:
        """Whether something later is known of the card already: feedback may arrive in another order."""
        later = select(FEEDBACK.c.sequence).where(
            FEEDBACK.c.client == trace["client"], FEEDBACK.c.card == trace["card"], FEEDBACK.c.at > at
        )
        return connection.execute(later.limit(1)).first() is not None


class Suppressions:
    """What must not be said again for now."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time):
        self._database, self._now = database, now

    def of(self, client: str, patient: str) -> Mapping[str, str]:
        """By key of the advice the keyed hash of the facts it rested on when it was overridden.

        Raises:
            StoreUnavailable: not read.
        """
        query = select(SUPPRESSIONS.c.advice, SUPPRESSIONS.c.basis).where(
            SUPPRESSIONS.c.client == client,
            SUPPRESSIONS.c.patient == patient,
            SUPPRESSIONS.c.until > int(self._now()),
        )
        with self._database.reading() as connection:
            return {row.advice: row.basis for row in connection.execute(query)}


def _traces(connection: Connection, client: str, cards: Collection[str]) -> dict[str, RowMapping]:
    """The traces of some cards of a client, by card."""
    wanted = sorted(cards)
    found: dict[str, RowMapping] = {}
    for first in range(0, len(wanted), _CARDS_AT_ONCE):
        query = select(TRACES).where(
            TRACES.c.client == client, TRACES.c.card.in_(wanted[first : first + _CARDS_AT_ONCE])
        )
        found.update((row["card"], row) for row in connection.execute(query).mappings())
    return found
