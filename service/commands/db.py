"""``allcue db``: the tables of the store, brought up to date and checked by the operator."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # the library behind it is loaded only for the commands that need it
    from service.settings import Settings
    from service.store.database import Database


@click.group()
def db() -> None:
    """The database for feedback and traces (ALLCUE_DATABASE_URL)."""


@db.command("upgrade")
def upgrade_command() -> None:
    """Bring the tables to the newest state, all or nothing; safe to run twice or from two machines at once."""
    sys.exit(with_database(_upgrade, as_it_is=True))


@db.command("check")
def check_command() -> None:
    """Whether the database can be reached and its tables are those of this version; exit code 1 if not."""
    sys.exit(with_database(_check, as_it_is=True))


@db.command("downgrade")
@click.argument("revision", required=False)
@click.option("--to-version", metavar="X.Y.Z", help="The tables that a released version of Allcue knows.")
@click.option("--yes", is_flag=True, help="Do it; else what would be lost is told, and nothing is changed.")
def downgrade_command(revision: str | None, to_version: str | None, yes: bool) -> None:
    """Go back to the tables of an older version, all or nothing.

    REVISION is a number such as 0001, or 'base' for no tables at all. Before a version is rolled back this is seldom
    needed: it works with newer tables. Without --yes nothing is changed, and the exit code is 1.
    """
    if (revision is None) == (to_version is None):
        raise click.UsageError("Give REVISION or --to-version.")
    sys.exit(with_database(lambda database, _: _downgrade(database, revision, to_version, yes=yes), as_it_is=True))


@db.command("purge")
def purge_command() -> None:
    """Delete traces older than ALLCUE_TRACE_DAYS and what has run out; a running service does it every hour."""
    sys.exit(with_database(_purge))


def with_database(work: Callable[[Database, Settings], int], *, as_it_is: bool = False) -> int:
    """Run a command on the database of the settings. 1 where these are wrong or it cannot be reached.

    Args:
        as_it_is: also where the tables are not those of this version; else that is told, and 1.
    """
    from service.settings import Settings, SettingsError
    from service.store.database import Database, StoreUnavailable
    from service.store.schema import state

    try:
        settings = Settings.from_env(os.environ)
        if not settings.database_url:
            raise SettingsError("ALLCUE_DATABASE_URL=none: no database is used")
        database = Database(settings.database_url)
        try:
            if not as_it_is and not state(database).usable:
                raise SettingsError(
                    f"{database.shown}: the tables are not those of this version. Run: allcue db upgrade"
                )
            return work(database, settings)
        finally:
            database.close()
    except (SettingsError, StoreUnavailable) as problem:
        click.echo(str(problem), err=True)
        return 1


def _upgrade(database: Database, _: Settings) -> int:
    from service.store.schema import upgrade

    before = upgrade(database)
    click.echo(f"{database.shown}: {_went(before.current, before.newest, ahead=before.ahead)}")
    return 0


def _went(current: str | None, newest: str, *, ahead: bool) -> str:
    if ahead:
        return f"at {current}, which a newer version made; nothing to do"
    return f"at {newest} already" if current == newest else f"from {current or 'empty'} to {newest}"


def _downgrade(database: Database, revision: str | None, version: str | None, *, yes: bool) -> int:
    from service.store.rollback import CannotGoBack, downgrade, plan, revision_of

    try:
        target = revision_of(version) if version is not None else str(revision)
        found = downgrade(database, target) if yes else plan(database, target)
    except CannotGoBack as problem:
        click.echo(f"{database.shown}: {problem}", err=True)
        return 1
    if found.start == found.target:
        click.echo(f"{database.shown}: at {found.start} already")
        return 0
    click.echo(f"{database.shown}: {'' if yes else 'would go '}from {found.start} to {found.target}")
    for step in found.steps:
        click.echo(f"  {step}")
    for loss in found.losses:
        place = loss.table if loss.column is None else f"{loss.table}.{loss.column}"
        click.echo(f"  {'lost' if yes else 'would be lost'}: {place}, {_count(loss.rows, 'row')} with a value")
    if found.others:
        words = f"{_count(found.others, 'other connection')} of Allcue: a newer instance that still runs would fail"
        click.echo(f"  {words}. Roll the instances back first.", err=True)
    if not yes:
        click.echo("Nothing was changed. Make a backup, then say --yes.", err=True)
    return 0 if yes else 1


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _check(database: Database, settings: Settings) -> int:
    from service.store.schema import differences, state

    found = state(database)
    click.echo(f"{database.shown}: at {found.current or 'empty'}, this version has {found.newest}")
    wrong = [] if found.ahead else differences(database)
    for difference in wrong if found.current == found.newest else ():
        click.echo(f"  not as declared: {difference}", err=True)
    if found.ahead:
        click.echo("A newer version of Allcue made the tables; this one can work with them.")
    elif found.current != found.newest:
        click.echo("Run: allcue db upgrade", err=True)
    secret = "set" if settings.site_secret else "not set: overrides silence nothing"
    click.echo(f"ALLCUE_SITE_SECRET: {secret}")
    return 0 if found.usable and not wrong else 1


def _purge(database: Database, settings: Settings) -> int:
    from service.store.traces import purge

    gone = purge(database, int(time.time()), settings.trace_days)
    click.echo("deleted: " + ", ".join(f"{count} {table}" for table, count in gone.items()))
    return 0
