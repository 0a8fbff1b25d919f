"""Two instances of Allcue over one PostgreSQL and, if wanted, one Redis, as two machines would run them."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench.clients import Signer, until
from bench.faults import trust
from bench.served import Running, free_port, running
from service.store.database import Database
from service.store.schema import upgrade
from tests.store.postgres import Server, binaries
from tests.store.redis_server import RedisProcess, program

WITHIN = 120.0  # seconds in which an instance is up, on a slow machine


def missing(*, redis: bool) -> str | None:
    """What this machine lacks for it."""
    if not Path("/proc/self/task").exists():
        return "needs Linux to find the processes of an instance"
    if binaries() is None:
        return "needs the programs of a PostgreSQL server"
    return "needs redis-server or valkey-server" if redis and program() is None else None


class Instance:
    """One ``allcue serve`` on a port of its own, which can fail and come back."""

    def __init__(self, environ: dict[str, str], workers: int, log: Path):
        self.port, self.log = free_port(), log
        self._environ, self._workers = environ, workers
        self._stack = ExitStack()
        self.running: Running | None = None

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        log = self._stack.enter_context(self.log.open("ab"))
        self.running = self._stack.enter_context(running(self._environ, self._workers, log, port=self.port))
        until(lambda: len(self._up.workers()) == self._workers, WITHIN)

    @property
    def _up(self) -> Running:
        assert self.running is not None
        return self.running

    def kill(self) -> None:
        """End all its processes at once, as when its machine fails."""
        for pid in (self._up.process.pid, *self._up.workers()):
            os.kill(pid, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Stop it, if it runs."""
        self._stack.close()
        self.running = None


@dataclass
class Cluster:
    """``signer``: the one client that is registered."""

    folder: Path
    instances: list[Instance]
    postgres: Server
    redis: RedisProcess | None
    signer: Signer

    def ask(self, query: str) -> list[Any]:
        """The first column of what the database answers."""
        with psycopg.connect(self.postgres.url) as connection:
            return [row[0] for row in connection.execute(query).fetchall()]  # type: ignore[arg-type]

    def logged(self, words: str) -> bool:
        """Whether an instance has said so."""
        return any(words in one.log.read_text() for one in self.instances)

    def stored(self, cards: set[str]) -> int:
        """How many of these cards have feedback in the database."""
        return len(cards & set(self.ask("SELECT card FROM feedback")))


@contextmanager
def cluster(*, redis: bool = False, workers: int = 1, rate: str = "0", burst: str = "") -> Iterator[Cluster]:
    """Two running instances."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="allcue-cluster-")))
        folder.chmod(0o755)
        (folder / "postgres").mkdir()
        programs = binaries()
        assert programs is not None
        postgres = Server(folder / "postgres", programs)
        stack.callback(postgres.close)
        postgres.start()
        database = Database(postgres.url)
        upgrade(database)
        database.close()
        environ = {"ALLCUE_DATABASE_URL": postgres.url, "ALLCUE_SITE_SECRET": "s" * 40}
        signer = trust(folder, environ)
        environ |= {"ALLCUE_RATE_LIMIT": rate, "ALLCUE_RATE_BURST": burst}
        server = _redis(stack, folder, environ) if redis else None
        instances = [Instance(environ, workers, folder / f"instance-{number}.log") for number in range(2)]
        for instance in instances:
            stack.callback(instance.close)
            instance.start()
        yield Cluster(folder, instances, postgres, server, signer)


def _redis(stack: ExitStack, folder: Path, environ: dict[str, str]) -> RedisProcess:
    found = program()
    assert found is not None
    (folder / "redis").mkdir()
    server = RedisProcess(folder / "redis", found)
    stack.callback(server.kill)
    server.start()
    environ["ALLCUE_REDIS_URL"] = server.url
    return server
