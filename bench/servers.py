"""``python -m bench.servers``: WSGI servers and worker classes beside each other, with the floor and with Allcue.

Two processes each, in turns, so that what else the machine does meets all of them. Then more clients than there are threads send the beginning of
a call and no more: is another client answered meanwhile? Servers that are not installed are left out (``pip install granian``).
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPException
from importlib.util import find_spec

import click

from bench.clients import CALL, ask, call_body
from bench.load import Result, measure
from bench.served import ROOT, free_port

GUNICORN = ("gunicorn", "--workers", "2", "--preload", "--log-level", "error", "--no-control-socket")
SERVERS = {
    "gunicorn, Allcue's worker, 4 threads": (*GUNICORN, "-k", "service.commands.worker.Worker", "--threads", "4"),
    "gunicorn gthread, 4 threads": (*GUNICORN, "-k", "gthread", "--threads", "4"),
    "gunicorn sync": (*GUNICORN, "-k", "sync"),
    "granian, 4 threads": ("granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "4", "--no-ws"),
}
APPS = {"floor": "bench.floor:app", "Allcue": "service.wsgi:app"}
SLOW = 16  # more than there are threads
WAIT_S = 45


@contextmanager
def serving(words: tuple[str, ...], app: str) -> Iterator[int]:
    """The port of a server that was started with the app."""
    port = free_port()
    place = ("--bind", f"127.0.0.1:{port}") if words[0] == "gunicorn" else ("--host", "127.0.0.1", "--port", str(port))
    known = {name: value for name, value in os.environ.items() if not name.startswith("ALLCUE_")}
    environ = {
        **known,
        "PYTHONPATH": os.pathsep.join((str(ROOT), known.get("PYTHONPATH", ""))),
        "ALLCUE_DATABASE_URL": "none",
    }
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", *words, *place, app], env=environ, cwd=ROOT, stdout=quiet, stderr=quiet
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(60)


def ready(port: int) -> None:
    """Wait until calls are answered. Raises RuntimeError if they are not."""
    for _ in range(1200):
        try:
            ask(port, CALL, call_body())
        except (OSError, HTTPException):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("a server did not start")


def held_up(port: int) -> str:
    """Whether a client is answered while others have sent half a call."""
    head = f"POST {CALL} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"
    with ExitStack() as stack:
        for _ in range(SLOW):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
            slow.sendall(head.encode())
        time.sleep(0.5)
        started = time.perf_counter()
        with socket.create_connection(("127.0.0.1", port), WAIT_S) as other:
            other.settimeout(WAIT_S)
            body = call_body()
            other.sendall(f"POST {CALL} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n".encode() + body)  # fmt: skip
            try:
                told = other.recv(15)
            except OSError:
                told = b""
        waited = time.perf_counter() - started
    return f"after {waited:.1f} s" if b"200" in told else f"not within {waited:.0f} s"


@click.command()
@click.option("--seconds", default=4.0, show_default=True, help="Of load, for each server, app and turn.")
@click.option("--turns", default=3, show_default=True)
@click.option("--clients", default=8, show_default=True)
@click.option("--app", "apps", multiple=True, type=click.Choice(list(APPS)), default=list(APPS), show_default=True)
def main(seconds: float, turns: int, clients: int, apps: tuple[str, ...]) -> None:
    """Compare servers and worker classes."""
    known = {name: words for name, words in SERVERS.items() if find_spec(words[0])}
    body = call_body()
    found: dict[tuple[str, str], list[Result]] = {}
    waits = {}
    with ExitStack() as stack:
        ports = {
            (name, app): stack.enter_context(serving(words, APPS[app])) for name, words in known.items() for app in apps
        }
        for port in ports.values():  # started at once, and then awaited
            ready(port)
        for _ in range(turns):
            for key, port in ports.items():
                found.setdefault(key, []).append(measure(port, CALL, body, seconds, clients))
        for name in known:
            waits[name] = held_up(ports[name, apps[0]])
    heads = [f"{app}: req/s, p99 ms" for app in apps]
    click.echo(
        f"| server, two processes, {clients} clients | {' | '.join(heads)} | another client beside {SLOW} slow bodies |"
    )
    click.echo(f"|{'---|' * (2 + len(heads))}")
    for name in known:
        cells = [f"{statistics.median(r.rate for r in found[name, app]):.0f}, {statistics.median(r.p99 for r in found[name, app]):.0f}"
                 for app in apps]  # fmt: skip
        click.echo(f"| {name} | {' | '.join(cells)} | answered {waits[name]} |")


if __name__ == "__main__":
    main()
