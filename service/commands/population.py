"""``allcue population``: many patients at once."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:  # loaded by the command that needs it
    from service.population.running.run import Run

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_OUTCOMES = ("applies", "does_not_apply", "cannot_tell")


@click.group()
def population() -> None:
    """Many patients at once: a cohort as FHIR Bulk Data."""


@population.command("run")
@click.option("--input", "folder", required=True, metavar="DIR", help="Folder with FHIR Bulk Data: *.ndjson, *.ndjson.gz.",
              type=click.Path(path_type=Path))  # fmt: skip
@click.option("--output", required=True, metavar="DIR", help="Folder for the tables; a new one, or that of a run to go on with.",
              type=click.Path(file_okay=False, path_type=Path))  # fmt: skip
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
def run_command(
    folder: Path,
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
) -> None:  # fmt: skip
    """Judge every patient of a folder of FHIR Bulk Data: one row per patient and verdict, as Parquet.

    Exit status 0 if all was read, 1 if a file was damaged or a patient could not be judged, 2 where nothing was done, 130
    after Ctrl-C. What was set aside is counted and listed in set-aside.ndjson. Run it again to go on.
    """
    from service.population.asking import Asking
    from service.population.judge import EVERY_OUTCOME
    from service.population.running.run import Run
    from service.rules.verdict import Outcome

    wanted = [word.strip() for word in only.split(",") if word.strip()]
    for word in wanted:
        if word not in _OUTCOMES:
            raise click.BadParameter(f"{word!r} is no verdict. Allowed: {', '.join(_OUTCOMES)}.", param_hint="--only")
    asked = tuple(part.strip() for source in sources for part in source.split(",") if part.strip())
    asking = Asking(sources=asked, region=region, care_setting=care_setting, site=site)
    outcomes = frozenset(map(Outcome, wanted)) or EVERY_OUTCOME
    day = as_of.date() if as_of else None
    sys.exit(_run(Run(folder, output, asking, day, outcomes, processes, partitions), afresh=not resume))


def _run(wanted: Run, *, afresh: bool) -> int:
    from service.commands.loading import content_problems_told
    from service.population.definitions import BadQuestions
    from service.population.rows import NoPyarrow
    from service.population.running.inputs import NoInput
    from service.population.running.journal import NotThisRun
    from service.population.running.run import ProcessDied, run
    from service.population.running.summary import told
    from service.rules.editions import UnknownSource

    try:
        with content_problems_told(), _Bars() as bars:
            found = run(wanted, afresh=afresh, progress=bars)
    except (NoInput, NotThisRun, NoPyarrow, UnknownSource, BadQuestions) as problem:
        raise click.UsageError(str(problem)) from None
    except ProcessDied as problem:
        raise click.ClickException(str(problem)) from None
    except KeyboardInterrupt:
        click.echo("Stopped. What is done is kept: the same command goes on from here.", err=True)
        return 130
    except OSError as error:
        raise click.ClickException(
            f"{error.filename or wanted.output}: {error.strerror or error}. What is done is kept: the same command goes on."
        ) from None
    for line in told(found):
        click.echo(line)
    click.echo(f"{wanted.output}: {', '.join(f'{table}.parquet' for table in found['rows'])}, summary.json")
    return 1 if found["damaged"] or found["errors"] else 0


class _Bars:
    """The progress of a run on a terminal, one bar per step; nothing where there is none."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> _Bars:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._end()

    def step(self, name: str, total: int, done: int) -> None:
        """The next bar."""
        self._end()
        self._bar = click.progressbar(
            length=total, label=name, show_pos=True, file=sys.stderr, hidden=not sys.stderr.isatty()
        )
        self._bar.__enter__()
        self.more(done)

    def more(self, count: int) -> None:
        """So much further."""
        self._bar.update(count)

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


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

    named = tuple(part.strip() for source in sources for part in source.split(",") if part.strip())
    asking = command.Asking(region=region, care_setting=care_setting, site=site)
    day = as_of.date() if as_of else None
    sys.exit(command.concordance((*inputs, *more), output, day, named, asking, processes))
