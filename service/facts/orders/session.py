"""The facts of all orders of a session together."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from service.facts.model import Fact, Provenance, TokenSet, known
from service.facts.orders.drafts import read_orders
from service.facts.orders.groups import regimen_of, systemic
from service.facts.orders.line import DRUG_ORDERS, SERVICE_ORDERS, OrderLine, Orders
from service.facts.orders.line_facts import details, levels, ordered_drug
from service.facts.orders.naming import contents_of
from service.facts.orders.route import route_of
from service.facts.orders.services import service_facts
from service.facts.therapy.exposure import treats
from service.facts.therapy.route_words import INTRATHECAL
from service.facts.therapy.routes import dosage_texts
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.drugs import DRUGS, IMPLIES, TREATMENTS
from service.record.model import PatientRecord
from service.record.terminology import Terminology
from service.record.text import states
from service.record.values import notes_of

_ASPARAGINASE, _ANTIBODY = "asparaginase", "immunotherapy"
_PREMEDICATION = re.compile(r"pre-?medi[ck]at\w*|prämedikation\w*", re.IGNORECASE)
_NAMED = re.compile(r"aspara?g|oncaspar|rylaze|erwina|asparlas", re.IGNORECASE)
_NOT_MULTIAGENT = frozenset({"TKI + corticosteroid", "TKI + blinatumomab"})
_MAINTENANCE = frozenset({"mercaptopurine", "thioguanine", "methotrexate"})  # together they are no regimen of induction


def stated_orders(
    resources: Iterable[Any], terminology: Terminology, record: PatientRecord | None = None
) -> tuple[Fact, ...]:
    """Facts about all orders on the screen together, to be stated with a call; without drafts: nothing is ordered."""
    orders = read_orders(resources, terminology, record)
    complete = not orders.missed(*DRUG_ORDERS)
    rows = orders.drug_lines
    return (
        ordered_drug(rows, complete, orders),
        *(levels(rows, terminology) if complete else ()),
        *(details(rows[0], terminology) if complete and len(rows) == 1 else ()),
        *service_facts(orders.lines, not orders.missed(*SERVICE_ORDERS), terminology),
    )


def session_facts(orders: Orders, terminology: Terminology, taken: Collection[str] = ()) -> tuple[Fact, ...]:
    """Facts about the regimen that the orders of a session are part of: its name, its drugs, whether it is multiagent.

    ``taken``: drugs that are being given now by the record. What a session orders is seldom a whole regimen, so that its
    drugs are never a complete list, and one drug alone says nothing about the others.
    """
    return tuple(_session_facts(orders, terminology, taken))


def _session_facts(orders: Orders, terminology: Terminology, taken: Collection[str]) -> Iterator[Fact]:
    yield from _premedication(orders)
    rows = [line for line in orders.drug_lines if _is_antileukemic(line)]
    named = [line for line in rows if line.regimens or line.within]
    regimen = _in_vocabulary(regimen_of(orders.lines, taken))
    if regimen is not None:
        seen = named or rows
        yield known("candidate_regimen", regimen, *(_seen(line, inferred=not named) for line in seen))
    if not rows:
        return
    drugs = {part for line in rows for drug in line.drugs for part in _parts(drug, orders.is_heading(line))}
    drugs |= {part for drug in contents_of(regimen or "") for part in _parts(drug, False)}
    seen_all = tuple(line.seen() for line in rows)
    yield known("regimen_contains", TokenSet(frozenset(drugs.intersection(DRUGS)), complete=False), *seen_all)
    systemic_rows = [line for line in rows if route_of(line, terminology).value != INTRATHECAL]
    if regimen in _NOT_MULTIAGENT:
        yield known("candidate_regimen_is_multiagent", False, *(_seen(line, inferred=not named) for line in rows))
    elif regimen is not None or _is_multiagent(systemic_rows, taken):
        yield known("candidate_regimen_is_multiagent", True, *(_seen(line, inferred=not named) for line in rows))


def _premedication(orders: Orders) -> Iterator[Fact]:
    """Premedication for an asparaginase that is ordered: said with it, or with another order that names asparaginase or that
    can be for nothing else, no antibody being ordered.
    """
    doses = [x for x in orders.drug_lines if any(_ASPARAGINASE in IMPLIES.get(drug, ()) for drug in x.drugs)]
    if not doses:
        return
    alone = not any(_ANTIBODY in IMPLIES.get(drug, ()) for line in orders.drug_lines for drug in line.drugs)
    for line in (x for x in orders.lines if x.kind in DRUG_ORDERS):  # an antihistamine is none of the drugs known here
        said = "; ".join((line.text, *dosage_texts(line.resource), notes_of(line.resource)))
        if states(said, _PREMEDICATION) and (line in doses or alone or _NAMED.search(said)):
            yield known("asparaginase_premedication", True, line.seen(said))
            return


def _is_antileukemic(line: OrderLine) -> bool:
    return bool(line.regimens) or any(treats(drug) for drug in line.drugs)


def _is_multiagent(rows: Collection[OrderLine], taken: Collection[str]) -> bool:
    drugs = systemic(rows) | set(taken)
    cytotoxic = {drug for drug in drugs if drug not in TREATMENTS and "chemotherapy" in IMPLIES.get(drug, ())}
    return len(cytotoxic - _MAINTENANCE) > 1


def _parts(drug: str, heading: bool) -> tuple[str, ...]:
    return () if heading else (drug, *IMPLIES.get(drug, ()))


def _in_vocabulary(name: str | None) -> str | None:
    return None if name is None else VOCABULARY.lookup("candidate_regimen").known(name)


def _seen(line: OrderLine, *, inferred: bool) -> Provenance:
    return replace(line.seen(note="recognised from the drugs ordered" if inferred else None), inferred=inferred)
