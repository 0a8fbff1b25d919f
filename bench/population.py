"""Population runs: patients per second and core, its growth with the cohort, memory per process.

``python -m bench.population 1000 10000 [--processes N] [--json FILE]``. The cohorts are the example patients under other ids,
or with ``--input`` a folder that is there already, such as one of ``allcue population synthesize``.
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
from typing import IO, Any

import click

from fhir_examples.request import FOLDER, names

DAY = "2026-03-01"


def write_cohort(folder: Path, count: int) -> None:
    """So many patients, the examples in turn, one file per resource type."""
    files: dict[str, IO[str]] = {}
    texts = [(FOLDER / f"{name}.json").read_text(encoding="utf-8") for name in names()]
    try:
        for number in range(count):
            for row in _renamed(texts[number % len(texts)], f"p{number}"):
                kind = row["resourceType"]
                if kind not in files:
                    files[kind] = (folder / f"{kind}.ndjson").open("w", encoding="utf-8")
                files[kind].write(json.dumps(row) + "\n")
    finally:
        for file in files.values():
            file.close()


def _renamed(text: str, who: str) -> Iterator[dict[str, Any]]:
    rows = [entry["resource"] for entry in json.loads(text)["entry"]]
    own = next(row["id"] for row in rows if row["resourceType"] == "Patient")
    for row in json.loads(json.dumps(rows).replace(f'"Patient/{own}"', f'"Patient/{who}"')):
        row["id"] = who if row["resourceType"] == "Patient" else f"{who}-{row['id']}"
        yield row


def measured(folder: Path, output: Path, processes: int) -> dict[str, float]:
    """One run of the command: seconds, processor seconds, and the most memory that any of its processes had."""
    command = [
        sys.executable,
        "-m",
        "service.cli",
        "population",
        "run",
        "--input",
        str(folder),
        "--output",
        str(output),
    ]
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
@click.option("--processes", default=os.cpu_count() or 1, show_default=True, type=click.IntRange(1))
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path))
def main(counts: tuple[int, ...], folders: tuple[Path, ...], processes: int, file: Path | None) -> None:
    """Measure cohorts of COUNTS example patients, or those in folders."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for at, what in enumerate((*counts, *folders)):
            folder = what if isinstance(what, Path) else Path(place) / f"in-{at}"
            if isinstance(what, int):
                folder.mkdir()
                write_cohort(folder, what)
            rows.append(measured(folder, Path(place) / f"out-{at}", processes))
            click.echo(", ".join(f"{name} {value:g}" for name, value in rows[-1].items()))
    if file is not None:
        file.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
