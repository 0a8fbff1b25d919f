"""What need not be suggested, since it is ordered: among the drafts of a call, or on record and not done yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from service.facts.model import Facts
from service.facts.orders import OrderLine, read_orders
from service.facts.orders.line import SERVICE_ORDERS
from service.facts.therapy.exposure import exposures
from service.record.model import Entry, PatientRecord, once_per_record
from service.record.values import as_list
from service.record.whose import reference_in, type_and_id
from service.rules.tables import Orderable

_STANDING = frozenset({"active", "on-hold"})
# A plan or an option is no order yet. A proposal may be one: what a client makes of a suggestion can keep that intent.
_NOT_ORDERED = frozenset({"plan", "option"})
_RESULTS = ("Observation", "DiagnosticReport", "Procedure")
_PROMPT = timedelta(days=90)  # a test ordered longer ago without a result was forgotten, or its order never closed


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that makes a suggestion needless. ``title`` of the suggestion; ``reference`` as the client knows the order;
    ``status`` and ``date`` (as found) of one on record; a ``draft`` has neither."""

    title: str
    reference: str
    draft: bool
    status: str = ""
    date: str = ""


class AlreadyOrdered:
    """Finds orders of what could be suggested. The record is looked through when first asked.

    ``lines``: the drafts of the call.
    """

    def __init__(self, orderables: Mapping[str, Orderable], facts: Facts, lines: Sequence[OrderLine] = ()):
        self._orderables, self._record, self._as_of, self._lines = orderables, facts.record, facts.as_of, lines

    def find(self, key: str, without: Collection[OrderLine] = ()) -> Placed | None:
        """The draft of an orderable, else its order on record.

        Args:
            without: drafts that do not count, since they are to be replaced.
        """
        if self._record is None:
            return None
        order = self._orderables[key]
        title = order.title.removeprefix("Draft order: ")
        for line in self._lines:
            if line not in without and _orders(line, order, self._record):
                return Placed(title, line.reference or "", draft=True)
        for line, entry in on_record(self._record, self._as_of):
            if _orders(line, order, self._record):
                when = entry.when.text[:10] if entry.when else ""
                return Placed(
                    title, entry.reference, draft=False, status=(entry.status or "").replace("-", " "), date=when
                )
        return None

    def covers(self, keys: Collection[str]) -> bool:
        """Whether all of some orderables, and at least one, are ordered."""
        return bool(keys) and all(self.find(key) is not None for key in keys)

    def parted(self, keys: Iterable[str], without: Collection[OrderLine] = ()) -> tuple[list[str], tuple[Placed, ...]]:
        """Orderables that may be suggested, each once, and the orders of the others."""
        free: list[str] = []
        placed: dict[Placed, None] = {}
        for key in dict.fromkeys(keys):
            found = self.find(key, without)
            if found is None:
                free.append(key)
            else:
                placed[found] = None
        return free, tuple(placed)


def _orders(line: OrderLine, order: Orderable, record: PatientRecord) -> bool:
    """Whether a line orders an orderable: a drug by its id, else by a code; by its text only what has no code.

    Where the code names a part of what the text asks for, both must be there.
    """
    if order.kind == "medication":
        if order.drug is not None:
            return order.drug in line.drugs and not line.local
    elif line.kind not in SERVICE_ORDERS:
        return False
    codes = {record.terminology.coding(code.system, code.code) for code in order.codes}
    if codes and not codes & line.codings:
        return False
    return (bool(codes) and not order.code_is_part) or _says(line, order.text)


def _says(line: OrderLine, text: str) -> bool:
    """Whether a line is called exactly so."""
    return " ".join(text.split()).casefold() in {" ".join(part.split()).casefold() for part in line.text.split(" | ")}


@once_per_record
def on_record(record: PatientRecord, as_of: date) -> tuple[tuple[OrderLine, Entry], ...]:
    """Orders on record that stand: active or on hold, not over, without a result."""
    kinds = ("MedicationRequest", "ServiceRequest")
    standing = {
        entry.reference: entry
        for entry in record.of_type(*kinds)
        if entry.status in _STANDING and entry.resource.get("intent") not in _NOT_ORDERED
    }
    if not standing:
        return ()
    found = read_orders([entry.resource for entry in standing.values()], record.terminology, record)
    rows = [(line, standing[line.reference]) for line in found.lines if line.reference in standing]
    return tuple(row for row in rows if not _is_over(*row, record, as_of))


def _is_over(line: OrderLine, entry: Entry, record: PatientRecord, as_of: date) -> bool:
    """Whether an order is done or out of date, though its status says otherwise."""
    if entry.type == "MedicationRequest":
        own = [item for item in exposures(record, as_of).items if item.entry.reference == entry.reference]
        return any(item.doubtful or (item.end is not None and item.end.end < as_of) for item in own)
    if entry.when is not None and entry.when.end < as_of - _PROMPT:
        return True
    return any(_answers(result, line, entry) for result in record.of_type(*_RESULTS))


def _answers(result: Entry, line: OrderLine, entry: Entry) -> bool:
    """Whether a result is of an order: it says so, or bears its code and is not older."""
    if result.preliminary or (result.type == "Procedure" and result.status != "completed"):
        return False
    links = (reference_in(link) for link in as_list(result.resource.get("basedOn")))
    if any(link and type_and_id(link) == type_and_id(entry.reference) for link in links):
        return True
    if entry.when is None or result.when is None:
        return False
    return not line.codings.isdisjoint(result.codings) and result.when.end >= entry.when.start
