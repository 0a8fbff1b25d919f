"""The facts of one order line: drug, route, schedule, dose, reason, dose level, test, procedure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from service.facts.model import Fact, TokenSet, known, unknown
from service.facts.orders import dosing
from service.facts.orders.line import OrderLine, Orders
from service.facts.orders.route import route_of
from service.facts.orders.services import service_facts
from service.facts.therapy.dosing import dose_level
from service.facts.therapy.lists import listed
from service.facts.vocabulary.drugs import TREATMENTS
from service.record.terminology import Terminology

_LEVELS = ("methotrexate", "cytarabine")


def line_facts(line: OrderLine, orders: Orders, terminology: Terminology) -> tuple[Fact, ...]:
    """The facts of one line. What the other lines order is no part of them."""
    return (
        ordered_drug([line], True, orders),
        *details(line, terminology),
        *levels([line], terminology),
        *service_facts([line], True, terminology),
    )


def ordered_drug(lines: Collection[OrderLine], complete: bool, orders: Orders) -> Fact:
    """The drugs of some lines; ``complete``: no order of a drug could not be read. Of the heading of an order set only the
    regimen counts: its drugs are those of its members.
    """
    rows = [line for line in lines if line.orders_drug]
    headings = [line for line in rows if orders.is_heading(line)]
    drugs = {drug for line in rows if line not in headings for drug in line.drugs}
    either = {drug for line in rows for drug in line.either}
    complete = complete and all(line.drugs or line.either or line in headings for line in rows)
    value = listed("ordered_drug", drugs, either - drugs, complete)
    named = {token for line in headings for token in line.drugs.intersection(TREATMENTS)}
    value = TokenSet(value.members | named, value.complete, value.excluded - named)
    return known("ordered_drug", value, *(line.seen() for line in rows))


def details(line: OrderLine, terminology: Terminology) -> Iterator[Fact]:
    """Reason, schedule, dose and route of a line that orders a drug. What it says about none of them is not stated."""
    if not line.orders_drug:
        return
    for name, found in (
        ("ordered_drug_indication", dosing.indication(line.resource)),
        ("ordered_schedule", dosing.schedule(line.resource)),
        ("ordered_dose", dosing.dose(line.resource)),
    ):
        if found is not None:
            yield known(name, found, line.seen(found))
    route = route_of(line, terminology)
    if route.value is not None:
        yield known("ordered_route", route.value, line.seen(route.value, route.note))
    elif route.reason is not None:
        yield unknown("ordered_route", route.reason, route.note, (line.seen(),))


def levels(lines: Collection[OrderLine], terminology: Terminology) -> Iterator[Fact]:
    """Whether the methotrexate and the cytarabine that are ordered are high-dose, where all orders of one agree."""
    for drug in _LEVELS:
        rows = [x for x in lines if x.orders_drug and drug in x.drugs]
        routes = {id(x): route_of(x, terminology).value for x in rows}
        rows = [x for x in rows if routes[id(x)] != "intrathecal"]
        found = {dose_level(x.resource, drug, x.text, routes[id(x)]) for x in rows}
        level = found.pop() if len(found) == 1 else None
        if level is not None:
            yield known(f"{drug}_dose_level", level, *(x.seen() for x in rows))
