"""Allcue as ``allcue serve`` runs it, in a process of its own, for as long as it is needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(
    environ: Mapping[str, str] | None = None, workers: int = 1, log: IO[bytes] | None = None, port: int | None = None
) -> Iterator[int]:
    """The port of a running service: a free one if none is given. ``log`` takes all that it writes.

    Raises:
        RuntimeError: it did not start.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port), "--workers", str(workers)]
    known = {name: value for name, value in os.environ.items() if not name.startswith("ALLCUE_")}
    told = {**known, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **(environ or {})}
    out = log or subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, env=told, stdout=out, stderr=out)
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(60)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the service did not start")
