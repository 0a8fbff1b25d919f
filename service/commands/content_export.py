"""``allcue content export``: the content as FHIR for other systems (CPG on FHIR)."""

from __future__ import annotations

import json
import re
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
_LISTED = re.compile(r".*/(?P<kind>[A-Z]\w+)/(?P<own>[A-Za-z0-9.-]{1,64})(?:\|.*)?")
_BESIDE = ("source-attributes.json", "source-attributes.csv", "bundle.json")
_BEGUN = f"{MANIFEST}.begun"  # the manifest while the folder is not whole


def export(
    folder: Path, base: str, bundle: str | None, elm: Path | None, content: Path | None = None, site: Path | None = None
) -> int:
    """Write the export into a folder, which is made if needed; files that an older export wrote there are replaced or go, and
    any other stays.

    Args:
        base: the beginning of every canonical URL.
        bundle: ``collection`` or ``transaction`` for one Bundle beside the files.
        elm: folder with the CQL translated, ``<library>.json``.

    Raises:
        click.BadParameter: the folder holds other files, or the base is no address.
        click.ClickException: content that must not be used, or that cannot be exported; a folder that cannot be written to.
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
    try:
        _write(folder, files)
    except OSError as problem:
        raise click.ClickException(f"{folder}: {problem}") from None
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
    ours = (folder / MANIFEST).exists() or (folder / _BEGUN).exists()
    if folder.exists() and any(folder.iterdir()) and not ours:
        raise click.BadParameter(
            f"{folder} holds other files. Allowed: a new folder, or that of an older export.", param_hint="--output"
        )


def _elm(folder: Path | None) -> dict[str, str] | None:
    if folder is None:
        return None
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.json"))}


def _write(folder: Path, files: dict[str, str]) -> None:
    """A folder with the manifest is whole. While it is not, the manifest has another name: an export that broke off is written anew."""
    whole, begun = folder / MANIFEST, folder / _BEGUN
    begun.parent.mkdir(parents=True, exist_ok=True)
    if whole.exists():
        whole.replace(begun)
    for path in _listed(begun) - files.keys():
        (folder / path).unlink(missing_ok=True)
    begun.write_text(files[MANIFEST], encoding="utf-8")
    for path in files.keys() - {MANIFEST}:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(files[path], encoding="utf-8")
    begun.replace(whole)


def _listed(manifest: Path) -> set[str]:
    """The files of an older export, by its manifest; none where it cannot be read."""
    try:
        rows = json.loads(manifest.read_text(encoding="utf-8"))["relatedArtifact"]
        found = [_LISTED.fullmatch(row["resource"]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    named = [(match["kind"], match["own"]) for match in found if match]
    return (
        {f"{kind}/{own}.json" for kind, own in named}
        | {f"cql/{own}.cql" for kind, own in named if kind == "Library"}
        | {*_BESIDE}
    )


def _told(made: Package) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in made.counts().items())
