"""``allcue population run``: every patient of a folder of FHIR Bulk Data judged, the tables written."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from service.commands.loading import content_problems_told
from service.commands.population_export import exported
from service.population.asking import Asking
from service.population.bulk import Access, ExportProblem, ExportRequest, read_exported
from service.population.definitions import BadQuestions
from service.population.judge import EVERY_OUTCOME
from service.population.rows import NoPyarrow
from service.population.running.inputs import NoInput
from service.population.running.journal import EXPORT, NotThisRun
from service.population.running.run import OnSpark, ProcessDied, Run, run
from service.population.running.summary import told
from service.population.spark.session import NoSpark, SparkFailed
from service.rules.editions import UnknownSource
from service.rules.verdict import Outcome

__all__ = ["Asking", "folder_of", "on_spark", "run_it", "wanted"]


def folder_of(given: str, output: Path, request: ExportRequest, access: Access, *, afresh: bool) -> Path:
    """The folder to read: as named, or that of an export from a server, which is made or gone on with first."""
    if not given.lower().startswith(("http://", "https://")):
        try:
            read_exported(Path(given))
        except ExportProblem as problem:
            raise click.UsageError(str(problem)) from None
        return Path(given)
    found = exported(given, output / EXPORT, request, access, restart=afresh)
    if isinstance(found, int):
        if not afresh:
            click.echo("To begin anew, this command has --afresh, which stands for --restart.", err=True)
        sys.exit(found)
    for note in found.notes:
        click.echo(f"export: {note}", err=True)
    return found.folder


def on_spark(master: str, confs: tuple[str, ...]) -> OnSpark:
    """Where Spark runs and with which settings.

    Raises:
        click.BadParameter: a setting without a value.
    """
    for conf in confs:
        if "=" not in conf.strip("="):
            raise click.BadParameter(f"{conf!r} has no value. Allowed: KEY=VALUE.", param_hint="--spark-conf")
    return OnSpark(master, tuple((key, value) for key, _, value in (conf.partition("=") for conf in confs)))


def wanted(folder: Path, output: Path, as_of: date | None, only: str, asking: Asking) -> Run:
    """What the options ask for.

    Raises:
        click.BadParameter: ``only`` names something else than verdicts.
    """
    words = [word.strip() for word in only.split(",") if word.strip()]
    allowed = [outcome.value for outcome in Outcome]
    for word in words:
        if word not in allowed:
            raise click.BadParameter(f"{word!r} is no verdict. Allowed: {', '.join(allowed)}.", param_hint="--only")
    return Run(folder, output, asking, as_of, frozenset(map(Outcome, words)) or EVERY_OUTCOME)


def run_it(asked: Run, *, afresh: bool) -> int:
    """Run the command; the exit status."""
    try:
        with content_problems_told(), _Bars() as bars:
            found = run(asked, afresh=afresh, progress=bars)
    except (NoInput, NotThisRun, NoPyarrow, NoSpark, UnknownSource, BadQuestions) as problem:
        raise click.UsageError(str(problem)) from None
    except (ProcessDied, SparkFailed) as problem:
        raise click.ClickException(str(problem)) from None
    except KeyboardInterrupt:
        click.echo("Stopped. What is done is kept: the same command goes on from here.", err=True)
        return 130
    except OSError as error:
        raise click.ClickException(
            f"{error.filename or asked.output}: {error.strerror or error}. What is done is kept: the same command goes on."
        ) from None
    for line in told(found):
        click.echo(line)
    click.echo(f"{asked.output}: {', '.join(f'{table}.parquet' for table in found['rows'])}, summary.json")
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
