"""Medications that orders, statements and administrations only refer to (``medicationReference``), read by their ids.

No template can bring them: ``_include`` is beyond the query subset that CDS Hooks recommends, and many EHRs send them
neither contained nor in the Bundle. One search by ``_id`` asks for all; what it does not bring is read one by one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.hooks.contract import Json, KeyState, Prefetched
from service.hooks.fhir_access import FhirReader, Wanted
from service.hooks.queries import LONGEST
from service.hooks.servers import parse_base

REFERENCED = "referenced-medications"  # a key like those of prefetch, which no client is asked for
KIND = "Medication"
MOST = 100  # of one call; a year of treatment in a hospital refers to some dozens
_PROBE = 8  # reads of which one must succeed before the others are tried
_CONCEPTS = ("medicationCodeableConcept", "productCodeableConcept")
_LINKS = ("medicationReference", "productReference")  # the second of plans of care
_REFERENCE = re.compile(r"(?:(https?://.+?)/)?Medication/([A-Za-z0-9._~-]{1,128})(?:/_history/[^/?#]+)?")
_NO_SERVER = "there is no FHIR server that may be read"
_ELSEWHERE = "not an address on this FHIR server"
_ANOTHER = "another resource came than the one asked for"
_BEYOND = f"more than {MOST}"


@dataclass(frozen=True, slots=True)
class _Link:
    reference: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """What is referred to and did not come. ``ids``: those to read, the ones that matter most first. ``left``: how many
    are not read, by reason. ``held``: the references of those that came. ``base``: the call's FHIR server."""

    ids: tuple[str, ...] = ()
    left: Mapping[str, int] = field(default_factory=dict)
    held: frozenset[str] = frozenset()
    base: str | None = None

    @property
    def count(self) -> int:
        return len(self.ids) + sum(self.left.values())


def missing(found: Iterable[Prefetched], context: Any, base: str | None) -> Missing:
    """The Medications that a call refers to without bringing them.

    Orders of the context come first, then what has no ``display``: without its Medication, nobody can tell that drug.
    One with a ``display`` is wanted too: a name of the hospital's own may name no drug that is known.

    Args:
        found: the keys that were gathered. context: of the call, with its drafts. base: the call's FHIR server.
    """
    items = list(found)
    held = _held(items)
    drafted = list(_objects(context))
    beside = held.union(*(_names(one.get("resource", one), one.get("fullUrl")) for one in drafted))
    of_drafts = [link for one in drafted for link in _links(one) if not _is_held(link, beside)]
    rows = (row for item in items for row in item.resources if str(row.get("resourceType")).startswith(KIND))
    of_record = [link for row in rows for link in _links(row) if not _is_held(link, held)]
    of_record.sort(key=lambda link: bool(link.display))
    return _counted((*of_drafts, *of_record), held, base, MOST)


def _counted(links: Iterable[_Link], held: frozenset[str], base: str | None, most: int) -> Missing:
    wanted: dict[str, None] = {}
    elsewhere: set[str] = set()
    for link in links:
        own = _own_id(link.reference, base)
        if own is None:
            elsewhere.add(link.reference)
        else:
            wanted[own] = None
    ids = tuple(wanted)
    left = {_ELSEWHERE: len(elsewhere), _BEYOND: len(ids[most:])}
    return Missing(ids[:most], {reason: count for reason, count in left.items() if count}, held, base)


def read_medications(lacking: Missing, reader: FhirReader | None) -> Prefetched:
    """Read them within the reader's deadline. Nothing raises; the detail counts those that were not read, by reason."""
    if not lacking.count:
        return Prefetched(REFERENCED, KeyState.EMPTY)
    got, why = _fetched(lacking, reader)
    parts = _parts(lacking, got)  # of mixtures whose ingredients are Medications of their own; no deeper
    of_parts, why_parts = _fetched(parts, reader)
    got.update(of_parts)
    why.update(why_parts)
    rows = tuple(got.values())
    if not why:
        return Prefetched(REFERENCED, KeyState.PROVIDED, rows, (None,) * len(rows))
    count = lacking.count + parts.count
    told = "; ".join(f"{some} of {count} not read: {reason}" for reason, some in why.items())
    state = KeyState.PARTIAL if rows else KeyState.FAILED if reader is not None else KeyState.ABSENT
    return Prefetched(REFERENCED, state, rows, (None,) * len(rows), told)


def _parts(lacking: Missing, got: Mapping[str, Json]) -> Missing:
    held = lacking.held | {f"{KIND}/{own}" for own in (*got, *lacking.ids)}
    links = [link for row in got.values() for link in _links(row) if not _is_held(link, held)]
    return _counted(links, held, lacking.base, MOST - len(lacking.ids))


def _fetched(lacking: Missing, reader: FhirReader | None) -> tuple[dict[str, Json], Counter[str]]:
    """Those that could be read, by id, and why others were not, counted."""
    got: dict[str, Json] = {}
    why = Counter(lacking.left)
    if lacking.ids and reader is None:
        why[_NO_SERVER] += len(lacking.ids)
    elif lacking.ids and reader is not None:
        got = _searched(lacking.ids, reader)
        why.update(_read([own for own in lacking.ids if own not in got], reader, got))
    return got, why


