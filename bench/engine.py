"""CPU time of the engine for a chart never seen before, beside the least any program does with one.

``python -m bench.engine``. Each round asks about another patient, so that nothing which was worked out for one answers for
the next. The floor reads the same bytes (``orjson.loads``) and looks once at every object in them; it is measured in turns
with the engine, and the time counted is the processor's, so that other work on the machine weighs on both alike.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import click
import orjson

from bench.patients import order_sign, request
from service.bundles import invocation_of
from service.wiring import Clinic, build_clinic

_SIZES = (80, 250, 500, 1000, 2000)
_LARGE = 500  # resources from which on one round in four is enough
_Make = Callable[[int], bytes]  # of a seed


def figures(rounds: int) -> dict[str, dict[str, float]]:
    """Per kind of request the median of the rounds: CPU milliseconds, those per resource, and how many times the floor.

    The growth: ``per_resource_times_80`` is the time per resource over that of the smallest chart; above 1 it is worse than
    linear.
    """
    clinic = build_clinic()
    found = {
        "engine, first answer, ALL": _measured(clinic, lambda seed: request(True, seed=seed), 80, rounds),
        "engine, first answer, no ALL": _measured(clinic, lambda seed: request(False, seed=seed), 80, rounds),
        "engine, order-sign, 10 drafts": _measured(clinic, lambda seed: order_sign(10, seed), 90, rounds),
    }
    smallest = found["engine, first answer, ALL"]["ms_per_resource"]
    for size in _SIZES[1:]:
        fewer = max(1, rounds // 4) if size >= _LARGE else rounds
        row = _measured(clinic, lambda seed, size=size: request(True, size, seed), size, fewer)  # type: ignore[misc]
        found[f"engine, {size} resources"] = row | {
            "per_resource_times_80": round(row["ms_per_resource"] / smallest, 2)
        }
    return found


def _measured(clinic: Clinic, make: _Make, resources: int, rounds: int) -> dict[str, float]:
    engine, floor = [], []
    for seed in range(rounds + 1):  # the first of its kind also compiles what is compiled when first needed
        body = make(seed)
        asked = invocation_of(json.loads(body), None)
        floor.append(_cpu(lambda body=body: _walk(orjson.loads(body))))  # type: ignore[misc]
        engine.append(_cpu(lambda asked=asked: clinic.decide(asked)))  # type: ignore[misc]
    taken, least = statistics.median(engine[1:]), statistics.median(floor[1:])
    return {
        "cpu_ms": round(taken, 2),
        "ms_per_resource": round(taken / resources, 4),
        "times_floor": round(taken / least, 1),
    }


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1e3


def _walk(value: object) -> int:
    """How many objects there are in some JSON."""
    if isinstance(value, dict):
        return 1 + sum(map(_walk, value.values()))
    return sum(map(_walk, value)) if isinstance(value, list) else 0


@click.command()
@click.option("--rounds", default=12, show_default=True, help="Charts of each kind.")
def main(rounds: int) -> None:
    """CPU time of first answers, and how it grows with the chart."""
    for name, row in figures(rounds).items():
        grown = f", {row['per_resource_times_80']:.2f} times that of 80" if "per_resource_times_80" in row else ""
        click.echo(
            f"{name:32} {row['cpu_ms']:8.2f} ms CPU, {row['times_floor']:6.1f} times the floor, "
            f"{row['ms_per_resource']:.3f} ms a resource{grown}"
        )


if __name__ == "__main__":
    main()
