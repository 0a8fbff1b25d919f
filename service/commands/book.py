"""``allcue content book``: the rule book as pages that mkdocs makes a site of."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
import yaml

from service.book.pages import Book
from service.book.preview import Previews
from service.content import read_terminology
from service.facts.registry import REGISTRY
from service.wiring import build_clinic

_DAY = date(2026, 3, 2)  # examples state ages and intervals, not dates: any day gives the same cards


def write(folder: Path, content: Path | None) -> int:
    """Write ``mkdocs.yml`` and ``docs/`` into a folder, which is made if needed; files of an older book are replaced.

    Raises:
        click.BadParameter: the folder holds something that is not a rule book.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / "mkdocs.yml").exists():
        raise click.BadParameter(f"{folder} holds other files. Allowed: a new folder, or that of an older book.")
    engine = build_clinic(content).engine
    book = Book(engine.content, engine.words, Previews(engine, REGISTRY, read_terminology(), _DAY))
    pages = book.pages()
    for old in (folder / "docs").rglob("*.*"):
        if old.is_file():
            old.unlink()
    for path, text in pages.items():
        target = folder / "docs" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    settings = {
        "site_name": "Allcue rule book",
        "use_directory_urls": False,  # the site opens from a disk as well as from a server
        "theme": {"name": "mkdocs", "navigation_depth": 3},
        "markdown_extensions": ["attr_list", "tables"],
        "validation": {"links": {"anchors": "warn"}},
        "plugins": ["search"],
        "nav": book.navigation(),
    }
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(settings, sort_keys=False, width=1000), encoding="utf-8")
    click.echo(f"{len(pages)} files in {folder / 'docs'}; `mkdocs build -f {folder / 'mkdocs.yml'}` makes the site")
    return 0
