"""``allcue content export``: the content as FHIR for other systems (CPG on FHIR)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import click

from service.commands.loading import content_problems_told
from service.content import read_content, read_terminology
from service.exchange.conditions import NotInCql
from service.exchange.libraries import ElmProblem
from service.exchange.names import Names
from service.exchange.package import MANIFEST, InvalidExport, Package, package
from service.services import SERVICES
from service.versions import content_name, read_releases

BASE = "https://allcue.example.org/fhir"
_ASKED = re.compile(r"(?P<kind>[A-Z]\w+)(?:\?(?P<parameter>[\w-]+)=|/)")
_OWN = re.compile(r"(?:[A-Z]\w+|cql)/[\w.-]+\.(?:json|cql)|source-attributes\.(?:json|csv)|bundle\.json")


def export(
    folder: Path, base: str, bundle: str | None, elm: Path | None, content: Path | None = None, site: Path | None = None
) -> int:
    """Write the export into a folder, which is made if needed; files of an older export are replaced.

    Args:
        base: the beginning of every canonical URL.
        bundle: ``collection`` or ``transaction`` for one Bundle beside the files.
        elm: folder with the CQL translated, ``<library>.json``.

    Raises:
        click.BadParameter: the folder holds other files, or the base is no address.
        click.ClickException: content that must not be used, or that cannot be exported.
    """
    _check(folder, base)
    with content_problems_told():
        found = read_content(content, site)
        name = content_name(content, site, found.digest)
        release = read_releases(content).of(name.version)
    names = Names(base.rstrip("/"), name.version)
    released = release.day if release is not None else None
    try:
        made = package(found, read_terminology(), names, queries(), released, _elm(elm))
    except (NotInCql, ElmProblem, InvalidExport) as problem:
        raise click.ClickException(str(problem)) from None
    files = made.files() | ({"bundle.json": made.bundle(bundle)} if bundle else {})
    _write(folder, files)
    click.echo(f"content {name.version}, digest {name.digest}: {_told(made)}; {len(files)} files in {folder}")
    return 0


def queries() -> dict[str, str]:
    """By resource type, the search parameter by which calls ask a server for it; empty where it is read by its id."""
    asked: dict[str, str] = {}
    for service in SERVICES:
        for key, template in service.prefetch.items():
            found = _ASKED.match(template)
            if found:
                asked[found["kind"]] = found["parameter"] or ""
            for kind in service.resource_types.get(key, ()):
                asked.setdefault(kind, "")
    return asked


def _check(folder: Path, base: str) -> None:
    parts = urlsplit(base)
    if (
        parts.scheme not in ("http", "https")
        or not parts.netloc
        or parts.query
        or parts.fragment
        or re.search(r"[\s|]", base)
    ):
        raise click.BadParameter(f"{base!r} is no address. Allowed: such as {BASE}.", param_hint="--base-url")
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        raise click.BadParameter(
            f"{folder} holds other files. Allowed: a new folder, or that of an older export.", param_hint="--output"
        )


def _elm(folder: Path | None) -> dict[str, str] | None:
    if folder is None:
        return None
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.json"))}


def _write(folder: Path, files: dict[str, str]) -> None:
    """The manifest last: a folder with one is whole."""
    (folder / MANIFEST).unlink(missing_ok=True)
    for old in _older(folder):
        if old.relative_to(folder).as_posix() not in files:
            old.unlink()
    for path in sorted(files, key=lambda path: path == MANIFEST):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(files[path], encoding="utf-8")


def _older(folder: Path) -> Iterable[Path]:
    found = [*folder.glob("*"), *folder.glob("*/*")] if folder.exists() else []
    return [file for file in found if file.is_file() and _OWN.fullmatch(file.relative_to(folder).as_posix())]


def _told(made: Package) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in made.counts().items())
