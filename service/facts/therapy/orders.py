"""What is being ordered: the draft orders of a call, read as tolerantly as real clients require."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.facts.model import Fact, Provenance, Provider, Reason, TokenSet, known, unknown
from service.facts.therapy.drug_names import named
from service.facts.therapy.routes import dosages, is_local
from service.facts.vocabulary import VOCABULARY
from service.record.model import Resource
from service.record.terminology import Terminology
from service.record.values import as_dict, as_float, as_list, as_text, codings_of, concept_text

_GONE = frozenset({"entered-in-error", "cancelled", "stopped", "revoked"})
_TESTS = {
    "mrd.flow": "mrd", "mrd.bcr_abl1": "mrd", "mrd.bcr_abl1_unnamed": "mrd", "mrd.ngs": "mrd", "mrd.pcr": "mrd", "karyotype.iscn": "karyotype", "genetics.fish": "fish",
    "genetics.abl1_kd_mutation": "abl1-mutation", "immunophenotype.markers": "flow",
}  # fmt: skip
_PROCEDURES = {
    "course.allo_hct": "allo-HCT", "course.auto_hct": "auto-HCT", "course.lumbar_puncture": "lumbar-puncture",
    "response.marrow_procedure": "marrow",
}  # fmt: skip
_MARROW = re.compile(r"bone marrow (?:aspirat|biops|punct)|knochenmark(?:punktion|biopsie|aspir)", re.IGNORECASE)
_ANTIEMETIC = re.compile(r"nausea|vomit|emesis|emeti[ck]|übelkeit|erbrechen", re.IGNORECASE)
_ANTILEUKEMIC = re.compile(r"leuk[aä]?e?mi|lymphoblast|\bALL\b|induction|consolidation|maintenance", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """One readable draft order. ``local``: a preparation for skin, eye, ear, nose or airways."""

    resource: Resource
    kind: str
    text: str
    drugs: frozenset[str]
    concepts: frozenset[str]
    from_text: bool
    note: str | None
    local: bool = False

    def seen(self, found: str | None = None) -> Provenance:
        own = as_text(self.resource.get("id"))
        reference = f"{self.kind}/{own}" if own else f"draft {self.kind}"
        return Provenance(reference, found=found or self.text or None, from_text=self.from_text, note=self.note)


@dataclass(frozen=True, slots=True)
class DraftOrders:
    """Draft orders as far as they can be read. ``unreadable``: references of those that cannot, by type."""

    drafts: tuple[Draft, ...]
    unreadable: tuple[tuple[str, str], ...] = ()

    def of(self, kind: str) -> tuple[Draft, ...]:
        return tuple(draft for draft in self.drafts if draft.kind == kind)

    def missed(self, kind: str) -> bool:
        """Whether some draft that may be of the type could not be read."""
        return any(found in (kind, "?") for found, _ in self.unreadable)


def read_drafts(resources: Iterable[Any], terminology: Terminology) -> DraftOrders:
    """Medication and service requests among the resources. Never raises; what is misshapen is named as unreadable.

    Orders that are withdrawn or say not to do something are no orders. A Medication may be contained or lie beside.
    """
    rows = list(resources)
    medications = {
        f"Medication/{row.get('id')}": row
        for row in rows
        if isinstance(row, Mapping) and row.get("resourceType") == "Medication"
    }
    drafts: list[Draft] = []
    unreadable: list[tuple[str, str]] = []
    for row in rows:
        kind = row.get("resourceType") if isinstance(row, Mapping) else None
        if kind not in ("MedicationRequest", "ServiceRequest"):
            if not isinstance(kind, str):
                unreadable.append(("?", "a draft that is no resource"))
            continue
        if as_text(row.get("status")) in _GONE or row.get("doNotPerform") is True:
            continue
        draft = _draft(row, kind, medications, terminology)
        if draft is None:
            unreadable.append((kind, f"{kind}/{as_text(row.get('id')) or '?'}"))
        else:
            drafts.append(draft)
    return DraftOrders(tuple(drafts), tuple(unreadable))


def _draft(row: Resource, kind: str, medications: Mapping[str, Resource], terminology: Terminology) -> Draft | None:
    concept = _drug(row, medications) if kind == "MedicationRequest" else row.get("code")
    text = concept_text(concept)
    codings = [terminology.coding(system, code) for system, code in codings_of(concept)]
    coded = frozenset[str]().union(*(terminology.concepts_of(system, code) for system, code in codings))
    if not codings and not text:
        return None
    if kind == "ServiceRequest":
        concepts = coded or terminology.concepts_in_text(text)
        return Draft(row, kind, text, frozenset(), concepts, not coded, None)
    found = named(terminology, coded, text, codings)
    return Draft(row, kind, text, found.drugs, coded, found.from_text, found.note, is_local(row, codings, text))


def _drug(row: Resource, medications: Mapping[str, Resource]) -> object:
    """The drug of a request: its concept, a contained or accompanying Medication, or the display of a reference."""
    concept = row.get("medicationCodeableConcept")
    if concept is not None:
        return concept
    link = as_dict(row.get("medicationReference"))
    target = as_text(link.get("reference"))
    for inner in as_list(row.get("contained")):
        if target.startswith("#") and as_text(as_dict(inner).get("id")) == target[1:]:
            return as_dict(inner).get("code")
    found = medications.get("/".join(target.split("/")[-2:]))
    return found.get("code") if found is not None else {"text": as_text(link.get("display"))}


def stated_orders(resources: Iterable[Any], terminology: Terminology) -> tuple[Fact, ...]:
    """Facts about the orders on the screen, to be stated with a call; without drafts: nothing is ordered."""
    orders = read_drafts(resources, terminology)
    return (*_drug_facts(orders), *_test_facts(orders, terminology))


def _drug_facts(orders: DraftOrders) -> Iterator[Fact]:
    drafts = [d for d in orders.of("MedicationRequest") if d.drugs and not d.local]
    drugs = {drug for draft in drafts for drug in draft.drugs}
    complete = not orders.missed("MedicationRequest")
    listed = VOCABULARY.lookup("ordered_drug").token_set(drugs, complete)
    yield known("ordered_drug", listed, *(draft.seen() for draft in drafts))
    if len(drafts) != 1 or not complete:
        return
    draft = drafts[0]
    for name, found in (
        ("ordered_drug_indication", _indication(draft.resource)),
        ("ordered_schedule", _schedule(draft.resource)),
        ("ordered_dose", _dose(draft.resource)),
        ("ordered_route", _route(draft.resource)),
    ):
        if found is not None:
            yield known(name, found, draft.seen(found))


def _test_facts(orders: DraftOrders, terminology: Terminology) -> Iterator[Fact]:
    drafts = orders.of("ServiceRequest")
    complete = not orders.missed("ServiceRequest")
    tests = {(name, d) for d in drafts for group, name in _TESTS.items() if group in d.concepts}
    members = frozenset(name for name, _ in tests)
    yield known("ordered_test", TokenSet(members, complete), *(draft.seen() for _, draft in _sorted(tests)))
    done = {(name, d) for d in drafts for name in _procedures(d, terminology)}
    for name in _PROCEDURES.values():
        found = [draft for word, draft in _sorted(done) if word == name]
        if found:
            yield known("ordered_procedure", name, *(draft.seen() for draft in found))
            return
    if complete:
        yield known("ordered_procedure", "none")
    else:
        yield unknown("ordered_procedure", Reason.UNREADABLE, "a draft order could not be read")


def _sorted(rows: Iterable[tuple[str, Draft]]) -> list[tuple[str, Draft]]:
    return sorted(rows, key=lambda row: (row[0], as_text(row[1].resource.get("id"))))


def _procedures(draft: Draft, terminology: Terminology) -> Iterator[str]:
    for group, name in _PROCEDURES.items():
        # two codes of the transplant group do not say of which kind it is, and one is not a transplant
        unclear = group == "course.allo_hct" and not draft.from_text and _graft(draft, terminology) != "allogeneic"
        if group in draft.concepts and not unclear:
            yield name
    if _MARROW.search(draft.text):
        yield "marrow"


def _graft(draft: Draft, terminology: Terminology) -> str | None:
    for system, code in codings_of(draft.resource.get("code")):
        said = terminology.meaning(*terminology.coding(system, code)).get("hct")
        if said is not None:
            return said
    return None


def _indication(resource: Resource) -> str | None:
    text = "; ".join(concept_text(reason) for reason in as_list(resource.get("reasonCode")))
    if not text.strip("; "):
        return None
    if _ANTIEMETIC.search(text):
        return "antiemetic"
    return "antileukemic" if _ANTILEUKEMIC.search(text) else "other"


def _schedule(resource: Resource) -> str | None:
    """Daily or weekly: once or more a day, once a week; any other timing is "other"."""
    for dosage in dosages(resource):
        repeat = as_dict(as_dict(dosage.get("timing")).get("repeat"))
        unit, every = as_text(repeat.get("periodUnit")), as_float(repeat.get("period"))
        if not unit or every is None:
            continue
        days = len(as_list(repeat.get("dayOfWeek"))) or (as_float(repeat.get("frequency")) or 1)
        if unit == "wk" and every == 1:
            return "weekly" if days == 1 else "daily" if days == 7 else "other"
        if unit == "d" and every in (1, 7):
            return "daily" if every == 1 else "weekly"
        return "daily" if unit == "h" and every <= 24 else "other"
    return None


def _dose(resource: Resource) -> str | None:
    for dosage in dosages(resource):
        for element in as_list(dosage.get("doseAndRate")) or [dosage]:
            dose = as_dict(as_dict(element).get("doseQuantity"))
            value = as_float(dose.get("value"))
            if value is not None:
                return f"{value:g} {as_text(dose.get('unit')) or as_text(dose.get('code'))}".strip()
    return None


def _route(resource: Resource) -> str | None:
    for dosage in dosages(resource):
        text = concept_text(dosage.get("route"))
        if text:
            return text
    return None


PROVIDERS: tuple[Provider, ...] = ()  # orders come with the call, not from the record
