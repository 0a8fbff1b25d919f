"""``allcue content compile``: the content that the settings name, checked and kept for a quick start."""

from __future__ import annotations

import os
from pathlib import Path

import click

from service.content import NoContent, compile_content
from service.rules.load import ContentProblems
from service.settings import Settings, SettingsError


def compile_for(cache: Path | None) -> int:
    """Run the command; 1 where nothing could be kept.

    Args:
        cache: the folder to write to; that of the settings if not given.
    """
    try:
        settings = Settings.from_env(os.environ)
        folder = cache.absolute() if cache is not None else settings.cache_dir
        if folder is None:
            return _failed(
                "there is no folder to write to: ALLCUE_CACHE_DIR is none, or is not set and the user has no home"
            )
        content, file = compile_content(settings.cards_dir, settings.site_content, folder)
    except ContentProblems as found:
        return _failed(f"{found}\n{len(found.problems)} problems: nothing is kept")
    except (SettingsError, NoContent) as problem:
        return _failed(str(problem))
    except OSError as error:
        return _failed(f"{folder}: {error.strerror or error}")
    if file is None:
        return _failed(
            "the code of Allcue is in an archive: without its files nothing can be kept that is surely not stale"
        )
    click.echo(f"content {content.digest}: {file} ({file.stat().st_size:,} bytes)")
    return 0


def _failed(words: str) -> int:
    click.echo(words, err=True)
    return 1
