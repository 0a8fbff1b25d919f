"""Several orders of one regimen, recognised as one: by the order set they belong to, by name, or by their drugs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from service.facts.orders import dosing
from service.facts.orders.line import OrderLine, Orders
from service.facts.therapy.exposure import is_steroid, treats
from service.facts.therapy.induction import recognised
from service.facts.therapy.routes import is_intrathecal

_MINI = "Mini-hyperCVD"
_MINI_WITH = {"inotuzumab ozogamicin": "InO + mini-hyperCVD", "venetoclax": "Mini-hyperCVD + venetoclax"}


@dataclass(frozen=True, slots=True)
class Group:
    """Orders that belong together: members of one order set or plan, or drugs of one regimen. ``name``: reference, identifier
    or regimen. ``regimen``: its name in the vocabulary where it is one it knows.
    """

    name: str
    lines: tuple[OrderLine, ...]
    regimen: str | None = None


def regimen_of(lines: Iterable[OrderLine], taken: Collection[str] = ()) -> str | None:
    """The regimen that some orders are: as they name it, as what they say they are part of, or by their drugs.

    ``taken``: drugs that are being given beside them. Orders that name two regimens name none.
    """
    rows = list(lines)
    drugs = systemic(rows).union(drug for drug in taken if treats(drug))
    for names in ({x for line in rows for x in line.regimens}, {x for line in rows for x in line.within}):
        if len(names) == 1:
            name = names.pop()
            more = [_MINI_WITH[drug] for drug in sorted(drugs & _MINI_WITH.keys())]
            return more[0] if name == _MINI and len(more) == 1 else name
        if names:
            return None
    return recognised(drugs) if drugs else None


def systemic(lines: Iterable[OrderLine]) -> set[str]:
    """The drugs against leukemia that some lines order to be given to the whole body; no steroid against nausea."""
    return {
        drug
        for line in lines
        if line.orders_drug and not is_intrathecal(line.resource, line.text)
        for drug in line.drugs
        if treats(drug) and not (is_steroid(drug) and dosing.indication(line.resource) == "antiemetic")
    }


def groups(orders: Orders) -> tuple[Group, ...]:
    """The orders of a session that belong together, two lines or more each: by what they say they belong to; of the others
    those that together are one regimen.
    """
    found: dict[str, list[OrderLine]] = {}
    alone: list[OrderLine] = []
    for line in orders.lines:
        if line.group is not None:
            found.setdefault(line.group, []).append(line)
        elif line.orders_drug:
            alone.append(line)
    made = [Group(name, tuple(rows), regimen_of(rows)) for name, rows in found.items() if len(rows) > 1]
    parts = [line for line in alone if systemic([line])]
    regimen = regimen_of(parts)
    if len(parts) > 1 and regimen is not None:
        made.append(Group(regimen, tuple(parts), regimen))
    return tuple(made)
