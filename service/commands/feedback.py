"""``allcue feedback``: how the advice was taken."""

from __future__ import annotations

import csv
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from service.commands.db import with_database

if TYPE_CHECKING:  # the library behind it is loaded only for the commands that need it
    from service.settings import Settings
    from service.store.database import Database
    from service.store.report import Report

_BEFORE_CELLS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for a formula (OWASP, "CSV Injection")


@click.group()
def feedback() -> None:
    """What clinicians did with the cards."""


@feedback.command("report")
@click.option(
    "--since", type=click.DateTime(formats=["%Y-%m-%d"]), help="First day (UTC); all that is kept if not given."
)
@click.option("--csv", "as_csv", is_flag=True, help="A table with one line per rule and content version.")
def report_command(since: datetime | None, as_csv: bool) -> None:
    """Acceptance and override counts per rule and content version.

    A card counts for every rule that it rests on, with the last word on it. A card that nobody reacted to is counted as
    unanswered, not as rejected.
    """
    first = int(since.replace(tzinfo=UTC).timestamp()) if since is not None else 0

    def work(database: Database, _: Settings) -> int:
        from service.store.report import report

        found = report(database, first)
        _write_csv(found) if as_csv else _write_text(found)
        return 0

    sys.exit(with_database(work))


def _write_csv(found: Report) -> None:
    from service.store.report import COLUMNS, lines

    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows([_cell(line[name]) for name in COLUMNS] for line in lines(found))


def _cell(value: str | int) -> str | int:
    return f"'{value}" if isinstance(value, str) and value.startswith(_BEFORE_CELLS) else value


def _write_text(found: Report) -> None:
    from service.store.report import lines

    click.echo(
        f"{found.cards} cards shown; {found.entries} entries of feedback, {found.unknown} on cards without a trace"
    )
    rows = [line for line in lines(found) if line["accepted"] or line["overridden"]]
    for line in rows:
        click.echo(f"  {line['rule']} ({line['content']})")
        click.echo(
            f"      shown {line['shown']}, accepted {line['accepted']}, overridden {line['overridden']}, "
            f"unanswered {line['unanswered']}"
        )
        if line["reasons"]:
            click.echo(f"      overridden for: {line['reasons']}")
    silent = len(found.counts) - len(rows)
    if silent:
        click.echo(f"  {silent} further rules were shown, and nobody reacted; --csv lists them")
