"""By which route an order is to be given: coded, in words, in the name of the drug; and what is said twice differently.

A sign of the intrathecal route beside a vinca alkaloid is never set aside for another that contradicts it: intrathecally these
drugs kill. What forbids the route ("fatal if given intrathecally"), or tells it of another drug ("2 hours after IT MTX"), is
none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from service.facts.model import Reason
from service.facts.orders.line import OrderLine
from service.facts.therapy.drug_names import drugs_in
from service.facts.therapy.route_words import CODES, INTRATHECAL, LOOSE, PLAIN
from service.facts.therapy.routes import dosages, intrathecal_words, without_warnings
from service.facts.vocabulary.drugs import IMPLIES
from service.record.model import Resource
from service.record.terminology import Terminology
from service.record.values import as_list, as_text, codings_of, concept_text, notes_of

_VINCA = frozenset({"vincristine", "vincristine-liposomal", "vinblastine", "vindesine", "vinorelbine"})
_TOLD_OF_ANOTHER = re.compile(
    r"\b(?:after|before|following|prior to|between|same day as|day of|within|hours? (?:of|from|after|before)|nach|vor|zwischen|am tag der|separate\w*|apart)\b[^.;|]{0,25}$",
    re.IGNORECASE,
)
_MOST = 12  # signs in one text that are judged
_LONGEST = 4000  # characters of a text that are looked through
_PARTS = re.compile(r"\+|;|,(?!\d)|\n|\||&|\b(?:and|und|plus|with|mit)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Route:
    """The route of an order. ``value`` none and no ``reason``: it says none. ``note``: what is odd about it."""

    value: str | None = None
    reason: Reason | None = None
    note: str | None = None


def route_of(line: OrderLine, terminology: Terminology) -> Route:
    """The route of a line; a regimen as a whole has none."""
    if not line.orders_drug:
        return Route()
    if line.regimens:
        return Route(None, Reason.NOT_DECIDED, "a regimen is not given by one route")
    instructions = [_said(dosage, line, terminology) for dosage in _instructions(line.resource)]
    beside = _elsewhere(line, terminology)
    found = frozenset[str]().union(*instructions)
    found = found | (beside & {INTRATHECAL}) if found else beside
    others = ", ".join(sorted(found - {INTRATHECAL}))
    if INTRATHECAL in found and others:
        if _has_vinca(line.drugs | line.either) and not _is_of_another_drug(line, terminology):
            return Route(INTRATHECAL, None, f"the order also says: {others}")
        if {INTRATHECAL} in instructions and not any(INTRATHECAL in i and len(i) > 1 for i in instructions):
            return Route(INTRATHECAL, None, f"another instruction of the order says: {others}")
        return Route(None, Reason.CONFLICTING, f"the order says intrathecal and {others}")
    if len(found) > 1:
        odd = any(len(instruction) > 1 for instruction in instructions)
        detail = f"the order says {' and '.join(sorted(found))}"
        return Route(None, Reason.CONFLICTING if odd else Reason.NOT_DECIDED, detail)
    return Route(next(iter(found), None))


def _instructions(resource: Resource) -> Iterator[Resource]:
    yield from dosages(resource)
    if resource.get("route"):  # of an immunization
        yield {"route": resource["route"]}


def _said(dosage: Resource, line: OrderLine, terminology: Terminology) -> frozenset[str]:
    """The routes that one instruction says. Loose words ("infusion", "tablet") count where it says nothing plainer."""
    found: set[str] = set()
    named = as_list(dosage.get("route"))
    for route in named:
        codes = [(CODES.get(code.upper()), terminology.coding(system, code)) for system, code in codings_of(route)]
        found |= {name for name, _ in codes if name is not None}
        found |= {INTRATHECAL for _, coding in codes if "therapy.intrathecal" in terminology.concepts_of(*coding)}
    words = " | ".join(filter(None, map(concept_text, named)))
    text = " | ".join(filter(None, (words, as_text(dosage.get("text")))))
    found |= _plain(without_warnings(text))
    more = [concept_text(part) for part in as_list(dosage.get("additionalInstruction"))]
    more += [concept_text(dosage.get(name)) for name in ("site", "method")] + [
        as_text(dosage.get("patientInstruction"))
    ]
    if _says_intrathecal(" | ".join(filter(None, (text, *more))), line.drugs, terminology):
        found.add(INTRATHECAL)
    if not found:
        found |= {name for name, pattern in LOOSE if pattern.search(text)}
    if not found and (words.strip() or any(map(codings_of, named))):
        found.add("other")
    return frozenset(found)


def _elsewhere(line: OrderLine, terminology: Terminology) -> frozenset[str]:
    """The routes that the name of an order says, and whether a note says that it goes into the CSF."""
    said = without_warnings(line.text)
    found = _plain(said) or {name for name, pattern in LOOSE if pattern.search(said)}
    if "IT chemotherapy" in line.drugs or "therapy.intrathecal" in line.concepts:
        return frozenset({INTRATHECAL})
    if _says_intrathecal(f"{line.text} | {notes_of(line.resource)}", line.drugs, terminology):
        found.add(INTRATHECAL)
    return frozenset(found)


def _plain(text: str) -> set[str]:
    return {name for name, pattern in PLAIN if pattern.search(text)}


def _says_intrathecal(text: str, drugs: Collection[str], terminology: Terminology) -> bool:
    """Whether a text says of these drugs that they go into the CSF: not as a warning, and not of another drug."""
    text = without_warnings(text[:_LONGEST])
    for match in islice(intrathecal_words(text), _MOST):
        before, after = text[max(0, match.start() - 60) : match.start()], text[match.end() : match.end() + 25]
        next_words = re.split(r"[.;|,\n]", after)[0]
        another = drugs_in(terminology, f"{match.group()} {next_words}", anyhow=True)
        if another and not _related(another, drugs):
            continue
        if _TOLD_OF_ANOTHER.search(before) and not _related(drugs_in(terminology, next_words), drugs):
            continue
        return True
    return False


def _related(some: Collection[str], drugs: Collection[str]) -> bool:
    return any(drug in drugs or set(IMPLIES.get(drug, ())) & set(drugs) - {"chemotherapy"} for drug in some)


def _has_vinca(drugs: Iterable[str]) -> bool:
    return any(drug in _VINCA or any("vinca" in name for name in IMPLIES.get(drug, ())) for drug in drugs)


def _is_of_another_drug(line: OrderLine, terminology: Terminology) -> bool:
    """Whether a combination says part by part which of its drugs goes where, and of the vinca alkaloid another route."""
    parts = _PARTS.split(without_warnings(line.text))
    named = [(drugs_in(terminology, part, anyhow=True), part) for part in parts]
    vinca = [part for drugs, part in named if _has_vinca(drugs)]
    others = [part for drugs, part in named if drugs and not _has_vinca(drugs)]
    return (
        bool(vinca)
        and all(_plain(part) and not any(intrathecal_words(part)) for part in vinca)
        and any(any(intrathecal_words(part)) for part in others)
        and not any(INTRATHECAL in _said(dosage, line, terminology) for dosage in _instructions(line.resource))
    )
