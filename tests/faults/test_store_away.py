"""A database that does not answer, that is another file, or that forgets: what the store does."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from service.hooks.trust.replay import MemoryReplayGuard
from service.store.clock import steady
from service.store.database import Database, StoreUnavailable
from service.store.feedback import FeedbackStore
from service.store.replay import TIDY_S, UsedTokens
from service.store.schema import upgrade
from service.store.tables import FEEDBACK
from tests.store.support import item

DAY = 86400.0


def cards(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(select(FEEDBACK.c.card)).scalars())


def saved(store: FeedbackStore, card: str) -> bool:
    try:
        store.record("view", "ehr", [item(card)])
    except StoreUnavailable:
        return False
    return True


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "allcue.db"


@pytest.fixture
def database(file: Path) -> Database:
    return Database(f"sqlite:///{file}", wait=0.6, prepare=upgrade)


def test_a_file_that_was_replaced_takes_nothing_that_would_be_lost(file: Path, database: Database) -> None:
    """An open connection would go on writing into the file that has no name any more."""
    store = FeedbackStore(database)
    assert saved(store, "before")
    old = file.parent / "old"
    old.mkdir()
    for found in list(file.parent.glob("allcue.db*")):
        found.rename(old / found.name)
    file.write_bytes(b"garbage" * 5000)
    assert not saved(store, "while")
    file.unlink()
    assert saved(store, "after")
    assert cards(database) == ["after"]
    database.close()
    assert sqlite3.connect(old / file.name).execute("SELECT card FROM feedback").fetchall() == [("before",)]


def test_a_file_that_is_missing_at_the_start_is_made_when_it_can_be(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("not a folder")
    database = Database(f"sqlite:///{tmp_path / 'state' / 'allcue.db'}", prepare=upgrade)
    store = FeedbackStore(database)
    assert not saved(store, "before")
    (tmp_path / "state").unlink()
    assert saved(store, "after")
    database.close()


def test_tables_that_went_away_come_back(file: Path, database: Database) -> None:
    store = FeedbackStore(database)
    assert saved(store, "before")
    other = sqlite3.connect(file)
    other.executescript(
        "DROP TABLE feedback; DROP TABLE alembic_version; DROP TABLE traces; DROP TABLE suppressions; DROP TABLE used_tokens; DROP TABLE rates"
    )
    other.close()
    assert not saved(store, "while")
    assert saved(store, "after")
    database.close()


def test_who_waited_for_nothing_spares_the_others(file: Path, database: Database) -> None:
    store = FeedbackStore(database)
    assert saved(store, "before")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable, match="SQLITE_BUSY"):
        store.record("view", "ehr", [item("first")])
    with pytest.raises(StoreUnavailable, match="away a moment ago"):
        store.record("view", "ehr", [item("second")])
    other.close()
    spared = threading.Event()
    while not saved(store, "after"):
        assert not spared.wait(0.05)
    assert sorted(cards(database)) == ["after", "before"]
    database.close()


def test_a_failure_that_costs_no_time_closes_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'none' / 'x' / 'allcue.db'}")
    (tmp_path / "none").write_text("")
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="cannot be opened"):
            cards(database)


class Clock:
    """A wall clock that jumps and one that does not."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_790_000_000.0, 50.0

    def steady(self) -> float:
        return self._steady()

    @classmethod
    def new(cls) -> Clock:
        made = cls()
        made._steady = steady(lambda: made.wall, lambda: made.monotonic)
        return made

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


def test_the_steady_clock_never_runs_ahead() -> None:
    clock = Clock.new()
    began = clock.wall
    clock.passes(10)
    assert clock.steady() == began + 10
    clock.wall += DAY
    assert clock.steady() == began + 10
    clock.wall -= 2 * DAY
    assert clock.steady() == began + 10 - DAY


@pytest.mark.parametrize("kind", ["store", "memory"])
def test_a_used_token_stays_used_when_the_clock_jumps_ahead_and_back(kind: str, database: Database) -> None:
    clock = Clock.new()
    guard: UsedTokens | MemoryReplayGuard
    if kind == "store":
        guard = UsedTokens(database, clock.steady)
    else:
        guard = MemoryReplayGuard(lambda: datetime.fromtimestamp(clock.steady(), UTC))

    def first(jti: str) -> bool:
        return guard.first_use("ehr", jti, datetime.fromtimestamp(clock.wall + 3600, UTC))

    assert first("a")
    clock.wall += DAY
    clock.passes(TIDY_S + 1)
    assert first("b")
    clock.wall -= DAY
    clock.passes(TIDY_S + 1)
    assert first("c")
    assert not first("a")
    database.close()
