"""An order line: one thing that is ordered, with what it is called and where a client finds it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.facts.model import Provenance
from service.facts.vocabulary.drugs import IMPLIES
from service.record.model import Resource

DRUG_ORDERS = ("MedicationRequest", "MedicationOrder", "Immunization", "ImmunizationRecommendation")
SERVICE_ORDERS = ("ServiceRequest", "ProcedureRequest", "DiagnosticRequest", "DiagnosticOrder")
CONTAINERS = ("RequestGroup", "RequestOrchestration", "CarePlan")
ORDERS = (*DRUG_ORDERS, *SERVICE_ORDERS, *CONTAINERS)


@dataclass(frozen=True, slots=True, eq=False)
class OrderLine:
    """One thing that is ordered: a drug, a combination or a regimen as a whole, a test, a procedure.

    ``resource``: the draft as sent; of a part of a plan or an order set an object of the same shape made from it.
    ``kind``: its resource type. ``reference``: "MedicationRequest/123" as a client finds it again, that of the container
    for what is contained or written in line. ``text``: what the order is called, as sent. ``concepts``: of its codes, of a
    service without known code those its text names. ``local``: a preparation for skin, eye, ear, nose or airways.
    ``either``: drugs of which its code names one and its text another. ``group``: the order set, plan, common identifier
    or regimen it belongs to. ``regimens``: those it orders by name; ``within``: those it says it is part of.
    ``choice``: one of several members of its group of which one is to be chosen, so that they are not given together.
    ``inline``: it is contained or written in the resource whose reference it bears, or another order bears the same one: to
    delete by it would delete more, or something else. ``codings``: (system, code) of what it orders.
    """

    resource: Resource
    kind: str
    reference: str | None
    text: str
    drugs: frozenset[str]
    concepts: frozenset[str] = frozenset()
    from_text: bool = False
    note: str | None = None
    local: bool = False
    either: frozenset[str] = frozenset()
    group: str | None = None
    regimens: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    choice: bool = False
    inline: bool = False
    codings: frozenset[tuple[str, str]] = frozenset()

    @property
    def name(self) -> str:
        """What people call it: the first of the texts it came with, else the drugs it was read as."""
        return self.text.partition(" | ")[0] or ", ".join(sorted(self.drugs)) or self.kind

    @property
    def orders_drug(self) -> bool:
        """Whether it orders a drug, a combination or a regimen that counts: named, and not for skin, eye or airways."""
        return bool(self.drugs or self.either or self.regimens) and not self.local

    def is_instead_of(self, other: OrderLine) -> bool:
        """Whether it and another are alternatives of one order set, of which only one is to be given."""
        return self.choice and other.choice and self.group == other.group

    def seen(self, found: str | None = None, note: str | None = None) -> Provenance:
        """The line as a source of a fact."""
        notes = "; ".join(dict.fromkeys(filter(None, (self.note, note)))) or None
        reference = self.reference or f"draft {self.kind}"
        return Provenance(reference, found=found or self.text or None, from_text=self.from_text, note=notes)


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of a call as far as they can be read. ``unreadable``: those that cannot, as (type, reference); ``why``:
    the reason by reference. ``came``: references of all that came, whether it orders anything or not.
    """

    lines: tuple[OrderLine, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)
    came: frozenset[str] = frozenset()

    def of(self, *kinds: str) -> tuple[OrderLine, ...]:
        """Lines of some resource types."""
        return tuple(line for line in self.lines if line.kind in kinds)

    @property
    def drug_lines(self) -> tuple[OrderLine, ...]:
        """Lines that order a drug, a combination or a regimen."""
        return tuple(line for line in self.lines if line.orders_drug)

    def is_heading(self, line: OrderLine) -> bool:
        """Whether a line is a plan or order set that names a regimen of which members are lines of their own: what is
        ordered of the regimen is what they order.
        """
        if line.kind not in CONTAINERS or line.group is None:
            return False
        parts = {part for token in line.drugs for part in (token, *IMPLIES.get(token, ()))}
        return any(parts & x.drugs for x in self.lines if x.group == line.group and x is not line)

    def missed(self, *kinds: str) -> bool:
        """Whether some order that may be of one of the types could not be read."""
        return any(found in kinds or found == "?" or found in CONTAINERS for found, _ in self.unreadable)
