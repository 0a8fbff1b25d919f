"""Migrations make the tables that the code declares, on both databases, however often and from however many at once."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from service.store.database import Database, StoreUnavailable, read_url
from service.store.rollback import BASE, downgrade
from service.store.schema import State, differences, state, upgrade
from service.store.tables import METADATA
from tests.store.postgres import Server


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
        ("postgresql+psycopg2://user:secret@host/x", "no other driver"),
        ("postgresql://user:secret@host:port/x", "must be like"),
        ("sqlite:///allcue.db", "from the root on"),
        ("sqlite:///~/allcue.db", "from the root on"),
        ("sqlite:////tmp/what?.db", "write %3F"),
        ("sqlite:////tmp/allcue.db?mode=ro", "nothing can be set"),
        ("postgresql://user:secret@host", "names no database"),
        ("secret words", "must be like"),
    ],
)
def test_addresses_that_cannot_be_used(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        read_url(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:pw@h/d", "postgresql://u:pw@h/d", "postgresql+psycopg://u:pw@h/d", "PostgreSQL://u:pw@h:5433/d",
        "postgresql://u:p%40w%2F@h/d?sslmode=verify-full", "postgresql://u:pw@/d?host=/var/run/postgresql",
    ],
)  # fmt: skip
def test_addresses_of_servers(url: str) -> None:
    database = Database(url)
    assert database.url.drivername == "postgresql+psycopg"
    assert "pw" not in database.shown
    assert "p%40w" not in database.shown


def test_a_file_whose_name_is_odd(tmp_path: Path) -> None:
    file = tmp_path / "état de 100% (1)" / "a?b#c.db"
    address = str(file).replace("%", "%25").replace("?", "%3F")
    database = Database(f"sqlite:///{address}")
    upgrade(database)
    database.close()
    assert file.is_file()
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.postgresql
def test_what_an_address_sets_counts(postgres: Server) -> None:
    """A schema of the site's own beside the limits of time, which no call waits beyond."""
    admin = Database(postgres.url)
    with admin.transaction() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS own CASCADE"))
        connection.execute(text("CREATE SCHEMA own"))
    admin.close()
    database = Database(f"{postgres.url}?options=-csearch_path%3Down&application_name=site", wait=7)
    upgrade(database)
    with database.reading() as connection:
        shown = {name: connection.execute(text(f"SHOW {name}")).scalar()
                 for name in ("search_path", "lock_timeout", "application_name")}  # fmt: skip
    assert shown == {"search_path": "own", "lock_timeout": "7s", "application_name": "site"}
    assert set(inspect(database.engine).get_table_names("own")) == {*METADATA.tables, "alembic_version"}
    database.close()


def test_down_and_up_again(database: Database) -> None:
    """The way back takes all that the way there made."""
    downgrade(database, BASE)
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    assert upgrade(database).current is None
    assert differences(database) == []


def test_the_files_beside_it_are_for_its_user_alone_too(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        database = Database(f"sqlite:///{tmp_path / 'state' / 'allcue.db'}")
        upgrade(database)
        with database.reading():
            found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").iterdir()}
        database.close()
    finally:
        os.umask(before)
    assert found == {"allcue.db": 0o600, "allcue.db-wal": 0o600, "allcue.db-shm": 0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_what_cannot_be_reached_says_so_without_values(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}", "postgresql://u:secret@127.0.0.1:9/d"):
        with pytest.raises(StoreUnavailable) as caught:
            state(Database(url))
        assert "secret" not in str(caught.value)
    with pytest.raises(StoreUnavailable, match="connection refused"):
        state(Database("postgresql://u:secret@127.0.0.1:9/d"))
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreUnavailable, match="SQLITE_NOTADB"):
        state(Database(f"sqlite:///{broken}"))


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("allcue:allcue@", "allcue:secret@", "password refused"),
        ("allcue:allcue@", "allcue@", "it asks for a password"),
        ("/postgres", "/secret", "no such database"),
        ("127.0.0.1", "no-such-host.invalid", "no host of this name"),
        ("/postgres", "/postgres?sslmode=require", "no TLS as it was asked for"),
    ],
)
def test_why_a_server_cannot_be_used_is_told(postgres: Server, old: str, new: str, says: str) -> None:
    database = Database(postgres.url.replace(old, new, 1))
    with pytest.raises(StoreUnavailable, match=says) as caught:
        state(database)
    assert "secret" not in str(caught.value)
