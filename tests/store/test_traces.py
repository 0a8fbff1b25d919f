"""Traces are written behind the answer, wait while the database is away, and are counted per rule."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from service.store.database import Database
from service.store.feedback import FeedbackStore
from service.store.report import Asked, lines, report
from service.store.schema import upgrade
from service.store.traces import Traces
from service.store.writer import TraceWriter
from tests.store.support import MOMENT, REASON, item, trace

NOW = int(MOMENT.timestamp())


@pytest.fixture
def writer(database: Database) -> Iterator[TraceWriter]:
    made = TraceWriter(database, keep_days=30, now=lambda: NOW, pause=0.02, room=3)
    yield made
    made.close()


def test_a_trace_comes_back_as_it_was(database: Database) -> None:
    shown = [trace("a"), trace("b", patient=None, basis=None, rules=()), trace("a", client="another")]
    Traces(database).save(shown, NOW)
    assert Traces(database).of("a") == (shown[2], shown[0])
    assert Traces(database).of("a", "ehr") == (shown[0],)
    assert Traces(database).of("b") == (shown[1],)
    assert Traces(database).of("unheard-of") == ()
    Traces(database).save([trace("a", content="new", rules=("rule-c",))], NOW)
    assert Traces(database).of("a", "ehr")[0].rules == ("rule-c",)


def test_the_writer_writes(database: Database, writer: TraceWriter) -> None:
    writer.remember([])
    for number in range(3):
        writer.remember([trace(f"card-{number}"), trace(f"card-{number}-b")])
    assert writer.flush(20)
    assert all(Traces(database).of(f"card-{number}") for number in range(3))


def test_it_deletes_what_is_too_old(database: Database, writer: TraceWriter) -> None:
    Traces(database).save([trace("old")], NOW - 31 * 86400)
    writer.remember([trace("new")])
    assert writer.flush(20)
    writer.close()
    assert not Traces(database).of("old")


def test_traces_wait_for_a_locked_database_and_what_has_no_room_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "allcue.db"
    database = Database(f"sqlite:///{file}", wait=0.01)
    upgrade(database)
    writer = TraceWriter(database, keep_days=30, pause=0.02, room=3)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with caplog.at_level(logging.INFO, "allcue.store"):
        for number in range(12):
            writer.remember([trace(f"card-{number}")])
            if number == 0:
                assert not writer.flush(0.2)
        other.execute("ROLLBACK")
        assert writer.flush(20)
    writer.close()
    other.close()
    assert Traces(database).of("card-0")
    assert not Traces(database).of("card-11")
    assert "traces wait" in caplog.text
    assert "given up" in caplog.text
    assert "a" * 64 not in caplog.text


def test_counts_per_rule_and_content(database: Database) -> None:
    shown = [
        trace("a"), trace("b"), trace("c", content="newer"), trace("d", rules=("rule-b", "rule-b")),
        trace("a", client="another"),
    ]  # fmt: skip
    Traces(database).save(shown, NOW)
    told = [
        item("a", reason=REASON),
        item("a", "accepted", at=MOMENT + timedelta(minutes=1)),  # the last word counts
        item("b"),
        item("c", reason=REASON),
        item("unheard-of"),
    ]
    FeedbackStore(database, now=lambda: NOW).record("view", "ehr", told)
    found = report(database)
    assert (found.total.shown, found.entries, found.unknown) == (5, 5, 1)
    table = {(str(line["rule"]), line["content"]): line for line in lines(found)}
    old, new = table["rule-a", "c0ffee"], table["rule-a", "newer"]
    assert (old["shown"], old["accepted"], old["overridden"], old["unanswered"]) == (3, 1, 1, 1)
    assert old["reasons"] == "none given: 1"
    assert (new["shown"], new["accepted"], new["overridden"]) == (1, 0, 1)
    assert new["reasons"] == f"{REASON[0]}|{REASON[1]}: 1"
    assert table["rule-b", "c0ffee"]["shown"] == 4
    assert report(database, Asked(since=NOW + 1)).rules == {}