def _searched(ids: Sequence[str], reader: FhirReader) -> dict[str, Json]:
    """What a search by ``_id`` brings, of what was asked for. One that stays alone is read: every server takes that."""
    if len(ids) < 2 or not reader.searches_by_id(KIND):
        return {}
    asked = [Wanted(query, query, frozenset({KIND}), by_id=True) for query in _queries(ids)]
    rows = (resource for item in reader.read(asked).values() for resource in item.resources)
    found = ((_id_of(row), row) for row in rows)
    return {own: row for own, row in found if own in ids}


def _queries(ids: Iterable[str]) -> Iterator[str]:
    """Searches short enough for every server."""
    query = ""
    for own in ids:
        if query and len(query) + len(own) < LONGEST:
            query += f",{own}"
            continue
        if query:
            yield query
        query = f"{KIND}?_id={own}"
    if query:
        yield query


def _read(ids: Sequence[str], reader: FhirReader, got: dict[str, Json]) -> Counter[str]:
    """Read one by one into ``got``; why others were not, counted. Where none of the first can be read, as where the
    token is refused, the rest is not asked for.
    """
    why: Counter[str] = Counter()
    for group in filter(None, (ids[:_PROBE], ids[_PROBE:])):
        asked = [Wanted(own, f"{KIND}/{own}", frozenset({KIND})) for own in group]
        for own, item in reader.read(asked).items():
            row = next((row for row in item.resources if _id_of(row) == own), None)
            if row is not None:
                got[own] = row
            else:
                why[(item.detail or _ANOTHER).removeprefix("not read: ")] += 1
        if len(group) < len(ids) and why.total() == len(group):
            same = len(why) == 1
            why[next(iter(why)) if same else f"not asked for, since none of {_PROBE} others came"] += len(ids[_PROBE:])
            break
    return why


def _id_of(resource: Json) -> str:
    own = resource.get("id")
    return own if resource.get("resourceType") == KIND and isinstance(own, str) else ""


def _held(found: Iterable[Prefetched]) -> frozenset[str]:
    held: set[str] = set()
    for item in found:
        for url, row in zip(item.full_urls or (None,) * len(item.resources), item.resources, strict=False):
            if row.get("resourceType") == KIND:
                held.update(_names(row, url))
    return frozenset(held)


def _names(resource: Any, url: Any) -> Iterator[str]:
    """The references that a Medication which came is found by."""
    if not isinstance(resource, Mapping) or resource.get("resourceType") != KIND:
        return
    own = resource.get("id")
    if isinstance(own, str) and own.strip():
        yield f"{KIND}/{own.strip()}"
    if isinstance(url, str) and url:
        yield url
        if match := _REFERENCE.fullmatch(url):
            yield f"{KIND}/{match[2]}"


def _is_held(link: _Link, held: frozenset[str]) -> bool:
    """As the record finds it: by the address it came under, or by type and id wherever its server is."""
    match = _REFERENCE.fullmatch(link.reference)
    return link.reference in held or (match is not None and f"{KIND}/{match[2]}" in held)


def _links(resource: Mapping[str, Any]) -> Iterator[_Link]:
    """References of one resource that lead out of it, where it has no medication beside them, or as a Medication no code."""
    if any(_says(resource.get(name)) for name in _CONCEPTS):
        return
    elements = [resource.get(name) for name in _LINKS]
    r5 = resource.get("medication")
    if isinstance(r5, Mapping) and not _says(r5.get("concept")):
        elements.append(r5.get("reference") if isinstance(r5.get("reference"), Mapping) else r5)
    code, parts = resource.get("code"), resource.get("ingredient")
    if isinstance(parts, list) and not (isinstance(code, Mapping) and code.get("coding")):
        elements += [part.get("itemReference") for part in parts if isinstance(part, Mapping)]
    for element in elements:
        for one in element if isinstance(element, list) else (element,):
            link = one if isinstance(one, Mapping) else {"reference": one}
            reference, display = link.get("reference"), link.get("display")
            target = reference.strip() if isinstance(reference, str) else ""
            if target and target[0] != "#" and not target.startswith("Substance/"):
                yield _Link(target, display if isinstance(display, str) else "")


def _says(concept: Any) -> bool:
    """Whether a CodeableConcept has words or codes, so that a reference beside it is not needed."""
    if not isinstance(concept, Mapping):
        return bool(concept)
    rows = concept.get("coding")
    codings = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return bool(concept.get("text")) or any(row.get("code") or row.get("display") for row in codings)


def _own_id(reference: str, base: str | None) -> str | None:
    """The id of a Medication on this server, from a relative reference or an absolute one right below its address."""
    match = _REFERENCE.fullmatch(reference)
    if match is None or not match[2].strip("."):
        return None
    there = parse_base(match[1]) if match[1] else None
    return match[2] if not match[1] or (there is not None and base and there == parse_base(base)) else None


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object within a value, in order, so that drafts are found in Bundles, plans and as parts of others."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            yield one
            waiting += reversed(list(one.values()))
        elif isinstance(one, list):
            waiting += reversed(one)
