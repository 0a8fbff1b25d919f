"""``python -m bench.start``: how long a service takes from its start to its first answer, and what memory a worker has.

Each start is timed beside that of the floor, a bare Flask application under gunicorn with one worker, in turns.
"""

from __future__ import annotations

import http.client
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from bench.clients import CALL
from bench.patients import request
from bench.served import ROOT, free_port, running

_FLOOR = "import flask; app = flask.Flask('floor'); app.post('/<path:_>')(lambda _: {'cards': []})\n"
_MEMORY = {"Rss": "rss_mb", "Pss": "pss_mb"}


def post(connection: http.client.HTTPConnection, body: bytes) -> int:
    """Call the service; the bytes of its answer. Raises RuntimeError: it did not answer with 200."""
    connection.request("POST", CALL, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    data = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"answered with {answer.status}")
    return len(data)


def memory(pid: int) -> dict[str, float]:
    """MB of a process that are in memory (Linux): all, and with what it shares counted in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return {name: round(found[key] * 1024 / 1e6, 1) for key, name in _MEMORY.items()}


def _first_answer(command: Sequence[str], port: int, environ: dict[str, str], body: bytes) -> float:
    """Seconds from the start of a command to the answer to a call. Raises RuntimeError: it ended before."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                post(connection, body)
                return time.perf_counter() - began
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError("the service did not start") from None
                time.sleep(0.01)
            finally:
                connection.close()
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def _folders() -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder of this run, and an environment that keeps all in it but the compiled code of modules."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("ALLCUE_")}
    with TemporaryDirectory(prefix="allcue-bench-") as folder:
        (Path(folder) / "floor.py").write_text(_FLOOR, encoding="utf-8")
        yield (
            Path(folder),
            {**known, "PYTHONPATH": f"{ROOT}:{folder}", "XDG_STATE_HOME": folder, "XDG_CACHE_HOME": folder},
        )


def starts(rounds: int = 3) -> dict[str, float]:
    """Seconds to the first answer about a patient with ALL: of the floor, of a service that finds its content compiled, and
    of one that does not; and the ratios to the floor. Medians."""
    body = request(with_all=True)
    taken: dict[str, list[float]] = {"floor_s": [], "warm_s": [], "cold_s": []}
    with _folders() as (folder, environ):
        for turn in range(rounds + 1):
            port = free_port()
            serve = [sys.executable, "-m", "service.cli", "serve", "--port", str(port), "--workers", "1"]
            bare = [
                sys.executable,
                "-m",
                "gunicorn",
                "--bind",
                f"127.0.0.1:{port}",
                "--threads",
                "4",
                "--preload",
                "floor:app",
            ]
            cold = {**environ, "ALLCUE_CACHE_DIR": str(folder / f"cold-{turn}")}
            found = {
                "floor_s": _first_answer(bare, port, environ, body),
                "cold_s": _first_answer(serve, port, cold, body),
                "warm_s": _first_answer(serve, port, environ, body),
            }
            for name, seconds in found.items() if turn else ():  # the first turn fills caches, that of modules too
                taken[name].append(seconds)
    medians = {name: statistics.median(found) for name, found in taken.items()}
    ratios = {f"{name[:-2]}_times_floor": medians[name] / medians["floor_s"] for name in ("warm_s", "cold_s")}
    return {name: round(value, 2) for name, value in (medians | ratios).items()}


def worker_memory(requests: int = 2000, workers: int = 2) -> dict[str, float]:
    """Memory of the largest of some workers, in MB, after so many requests, one patient in two with ALL."""
    bodies = [request(with_all=True), request(with_all=False)]
    with running(workers=workers) as service:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        for number in range(requests):
            if number % 50 == 0:  # a new connection, which another worker may take
                connection.close()
            post(connection, bodies[number % 2])
        connection.close()
        return max((memory(pid) for pid in service.workers()), key=lambda found: found["rss_mb"])


def figures(rounds: int = 3, requests: int = 2000) -> dict[str, dict[str, float]]:
    """What is measured here, by name."""
    return {
        "start to the first answer": starts(rounds),
        f"a worker after {requests} requests": worker_memory(requests),
    }


@click.command()
@click.option("--rounds", default=3, show_default=True)
@click.option("--requests", default=2000, show_default=True)
def main(rounds: int, requests: int) -> None:
    """Start-up seconds with their ratio to the floor, and memory of a worker."""
    for name, found in figures(rounds, requests).items():
        click.echo(f"{name:30} " + ", ".join(f"{what} {value:g}" for what, value in found.items()))


if __name__ == "__main__":
    main()
