"""``allcue population export``, and the options of whatever reads from a server that exports. The work is elsewhere."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def bulk_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of how a server that exports is asked; the command gets them as ``request`` and ``access``."""
    options = (
        click.option("--group", metavar="ID", help="Patients of this Group alone; all patients if not given."),
        click.option("--system", is_flag=True, help="Everything the server holds, at system level."),
        click.option("--since", metavar="INSTANT", help="Only what changed after it, such as 2026-01-31T00:00:00Z."),
        click.option("--type", "types", multiple=True, metavar="T", help="Resource type; may be repeated. If not given: those that are read, as far as the server offers them."),
        click.option("--client-id", envvar="ALLCUE_BULK_CLIENT_ID", help="SMART Backend Services; also ALLCUE_BULK_CLIENT_ID."),
        click.option("--key-file", envvar="ALLCUE_BULK_KEY_FILE", type=_FILE, help="The client's private key, PEM or JWK; also ALLCUE_BULK_KEY_FILE."),
        click.option("--key-id", envvar="ALLCUE_BULK_KEY_ID", help="Its kid at the server; that of the JWK, or its thumbprint, if not given; also ALLCUE_BULK_KEY_ID."),
        click.option("--scope", help="Scopes to ask for in place of one system/ scope for each type."),
        click.option("--token-url", help="Token endpoint, where the server does not publish it."),
        click.option("--origin", "origins", multiple=True, metavar="URL", help="Another origin that belongs to the server and gets its tokens; may be repeated."),
        click.option("--ca-file", envvar="ALLCUE_FHIR_CA_FILE", type=_FILE, help="Authorities to trust; also ALLCUE_FHIR_CA_FILE."),
        click.option("--longest", default=24.0, show_default=True, type=click.FloatRange(0.01), help="Hours to wait for the server to prepare the export."),
    )  # fmt: skip

    @functools.wraps(command)
    def with_access(*, group: str | None, system: bool, since: str | None, types: tuple[str, ...], client_id: str | None,
                    key_file: Path | None, key_id: str | None, scope: str | None, token_url: str | None,
                    origins: tuple[str, ...], ca_file: Path | None, longest: float, **others: Any) -> Any:  # fmt: skip
        from service.population.bulk.request import Access, ExportRequest

        access = Access(
            client_id, key_file, key_id, scope, token_url, origins, str(ca_file) if ca_file else True, longest * 3600
        )
        return command(request=ExportRequest(group, system, since, types), access=access, **others)

    for option in reversed(options):
        with_access = option(with_access)
    return with_access


@click.command("export")
@click.option("--url", required=True, metavar="BASE", help="FHIR base address, such as https://ehr.example.org/fhir")
@click.option(
    "--output", required=True, type=_FOLDER, help="Folder for the NDJSON files; empty, or of an export to go on with."
)
@bulk_options
@click.option("--restart", is_flag=True, help="Give up what was begun in the folder, and begin anew.")
def population_export(url: str, output: Path, restart: bool, request: Any, access: Any) -> None:
    """Patients of a FHIR server as NDJSON files, by FHIR Bulk Data Access 2.0. The same command goes on after a stop."""
    from service.commands import population_export as command

    sys.exit(command.export(url, output, request, access, restart=restart))
