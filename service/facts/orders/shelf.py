"""What came with a call, flat and found by reference: entries, Bundles in Bundles, contained resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from service.record.model import PatientRecord, Resource
from service.record.squeezed import squeezed
from service.record.values import as_dict, as_list, as_text
from service.record.whose import Ownership, id_of, reference_in, type_and_id

_DEPTH = 12  # Bundles in Bundles
Row = tuple[str, Any]  # (fullUrl or "", what came)


def rows_of(came: Any, url: str = "", depth: int = _DEPTH) -> Iterator[Row]:
    """What came as a flat list. Allowed are resources, entries of a Bundle, (fullUrl, resource) pairs, Bundles, and lists
    of them. An entry without a resource is kept as nothing where it says anything at all.
    """
    if isinstance(came, tuple) and len(came) == 2 and (came[0] is None or isinstance(came[0], str)):
        yield from rows_of(came[1], as_text(came[0]), depth)
    elif isinstance(came, list | tuple) and depth:
        for part in came:
            yield from rows_of(part, "", depth - 1)
    elif isinstance(came, Mapping) and came.get("resourceType") == "Bundle" and depth:
        for entry in as_list(came.get("entry")):
            if entry:  # an empty one says nothing
                yield from rows_of(entry if _is_entry(entry) else {"resource": entry}, "", depth - 1)
    elif isinstance(came, Mapping) and _is_entry(came) and depth:
        yield from rows_of(came.get("resource"), as_text(came.get("fullUrl")), depth - 1)
    else:
        yield url, squeezed(came)


def _is_entry(came: Any) -> bool:
    return isinstance(came, Mapping) and "resourceType" not in came and ("resource" in came or "fullUrl" in came)


def kind_of(row: Any) -> str:
    """The resource type of what came; empty where it is no resource."""
    return as_text(row.get("resourceType")).strip() if isinstance(row, Mapping) else ""


def reference_of(resource: Resource, url: str) -> str | None:
    """The reference by which a client finds a resource again: type and id, else what its fullUrl says."""
    kind, own = as_text(resource.get("resourceType")), id_of(resource)
    if own:
        return f"{kind}/{own}"
    named, own = type_and_id(url)
    return f"{kind}/{own}" if named == kind and own else url or None


class Shelf:
    """Finds resources that came with the call, and Medications of the record, by reference."""

    def __init__(self, rows: Iterable[Row], record: PatientRecord | None = None) -> None:
        self._found: dict[str, Resource] = dict(record.medications) if record is not None else {}
        self._known = frozenset(entry.reference for entry in record.entries) if record is not None else frozenset[str]()
        for url, resource in rows:
            if isinstance(resource, Mapping):
                for key in (url, reference_of(resource, url) or "", id_of(resource)):
                    if key:
                        self._found[key] = resource

    def find(self, link: object, *holders: Resource) -> Resource | None:
        """What a Reference, or a bare string in its place, points to. ``holders``: resources that may contain it."""
        target = reference_in(link)
        if not target:
            return None
        kind, own = type_and_id(target)
        own = target[1:] if target.startswith("#") else own
        for holder in holders:
            for raw in as_list(holder.get("contained")):
                inner = as_dict(raw)
                if own and id_of(inner).removeprefix("#") == own and kind in ("", as_text(inner.get("resourceType"))):
                    return inner
        if target.startswith("#"):
            return None
        for key in (target, f"{kind}/{own}" if kind else "", f"urn:uuid:{target}", own if not kind else ""):
            if key and key in self._found:
                return self._found[key]
        return None

    def in_record(self, link: object) -> bool:
        """Whether a reference points to something that is on record already."""
        return "/".join(type_and_id(reference_in(link))) in self._known


def once(rows: list[Row]) -> list[Row]:
    """Rows without those that were sent twice."""
    kept: dict[str, list[Any]] = {}
    found: list[Row] = []
    for url, row in rows:
        same = kept.setdefault(reference_of(row, url) or "", []) if isinstance(row, Mapping) else []
        if not any(row == other for other in same):
            same.append(row)
            found.append((url, row))
    return found


def owners_of(rows: list[Row], record: PatientRecord | None) -> list[Ownership]:
    """Who tells whose an order is: by the record, and by the Patient among the drafts; nobody without a record."""
    if record is None:
        return []
    patients = [(url or None, row) for url, row in rows if kind_of(row) == "Patient"]
    own = [(None, record.patient)] if record.patient is not None else []
    return [record.owners or Ownership(record.patient_id, own), Ownership(record.patient_id, [*own, *patients])]
