"""Facts that the orders of a session and the record give together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from service.facts.model import Fact, known
from service.facts.orders.line import OrderLine, Orders
from service.facts.therapy.cns_prophylaxis import NAME as PROPHYLAXIS
from service.facts.therapy.cns_prophylaxis import protects_cns
from service.facts.therapy.rescue_timing import gap
from service.record.model import PatientRecord


def facts_beside(orders: Orders, record: PatientRecord | None, as_of: date) -> Iterator[Fact]:
    """CNS prophylaxis that is among the orders; the least gap between leucovorin and glucarpidase of orders and record.

    That nothing among the orders protects the CNS says nothing: the record may hold it.
    """
    protecting = [line for line in orders.lines if _protects(line)]
    if protecting:
        yield known(PROPHYLAXIS, True, *(line.seen() for line in protecting))
    hours = gap([(line.drugs, line.resource, line.seen()) for line in orders.drug_lines], record, as_of)
    if hours is not None:
        yield hours


def _protects(line: OrderLine) -> bool:
    return protects_cns(line.resource, line.text, line.drugs)
