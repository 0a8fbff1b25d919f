"""The drafts of a call as order lines, read as tolerantly as real clients require.

An order that is withdrawn, or says not to do something, is none. One in which nothing was chosen yet (the form of a client
before the choice) is none either. One that says something nobody can read, refers to what did not come, or is another
patient's is named as unreadable: what it orders stays open. The intent of an order ("proposal", "option") does not matter: it
is on the screen to be signed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from service.facts.orders.line import CONTAINERS, DRUG_ORDERS, ORDERS, SERVICE_ORDERS, OrderLine, Orders
from service.facts.orders.medication import is_empty, medication_of
from service.facts.orders.naming import Names, names_of, names_of_service
from service.facts.orders.plans import Member, groups_named, heading_of, members_of
from service.facts.orders.shelf import Row, Shelf, kind_of, once, owners_of, reference_of, rows_of
from service.facts.therapy.drug_names import names_nothing
from service.facts.therapy.regimens import regimens_in
from service.facts.therapy.routes import dosage_texts, is_local
from service.record.model import PatientRecord, Resource
from service.record.terminology import Terminology
from service.record.values import as_dict, as_list, as_text, concept_text, notes_of
from service.record.whose import reference_in, type_and_id

_GONE = frozenset(
    {"entered-in-error", "cancelled", "stopped", "revoked", "not-done", "rejected", "replaced", "abandoned", "ended"}
)
_MOST = 100  # plans in one plan
_CHOICE = "one of several of which one is to be chosen"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an order stands: the group it is a member of, the reference a client knows it by, what contains it.

    ``choice``: it is one of several of which one is to be chosen. ``in_words``: it was made of the words of a plan.
    ``inline``: it came within the resource that is told by ``reference``.
    """

    group: str | None
    reference: str | None
    holder: Resource
    choice: bool = False
    in_words: bool = False
    inline: bool = False


def read_orders(resources: Iterable[Any], terminology: Terminology, record: PatientRecord | None = None) -> Orders:
    """The orders of a call. Never raises; what is misshapen is named as unreadable.

    Args:
        resources: resources, entries of a Bundle, or Bundles: the ``draftOrders`` of a call as they came, in a list.
        terminology: the codes and names of drugs and services.
        record: the patient's record: whose the orders are, and the Medications that came with it.
    """
    rows = [row for came in resources for row in rows_of(came)]
    return _Reader(rows, terminology, record).orders()


