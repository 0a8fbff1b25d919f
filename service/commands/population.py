"""``allcue population``: its options. The work is in modules beside this one, which are loaded only when they are needed."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from service.commands.population_bulk import bulk_options, population_export

_FOLDER = click.Path(file_okay=False, path_type=Path)
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def population() -> None:
    """The same engine over many patients at once."""


population.add_command(population_export)


@population.command("run")
@click.option("--input", "given", required=True, metavar="DIR|URL",
              help="Folder with FHIR Bulk Data (*.ndjson, *.ndjson.gz), or a FHIR server to export it from.")  # fmt: skip
@click.option("--output", required=True, metavar="DIR", help="Folder for the tables; a new one, or that of a run to go on with.",
              type=_FOLDER)  # fmt: skip
@click.option("--as-of", type=_DAY, help="Day of judgement; today if not given.")
@click.option(
    "--source", "sources", multiple=True, help="Ask this source alone, in place of the policy; may be repeated."
)
@click.option("--region", type=click.Choice(["US", "EU"]), help="Whose labels count; the policy's if not given.")
@click.option("--care-setting", type=click.Choice(["adult-oncology", "pediatric-oncology"]),
              help="For patients of 15 to 39 years of whom the record does not say it.")  # fmt: skip
@click.option("--site", envvar="ALLCUE_SITE_CONTENT", metavar="FOLDER", help="Content of your own beside the shipped one.",
              type=click.Path(exists=True, file_okay=False, path_type=Path))  # fmt: skip
@click.option(
    "--only", default="", metavar="OUTCOMES", help="Rows of these verdicts only, parted by commas: applies,cannot_tell."
)
@click.option("--processes", default=0, type=click.IntRange(0, 512), help="Processes; one per core if not given.")
@click.option(
    "--partitions",
    default=0,
    type=click.IntRange(0, 4096),
    help="Files per table; by the size of the input if not given.",
)
@click.option(
    "--resume/--afresh", default=True, help="Go on with a run that was broken off (the default), or begin anew."
)
@click.option("--engine", type=click.Choice(["processes", "spark"]), default="processes", show_default=True,
              help="Processes of this machine, or Apache Spark.")  # fmt: skip
@click.option("--master", default="local[*]", show_default=True, help="Where Spark runs.")
@click.option("--spark-conf", "confs", multiple=True, metavar="KEY=VALUE", help="A setting of Spark; may be repeated.")
@bulk_options
def population_run(
    given: str,
    output: Path,
    as_of: datetime | None,
    sources: tuple[str, ...],
    region: str | None,
    care_setting: str | None,
    site: Path | None,
    only: str,
    processes: int,
    partitions: int,
    resume: bool,
    engine: str,
    master: str,
    confs: tuple[str, ...],
    request: Any,
    access: Any,
) -> None:  # fmt: skip
    """Judge every patient of FHIR Bulk Data: one row per patient and verdict, as Parquet.

    From a server it is exported first, into the folder `export` of the output; the options of `allcue population export` are for that.

    Exit status 0 if all was read, 1 if a file was damaged or a patient could not be judged, 2 where nothing was done, 130
    after Ctrl-C. What was set aside is counted and listed in set-aside.ndjson. Run it again to go on.
    """
    from service.commands import population_run as command

    asked = tuple(part.strip() for source in sources for part in source.split(",") if part.strip())
    day = as_of.date() if as_of else None
    folder = command.folder_of(given, output, request, access, afresh=not resume)
    wanted = command.wanted(folder, output, day, only, command.Asking(asked, region, care_setting, site=site))
    how = command.on_spark(master, confs) if engine == "spark" else None
    sys.exit(command.run_it(replace(wanted, processes=processes, partitions=partitions, spark=how), afresh=not resume))
