"""Allcue as ``allcue serve`` runs it, in a process of its own, for as long as it is needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Running:
    """A service that runs. ``process``: the first one, which makes the workers."""

    port: int
    process: subprocess.Popen[bytes]

    def workers(self) -> list[int]:
        """Process ids of the workers (Linux)."""
        pid = self.process.pid
        return [int(found) for found in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def wait(self) -> None:
        """Wait until it takes connections. Raises RuntimeError if it ends instead."""
        _wait(self.port, self.process)


@contextmanager
def running(
    environ: Mapping[str, str] | None = None,
    workers: int = 1,
    log: IO[bytes] | None = None,
    *,
    wrapper: Sequence[str] = (),
    port: int | None = None,
) -> Iterator[Running]:
    """A running service; ``log`` takes all that it writes. Its store is one for this run, unless ``environ`` names one:
    the feedback of tests must not be counted among that of the user who runs them.

    Args:
        wrapper: a command that runs another one, put in front.
        port: a free one if not given.

    Raises:
        RuntimeError: it did not start.
    """
    port = port or free_port()
    command = [*wrapper, sys.executable, "-m", "service.cli", "serve", "--port", str(port), "--workers", str(workers)]
    known = {name: value for name, value in os.environ.items() if not name.startswith("ALLCUE_")}
    out = log or subprocess.DEVNULL
    with TemporaryDirectory(prefix="allcue-state-") as state:
        told = {**known, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "XDG_STATE_HOME": state, **(environ or {})}
        process = subprocess.Popen(command, cwd=ROOT, env=told, stdout=out, stderr=out)
        found = Running(port, process)
        try:
            found.wait()
            yield found
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(60)


@contextmanager
def served(
    environ: Mapping[str, str] | None = None, workers: int = 1, log: IO[bytes] | None = None, port: int | None = None
) -> Iterator[int]:
    """The port of a running service: a free one if none is given. ``log`` takes all that it writes.

    Raises:
        RuntimeError: it did not start.
    """
    with running(environ, workers, log, port=port) as found:
        yield found.port


@contextmanager
def wsgi(app: str, worker: str = "gthread") -> Iterator[int]:
    """The port of a WSGI app under gunicorn with one worker process and four threads.

    Args:
        worker: class of the worker; as gunicorn brings it if not given.

    Raises:
        RuntimeError: it did not start.
    """
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--worker-class", worker,
        "--threads", "4", "--log-level", "error", app,
    ]  # fmt: skip
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "ALLCUE_HOST": "127.0.0.1"}
    process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(3600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the service did not start")
