"""``allcue population synthesize``: a cohort of made-up patients."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import click

from service.population.synthesis.cohort import Plan
from service.population.synthesis.report import Report
from service.population.synthesis.writing import REPORT, NotEmpty, table, write

_EVERY = 500


def synthesize(
    folder: Path, count: int, first: int, seed: int, as_of: date, without_all: float, *, zipped: bool
) -> int:
    """Write a cohort and print what was asked and obtained; 2 if it cannot be made so."""
    try:
        plan = Plan(seed, as_of, without_all)
        report = _written(plan, folder, count, first, zipped)
    except (ValueError, NotEmpty, OSError) as error:
        click.echo(f"allcue: {error}", err=True)
        return 2
    for line in table(report.rows()):
        click.echo(line)
    made = sum(report.deviations.values())
    click.echo(
        f"\n{report.patients} synthetic patients, {report.with_all} with ALL, {made} deviations; see {folder / REPORT}"
    )
    return 0


def _written(plan: Plan, folder: Path, count: int, first: int, zipped: bool) -> Report:
    shown = sys.stderr.isatty()

    def tick(number: int) -> None:
        if shown and (number - first + 1) % _EVERY == 0:
            click.echo(f"\r{number - first + 1} of {count}", nl=False, err=True)

    report = write(plan, folder, count, first, zipped=zipped, tick=tick)
    if shown:
        click.echo("\r", nl=False, err=True)
    return report
