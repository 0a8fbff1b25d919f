"""The facts of all orders of a session together."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from service.facts.model import Fact, known
from service.facts.orders.drafts import read_orders
from service.facts.orders.groups import regimen_of
from service.facts.orders.line import DRUG_ORDERS, SERVICE_ORDERS, Orders
from service.facts.orders.line_facts import details, levels, ordered_drug
from service.facts.orders.services import service_facts
from service.record.model import PatientRecord
from service.record.terminology import Terminology


def stated_orders(
    resources: Iterable[Any], terminology: Terminology, record: PatientRecord | None = None
) -> tuple[Fact, ...]:
    """Facts about all orders on the screen together, to be stated with a call; without drafts: nothing is ordered."""
    orders = read_orders(resources, terminology, record)
    complete = not orders.missed(*DRUG_ORDERS)
    rows = list(orders.drug_lines)
    return (
        ordered_drug(rows, complete),
        *(levels(rows) if complete else ()),
        *(details(rows[0]) if complete and len(rows) == 1 else ()),
        *service_facts(orders.lines, not orders.missed(*SERVICE_ORDERS), terminology),
    )


def session_facts(orders: Orders, terminology: Terminology, taken: Collection[str] = ()) -> tuple[Fact, ...]:
    """Facts about the regimen that the orders of a session are part of. ``taken``: drugs that are being given now."""
    regimen = regimen_of(orders.lines, taken)
    rows = orders.drug_lines
    return (known("candidate_regimen", regimen, *(line.seen() for line in rows)),) if regimen is not None else ()
