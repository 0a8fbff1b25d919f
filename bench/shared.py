"""``python -m bench.shared``: what it costs a call to share token ids and the rate limit, in turns in one run."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from service.hooks.throttle import SharedLimit, TokenBuckets
from service.store.database import Database
from service.store.rates import PostgresBuckets, RedisBuckets
from service.store.remote import RedisServer
from service.store.replay import RedisTokens, UsedTokens
from service.store.schema import upgrade
from tests.store.postgres import Server, binaries
from tests.store.redis_server import RedisProcess, program

Step = Callable[[], object]


def measured(steps: dict[str, Step], rounds: int, number: int) -> dict[str, tuple[float, float]]:
    """Microseconds of one step, median of the rounds: by the clock, and of this process's CPU."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            clock, used = time.perf_counter(), time.process_time()
            for _ in range(number):
                step()
            each = 1e6 / number
            found[name].append(((time.perf_counter() - clock) * each, (time.process_time() - used) * each))
    return {
        name: (statistics.median(one[0] for one in told), statistics.median(one[1] for one in told))
        for name, told in found.items()
    }


def _ids(guard: UsedTokens | RedisTokens) -> Step:
    return lambda: guard.first_use("ehr", str(uuid.uuid4()), datetime.now(UTC) + timedelta(seconds=300))


def _postgres(stack: ExitStack, folder: Path) -> dict[str, Step]:
    programs = binaries()
    if programs is None:
        return {}
    (folder / "postgres").mkdir()
    server = Server(folder / "postgres", programs)
    stack.callback(server.close)
    server.start()
    database = Database(server.url, wait=20)
    stack.callback(database.close)
    upgrade(database)
    buckets = PostgresBuckets(database, 1e6, 1_000_000)
    own = TokenBuckets(1e6, 1_000_000)
    limit = SharedLimit(PostgresBuckets(database, 50.0, 10**9), own)
    return {
        "token id in PostgreSQL": _ids(UsedTokens(database)),
        "lease in PostgreSQL": lambda: buckets.take("client ehr", 0),
        "rate limit by PostgreSQL, busy client": lambda: limit.allow("client ehr"),
    }


def _redis(stack: ExitStack, folder: Path) -> tuple[dict[str, Step], RedisProcess | None]:
    found = program()
    if found is None:
        return {}, None
    (folder / "redis").mkdir()
    process = RedisProcess(folder / "redis", found)
    stack.callback(process.kill)
    process.start()
    server = RedisServer(process.url, seconds=20)
    stack.callback(server.close)
    buckets = RedisBuckets(server, 1e6, 1_000_000)
    limit = SharedLimit(RedisBuckets(server, 50.0, 10**9), TokenBuckets(1e6, 1_000_000))
    return {
        "token id in Redis": _ids(RedisTokens(server)),
        "lease in Redis": lambda: buckets.take("client ehr", 0),
        "rate limit by Redis, busy client": lambda: limit.allow("client ehr"),
    }, process


@click.command()
@click.option("--rounds", default=7, show_default=True)
@click.option("--number", default=200, show_default=True, help="Steps of a round.")
def main(rounds: int, number: int) -> None:
    """Microseconds of each step that a call may take, beside counting in the process alone."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="allcue-shared-")))
        folder.chmod(0o755)
        own = TokenBuckets(1e6, 1_000_000)
        in_redis, process = _redis(stack, folder)
        steps = {"rate limit of the process": lambda: own.allow("client ehr"), **_postgres(stack, folder), **in_redis}
        click.echo(
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n\n| step | µs | of them CPU here |\n|---|---|---|"
        )
        for name, (clock, used) in measured(steps, rounds, number).items():
            click.echo(f"| {name} | {clock:.0f} | {used:.0f} |")
        if process is not None:
            with process.client() as client:
                key = next(client.scan_iter("allcue:jti:*"))
                click.echo(
                    f"\na token id in Redis: {client.memory_usage(key)} bytes ({client.info()['redis_version']})"
                )


if __name__ == "__main__":
    main()
