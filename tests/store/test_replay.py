"""A token is used once, whichever thread, process or machine it is presented to."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from service.store.database import Database, StoreUnavailable
from service.store.replay import TIDY_S, UsedTokens
from service.store.tables import USED_TOKENS
from tests.store.postgres import Server

EXPIRES = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
_FROM_OUTSIDE = """
import sys
from datetime import UTC, datetime
from service.store.database import Database
from service.store.replay import UsedTokens
guard = UsedTokens(Database(sys.argv[1], wait=30))
sys.stdin.readline()
print(sum(guard.first_use("ehr", f"id-{i}", datetime(2036, 3, 2, tzinfo=UTC)) for i in range(20)))
"""


def test_first_use_only(database: Database) -> None:
    guard = UsedTokens(database)
    assert guard.first_use("ehr", "id", EXPIRES)
    assert not guard.first_use("ehr", "id", EXPIRES)
    again = Database(database.url.render_as_string(False))
    assert not UsedTokens(again).first_use("ehr", "id", EXPIRES)
    again.close()
    assert guard.first_use("another", "id", EXPIRES)
    assert guard.first_use("ehrid", "", EXPIRES)
    assert guard.first_use("ehr", "x" * 100_000, EXPIRES)
    assert guard.first_use("ehr", "\0 ünïcode", EXPIRES)


def test_of_threads_at_once_exactly_one_is_first(database: Database) -> None:
    patient = Database(database.url.render_as_string(False), wait=20)
    guard = UsedTokens(patient)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: guard.first_use("ehr", "id", EXPIRES), range(24)))
    patient.close()
    assert found.count(True) == 1


def test_of_processes_at_once_exactly_one_is_first(database: Database, url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _FROM_OUTSIDE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    counts = [int(process.communicate(timeout=120)[0]) for process in processes]
    assert sum(counts) == 20, counts


def test_expired_ids_are_forgotten(database: Database) -> None:
    clock = [EXPIRES.timestamp()]
    guard = UsedTokens(database, lambda: clock[0])
    guard.first_use("ehr", "old", EXPIRES)
    clock[0] += TIDY_S + 2
    guard.first_use("ehr", "new", EXPIRES + timedelta(seconds=TIDY_S + 100))
    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(USED_TOKENS)).scalar() == 1
    assert not guard.first_use("ehr", "new", EXPIRES + timedelta(seconds=TIDY_S + 100))


def test_without_an_answer_nobody_is_first(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be opened"):
        UsedTokens(Database(f"sqlite:///{tmp_path}")).first_use("ehr", "id", EXPIRES)
    with pytest.raises(ValueError, match="aware"):
        UsedTokens(Database(f"sqlite:///{tmp_path}")).first_use("ehr", "id", datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.postgresql
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_server_that_was_restarted_costs_no_call(database: Database, postgres: Server) -> None:
    guard = UsedTokens(database)
    assert guard.first_use("ehr", "before", EXPIRES)
    postgres.stop()
    try:
        with pytest.raises(StoreUnavailable):
            guard.first_use("ehr", "while", EXPIRES)
    finally:
        postgres.start()
    assert guard.first_use("ehr", "after", EXPIRES)
    assert not guard.first_use("ehr", "before", EXPIRES)
