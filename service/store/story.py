"""What is known of one card: how it came about, and what came back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, select

from service.store.database import Database
from service.store.tables import FEEDBACK, SUPPRESSIONS, TRACES


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of feedback. ``suggestions``: how many were accepted. ``reason``: ``system|code``. ``commented``:
    whether there were words, which are not repeated here."""

    at: str
    outcome: str
    suggestions: int
    reason: str | None
    commented: bool


@dataclass(frozen=True, slots=True)
class Story:
    """One card of one client. ``shown``: ISO 8601 in UTC. ``decision``: verdicts and facts; None for cards of versions
    that did not keep it. ``silent_until``: the end of the silence that its override began, if that still lasts.
    ``patient``: the keyed hash of whose it is; None where no patient was named."""

    client: str
    card: str
    shown: str
    service: str
    hook: str
    as_of: str
    version: str
    content: str
    indicator: str
    rules: tuple[str, ...]
    decision: Mapping[str, Any] | None
    feedback: tuple[Told, ...]
    silent_until: str | None
    patient: str | None = None


def stories(database: Database, card: str, now: int, keep_days: int) -> tuple[Story, ...]:
    """The traces of a card: none, one, or one for each client that has a card of this uuid.

    Args:
        now: seconds since 1970. Traces older than ``keep_days`` are not told, deleted yet or not.

    Raises:
        StoreUnavailable: not read.
    """
    with database.reading() as connection:
        shown = select(TRACES).where(
            TRACES.c.card == card, TRACES.c.saved >= now - keep_days * 86400, ~TRACES.c.held_back
        )
        traces = connection.execute(shown.order_by(TRACES.c.client)).mappings().all()
        query = select(FEEDBACK).where(FEEDBACK.c.card == card).order_by(FEEDBACK.c.at, FEEDBACK.c.sequence)
        told = connection.execute(query).mappings().all()
        silenced = select(SUPPRESSIONS).where(SUPPRESSIONS.c.card == card, SUPPRESSIONS.c.until > now)
        silent = {row["client"]: row["until"] for row in connection.execute(silenced).mappings()}
    return tuple(
        Story(
            trace["client"], trace["card"], _moment(trace["saved"]), trace["service"], trace["hook"], trace["as_of"],
            trace["version"], trace["content"], trace["indicator"], tuple(json.loads(trace["rules"])),
            json.loads(trace["decision"]) if trace["decision"] else None,
            tuple(_told(row) for row in told if row["client"] == trace["client"]),
            _moment(silent[trace["client"]]) if trace["client"] in silent else None,
            trace["patient"],
        )
        for trace in traces
    )  # fmt: skip


def feedback_of(database: Database, card: str) -> int:
    """How many entries of feedback there are on a card, with or without a trace.

    Raises:
        StoreUnavailable: not read.
    """
    with database.reading() as connection:
        return len(connection.execute(select(FEEDBACK.c.sequence).where(FEEDBACK.c.card == card)).all())


def _told(row: RowMapping) -> Told:
    reason = f"{row['reason_system'] or ''}|{row['reason_code']}" if row["reason_code"] else None
    return Told(row["at"], row["outcome"], len(json.loads(row["suggestions"])), reason, row["commented"])


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
