"""One database, whichever it is: how it is reached, what a transaction is, what an error says."""

from __future__ import annotations

import math
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from service.store.reasons import reason_of
from service.store.time_left import at_most

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

WAIT_S = 2.0  # for a lock, a connection, or the answers of one transaction
DURABLE_TIMES = 3  # as long for a durable transaction, which may hold many statements
SLOW_S = 0.5  # a failure that took longer costs whoever asks next too
AWAY_S = 3.0  # without asking after such a failure: else all threads would soon wait for the database


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
    """A database that threads may share and that survives a fork: each process has connections of its own.

    After it kept a caller waiting for nothing, it counts as away for some seconds: all callers but one are told so at once.
    """

    def __init__(
        self,
        url: str,
        wait: float = WAIT_S,
        away: float = AWAY_S,
        prepare: Callable[[Database], object] | None = None,
    ):
        """Nothing is opened yet.

        Args:
            wait: seconds to wait for a lock or a connection.
            away: seconds to count as away.
            prepare: is done before the database is used first, and again for a SQLite file that was put in the place of
                the one before; tried at each use until it succeeds. Raises StoreUnavailable where it must not be used yet.

        Raises:
            ValueError: an address that cannot be used.
        """
        self.url = read_url(url)
        self.wait = wait
        self._away, self._prepare = away, prepare
        self._errors, *self._not_there = _errors_of(self.url)
        self._away_until = float("-inf")
        self._lock = threading.RLock()  # preparing uses the database
        self._engine: Engine | None = None
        self._process = 0
        self._prepared: object = None  # which file of SQLite, or that the server's database

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
            self._make_ready()
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

    def _make_ready(self) -> None:
        """Prepare it, and let go of a file that is no longer the one of this name: what is saved into it would be lost."""
        there = _file_at(Path(self.url.database or "")) if self.is_sqlite else True
        if there == self._prepared:
            return
        if self._engine is not None:
            self._engine.dispose(close=self._process == os.getpid())
            self._engine = None
        before, self._prepared = self._prepared, there
        if self._prepare is not None:
            try:
                self._prepare(self)
            except BaseException:
                self._prepared = before
                raise

    @contextmanager
    def transaction(self, *, durable: bool = False, behind: bool = False) -> Iterator[Connection]:
        """All or nothing; saved when the block is left.

        Args:
            durable: on the disk when the block is left, so that not even a power failure takes it.
            behind: nobody waits for it, so it also asks a database that is away.

        Raises:
            StoreUnavailable: not saved.
        """
        seconds = self.wait * (DURABLE_TIMES if durable or behind else 1)
        with self._told(seconds, behind), self.engine.connect() as connection:
            connection.execution_options(allcue_durable=durable)
            with connection.begin():
                yield connection

    @contextmanager
    def reading(self, *, behind: bool = False) -> Iterator[Connection]:
        """Reads that wait for no writer of SQLite.

        Args:
            behind: it also asks a database that is away.

        Raises:
            StoreUnavailable: not read.
        """
        with self._told(self.wait, behind), self.engine.connect() as connection:
            connection.execution_options(allcue_reading=True)
            with connection.begin():
                yield connection

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An INSERT that knows ON CONFLICT."""
        if self.is_sqlite:
            return sqlite.insert(table)
        from sqlalchemy.dialects import postgresql  # loaded with the engine

        return postgresql.insert(table)

    @contextmanager
    def _told(self, seconds: float, behind: bool = False) -> Iterator[None]:
        self._check_away(seconds, behind)
        began = time.monotonic()
        try:
            with at_most(seconds):
                yield
        except (SQLAlchemyError, self._errors) as error:  # the driver's own: while connecting
            own = getattr(error, "orig", None) or error
            now = time.monotonic()
            slow = isinstance(own, (SQLAlchemyTimeout, *self._not_there)) and now - began > SLOW_S
            self._away_until = now + self._away if slow else float("-inf")
            if _is_damaged(own):
                self._prepared = None  # perhaps it is repaired when it is used again
            raise StoreUnavailable(f"the database did not do it ({reason_of(error)})") from None
        self._away_until = float("-inf")

    def _check_away(self, seconds: float, behind: bool) -> None:
        """Raises StoreUnavailable while it is away; one caller finds out whether it is back, the others need not wait."""
        now = time.monotonic()
        with self._lock:
            if behind or self._away_until == float("-inf"):
                return
            if now < self._away_until:
                raise StoreUnavailable("the database was away a moment ago")
            self._away_until = now + seconds

    def _made(self) -> Engine:
        if self.is_sqlite:
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
        engine = create_engine(
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
        event.listen(engine, "do_connect", _connect_postgres)
        return engine


def _errors_of(url: URL) -> tuple[type[Exception], type[Exception]]:
    """The driver's errors: all of them, and that of a database that is not there. Only the driver that is used is loaded,
    since that of PostgreSQL takes 15 MB of memory."""
    if url.drivername == "sqlite":
        return sqlite3.Error, sqlite3.OperationalError
    import psycopg

    return psycopg.Error, psycopg.OperationalError


def _file_at(path: Path) -> tuple[int, int]:
    """Device and number of the file, which is made with its folder if it is not there, for nobody but the user that
    runs the service. Never opened otherwise: closing it again would end SQLite's locks on it in this process."""
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise StoreUnavailable("the database file cannot be opened (it is no file)")
        return found.st_dev, found.st_ino
    except StoreUnavailable:
        raise
    except OSError as error:
        raise StoreUnavailable(f"the database file cannot be opened ({error.strerror})") from None


def _is_damaged(error: BaseException) -> bool:
    """Whether it may be the file of SQLite itself: no database, inconsistent, or without the tables."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)


def _connect_postgres(_: Any, __: Any, args: Any, named: Any) -> Any:
    from service.store.bounded import connect

    return connect(*args, **named)


def _prepare_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions by itself: it would do so late, after the reads that a write rests on.
    connection.isolation_level = None
    until = time.monotonic() + WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            # Where several change a new file's mode at once, SQLite does not wait for the lock as it else does.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    """Begin, as a writer at once: a reader that turns writer halfway may fail however long it waits."""
    options = connection.get_execution_options()
    if options.get("allcue_reading"):
        connection.exec_driver_sql("BEGIN")
        return
    # NORMAL is safe against a crash of the process, FULL also against one of the machine (sqlite.org/pragma.html).
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get('allcue_durable') else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
