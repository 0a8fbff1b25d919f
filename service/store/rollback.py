"""The way back: older tables for an older version, told with what they cannot hold before anything is done."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    String,
    Table,
    cast,
    create_engine,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy import inspect as inspect_tables
from sqlalchemy.sql.elements import ColumnElement

from service.store.database import Database
from service.store.migrations.releases import REVISIONS
from service.store.schema import current, migrating, revisions, run
from service.store.tables import METADATA

BASE = "base"  # before the first migration: no tables


class CannotGoBack(ValueError):
    """There is no way from the tables as they are to those asked for. The message says what there is."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What older tables cannot hold: a whole table, or with ``column`` one of it. ``rows``: how many hold something
    there that is not the default."""

    table: str
    column: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The way from one revision to an older one. ``steps``: what each migration says of its way back, newest first.

    ``others``: connections of services that use the database now; of SQLite it cannot be told.
    """

    start: str
    target: str
    steps: tuple[str, ...]
    losses: tuple[Loss, ...]
    others: int


def revision_of(version: str) -> str:
    """The newest migration that a released version of the software knows.

    Raises:
        CannotGoBack: no such release.
    """
    if version not in REVISIONS:
        known = ", ".join(REVISIONS) or "none was released"
        raise CannotGoBack(f"{version!r} is no release with tables that are known here. Releases: {known}.")
    return REVISIONS[version]


def plan(database: Database, target: str) -> Plan:
    """What going back to a revision would do; nothing is changed.

    Raises:
        CannotGoBack: no such revision, a newer one, or tables that a newer version of the software made.
        StoreUnavailable: the database cannot be reached.
    """
    with database.reading() as connection:
        return _plan(connection, target, database.is_sqlite)


def downgrade(database: Database, target: str) -> Plan:
    """Go back to a revision, all or nothing; what was lost is told as it was in the moment it was done.

    Raises:
        CannotGoBack: as `plan`.
        StoreUnavailable: the database cannot be reached, or a migration failed: then nothing is changed.
    """
    with migrating(database) as connection:
        found = _plan(connection, target, database.is_sqlite)
        if found.start != target:
            run(connection, target, down=True)
    return found


def _plan(connection: Connection, target: str, is_sqlite: bool) -> Plan:
    found = current(connection)
    known = [BASE, *(script.revision for script in revisions())]
    if found.ahead:
        raise CannotGoBack(
            f"the tables are at {found.current}, which a newer version of Allcue made. Only that version knows the way "
            f"back: run its `allcue db downgrade {target}`, then start this one."
        )
    start = found.current or BASE
    if target not in known:
        raise CannotGoBack(f"{target!r} is no revision. Revisions: {', '.join(known)}.")
    if known.index(target) > known.index(start):
        raise CannotGoBack(f"the tables are at {start}, before {target}: that is forward. Run: allcue db upgrade")
    way = [script for script in revisions() if known.index(target) < known.index(script.revision) <= known.index(start)]
    steps = tuple(f"{script.revision}: {_words(script.module.downgrade)}" for script in reversed(way))
    return Plan(start, target, steps, _losses(connection, start, target), 0 if is_sqlite else _others(connection))


def _words(downgrade: object) -> str:
    return (inspect.getdoc(downgrade) or "").split("\n\n")[0].replace("\n", " ")


def _losses(connection: Connection, start: str, target: str) -> tuple[Loss, ...]:
    """Tables and columns that are gone afterwards, worked out on an empty database in memory."""
    before, after = tables_at(start), tables_at(target)
    found = []
    for name, columns in before.items():
        for column in [None] if name not in after else [c for c in columns if c not in after[name]]:
            found.append(Loss(name, column, _rows(connection, name, column)))
    return tuple(found)


def tables_at(revision: str) -> dict[str, list[str]]:
    """The columns of each table at a revision."""
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            if revision != BASE:
                run(connection, revision)
            seen = inspect_tables(connection)
            names = [name for name in seen.get_table_names() if name != "alembic_version"]
            return {name: [column["name"] for column in seen.get_columns(name)] for name in names}
    finally:
        engine.dispose()


def _rows(connection: Connection, name: str, column: str | None) -> int:
    """Rows of a table, or those that hold something in a column that is not its default."""
    table = METADATA.tables[name] if name in METADATA.tables else Table(name, MetaData(), autoload_with=connection)
    asked = select(func.count()).select_from(table)
    if column is not None:
        asked = asked.where(_told(table.c[column]))
    return int(connection.execute(asked).scalar_one())


def _told(column: Column[object]) -> ColumnElement[bool]:
    default = getattr(column.server_default, "arg", None)
    if default is None:
        return column.is_not(None)
    value = cast(literal(default, String()), column.type) if isinstance(default, str) else default
    return or_(column.is_(None), column != value) if column.nullable else column != value


def _others(connection: Connection) -> int:
    """Other connections to this database in the name of the service."""
    asked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND application_name = current_setting('application_name')"
    )
    return int(connection.execute(asked).scalar_one())
