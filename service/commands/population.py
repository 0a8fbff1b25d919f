"""``allcue population``: its options. The work is in modules beside this one, which are loaded only when they are needed."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path

import click

_FOLDER = click.Path(file_okay=False, path_type=Path)
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def population() -> None:
    """The same engine over many patients at once."""


@population.command("synthesize")
@click.argument("count", type=click.IntRange(1))
@click.option("--output", required=True, type=_FOLDER, help="Folder to write to, new or empty.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Another seed makes other patients.")
@click.option("--from", "first", default=1, show_default=True, type=click.IntRange(1), metavar="K",
              help="Number of the first patient, to make a cohort in parts.")  # fmt: skip
@click.option("--as-of", type=_DAY, help="Last day of the cohort; today if not given.")
@click.option("--gzip", "zipped", is_flag=True, help="Compress the NDJSON files.")
@click.option("--without-all", default=0.0, show_default=True, type=click.FloatRange(0, 1), metavar="SHARE",
              help="Share of patients who have another disease.")  # fmt: skip
def population_synthesize(
    count: int, output: Path, seed: int, first: int, as_of: datetime | None, zipped: bool, without_all: float
) -> None:
    """Make COUNT synthetic patients with courses of ALL, as FHIR R4 NDJSON with a Bulk Data manifest and a report."""
    from service.commands import population_synthesize as command

    day = as_of.date() if as_of else date.today()  # noqa: DTZ011 - the day where the cohort is made
    sys.exit(command.synthesize(output, count, first, seed, day, without_all, zipped=zipped))
