"""``make bench``: Allcue beside the floor, under the same WSGI server, in rounds that take turns."""

from __future__ import annotations

import json
import statistics
import urllib.request
from pathlib import Path

import click

from bench.karyotypes import figures as karyotype_figures
from bench.load import Result, measure
from bench.patients import request
from bench.served import wsgi

_PATH = "/cds-services/allcue-patient-view"
_FLOOR, _ALL, _OTHER = "floor (parse 100 KB, constant 5 KB)", "patient with ALL (80 resources)", "patient without ALL"


def _cards(port: int, body: bytes) -> int:
    call = urllib.request.Request(f"http://127.0.0.1:{port}{_PATH}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(call, timeout=30) as answer:
        return len(json.load(answer)["cards"])


def _painted(rounds: int) -> dict[str, dict[str, float]]:
    """First paint of the chart page, where there is a browser."""
    from tests.browser import chromium

    if chromium() is None:
        click.echo("NOTICE: first paint not measured: no Chromium on the PATH")
        return {}
    from bench.paint import figures

    return figures(2 * rounds + 1)


@click.command()
@click.option("--seconds", default=4.0, show_default=True, help="Length of one measurement.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--clients", default=2, show_default=True, help="Concurrent connections.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the figures as JSON.")
def main(seconds: float, rounds: int, clients: int, output: Path | None) -> None:
    """Requests a second and latency, and the ratio to the floor."""
    with_all, without = request(True), request(False)
    results: dict[str, list[Result]] = {_FLOOR: [], _ALL: [], _OTHER: []}
    with wsgi("bench.floor:app") as floor, wsgi("service.wsgi:app") as allcue:
        shown = f"{len(with_all) // 1000} KB, {_cards(allcue, with_all)} cards; {len(without) // 1000} KB, {_cards(allcue, without)} cards"
        click.echo(f"requests: {shown}", err=True)
        for _ in range(rounds):
            results[_FLOOR].append(measure(floor, _PATH, with_all, seconds, clients))
            results[_ALL].append(measure(allcue, _PATH, with_all, seconds, clients))
            results[_OTHER].append(measure(allcue, _PATH, without, seconds, clients))
    base = statistics.median(result.rate for result in results[_FLOOR])
    figures: dict[str, dict[str, float]] = {}
    for name, found in results.items():
        rate = statistics.median(result.rate for result in found)
        p50, p99 = (statistics.median(getattr(result, which) for result in found) for which in ("p50", "p99"))
        figures[name] = {"requests_per_second": round(rate, 1), "p50_ms": round(p50, 2), "p99_ms": round(p99, 2),
                         "ratio_to_floor": round(rate / base, 3)}  # fmt: skip
        click.echo(f"{name:40} {rate:8.0f}/s  p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  {rate / base:5.0%} of the floor")
    for name, figure in karyotype_figures(rounds).items():
        figures[name] = figure
        click.echo(f"{name:40} {figure['microseconds']:8.1f} µs a string, {figure['times_floor']:.0f} times the floor")
    for name, figure in _painted(rounds).items():
        figures[name] = figure
        click.echo(
            f"{name:40} {figure['first_paint_ms']:7.0f} ms, answered after {figure['answer_ms']:5.0f} ms, {figure['times_floor']:.1f} times the floor"
        )
    if output:
        output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
