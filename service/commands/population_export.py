"""``allcue population export``: a cohort from a FHIR server into a folder, by Bulk Data Access."""

from __future__ import annotations

from pathlib import Path

import click

from service.population.bulk import Access, Exported, ExportProblem, ExportRequest
from service.population.bulk import export as export_to

CANCELLED = 130  # as shells tell that Ctrl-C ended a command


def export(url: str, output: Path, request: ExportRequest, access: Access, *, restart: bool) -> int:
    """Export, and say what came. 0 where all is there, 1 where something went wrong, 130 after Ctrl-C."""
    found = exported(url, output, request, access, restart=restart)
    if isinstance(found, int):
        return found
    total = sum(found.resources.values())
    click.echo(
        f"{found.folder}: {total} resources, complete up to {found.time or 'an instant the server does not name'}"
    )
    for name, count in sorted(found.resources.items()):
        click.echo(f"  {name:<25} {count:>12}")
    for note in found.notes:
        click.echo(f"note: {note}")
    return 0


def exported(
    url: str, output: Path, request: ExportRequest, access: Access, *, restart: bool = False
) -> Exported | int:
    """The export, with how it goes on standard error; the exit status where there is none."""
    try:
        return export_to(url, output, request, access, restart=restart, tell=lambda line: click.echo(line, err=True))
    except ExportProblem as error:
        click.echo(str(error), err=True)
        return 1
    except KeyboardInterrupt:
        click.echo("stopped; what is whole stays, and the same command goes on from there", err=True)
        return CANCELLED
