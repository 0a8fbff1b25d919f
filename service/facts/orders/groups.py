"""Several orders of one regimen, recognised as one: by the order set they belong to, by name, or by their drugs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from service.facts.orders.line import OrderLine, Orders
from service.facts.therapy.induction import recognised


@dataclass(frozen=True, slots=True)
class Group:
    """Orders that belong together. ``regimen``: its name in the vocabulary, where it is one it knows."""

    name: str
    lines: tuple[OrderLine, ...]
    regimen: str | None = None


def regimen_of(lines: Iterable[OrderLine], taken: Collection[str] = ()) -> str | None:
    """The regimen that some orders are, by name or by their drugs. ``taken``: drugs that are being given beside them."""
    rows = [line for line in lines if line.orders_drug]
    names = {name for line in rows for name in line.regimens}
    if names:
        return names.pop() if len(names) == 1 else None
    return recognised({drug for line in rows for drug in line.drugs}.union(taken))


def groups(orders: Orders) -> tuple[Group, ...]:
    """The orders of a session that belong together, two lines or more each."""
    found: dict[str, list[OrderLine]] = {}
    for line in orders.lines:
        if line.group is not None:
            found.setdefault(line.group, []).append(line)
    return tuple(Group(name, tuple(rows), regimen_of(rows)) for name, rows in found.items() if len(rows) > 1)
