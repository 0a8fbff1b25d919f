"""Whether the tables are those of this version, told without the library that changes them."""

from __future__ import annotations

from sqlalchemy import inspect, text

from service.store.database import Database

NEWEST = "0003"  # the last of `migrations/versions`


def is_newest(database: Database) -> bool:
    """Whether the newest migration of this version, and none of a later one, was the last that ran.

    Raises:
        StoreUnavailable: the database cannot be reached.
    """
    with database.reading(behind=True) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [NEWEST]
