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
from alembic.script import Script, ScriptDirectory
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
        return current(connection)


def upgrade(database: Database) -> State:
    """Bring the tables to the newest state, all or nothing; one process at a time, the others wait and find it done.

    Returns:
        the state before.

    Raises:
        StoreUnavailable: the database cannot be reached, or a migration failed: then nothing is changed.
    """
    with migrating(database) as connection:
        before = current(connection)
        if not before.ahead:
            run(connection, "head")
    return before


@contextmanager
def migrating(database: Database) -> Iterator[Connection]:
    """The one transaction in which tables are changed: all or nothing, and one process at a time.

    Raises:
        StoreUnavailable: the database cannot be reached, or a migration failed: then nothing is changed.
    """
    with database.transaction(durable=True, behind=True) as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        yield connection


def current(connection: Connection) -> State:
    """How far the tables behind a connection are."""
    return _state(MigrationContext.configure(connection).get_current_revision())


def run(connection: Connection, target: str, *, down: bool = False) -> None:
    """Run the migrations to a revision ("head", or "base" for none): up, or with ``down`` back."""
    scripts = ScriptDirectory(str(FOLDER))

    def steps(revision: Any, _: Any) -> Any:
        return (scripts._downgrade_revs if down else scripts._upgrade_revs)(target, revision)

    environment = EnvironmentContext(Config(), scripts, fn=steps)
    with environment:  # Alembic without its env.py: the connection is given, and nothing is read from a file
        # SQLite rolls tables back too, which the library does not count on.
        environment.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
        environment.run_migrations()


def revisions() -> tuple[Script, ...]:
    """All migrations of this version, from the first to the newest."""
    return tuple(reversed(tuple(ScriptDirectory(str(FOLDER)).walk_revisions())))


def differences(database: Database) -> list[Any]:
    """What distinguishes the tables as they are from those this version declares.

    Raises:
        StoreUnavailable: the database cannot be reached.
    """
    with database.reading() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA))


def _state(found: str | None) -> State:
    known = [script.revision for script in revisions()]
    return State(found, known[-1], found is not None and found not in known)


__all__ = [
    "FOLDER",
    "State",
    "StoreUnavailable",
    "current",
    "differences",
    "migrating",
    "revisions",
    "run",
    "state",
    "upgrade",
]
