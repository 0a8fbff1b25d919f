"""``allcue --version`` and ``allcue version``: what runs, in one line for people or as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import click

from service import __version__
from service.contentfiles import NoContent
from service.hooks.named import Named
from service.versions import ContentName, content_name


def show(context: click.Context, _: click.Parameter, asked: bool) -> None:
    """The option ``--version``: one line, then nothing else is done."""
    if asked and not context.resilient_parsing:
        click.echo(line(found(os.environ)))
        context.exit()


def version(site: Path | None, *, as_json: bool) -> int:
    """Run the command; always 0, since what cannot be told is an error of use."""
    content = found(os.environ, site)
    click.echo(json.dumps(Named("Allcue", __version__, content).told()) if as_json else line(content))
    return 0


def found(environ: Mapping[str, str], site: Path | None = None) -> ContentName:
    """The content that a service with these variables serves. Only the two that name folders are read: all settings
    would take seconds, and none of the others changes the answer.

    Raises:
        click.UsageError: a folder that cannot be told the version of, with the variable that names it.
    """
    cards = environ.get("ALLCUE_CARDS_DIR", "").strip()
    own = site if site is not None else environ.get("ALLCUE_SITE_CONTENT", "").strip()
    try:
        return content_name(Path(cards) if cards else None, Path(own) if own else None)
    except NoContent as problem:
        named = ", ".join(name for name, value in (("ALLCUE_CARDS_DIR", cards), ("ALLCUE_SITE_CONTENT", own)) if value)
        raise click.UsageError(f"{problem}{f' Set: {named}.' if named else ''}") from None


def line(content: ContentName) -> str:
    """For people."""
    return f"allcue {__version__}, content {content.version}, digest {content.digest}"
