"""``allcue population``: its options. The work is in modules beside this one, which are loaded only when they are needed."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, datetime
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


@population.command("diff")
@click.option("--old", required=True, metavar="CONTENT", help="The content before: folder, wheel, version or revision.")
@click.option("--new", default="shipped", show_default=True, metavar="CONTENT", help="The content after, likewise.")
@click.option("--input", "inputs", required=True, multiple=True, metavar="DIR|FILE",
              type=click.Path(exists=True, path_type=Path), help="FHIR Bulk Data, or Bundles of one patient each; more may follow.")  # fmt: skip
@click.option("--output", required=True, metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
              help="Folder for changes.csv, changes.json, set-aside.ndjson, summary.md and summary.html.")  # fmt: skip
@click.option("--as-of", type=_DAY, help="Day of judgement; today if not given.")
@click.option("--fail-on-change", "strict", is_flag=True,
              help="Exit status 1 if anything changed, or a file or patient was set aside.")  # fmt: skip
@click.option("--site", envvar="ALLCUE_SITE_CONTENT", metavar="FOLDER", help="Content of your own beside both.",
              type=click.Path(exists=True, file_okay=False, path_type=Path))  # fmt: skip
@click.argument("more", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, path_type=Path))
def population_diff(
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
    released version or a git revision. Exit status 2 if no patient could be compared.
    """
    from service.commands import population_diff as command

    day = as_of.date() if as_of else None
    sys.exit(command.diff(old, new, (*inputs, *more), output, day, site, strict=strict))


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


@population.command("concordance")
@click.option("--input", "inputs", required=True, multiple=True, metavar="DIR|FILE", type=click.Path(path_type=Path),
              help="FHIR Bulk Data, or Bundles of one patient each; may be repeated, and more may follow.")  # fmt: skip
@click.option("--output", required=True, metavar="DIR", help="Folder for report.html, decisions.csv and set-aside.ndjson.",
              type=click.Path(file_okay=False, path_type=Path))  # fmt: skip
@click.option("--as-of", type=_DAY, help="Last day of decisions that are judged; today if not given.")
@click.option("--source", "sources", multiple=True,
              help="Hold every decision against this source too, whenever it was made; may be repeated.")  # fmt: skip
@click.option("--region", type=click.Choice(["US", "EU"]), help="Whose labels count; the policy's if not given.")
@click.option("--care-setting", type=click.Choice(["adult-oncology", "pediatric-oncology"]),
              help="For patients of 15 to 39 years of whom the record does not say it.")  # fmt: skip
@click.option("--site", envvar="ALLCUE_SITE_CONTENT", metavar="FOLDER", help="Content of your own beside the shipped one.",
              type=click.Path(exists=True, file_okay=False, path_type=Path))  # fmt: skip
@click.option("--processes", default=0, type=click.IntRange(0, 512), help="Processes; one per core if not given.")
@click.argument("more", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
def population_concordance(
    inputs: tuple[Path, ...],
    output: Path,
    as_of: datetime | None,
    sources: tuple[str, ...],
    region: str | None,
    care_setting: str | None,
    site: Path | None,
    processes: int,
    more: tuple[Path, ...],
) -> None:
    """Past decisions: each treatment that was begun or changed, judged by the guidelines of its day and by later ones.

    What the record does not tell is counted apart and never as a deviation. Exit status 1 if a patient could not be judged or
    something of the input could not be read, 2 where nothing was done.
    """
    from service.commands import population_concordance as command
    from service.population.asking import Asking

    named = tuple(part.strip() for source in sources for part in source.split(",") if part.strip())
    asking = Asking(region=region, care_setting=care_setting, site=site)
    day = as_of.date() if as_of else None
    sys.exit(command.concordance((*inputs, *more), output, day, named, asking, processes))
