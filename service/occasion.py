"""What a call brings besides the record: resources about to be entered, and orders to be judged (CDS Hooks, ``context``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.facts.orders.shelf import kind_of, reference_of
from service.hooks.contract import Invocation
from service.record.values import as_list
from service.record.whose import id_of, reference_in, type_and_id

_ENTERED = {
    "problem-list-item-create": ("conditions", "Condition"),
    "allergyintolerance-create": ("allergyIntolerance", "AllergyIntolerance"),
}
_ORDERED = {"order-select": "draftOrders", "order-sign": "draftOrders", "medication-refill": "medications"}
ORDER_HOOKS = frozenset({*_ORDERED, "order-dispatch"})  # those that are about orders
_REQUESTS = ("medication-requests", "service-requests")  # the prefetch keys that hold orders
_UNNAMED = "?"
Raw = tuple[str | None, Any]


@dataclass(frozen=True, slots=True)
class Entered:
    """What is about to be entered into the record, of one type. ``unreadable``: something among it does not say what it is."""

    kind: str
    resources: tuple[Raw, ...]
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Ordered:
    """Orders to be judged, as sent, each with its address; ``None`` for something that is no resource.

    ``missing``: references to orders that did not come and cannot be judged.
    ``judged``: (type, id) of orders that may also stand in the record and are no history there, since they are what is
    being decided; an order that is only filled again is history too.
    """

    orders: tuple[Raw, ...] = ()
    missing: tuple[str, ...] = ()
    selections: tuple[str, ...] = ()
    judged: frozenset[tuple[str, str]] = frozenset()


def entered(invocation: Invocation) -> Entered | None:
    """The new problems or the new allergy of a call; nothing at hooks that enter none. A lone resource and a Bundle are
    both taken where the other is due.
    """
    if invocation.hook not in _ENTERED:
        return None
    name, kind = _ENTERED[invocation.hook]
    rows = tuple(_rows(invocation.context.get(name)))
    found = tuple((url, row) for url, row in rows if kind_of(row) == kind)
    return Entered(kind, found, any(not _says_what(row) for _, row in rows))


def ordered(invocation: Invocation) -> Ordered | None:
    """The orders of a call, nothing at hooks that bring none."""
    context = invocation.context
    if invocation.hook == "order-dispatch":
        return _dispatched(invocation)
    field = _ORDERED.get(invocation.hook, "draftOrders")
    if not context.get(field):
        return None
    chosen = context.get("selections")
    rows = tuple(_rows(context[field]))
    return Ordered(
        rows,
        selections=tuple(_chosen(chosen if isinstance(chosen, list) else (), rows)),
        judged=_named(row for _, row in rows) if field == "draftOrders" else frozenset(),
    )


def _chosen(links: Iterable[object], rows: tuple[Raw, ...]) -> Iterator[str]:
    """References to the orders just chosen, by type and id also where the client names them by their address."""
    for link in links:
        reference = reference_in(link)
        order = _referred(reference, rows) if reference else None
        if order is not None and kind_of(order[1]):
            yield reference_of(order[1], order[0] or "") or reference
        elif reference:
            yield reference


def _dispatched(invocation: Invocation) -> Ordered:
    """Orders that the context only refers to: found among those on record, or told as missing."""
    context = invocation.context
    sent = context.get("dispatchedOrders")
    references = [reference_in(link) or _UNNAMED for link in (sent if isinstance(sent, list) else [])]
    references += [reference_in(context["order"])] if context.get("order") else []  # of hook version 1.0
    known = [
        (url, row) for url, row in _prefetched(invocation) if kind_of(row) in ("MedicationRequest", "ServiceRequest")
    ]
    found: list[Raw] = []
    missing = []
    for reference in dict.fromkeys(references):
        order = _referred(reference, known)
        if order is None:
            missing.append(reference)
        elif order not in found:
            found.append(order)
    return Ordered(tuple(found), tuple(missing), judged=_named(row for _, row in found))


def _named(orders: Iterable[Any]) -> frozenset[tuple[str, str]]:
    return frozenset((kind_of(order), id_of(order)) for order in orders if kind_of(order) and id_of(order))


def _referred(reference: str, known: Iterable[Raw]) -> Raw | None:
    """The order that a reference means, by type and id wherever its server is, or by the address it came with."""
    kind, own = type_and_id(reference)
    for url, row in known:
        if url == reference or (own and isinstance(row, Mapping) and id_of(row) == own and kind in ("", kind_of(row))):
            return url, row
    return None


def _prefetched(invocation: Invocation) -> Iterator[Raw]:
    for key in _REQUESTS:
        found = invocation.prefetched.get(key)
        if found is not None:
            yield from zip(found.full_urls or (None,) * len(found.resources), found.resources, strict=False)


def _rows(value: object) -> Iterator[Raw]:
    """Resources of a Bundle, or the lone one, with their addresses; ``None`` for an entry without a resource."""
    if not isinstance(value, Mapping):
        return
    if value.get("resourceType") not in (None, "Bundle"):
        yield None, value
        return
    for row in as_list(value.get("entry")):
        entry = row if isinstance(row, Mapping) else {}
        url = entry.get("fullUrl")
        bare = "resource" not in entry and kind_of(entry)  # the resource in the place of its entry
        yield url if isinstance(url, str) else None, entry if bare else entry.get("resource")


def _says_what(row: object) -> bool:
    """Whether a resource is one, and of an allergy says to what. A problem may be told outside its code."""
    kind = kind_of(row)
    return bool(kind) and not (kind == "AllergyIntolerance" and isinstance(row, Mapping) and not row.get("code"))
