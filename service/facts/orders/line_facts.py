"""The facts of one order line: drug, route, schedule, dose, reason, dose level, test, procedure."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.model import Fact, TokenSet, known
from service.facts.orders import dosing
from service.facts.orders.line import OrderLine, Orders
from service.facts.orders.services import service_facts
from service.facts.therapy.lists import listed
from service.facts.vocabulary.drugs import TREATMENTS
from service.record.terminology import Terminology

_LEVELS = ("methotrexate", "cytarabine")


def line_facts(line: OrderLine, orders: Orders, terminology: Terminology) -> tuple[Fact, ...]:
    """The facts of one line. What the other lines order is no part of them."""
    return (ordered_drug([line], True), *details(line), *levels([line]), *service_facts([line], True, terminology))


def ordered_drug(lines: list[OrderLine], complete: bool) -> Fact:
    """The drugs of some lines; ``complete``: no order of a drug could not be read."""
    rows = [line for line in lines if line.orders_drug]
    drugs = {drug for line in rows if not line.heading for drug in line.drugs}
    either = {drug for line in rows for drug in line.either}
    complete = complete and not any(line.regimens and not line.drugs for line in rows)
    value = listed("ordered_drug", drugs, either - drugs, complete)
    # of a heading only the regimen counts: its drugs are those of its members
    named = {token for line in rows if line.heading for token in line.drugs.intersection(TREATMENTS)}
    value = TokenSet(value.members | named, value.complete, value.excluded - named)
    return known("ordered_drug", value, *(line.seen() for line in rows))


def details(line: OrderLine) -> Iterator[Fact]:
    """Reason, schedule, dose and route of a line that orders a drug."""
    if not line.orders_drug:
        return
    for name, found in (
        ("ordered_drug_indication", dosing.indication(line.resource)),
        ("ordered_schedule", dosing.schedule(line.resource)),
        ("ordered_dose", dosing.dose(line.resource)),
        ("ordered_route", dosing.route(line.resource, line.text)),
    ):
        if found is not None:
            yield known(name, found, line.seen(found))


def levels(lines: list[OrderLine]) -> Iterator[Fact]:
    """Whether the methotrexate and the cytarabine that are ordered are high-dose, where all orders of one agree."""
    for drug in _LEVELS:
        rows = [x for x in lines if x.orders_drug and drug in x.drugs]
        rows = [x for x in rows if not dosing.is_intrathecal(x.resource, x.text)]
        found = {dosing.dose_level(x.resource, drug, x.text) for x in rows}
        level = found.pop() if len(found) == 1 else None
        if level is not None:
            yield known(f"{drug}_dose_level", level, *(x.seen() for x in rows))