class _Reader:
    def __init__(self, rows: list[Row], terminology: Terminology, record: PatientRecord | None) -> None:
        self.came = rows  # kept, since what came is told apart by its identity
        self.rows = once(rows)
        self.terminology = terminology
        self.shelf = Shelf(rows, record)
        self.references = {id(row): reference_of(row, url) for url, row in rows if isinstance(row, Mapping)}
        self.owners = owners_of(rows, record)
        self.lines: list[OrderLine] = []
        self.unreadable: dict[tuple[str, str], str] = {}
        self.place: dict[int, _Place] = {}  # of members that came as drafts of their own
        self.inline: dict[int, list[tuple[Resource, _Place]]] = {}  # members that came within their plan

    def orders(self) -> Orders:
        for _, row in self.rows:
            if kind_of(row) in CONTAINERS and not _is_withdrawn(row) and self._refusal(row) is None:
                self.inline[id(row)] = []
                self._take_members(row, row, self._group(row), set())
        for url, row in self.rows:
            self._read(url, row)
        why = {reference: reason for (_, reference), reason in self.unreadable.items()}
        came = frozenset(filter(None, self.references.values()))
        return Orders(tuple(self._told_apart()), tuple(self.unreadable), why, came)

    def _told_apart(self) -> Iterator[OrderLine]:
        """The lines, of which those that share their reference with another draft cannot be named by it."""
        drafts = Counter(self.references[id(row)] for _, row in self.rows if isinstance(row, Mapping))
        for line in self.lines:
            shared = line.reference is not None and drafts[line.reference] > 1
            yield replace(line, inline=True) if shared else line

    def _group(self, plan: Resource) -> str:
        at = next((at for at, (_, row) in enumerate(self.rows, 1) if row is plan), 0)
        return self.references.get(id(plan)) or heading_of(plan) or f"{kind_of(plan)} {at}"

    def _take_members(self, plan: Resource, holder: Resource, group: str, seen: set[int]) -> None:
        """Find the members of a plan, and of plans it contains: drafts beside it, contained, or written in line."""
        rows = {id(row) for _, row in self.rows}
        seen.add(id(plan))
        for member in members_of(plan):
            place = _Place(group, self.references.get(id(holder)), holder, member.choice, not member.link)
            found = self.shelf.find(member.link, plan, holder) if member.link else member.made
            if found is None:
                self._missing(member, place)
            elif id(found) in rows:
                self.place.setdefault(id(found), place)
            elif kind_of(found) in CONTAINERS:
                if id(found) not in seen and len(seen) < _MOST:
                    self._take_members(found, holder, group, seen)
            else:
                self.inline[id(holder)].append((found, place))

    def _missing(self, member: Member, place: _Place) -> None:
        """A member that did not come: one on record was ordered before, one with a name is known by it."""
        kind, _ = type_and_id(reference_in(member.link))
        said = as_text(as_dict(member.link).get("display"))
        if self.shelf.in_record(member.link) or (kind.isalpha() and kind not in ORDERS):
            return
        if said and kind in DRUG_ORDERS:
            made: Resource = {"resourceType": kind, "medicationCodeableConcept": {"text": said}}
        elif said:
            made = {"resourceType": "ServiceRequest", "code": {"text": said}}
        else:
            reference = reference_in(member.link) or place.reference or "?"
            self._miss(kind if kind in ORDERS else "?", reference, "a part of a plan that did not come with it")
            return
        self.inline[id(place.holder)].append((made, place))

    def _read(self, url: str, row: Any) -> None:
        kind = kind_of(row)
        if kind in ("", "Bundle"):  # Bundles are opened, but not endlessly
            self._miss("?", url or "a draft that is no resource", "no resource that could be read")
        elif kind in ORDERS and not _is_withdrawn(row):
            reference = self.references[id(row)]
            refused = self._refusal(row)
            if refused is not None:
                self._miss(kind, reference or f"{kind}/?", refused)
            elif kind in CONTAINERS:
                self._read_plan(row, kind, reference)
            else:
                self._read_order(row, kind, self.place.get(id(row)) or _Place(None, reference, row), reference)

    def _read_plan(self, plan: Resource, kind: str, reference: str | None) -> None:
        members = self.inline.get(id(plan), [])
        text = heading_of(plan)
        names = names_of_service(self.terminology, [{"text": text}], of_plan=True)
        if names.regimens or (names.drugs and not members and self._group(plan) not in self._groups()):
            self.lines.append(_line(plan, kind, reference, names, self._group(plan), names.within))
        for order, place in members:
            inner = kind_of(order)
            refused = self._refusal(order)
            if inner not in (*DRUG_ORDERS, *SERVICE_ORDERS) or _is_withdrawn(order):
                continue
            if refused is not None:
                self._miss(inner, place.reference or f"{inner}/?", refused)
            else:
                self._read_order(order, inner, replace(place, inline=True), place.reference)

    def _groups(self) -> set[str | None]:
        return {place.group for place in self.place.values()}

    def _read_order(self, row: Resource, kind: str, place: _Place, reference: str | None) -> None:
        group, within = self._belongs(row, place)
        notes: tuple[str, ...] = (_CHOICE,) if place.choice else ()
        found: Names | None
        if kind in DRUG_ORDERS:
            found, notes = self._drug_names(row, place.holder, notes)
        else:
            details = "; ".join(filter(None, map(concept_text, as_list(row.get("orderDetail")))))
            items = [as_dict(item).get("code") for item in as_list(row.get("item"))]
            found = names_of_service(
                self.terminology, [*as_list(row.get("code")), *items], details, of_plan=place.in_words
            )
        if found is None or not (found.codings or found.text.strip()):
            if not self._says_nothing(row, kind, place.holder):
                self._miss(kind, reference or f"{kind}/?", "what it orders cannot be read")
            return
        within = tuple(dict.fromkeys((*found.within, *within)))
        group = group or next(iter(within), None)
        line = replace(
            _line(row, kind, reference, found, group, within, notes), choice=place.choice, inline=place.inline
        )
        if kind not in DRUG_ORDERS:
            concepts = found.concepts or self.terminology.concepts_in_text(found.text)
            line = replace(line, concepts=concepts, from_text=not found.concepts, local=False)
        self.lines.append(line)

    def _drug_names(
        self, row: Resource, holder: Resource, notes: tuple[str, ...]
    ) -> tuple[Names | None, tuple[str, ...]]:
        """What a drug order names; where its medication names nothing, what the text of its dosage or its note does."""
        medication = medication_of(row, self.shelf, holder)
        found = names_of(self.terminology, medication.concepts)
        tells = found.drugs or found.either or found.regimens
        if tells or (medication.concepts and not names_nothing(found.text, found.concepts, found.codings)):
            return found, (*notes, *medication.notes, *found.notes)
        more = names_of(self.terminology, [{"text": text} for text in _texts(row)])
        if more.drugs or more.regimens:
            return more, (*notes, *more.notes, "read from the text of the dosage or a note")
        return None, notes

    def _says_nothing(self, row: Resource, kind: str, holder: Resource) -> bool:
        """Whether nothing was chosen yet: no element that names what is ordered, and no text that might."""
        if any(text.strip() for text in _texts(row)):
            return False
        if kind in DRUG_ORDERS:
            found = medication_of(row, self.shelf, holder)
            return not (found.concepts or found.unreadable)
        return all(is_empty(row.get(name)) for name in ("code", "item", "orderDetail"))

    def _belongs(self, row: Resource, place: _Place) -> tuple[str | None, tuple[str, ...]]:
        """The group of an order, and the regimens that are named as what it belongs to."""
        groups = list(groups_named(row))
        within = tuple(name for _, said in groups for name, _ in regimens_in(said))
        first = next((reference for reference, _ in groups), None)
        if first is not None:
            beside = self.shelf.find(first, row, place.holder)
            kind, own = type_and_id(first)
            first = (self.references.get(id(beside)) if beside else None) or (
                f"{kind}/{own}" if kind in ORDERS else first
            )
        return place.group or first, within

    def _refusal(self, row: Resource) -> str | None:
        """Why an order is not the patient's."""
        reasons = [owners.refusal(row) for owners in self.owners]
        return reasons[0] if reasons and None not in reasons else None

    def _miss(self, kind: str, reference: str, reason: str) -> None:
        self.unreadable.setdefault((kind, reference), reason)


def _line(
    row: Resource, kind: str, reference: str | None, names: Names, group: str | None,
    within: tuple[str, ...], notes: tuple[str, ...] = (),
) -> OrderLine:  # fmt: skip
    note = "; ".join(dict.fromkeys(notes)) or None
    local = is_local(row, names.codings, names.text)
    return OrderLine(
        row, kind, reference, names.text, names.drugs, names.concepts, names.from_text, note, local, names.either, group,
        names.regimens, within, codings=frozenset(names.codings),
    )  # fmt: skip


def _is_withdrawn(row: Resource) -> bool:
    denied = row.get("doNotPerform")
    return as_text(row.get("status")).strip().lower() in _GONE or denied is True or denied == "true"


def _texts(row: Resource) -> list[str]:
    """Texts that may name what is ordered where its own element does not."""
    return [text for text in (*dosage_texts(row), notes_of(row)) if text.strip()]
