"""The manifest of a finished export (Bulk Data Access 2.0, "Bulk Data Status Request", response "Complete")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urljoin

from service.population.bulk.problems import ExportProblem
from service.population.bulk.request import TYPE

Kind = Literal["output", "error", "deleted"]
_KINDS: tuple[Kind, ...] = ("output", "error", "deleted")


@dataclass(frozen=True, slots=True)
class Item:
    """One file of the manifest. ``kind``: output, error or deleted. ``count``: resources in it, where the server says."""

    kind: Kind
    type: str
    url: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """``time``: the server's instant up to which the data are complete. ``token``: whether files want the access token."""

    time: str
    token: bool
    items: tuple[Item, ...]


def read_manifest(raw: object, url: str) -> Manifest:
    """The manifest that came from an address.

    Raises:
        ExportProblem: it lacks what is required, or is but a part of one.
    """
    if not isinstance(raw, Mapping):
        raise ExportProblem("the server's manifest is no JSON object")
    token = raw.get("requiresAccessToken")
    if not isinstance(token, bool):
        raise ExportProblem("the manifest lacks requiresAccessToken, without which it is not known where tokens may go")
    if not isinstance(raw.get("output"), list):
        raise ExportProblem("the manifest lacks output, the list of files")
    links = raw.get("link")
    if any(isinstance(link, Mapping) and link.get("relation") == "next" for link in links or ()):
        raise ExportProblem("the manifest is one of several pages, which were not asked for and are not read")
    items = [_item(kind, at, entry, url) for kind in _KINDS for at, entry in enumerate(raw.get(kind) or ())]
    return Manifest(str(raw.get("transactionTime", "")), token, tuple(items))


def _item(kind: Kind, at: int, entry: Any, url: str) -> Item:
    where = f"{kind}[{at}] of the manifest"
    if not isinstance(entry, Mapping) or not isinstance(entry.get("url"), str):
        raise ExportProblem(f"{where} has no url")
    name, count = entry.get("type"), entry.get("count")
    if not isinstance(name, str) or not TYPE.fullmatch(name):
        if kind == "output":
            raise ExportProblem(f"{where} has no resource type")
        name = "OperationOutcome" if kind == "error" else "Bundle"  # some servers leave out what is always the same
    whole = isinstance(count, int) and not isinstance(count, bool) and count >= 0
    return Item(kind, name, urljoin(url, entry["url"]), count if whole else None)
