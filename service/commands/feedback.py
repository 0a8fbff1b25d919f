"""``allcue feedback``: how the advice was taken."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cells import cell, inert
from service.commands.db import with_database

if TYPE_CHECKING:  # the libraries behind it are loaded only for the commands that need them
    from service.settings import Settings
    from service.store.database import Database
    from service.store.page import RuleText
    from service.store.report import Report

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def feedback() -> None:
    """What clinicians did with the cards."""


@feedback.command("report")
@click.option("--since", type=_DAY, help="First day (UTC); all that is kept if not given.")
@click.option("--until", type=_DAY, help="Last day (UTC), itself included.")
@click.option("--rule", metavar="PATTERN", help="Only rules whose id matches, such as 'nccn-2015-*'.")
@click.option("--service", metavar="NAME", help="Only cards of this service, by its id or its hook.")
@click.option("--csv", "as_csv", is_flag=True, help="A table with one line per rule and content version.")
@click.option("--html", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write one page into this file.")
def report_command(
    since: datetime | None,
    until: datetime | None,
    rule: str | None,
    service: str | None,
    as_csv: bool,
    file: Path | None,
) -> None:
    """Acceptance and override counts per rule and content version.

    A card counts for every rule that it rests on, with the last word on it. A card that nobody reacted to is counted as
    unanswered, not as rejected.
    """
    if as_csv and file is not None:
        raise click.UsageError("Give --csv or --html, not both.")
    if since is not None and until is not None and until < since:
        raise click.UsageError("--until is before --since.")

    def work(database: Database, settings: Settings) -> int:
        from service.store.report import Asked, report

        limits: dict[str, int] = {}
        if since is not None:
            limits["since"] = _seconds(since)
        if until is not None:
            limits["until"] = _seconds(until + timedelta(days=1))
        found = report(database, Asked(rule=rule, service=service, **limits))
        if file is not None:
            return _write_page(found, settings, file)
        _write_csv(found) if as_csv else _write_text(found, _texts(settings))
        return 0

    sys.exit(with_database(work))


def _seconds(day: datetime) -> int:
    return int(day.replace(tzinfo=UTC).timestamp())


def _texts(settings: Settings) -> Mapping[str, RuleText]:
    """What the rules of today's content say."""
    from service.content import read_content
    from service.store.page import RuleText

    content = read_content(settings.cards_dir, settings.site_content)
    made = {}
    for rule in content.rules:
        source = content.sources[rule.source.ref]
        url = source.url if (source.url or "").startswith(("https://", "http://")) else None
        says = rule.advise.note if rule.advise.note != rule.title else None
        made[rule.id] = RuleText(rule.title, source.label, rule.source.at, url, says)
    return made


def _write_page(found: Report, settings: Settings, file: Path) -> int:
    from service.advice.reasons import OVERRIDE_REASONS
    from service.store.page import page

    labels = {f"{reason['system']}|{reason['code']}": reason["display"] for reason in OVERRIDE_REASONS}
    text = page(found, _texts(settings), labels, datetime.now(UTC))
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        click.echo(f"{file}: cannot be written ({error.strerror})", err=True)
        return 1
    click.echo(f"{file}: {found.total.shown} cards shown, {len(found.rules)} rules")
    return 0


def _write_csv(found: Report) -> None:
    from service.store.report import COLUMNS, lines

    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows([cell(line[name]) for name in COLUMNS] for line in lines(found, inert))


def _write_text(found: Report, texts: Mapping[str, RuleText]) -> None:
    from service.store.report import lines

    total = found.total
    told = (
        ""
        if found.entries is None
        else f"; {found.entries} entries of feedback, {found.unknown} on cards without a trace"
    )
    click.echo(f"{total.shown} cards shown, {total.held_back} times held back{told}")
    rows = [line for line in lines(found) if line["accepted"] or line["overridden"]]
    for line in rows:
        text = texts.get(str(line["rule"]))
        click.echo(f"  {line['rule']} ({line['content']})")
        if text is not None:
            click.echo(f"      {text.title} ({text.source}, {text.at})")
        click.echo(
            f"      shown {line['shown']}, accepted {line['accepted']}, overridden {line['overridden']}, "
            f"unanswered {line['unanswered']}, held back {line['held_back']}"
        )
        if line["reasons"]:
            click.echo(f"      overridden for: {line['reasons']}")
    silent = len(found.rules) - len(rows)
    if silent:
        click.echo(f"  {silent} further rules were shown, and nobody reacted; --csv lists them")
