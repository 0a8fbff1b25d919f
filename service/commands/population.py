"""``allcue population``: the same engine over many patients."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_SITE = click.option("--site", envvar="ALLCUE_SITE_CONTENT", metavar="FOLDER", help="Content of your own beside both.",
                     type=click.Path(exists=True, file_okay=False, path_type=Path))  # fmt: skip


@click.group()
def population() -> None:
    """Cohorts of patients."""


@population.command("diff")
@click.option("--old", required=True, metavar="CONTENT", help="The content before: folder, wheel, version or revision.")
@click.option("--new", default="shipped", show_default=True, metavar="CONTENT", help="The content after, likewise.")
@click.option("--input", "inputs", required=True, multiple=True, metavar="DIR|FILE",
              type=click.Path(exists=True, path_type=Path), help="Patients, one FHIR Bundle a file; more may follow.")  # fmt: skip
@click.option("--output", required=True, metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
              help="Folder for changes.csv, changes.json, summary.md and summary.html.")  # fmt: skip
@click.option("--as-of", type=_DAY, help="Day of judgement; today if not given.")
@click.option("--fail-on-change", "strict", is_flag=True,
              help="Exit status 1 if anything changed, or somebody was set aside.")  # fmt: skip
@_SITE
@click.argument("more", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, path_type=Path))
def diff_command(
    old: str,
    new: str,
    inputs: tuple[Path, ...],
    output: Path,
    as_of: datetime | None,
    strict: bool,
    site: Path | None,
    more: tuple[Path, ...],
) -> None:
    """Whose advice another content would change, by which rule, and how.

    CONTENT is a folder, a wheel of Allcue, "shipped" for what this Allcue carries or its version; in a checkout also a
    released version or a git revision. Exit status 1 if no patient could be compared.
    """
    from service.commands import population_diff as command

    day = as_of.date() if as_of else None
    sys.exit(command.diff(old, new, (*inputs, *more), output, day, site, strict=strict))
