"""Migrations make the tables that the code declares, on both databases, however often and from however many at once."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from service.store.database import Database, StoreUnavailable, read_url
from service.store.schema import State, differences, state, upgrade
from service.store.tables import METADATA


def test_an_empty_database_is_told_and_upgraded(empty: Database) -> None:
    assert state(empty).current is None
    assert not state(empty).usable
    before = upgrade(empty)
    assert before.current is None
    assert state(empty) == State(before.newest, before.newest)
    assert upgrade(empty).current == before.newest


def test_the_migrations_make_what_the_code_declares(database: Database) -> None:
    assert differences(database) == []
    assert set(inspect(database.engine).get_table_names()) == {*METADATA.tables, "alembic_version"}


def test_a_difference_is_seen(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(text("ALTER TABLE traces DROP COLUMN basis"))
    assert differences(database)


def test_several_upgrade_at_once(url: str) -> None:
    databases = [Database(url, wait=20) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        before = [found.current for found in pool.map(upgrade, databases)]
    assert before.count(None) == 1, "exactly one finds nothing"
    assert state(databases[0]).usable
    for database in databases:
        database.close()


def test_a_migration_that_fails_leaves_nothing(empty: Database) -> None:
    with empty.transaction() as connection:
        connection.execute(text("CREATE TABLE suppressions (x integer)"))  # the last table that the migration makes
    with pytest.raises(StoreUnavailable):
        upgrade(empty)
    assert inspect(empty.engine).get_table_names() == ["suppressions"]


def test_newer_tables_are_usable_and_left_alone(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert state(database).ahead
    assert state(database).usable
    assert upgrade(database).ahead
    assert state(database).current == "9999"


def test_the_file_is_for_its_user_alone_and_survives_readers(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "allcue.db"
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with database.reading() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        with database.transaction() as writer:  # while somebody reads
            writer.execute(text("INSERT INTO used_tokens VALUES ('a', 1)"))
    database.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://secret@host/x", "must begin with"),
        ("postgresql://user:secret@host", "names no database"),
        ("secret words", "must be like"),
    ],
)
def test_addresses_that_cannot_be_used(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        read_url(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgres://u:pw@h/d", "postgresql://u:pw@h/d", "postgresql+psycopg://u:pw@h/d"])
def test_addresses_of_servers(url: str) -> None:
    database = Database(url)
    assert database.url.drivername == "postgresql+psycopg"
    assert "pw" not in database.shown


def test_what_cannot_be_reached_says_so_without_values(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}", "postgresql://u:secret@127.0.0.1:9/d"):
        with pytest.raises(StoreUnavailable) as caught:
            state(Database(url))
        assert "secret" not in str(caught.value)
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreUnavailable):
        state(Database(f"sqlite:///{broken}"))
