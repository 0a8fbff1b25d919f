"""Results that others have corrected."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from service.record.dates import parse_instant
from service.record.model import Entry
from service.record.values import as_dict, as_list, as_text, codings_of, components, concept_text
from service.record.whose import reference_in

_CORRECTED = frozenset({"amended", "corrected", "appended"})
_REPLACEABLE = frozenset({"final", "preliminary", "registered"})
Rank = tuple[float, int, int]


def without_replaced(entries: list[Entry]) -> tuple[list[Entry], list[Entry]]:
    """What stands, and what ``amended`` and ``corrected`` results replace.

    A corrected result replaces an uncorrected one of the same test that has the same identifier or the same date, and
    an earlier correction of it. "The same test": type, code, name, specimen, site, method and genes agree, so that a
    corrected platelet count does not take the white cells of the same order with it.
    """
    if not any(entry.status in _CORRECTED for entry in entries):
        return entries, []
    winners: dict[Hashable, Entry] = {}
    for entry in entries:
        if entry.status in _CORRECTED:
            for key in _keys(entry):
                if key not in winners or version_of(entry.resource) >= version_of(winners[key].resource):
                    winners[key] = entry
    kept: list[Entry] = []
    replaced: list[Entry] = []
    for entry in entries:
        better = [w for key in _keys(entry) if (w := winners.get(key)) is not None and w is not entry]
        gone = better and (entry.status in _REPLACEABLE or entry.status in _CORRECTED)
        (replaced if gone else kept).append(entry)
    return kept, replaced


def version_of(resource: object) -> Rank:
    """What orders versions: when it was last updated, its version number, then when it was issued."""
    element = as_dict(resource)
    meta = as_dict(element.get("meta"))
    updated, issued = parse_instant(meta.get("lastUpdated")), parse_instant(element.get("issued"))
    number = as_text(meta.get("versionId")).strip()
    return (
        updated.timestamp() if updated else float("-inf"),
        int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0,
        int(issued.timestamp()) if issued else 0,
    )


def _keys(entry: Entry) -> Iterable[Hashable]:
    test = _test(entry)
    for raw in as_list(entry.resource.get("identifier")):
        identifier = as_dict(raw)
        value = as_text(identifier.get("value"))
        if value:
            yield "identifier", as_text(identifier.get("system")), value, test
    if (entry.codings or entry.text) and entry.when is not None:
        yield "date", entry.when.text, test


def _test(entry: Entry) -> Hashable:
    resource = entry.resource
    genes = {
        code
        for component in components(resource)
        for _, code in codings_of(component.get("valueCodeableConcept"))
        if code.upper().startswith("HGNC:")
    }
    return (
        entry.type,
        entry.codings[0] if entry.codings else entry.text,
        reference_in(resource.get("specimen")),
        concept_text(resource.get("bodySite")),
        concept_text(resource.get("method")),
        frozenset(genes),
    )
