"""Decision traces by card: which rules of which content spoke, when and where. No values of the patient."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import case, delete, select, update

from service.store.database import Database
from service.store.tables import FEEDBACK, SUPPRESSIONS, TRACES, USED_TOKENS

_OVERWRITTEN = (
    "saved", "service", "hook", "as_of", "version", "content", "advice", "indicator", "rules", "basis", "decision",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CardTrace:
    """How one card came about.

    ``card``: its uuid. ``version``: of the software. ``content``: digest of the content. ``advice``: the key of what
    it says, the same for the same rules. ``rules``: ids, first what the card is about. ``patient``, ``basis``: keyed
    hashes of the patient and of the facts it rests on; None where it must not be suppressed. ``decision``: JSON of
    ``service.advice.decision``. ``held_back``: advice that was not shown, since it was overridden before.
    """

    client: str
    card: str
    service: str
    hook: str
    as_of: date
    version: str
    content: str
    advice: str
    indicator: str
    rules: tuple[str, ...]
    patient: str | None = None
    basis: str | None = None
    decision: str | None = None
    held_back: bool = False


class Traces:
    """Saves and finds traces."""

    def __init__(self, database: Database):
        self._database = database

    def save(self, traces: Iterable[CardTrace], now: int) -> None:
        """Save traces; a card that was sent before is replaced.

        Where a client uses one ``hookInstance`` for two patients, their cards have the same uuid. What was said of it
        then cannot be told apart, so it belongs to no patient any more.

        Args:
            now: seconds since 1970.

        Raises:
            StoreUnavailable: none is saved.
        """
        rows = {(trace.client, trace.card): _row(trace, now) for trace in traces}
        if not rows:
            return
        with self._database.transaction(behind=True) as connection:
            # In one order, so that two processes that save the same cards do not wait for each other in a ring.
            connection.execute(self._statement, [rows[key] for key in sorted(rows)])

    @cached_property
    def _statement(self) -> Any:
        insert = self._database.insert(TRACES)
        changes: dict[str, Any] = {name: insert.excluded[name] for name in _OVERWRITTEN}
        changes["patient"] = case((TRACES.c.patient == insert.excluded.patient, TRACES.c.patient), else_=None)
        return insert.on_conflict_do_update(index_elements=["client", "card"], set_=changes)

    def of(self, card: str, client: str | None = None) -> tuple[CardTrace, ...]:
        """The traces of a card: one, or one for each client that has a card of this uuid.

        Raises:
            StoreUnavailable: not read.
        """
        query = select(TRACES).where(TRACES.c.card == card).order_by(TRACES.c.client)
        if client is not None:
            query = query.where(TRACES.c.client == client)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(
            CardTrace(
                row["client"], row["card"], row["service"], row["hook"], date.fromisoformat(row["as_of"]),
                row["version"], row["content"], row["advice"], row["indicator"], tuple(json.loads(row["rules"])),
                row["patient"], row["basis"], row["decision"], row["held_back"],
            )
            for row in rows
        )  # fmt: skip


def purge(database: Database, now: int, keep_days: int) -> dict[str, int]:
    """Delete traces older than ``keep_days`` and what has run out; feedback stays, but not the words in it.

    Args:
        now: seconds since 1970.

    Returns:
        how many rows went, by table, and from how many entries of feedback the comment.

    Raises:
        StoreUnavailable: nothing is deleted.
    """
    with database.transaction(behind=True) as connection:
        gone = {
            "traces": connection.execute(delete(TRACES).where(TRACES.c.saved < now - keep_days * 86400)),
            "suppressions": connection.execute(delete(SUPPRESSIONS).where(SUPPRESSIONS.c.until <= now)),
            "used_tokens": connection.execute(delete(USED_TOKENS).where(USED_TOKENS.c.expires < now)),
            "comments": connection.execute(
                update(FEEDBACK)
                .where(FEEDBACK.c.received < now - keep_days * 86400, FEEDBACK.c.comment.is_not(None))
                .values(comment=None)
            ),
        }
        return {name: done.rowcount for name, done in gone.items()}


def _row(trace: CardTrace, now: int) -> dict[str, object]:
    return {
        "client": trace.client,
        "card": trace.card,
        "saved": now,
        "service": trace.service,
        "hook": trace.hook,
        "as_of": trace.as_of.isoformat(),
        "version": trace.version,
        "content": trace.content,
        "advice": trace.advice,
        "indicator": trace.indicator,
        "rules": json.dumps(trace.rules),
        "patient": trace.patient,
        "basis": trace.basis,
        "decision": trace.decision,
        "held_back": trace.held_back,
    }
