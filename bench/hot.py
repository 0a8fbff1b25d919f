"""Calls a second of ``allcue serve`` beside the floor: the same bodies, one process each, in turns.

The floor (`bench.floor`) parses the body and answers a constant card, under gunicorn as it comes. The same app under
Allcue's own worker, which takes bodies from the connection in larger pieces, is the second, higher floor: what is left
between it and Allcue is Allcue's own work. Allcue is asked twice over: about charts that were opened a moment ago (each
call with a ``hookInstance`` of its own), which it remembers, and about charts never seen.
"""

from __future__ import annotations

import json
import statistics
import urllib.request
from collections.abc import Callable, Sequence

import click

from bench.load import Result, measure
from bench.patients import order_sign, request
from bench.served import served, wsgi

VIEW, SIGN = "/cds-services/allcue-patient-view", "/cds-services/allcue-order-sign"
FLOOR = "floor: parse 100 KB, constant 5 KB"
OWN = "the same under Allcue's worker"
_WORKER = "service.commands.worker.Worker"
_OPEN = 8  # charts that are opened again and again
_KNOWN_S = 2.0  # within which each of them was answered once
_NEW = 256  # charts in turns: more than a process remembers, so that none is known when its turn comes again
_Make = Callable[[int], bytes]
_CASES: dict[str, tuple[str, _Make, int]] = {
    "patient with ALL, chart opened again": (VIEW, lambda seed: request(True, seed=seed), _OPEN),
    "patient without ALL, chart opened again": (VIEW, lambda seed: request(False, seed=seed), _OPEN),
    "order-sign with 10 drafts, signed again": (SIGN, lambda seed: order_sign(10, seed), _OPEN),
    "patient with ALL, every chart new": (VIEW, lambda seed: request(True, seed=seed), _NEW),
    "patient without ALL, every chart new": (VIEW, lambda seed: request(False, seed=seed), _NEW),
    "order-sign with 10 drafts, every chart new": (SIGN, lambda seed: order_sign(10, seed), _NEW),
}


def figures(seconds: float, rounds: int, clients: int) -> dict[str, dict[str, float]]:
    """Requests a second, latency in milliseconds and the ratio to the floor of the same round; medians over rounds.

    Args:
        seconds: length of one measurement.
        clients: concurrent connections.

    Raises:
        RuntimeError: something was not answered.
    """
    bodies = {name: [make(seed) for seed in range(count)] for name, (_, make, count) in _CASES.items()}
    floors: list[Result] = []
    owns: list[Result] = []
    found: dict[str, list[Result]] = {name: [] for name in _CASES}
    with wsgi("bench.floor:app") as floor, wsgi("bench.floor:app", _WORKER) as own, served() as allcue:
        for name, (path, _, _) in _CASES.items():
            _looked_at(allcue, path, bodies[name][0], with_cards="without" not in name)
        for _ in range(rounds):
            for name, (path, _, count) in _CASES.items():
                some = bodies[name][:_OPEN]
                floors.append(measure(floor, path, some, seconds, clients))
                # Charts that are to be known are opened once before.
                found[name].append(
                    measure(allcue, path, bodies[name], seconds, clients, _KNOWN_S if count == _OPEN else 0.0)
                )
                owns.append(measure(own, path, some, seconds, clients))
    rows = {FLOOR: _row(floors, floors, owns), OWN: _row(owns, floors, owns)}
    for place, (name, results) in enumerate(found.items()):
        turn = slice(place, None, len(_CASES))
        rows[name] = _row(results, floors[turn], owns[turn])
    return rows


def _row(results: Sequence[Result], floors: Sequence[Result], owns: Sequence[Result]) -> dict[str, float]:
    middle = {name: statistics.median(getattr(one, name) for one in results) for name in ("rate", "p50", "p99")}
    return {
        "requests_per_second": round(middle["rate"], 1),
        "p50_ms": round(middle["p50"], 2),
        "p99_ms": round(middle["p99"], 2),
        "ratio_to_floor": _ratio(results, floors),
        "ratio_to_floor_under_own_worker": _ratio(results, owns),
    }


def _ratio(results: Sequence[Result], floors: Sequence[Result]) -> float:
    """The median of the ratios, each within its turn."""
    return round(statistics.median(one.rate / least.rate for one, least in zip(results, floors, strict=True)), 3)


def _looked_at(port: int, path: str, body: bytes, *, with_cards: bool) -> None:
    """What is measured has to be an answer: cards for a patient with ALL, none for another."""
    call = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(call, timeout=30) as answer:
        cards = json.load(answer)["cards"]
    if bool(cards) != with_cards:
        raise RuntimeError(f"{path} answered {len(cards)} cards")


def shown(rows: dict[str, dict[str, float]]) -> None:
    """Print them."""
    for name, row in rows.items():
        click.echo(
            f"{name:44} {row['requests_per_second']:8.0f}/s  p50 {row['p50_ms']:7.2f} ms  p99 {row['p99_ms']:7.2f} ms  "
            f"{row['ratio_to_floor']:5.0%} of the floor, {row['ratio_to_floor_under_own_worker']:4.0%} of that under its own worker"
        )
