"""One database, whichever it is: how it is reached, what a transaction is, what an error says."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from service.store.reasons import reason_of

WAIT_S = 2.0  # for a lock or a connection; a caller waits no longer for an answer than this costs


class StoreUnavailable(OSError):
    """The database could not do what was asked. The message holds neither values nor credentials."""


def read_url(text: str) -> URL:
    """The address of a database with the driver that is used here.

    Raises:
        ValueError: not one of the two kinds of database, or SQLite without a file. The address itself, which may hold
            a password, is not quoted.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise ValueError(
            "must be like sqlite:////var/lib/allcue/allcue.db or postgresql://user@host:5432/name"
        ) from None
    kind = url.drivername.lower()
    if kind in ("postgres", "postgresql", "postgresql+psycopg"):
        if not url.database:
            raise ValueError("names no database: postgresql://user@host/name")
        return url.set(drivername="postgresql+psycopg")
    if kind not in ("sqlite", "sqlite+pysqlite"):
        raise ValueError("must begin with sqlite: or postgresql: (no other driver: postgresql+psycopg2: will not do)")
    if not url.database or url.database == ":memory:":
        raise ValueError("names no file, and memory is not shared between processes: sqlite:////path/to/allcue.db")
    if "?" in text:
        raise ValueError("has a ? after the file, where nothing can be set. In a path write %3F for ?, %25 for %")
    if not Path(url.database).is_absolute():  # each command would look for it where it was started
        raise ValueError("must name the file from the root on: sqlite:////path/to/allcue.db, with four slashes")
    return url.set(drivername="sqlite")


class Database:
    """A database that threads may share and that survives a fork: each process has connections of its own."""

    def __init__(self, url: str, wait: float = WAIT_S):
        """``wait``: seconds to wait for a lock or a connection. Nothing is opened yet.

        Raises:
            ValueError: an address that cannot be used.
        """
        self.url = read_url(url)
        self.wait = wait
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._process = 0

    @property
    def is_sqlite(self) -> bool:
        return self.url.drivername.startswith("sqlite")

    @property
    def shown(self) -> str:
        """The address without the password."""
        return self.url.render_as_string(hide_password=True)

    @property
    def engine(self) -> Engine:
        """The engine of this process."""
        with self._lock:
            if self._engine is None or self._process != os.getpid():
                if self._engine is not None:  # the parent's connections stay the parent's
                    self._engine.dispose(close=False)
                self._engine, self._process = self._made(), os.getpid()
            return self._engine

    def close(self) -> None:
        """Close the connections that are not in use."""
        with self._lock:
            if self._engine is not None and self._process == os.getpid():
                self._engine.dispose()
            self._engine = None

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[Connection]:
        """All or nothing; saved when the block is left.

        Args:
            durable: on the disk when the block is left, so that not even a power failure takes it.

        Raises:
            StoreUnavailable: not saved.
        """
        with self._told(), self.engine.connect() as connection:
            connection.execution_options(allcue_durable=durable)
            with connection.begin():
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Reads that wait for no writer of SQLite.

        Raises:
            StoreUnavailable: not read.
        """
        with self._told(), self.engine.connect() as connection:
            connection.execution_options(allcue_reading=True)
            with connection.begin():
                yield connection

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An INSERT that knows ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:  # the driver's own: while a connection is prepared
            raise StoreUnavailable(f"the database did not do it ({reason_of(error)})") from None

    def _made(self) -> Engine:
        if self.is_sqlite:
            _make_file(Path(self.url.database or ""))
            engine = create_engine(
                self.url, hide_parameters=True, pool_timeout=self.wait, connect_args={"timeout": self.wait}
            )
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        milliseconds = math.ceil(self.wait * 1000)
        limits = f"-c statement_timeout={5 * milliseconds} -c lock_timeout={milliseconds}"
        own = self.url.query.get("options", ())  # of the site, such as a search_path; later ones count
        options = " ".join([limits, *([own] if isinstance(own, str) else own)])
        return create_engine(
            self.url,
            hide_parameters=True,
            pool_pre_ping=True,  # a server that was restarted costs no call
            pool_timeout=self.wait,
            connect_args={
                "connect_timeout": math.ceil(self.wait),
                "tcp_user_timeout": 2 * milliseconds,
                "options": options,
                "application_name": self.url.query.get("application_name", "allcue"),
            },
        )


def _make_file(path: Path) -> None:
    """The file and its folder, for nobody but the user that runs the service."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"the database file cannot be opened ({error.strerror})") from None


def _prepare_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions by itself: it would do so late, after the reads that a write rests on.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin, as a writer at once: a reader that turns writer halfway may fail however long it waits."""
    options = connection.get_execution_options()
    if options.get("allcue_reading"):
        connection.exec_driver_sql("BEGIN")
        return
    # NORMAL is safe against a crash of the process, FULL also against one of the machine (sqlite.org/pragma.html).
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get('allcue_durable') else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
