"""Population runs: patients per second and core, its growth with the cohort, memory per process.

``python -m bench.population 1000 10000 [--without-all 0.9] [--processes N] [--json FILE]``. The cohorts are synthetic
patients, of whom one in ten has ALL if not said otherwise; with ``--input`` what is there already.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click

DAY = "2026-03-01"
_ALLCUE = (sys.executable, "-m", "service.cli", "population")


def write_cohort(folder: Path, count: int, without_all: float) -> None:
    """So many synthetic patients."""
    command = [*_ALLCUE, "synthesize", str(count), "--output", str(folder), "--as-of", DAY]
    subprocess.run([*command, "--without-all", str(without_all)], check=True, stdout=subprocess.DEVNULL)


def measured(folder: Path, output: Path, processes: int) -> dict[str, float]:
    """One run of the command: seconds, processor seconds, and the most memory that any of its processes had."""
    command = [*_ALLCUE, "run", "--input", str(folder), "--output", str(output)]
    started, before = time.perf_counter(), os.times()
    process = subprocess.Popen([*command, "--as-of", DAY, "--processes", str(processes)], stdout=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        most = max([most, *(_resident(one) for one in _family(process.pid))])
        time.sleep(0.2)
    seconds, after = time.perf_counter() - started, os.times()
    if process.returncode not in (0, 1):
        raise click.ClickException(f"the run ended with {process.returncode}")
    found = json.loads((output / "summary.json").read_text())
    patients = found["patients"]["all"]
    core_seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return {
        "patients": patients,
        "with ALL": found["patients"].get("with_all", 0),
        "resources": sum(found["resources"].values()),
        "verdicts": sum(found["verdicts"].values()),
        "processes": processes,
        "seconds": round(seconds, 1),
        "core seconds": round(core_seconds, 1),
        "patients per second": round(patients / seconds, 1),
        "patients per core second": round(patients / core_seconds, 1),
        "peak MiB per process": round(most / 1024),
    }


def _family(process: int) -> Iterator[int]:
    yield process
    try:
        told = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return
    for child in told.split():
        yield from _family(int(child))


def _resident(process: int) -> int:
    """KiB at the most so far; 0 where the process is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


@click.command()
@click.argument("counts", nargs=-1, type=click.IntRange(1))
@click.option("--input", "folders", multiple=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--without-all", default=0.9, show_default=True, type=click.FloatRange(0, 1), help="Share of other patients."
)
@click.option("--processes", default=os.cpu_count() or 1, show_default=True, type=click.IntRange(1))
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path))
def main(
    counts: tuple[int, ...], folders: tuple[Path, ...], without_all: float, processes: int, file: Path | None
) -> None:
    """Measure cohorts of COUNTS synthetic patients, or those in folders."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for at, what in enumerate((*counts, *folders)):
            folder = what if isinstance(what, Path) else Path(place) / f"in-{at}"
            if isinstance(what, int):
                write_cohort(folder, what, without_all)
            rows.append(measured(folder, Path(place) / f"out-{at}", processes))
            click.echo(", ".join(f"{name} {value:g}" for name, value in rows[-1].items()))
    if file is not None:
        file.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
