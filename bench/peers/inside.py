"""``python -m bench.peers.inside REQUESTS.jsonl SECONDS``: Allcue's evaluation without HTTP, by number of rules.

Prints a JSON list: for the benchmark's rules and for shipped sources alone and together, how many rules were asked about the
patient, and the milliseconds of each evaluation, from the request's text to the finished cards.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import orjson

from bench.peers.rules import COUNTS, write_content
from service.bundles import invocation_of
from service.wiring import Clinic, build_clinic

SOURCES = ("uptodate-2017", "nccn-2017", "nccn-adult-2-2025", None)  # shipped sources alone; None: all by the policy


def lanes() -> Iterator[tuple[str, Clinic]]:
    """What is measured, by name."""
    for count in COUNTS:
        with TemporaryDirectory(prefix="content-") as folder:
            yield f"Allcue, the same {count}", build_clinic(write_content(Path(folder), count))
    for source in SOURCES:
        yield f"Allcue, {source or 'all sources'}", build_clinic(sources=(source,) if source else ())


def measured(clinic: Clinic, lines: list[bytes], seconds: float) -> dict[str, Any]:
    """At least three evaluations, after some that are not counted."""
    for line in lines[:10]:
        asked = len(clinic.answer(invocation_of(orjson.loads(line), None)).verdicts)
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < 3:
        started = time.perf_counter()
        clinic.answer(invocation_of(orjson.loads(lines[len(times) % len(lines)]), None))
        times.append((time.perf_counter() - started) * 1000)
    return {"rules": asked, "times": times}


@click.command()
@click.argument("requests", type=click.Path(exists=True, path_type=Path))
@click.argument("seconds", type=float)
def main(requests: Path, seconds: float) -> None:
    """See the module."""
    lines = requests.read_bytes().splitlines()
    click.echo(json.dumps([{"name": name, **measured(clinic, lines, seconds)} for name, clinic in lanes()]))


if __name__ == "__main__":
    main()
