"""Peers as processes of this machine, each for as long as it is needed."""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from tempfile import TemporaryDirectory
from typing import Any

from bench.peers.install import NotInstalled
from bench.peers.roster import Peer
from bench.served import free_port

_START_S = 90


@dataclass(frozen=True)
class Live:
    """A peer that takes calls. ``group``: of its processes. ``versions``: as it tells them."""

    port: int
    group: int
    versions: dict[str, str]


@contextmanager
def live(peer: Peer) -> Iterator[Live]:
    """Start it, and end it.

    Raises:
        NotInstalled: it cannot be had here, or does not start.
    """
    command, port = peer.command(), free_port()
    words = [word.replace("{port}", str(port)) for word in command.words]
    known = {name: value for name, value in os.environ.items() if not name.startswith("ALLCUE_")}
    with TemporaryDirectory(prefix="peer-") as state:
        environ = {**known, "XDG_STATE_HOME": state, **command.environ}
        process = subprocess.Popen(
            words, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            _wait(port, process)
            yield Live(port, process.pid, _versions(peer, port))
        finally:
            _end(process)


def ask(port: int, path: str, body: bytes) -> Any:
    """The parsed answer to one request."""
    call = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(call, timeout=60) as answer:
        return json.load(answer)


def _versions(peer: Peer, port: int) -> dict[str, str]:
    """Of a peer in an environment of its own what it says; of one in Allcue's what is installed there."""
    if peer.path.startswith("/cds-services/allcue"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=30) as answer:
            told = json.load(answer)["info"]["version"]
        return {"allcue": told, "gunicorn": version("gunicorn"), "python": platform.python_version()}
    if peer.libraries:
        return {**{name: version(name) for name in peer.libraries}, "python": platform.python_version()}
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/versions", timeout=30) as answer:
        found: dict[str, str] = json.load(answer)
    return found


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NotInstalled(f"did not start within {_START_S} s" if process.poll() is None else "ended at start")


def _end(process: subprocess.Popen[bytes]) -> None:
    """The whole group: some servers leave workers behind."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            break
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            continue
        if how is signal.SIGTERM:
            time.sleep(0.1)
    process.wait(5)
