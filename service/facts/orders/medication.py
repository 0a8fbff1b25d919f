"""Which medication an order is for: named, coded, contained, referenced, or as a product with its ingredients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.facts.orders.shelf import Shelf
from service.record.model import Resource
from service.record.values import as_dict, as_list, as_text, codings_of, concept_text
from service.record.whose import reference_in

_CONCEPTS = ("medicationCodeableConcept", "vaccineCode")
_MOST = 24  # products and substances that one order is made of
_LINKS = ("medicationReference",)


@dataclass(frozen=True, slots=True)
class Medication:
    """What an order is for, as concepts of which each names a drug. ``unreadable``: something is said that is no concept,
    or refers to what did not come. Neither concepts nor unreadable: nothing was chosen yet.
    """

    concepts: tuple[object, ...] = ()
    notes: tuple[str, ...] = ()
    unreadable: bool = False


def medication_of(order: Resource, shelf: Shelf, *holders: Resource) -> Medication:
    """The medication of an order in any version of FHIR: CodeableConcept, Reference, or both in one element."""
    concepts: list[object] = []
    notes: list[str] = []
    odd = False
    for element, is_link in _elements(order):
        found = [] if is_link else [element]
        if is_link:
            resource = shelf.find(element, order, *holders)
            found = list(_product(resource, shelf, (order, *holders), [])) if resource is not None else []
            if not any(concept_text(one).strip() for one in found):  # a code may be known to the hospital alone
                found.append({"text": as_text(as_dict(element).get("display"))})
                if reference_in(element) and resource is None:
                    notes.append("the Medication it refers to did not come with it")
        said = [concept for concept in found if _says(concept)]
        concepts += said
        odd = odd or (not said and not is_empty(element))
    return Medication(tuple(concepts), tuple(notes) if concepts else (), odd and not concepts)


def _elements(order: Resource) -> Iterator[tuple[Any, bool]]:
    """The elements that name the medication, each with whether it is a reference."""
    for name in _CONCEPTS:
        for element in as_list(order.get(name)):
            yield element, False
    for name in _LINKS:
        for element in as_list(order.get(name)):
            yield element, True
    for element in as_list(order.get("medication")):
        if isinstance(element, Mapping):
            link = element.get("reference")
            if "concept" in element or isinstance(link, Mapping):  # R5
                yield from ((part, at == 1) for at, part in enumerate((element.get("concept"), link)) if part)
            else:
                yield element, isinstance(link, str) or not ("coding" in element or "text" in element)
        else:
            yield element, isinstance(element, str) and (element.startswith("#") or "/" in element[:60].split(" ")[0])
    for recommendation in as_list(order.get("recommendation")):  # of immunizations
        for element in as_list(as_dict(recommendation).get("vaccineCode")):
            yield element, False


def _product(medication: Resource, shelf: Shelf, holders: tuple[Resource, ...], seen: list[Resource]) -> Iterator[Any]:
    """A Medication's or Substance's code, and those of its ingredients; ``holders``: where it was referred to."""
    seen.append(medication)
    yield medication.get("code")
    parts = as_list(medication.get("ingredient")) + as_list(as_dict(medication.get("product")).get("ingredient"))
    for part in map(as_dict, parts):
        if part.get("isActive") is False:
            continue
        item = part.get("item")
        for element in (part.get("itemCodeableConcept"), as_dict(item).get("concept"), item):
            if _says(element):
                yield element
        for link in (part.get("itemReference"), as_dict(item).get("reference"), item):
            inner = shelf.find(link, medication, *holders) if link else None
            if inner is not None and len(seen) < _MOST and not any(inner is other for other in seen):
                yield from _product(inner, shelf, (medication, *holders), seen)
            elif as_text(as_dict(link).get("display")):
                yield {"text": as_text(as_dict(link).get("display"))}


def _says(concept: object) -> bool:
    return bool(codings_of(concept) or concept_text(concept).strip())


def is_empty(value: object, depth: int = 20) -> bool:
    """Whether an element holds nothing at all; what is nested too deep to be read counts as something."""
    if isinstance(value, Mapping | list) and not depth:
        return False
    if isinstance(value, Mapping):
        return all(is_empty(part, depth - 1) for part in value.values())
    if isinstance(value, list):
        return all(is_empty(part, depth - 1) for part in value)
    return value is None or (isinstance(value, str) and not value.strip())
