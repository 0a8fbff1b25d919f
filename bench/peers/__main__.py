"""``python -m bench.peers``: Allcue beside what else could answer the same calls. docs/performance.md tells the method."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from bench.peers import install
from bench.peers.agree import first_is_shipped
from bench.peers.measure import Bench, Plan
from bench.peers.page import NoPlace, measured, write
from bench.peers.roster import BY_KEY, FLOOR, PEERS
from bench.served import ROOT

FIGURES = ROOT / "docs" / "performance.json"


def _machine() -> dict[str, Any]:
    cpu = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")] if cpu.exists() else []  # fmt: skip
    return {
        "cores": os.cpu_count(),
        "processor": names[0] if names else platform.machine(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


@click.command()
@click.option("--quick", is_flag=True, help="About a minute: one short round, for a look.")
@click.option("--seconds", default=2.0, show_default=True, help="Length of one measurement.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 100))
@click.option("--clients", default=2, show_default=True, type=click.IntRange(1, 64), help="Connections in the table.")
@click.option(
    "--only",
    multiple=True,
    metavar="KEY",
    help=f"Only this peer beside the floor; may be repeated. Of: {', '.join(BY_KEY)}.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Write the figures as JSON.")
@click.option(
    "--figures",
    type=click.Path(exists=True, path_type=Path),
    help="Measure nothing, take the figures of an earlier run.",
)
@click.option(
    "--write",
    "page",
    type=click.Path(exists=True, path_type=Path),
    help="Write tables and plots into this page; the figures go to performance.json beside it.",
)
def main(quick: bool, seconds: float, rounds: int, clients: int, only: tuple[str, ...], output: Path | None,
         figures: Path | None, page: Path | None) -> None:  # fmt: skip
    """Answers a second, latency and CPU time of Allcue and its peers, on the same patients, in rounds that take turns."""
    unknown = [key for key in only if key not in BY_KEY]
    if unknown:
        raise click.UsageError(f"--only {unknown[0]}: no such peer. Allowed: {', '.join(BY_KEY)}.")
    if figures is not None:
        told = json.loads(figures.read_text(encoding="utf-8"))
    else:
        plan = Plan(0.4, 1, clients) if quick else Plan(seconds, rounds, clients)
        told = _measure(plan, only)
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    if output:
        output.write_text(text, encoding="utf-8")
    if page is None:
        click.echo(measured(told))
        return
    try:
        write(page, told)
    except NoPlace as problem:
        raise click.ClickException(str(problem)) from None
    (page.parent / FIGURES.name).write_text(text, encoding="utf-8")


def _measure(plan: Plan, only: tuple[str, ...]) -> dict[str, Any]:
    machine = _machine()
    install.BUILD.mkdir(parents=True, exist_ok=True)
    different = list(first_is_shipped())
    if different:
        sys.exit(f"The benchmark's first rule is no longer the shipped one. They differ for: {', '.join(different)}.")
    peers = tuple(peer for peer in PEERS if not only or peer.key in (FLOOR, *only))
    found = Bench(plan, lambda line: click.echo(line, err=True), peers).run()
    return {"day": date.today().isoformat(), "machine": machine, **found}  # noqa: DTZ011 - the machine's own day


if __name__ == "__main__":
    main()
