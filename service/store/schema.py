"""The state of the tables, and bringing them to the newest one (Alembic, migrations of this package)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from service.store.database import Database, StoreUnavailable
from service.store.tables import METADATA

FOLDER = Path(__file__).resolve().parent / "migrations"
_LOCK = 4_201_862_011  # any number that is nobody else's: who holds it migrates


@dataclass(frozen=True, slots=True)
class State:
    """``current``: the newest migration that ran, None in an empty database. ``newest``: the newest one of this
    version of the software. ``ahead``: a newer version of the software made the tables."""

    current: str | None
    newest: str
    ahead: bool = False

    @property
    def usable(self) -> bool:
        """Whether this version can work with the tables. Migrations only add within a major version, so newer will do."""
        return self.current == self.newest or self.ahead


def state(database: Database) -> State:
    """How far the tables are.

    Raises:
        StoreUnavailable: the database cannot be reached.
    """
    with database.reading() as connection:
        return _state(MigrationContext.configure(connection).get_current_revision())


def upgrade(database: Database) -> State:
    """Bring the tables to the newest state, all or nothing; one process at a time, the others wait and find it done.

    Returns:
        the state before.

    Raises:
        StoreUnavailable: the database cannot be reached, or a migration failed: then nothing is changed.
    """
    scripts = ScriptDirectory(str(FOLDER))
    with database.transaction(durable=True, behind=True) as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        before = _state(MigrationContext.configure(connection).get_current_revision())
        if not before.ahead:
            with _environment(connection, scripts) as environment:
                environment.run_migrations()
    return before


def differences(database: Database) -> list[Any]:
    """What distinguishes the tables as they are from those this version declares.

    Raises:
        StoreUnavailable: the database cannot be reached.
    """
    with database.reading() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA))


def _state(current: str | None) -> State:
    scripts = ScriptDirectory(str(FOLDER))
    newest = scripts.get_current_head()
    assert newest is not None
    known = {script.revision for script in scripts.walk_revisions()}
    return State(current, newest, current is not None and current not in known)


@contextmanager
def _environment(connection: Connection, scripts: ScriptDirectory) -> Iterator[EnvironmentContext]:
    """Alembic without its env.py: the connection is given, and nothing is read from a file."""

    def steps(revision: Any, _: Any) -> Any:
        return scripts._upgrade_revs("head", revision)

    environment = EnvironmentContext(Config(), scripts, fn=steps)
    with environment:
        # SQLite rolls tables back too, which the library does not count on.
        environment.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
        yield environment


__all__ = ["State", "StoreUnavailable", "differences", "state", "upgrade"]
