"""``allcue population concordance``: past decisions by the guideline of their day."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import click

from service.cells import cell
from service.commands.loading import content_problems_told
from service.population.asking import Asking
from service.population.past.plots import NoPlots
from service.population.past.run import ASIDE, DECISIONS, REPORT, ProcessDied, Wanted, run
from service.population.past.summary import Summary
from service.population.past.verdicts import Concordance
from service.population.running.inputs import NoInput
from service.rules.editions import UnknownSource


def concordance(
    inputs: tuple[Path, ...],
    output: Path,
    until: date | None,
    named: tuple[str, ...],
    asking: Asking,
    processes: int,
) -> int:
    """Run the command; 1 if a patient could not be judged or something of the input could not be read, 2 if nothing was done.

    Args:
        until: last day of decisions that are judged; today if not given.
        named: sources that every decision is held against besides those of its day.

    Raises:
        click.BadParameter: no such source.
    """
    today = datetime.now(UTC).date()
    wanted = Wanted(inputs, output, until or today, today, asking, named, processes)
    try:
        with content_problems_told(), _progress() as told:
            found = run(wanted, cell, told)
    except UnknownSource as problem:
        raise click.BadParameter(str(problem), param_hint="--source") from None
    except (NoInput, NoPlots, ProcessDied) as problem:
        click.echo(str(problem), err=True)
        return 2
    except OSError as error:
        click.echo(f"{error.filename or output}: {error.strerror or error}", err=True)
        return 2
    for line in _told(found, output):
        click.echo(line)
    return 1 if found.failed or found.aside else 0


def _told(found: Summary, output: Path) -> Iterator[str]:
    of = ", ".join(f"{found.total.verdicts[verdict]} {verdict}" for verdict in Concordance)
    yield f"{found.patients} patients, {found.total.total} decisions: {of}"
    share = found.total.concordance
    if share is not None:
        yield (
            f"concordant of {found.total.judged} judged: {100 * share.share:.0f} % "
            f"(95 % interval {100 * share.low:.0f} to {100 * share.high:.0f} %)"
        )
    for reason, count in found.aside.most_common():
        yield f"set aside: {reason} ({count})"
    for kind, count in found.failed.most_common():
        yield f"not judged: {kind} ({count} patients)"
    yield f"written: {', '.join(str(output / name) for name in (REPORT, DECISIONS, ASIDE))}"


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A line that tells how far it is, where somebody looks on; what it is at, where nobody does."""
    shown = sys.stderr.isatty()

    def told(what: str, done: int, total: int) -> None:
        if shown:
            share = f" {done} of {total}" if total else ""
            click.echo(f"\r\x1b[K{what}{share}", nl=False, err=True)

    yield told
    if shown:
        click.echo("\r\x1b[K", nl=False, err=True)
