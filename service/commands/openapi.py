"""``allcue openapi``: the OpenAPI document of the HTTP surface as a file, without a running service."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from service.app import described
from service.contentfiles import NoContent
from service.settings import Settings, SettingsError


def write(target: Path | None) -> int:
    """Write the document that a service with the settings of this environment answers.

    Raises:
        click.ClickException: settings that must not be served; says which variable, and what it may be. A file that cannot
            be written.
    """
    try:
        text = json.dumps(described(Settings.from_env(os.environ)), indent=1) + "\n"
    except (SettingsError, NoContent) as problem:
        raise click.ClickException(str(problem)) from None
    if target is None:
        click.echo(text, nl=False)
    else:
        try:
            target.write_text(text, encoding="utf-8")
        except OSError as problem:
            raise click.ClickException(f"{target}: {problem.strerror}") from None
    return 0
