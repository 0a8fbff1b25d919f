"""``python -m bench.memory --requests 100000``: whether a worker's memory stays the same however long it serves."""

from __future__ import annotations

import http.client
import itertools
from collections.abc import Iterator

import click

from bench.patients import request
from bench.served import running
from bench.start import memory, post

_EVERY = 100  # requests on one connection


def _bodies() -> Iterator[bytes]:
    """Requests, one patient in five with ALL, without end; each of another patient and of another call, as in life, so that
    a memory that forgets nobody would show."""
    return (request(number % 5 == 0, seed=number) for number in itertools.count(1))


@click.command()
@click.option("--requests", default=100_000, show_default=True)
@click.option("--every", default=10_000, show_default=True, help="Requests between two lines.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 8))
def main(requests: int, every: int, workers: int) -> None:
    """Print RSS and PSS of each worker, in MB, now and then."""
    bodies = _bodies()
    with running(workers=workers) as service:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        for number in range(1, requests + 1):
            if number % _EVERY == 0:
                connection.close()
            post(connection, next(bodies))
            if number == 1 or number % every == 0:
                found = [memory(pid) for pid in service.workers()]
                shown = "  ".join(f"RSS {one['rss_mb']:6.1f} PSS {one['pss_mb']:6.1f}" for one in found)
                click.echo(f"{number:8,} requests: {shown}")
        connection.close()


if __name__ == "__main__":
    main()
