"""Rows for every table and every column there is, made from the tables themselves: those of a revision to come too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    String,
    Text,
    inspect,
    select,
)

ROWS = 3
Rows = Mapping[str, list[dict[str, Any]]]  # by table


def tables_of(connection: Connection) -> MetaData:
    """The tables as they are in the database."""
    found = MetaData()
    found.reflect(connection)
    return found


def fill(connection: Connection) -> None:
    """Three rows in each table, with a value in each column."""
    for table in tables_of(connection).sorted_tables:
        if table.name != "alembic_version":
            rows = [{column.name: _value(column, row) for column in table.columns} for row in range(1, ROWS + 1)]
            connection.execute(table.insert(), rows)


def rows_of(connection: Connection) -> Rows:
    """All that is in the tables."""
    found = {}
    for table in tables_of(connection).sorted_tables:
        if table.name != "alembic_version":
            rows = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            found[table.name] = [dict(row) for row in rows]
    return found


def shape_of(connection: Connection) -> dict[str, set[str]]:
    """Names of tables and their columns."""
    seen = inspect(connection)
    return {name: {column["name"] for column in seen.get_columns(name)}
            for name in seen.get_table_names() if name != "alembic_version"}  # fmt: skip


def within(rows: Rows, shape: Mapping[str, set[str]]) -> Rows:
    """What of rows fits into tables of that shape."""
    return {
        name: [{key: value for key, value in row.items() if key in shape[name]} for row in found]
        for name, found in rows.items()
        if name in shape
    }


def _value(column: Column[Any], row: int) -> Any:
    kind = column.type
    if isinstance(kind, Boolean):
        return row % 2 == 1
    if isinstance(kind, Float):
        return row + 0.5
    if isinstance(kind, Integer | BigInteger):
        return 1_772_400_000 + row
    if isinstance(kind, String | Text):
        return f"{row}{column.name}"[: kind.length or 40]
    raise AssertionError(f"{column.table.name}.{column.name}: say here what a value of {kind!r} looks like")
