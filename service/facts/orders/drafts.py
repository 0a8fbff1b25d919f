"""The drafts of a call as order lines, read as tolerantly as real clients require."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from service.facts.orders.line import OrderLine, Orders
from service.facts.therapy.drug_names import named
from service.facts.therapy.routes import is_local
from service.record.model import PatientRecord, Resource
from service.record.squeezed import squeezed
from service.record.subject import Subjects
from service.record.terminology import Terminology
from service.record.values import as_text, codings_of, concept_text

_GONE = frozenset({"entered-in-error", "cancelled", "stopped", "revoked"})


def read_orders(resources: Iterable[Any], terminology: Terminology, record: PatientRecord | None = None) -> Orders:
    """The orders among the resources. Never raises; what is misshapen is named as unreadable.

    Orders that are withdrawn or say not to do something are no orders. A Medication may be contained or lie beside.
    """
    rows = [squeezed(row) for row in resources]
    subjects = Subjects(terminology)
    for row in rows:
        if isinstance(row, Mapping) and row.get("resourceType") == "Medication":
            subjects.add_medication(None, row)
    lines: list[OrderLine] = []
    unreadable: list[tuple[str, str]] = []
    for row in rows:
        kind = row.get("resourceType") if isinstance(row, Mapping) else None
        if kind not in ("MedicationRequest", "ServiceRequest"):
            if not isinstance(kind, str):
                unreadable.append(("?", "a draft that is no resource"))
            continue
        if as_text(row.get("status")) in _GONE or row.get("doNotPerform") is True:
            continue
        line = _line(row, kind, subjects, terminology)
        if line is None:
            unreadable.append((kind, f"{kind}/{as_text(row.get('id')) or '?'}"))
        else:
            lines.append(line)
    return Orders(tuple(lines), tuple(unreadable))


def _line(row: Resource, kind: str, subjects: Subjects, terminology: Terminology) -> OrderLine | None:
    concept, notes = subjects.about(kind, row)
    text = concept_text(concept)
    codings = [terminology.coding(system, code) for system, code in codings_of(concept)]
    coded = frozenset[str]().union(*(terminology.concepts_of(system, code) for system, code in codings))
    if not codings and not text:
        return None
    own = as_text(row.get("id"))
    reference = f"{kind}/{own}" if own else None
    if kind == "ServiceRequest":
        concepts = coded or terminology.concepts_in_text(text)
        return OrderLine(row, kind, reference, text, frozenset(), concepts, not coded)
    found = named(terminology, coded, text, codings)
    note = "; ".join(filter(None, (*notes, found.note))) or None
    local = is_local(row, codings, text)
    return OrderLine(row, kind, reference, text, found.drugs, coded, found.from_text, note, local, found.either)
