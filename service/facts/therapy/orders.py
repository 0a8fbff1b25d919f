"""What is being ordered: the draft orders of a call, read as tolerantly as real clients require."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.facts.model import Fact, Provenance, Provider, Reason, TokenSet, known, unknown
from service.facts.therapy import dosing
from service.facts.therapy.drug_names import named
from service.facts.therapy.lists import listed
from service.facts.therapy.routes import is_intrathecal, is_local
from service.record.model import Resource
from service.record.squeezed import squeezed
from service.record.subject import Subjects
from service.record.terminology import Terminology
from service.record.values import as_text, codings_of, concept_text

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
_TRANSFUSION = re.compile(
    r"transfus|packed (?:red )?cells|\bp?RBCs?\b|erythrozyten-?konzentrat|thrombozyten-?konzentrat|platelet (?:concentrate|unit)|apheresis platelets"
    r"|(?-i:\b[ET]K\b)",
    re.IGNORECASE,
)
_NO_BLOOD = re.compile(
    r"stem|stammzell|lymphocyte|lymphozyt|marrow|knochenmark|leu[ck]o[cz]yt|reaction|reaktion|consent", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """One readable draft order. ``local``: a preparation for skin, eye, ear, nose or airways. ``either``: drugs of which its
    code names one and its text another.
    """

    resource: Resource
    kind: str
    text: str
    drugs: frozenset[str]
    concepts: frozenset[str]
    from_text: bool
    note: str | None
    local: bool = False
    either: frozenset[str] = frozenset()

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
    rows = [squeezed(row) for row in resources]
    subjects = Subjects(terminology)
    for row in rows:
        if isinstance(row, Mapping) and row.get("resourceType") == "Medication":
            subjects.add_medication(None, row)
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
        draft = _draft(row, kind, subjects, terminology)
        if draft is None:
            unreadable.append((kind, f"{kind}/{as_text(row.get('id')) or '?'}"))
        else:
            drafts.append(draft)
    return DraftOrders(tuple(drafts), tuple(unreadable))


def _draft(row: Resource, kind: str, subjects: Subjects, terminology: Terminology) -> Draft | None:
    concept, notes = subjects.about(kind, row)
    text = concept_text(concept)
    codings = [terminology.coding(system, code) for system, code in codings_of(concept)]
    coded = frozenset[str]().union(*(terminology.concepts_of(system, code) for system, code in codings))
    if not codings and not text:
        return None
    if kind == "ServiceRequest":
        concepts = coded or terminology.concepts_in_text(text)
        return Draft(row, kind, text, frozenset(), concepts, not coded, None)
    found = named(terminology, coded, text, codings)
    note = "; ".join(filter(None, (*notes, found.note))) or None
    local = is_local(row, codings, text)
    return Draft(row, kind, text, found.drugs, coded, found.from_text, note, local, found.either)


def stated_orders(resources: Iterable[Any], terminology: Terminology) -> tuple[Fact, ...]:
    """Facts about the orders on the screen, to be stated with a call; without drafts: nothing is ordered."""
    orders = read_drafts(resources, terminology)
    return (*_drug_facts(orders), *_test_facts(orders, terminology))


def _drug_facts(orders: DraftOrders) -> Iterator[Fact]:
    drafts = [d for d in orders.of("MedicationRequest") if (d.drugs or d.either) and not d.local]
    drugs = {drug for draft in drafts for drug in draft.drugs}
    either = {drug for draft in drafts for drug in draft.either}
    complete = not orders.missed("MedicationRequest")
    yield known("ordered_drug", listed("ordered_drug", drugs, either - drugs, complete), *(d.seen() for d in drafts))
    if complete:
        yield from _levels(drafts)
    if len(drafts) != 1 or not complete:
        return
    draft = drafts[0]
    for name, found in (
        ("ordered_drug_indication", dosing.indication(draft.resource)),
        ("ordered_schedule", dosing.schedule(draft.resource)),
        ("ordered_dose", dosing.dose(draft.resource)),
        ("ordered_route", dosing.route(draft.resource, draft.text)),
    ):
        if found is not None:
            yield known(name, found, draft.seen(found))


def _levels(drafts: list[Draft]) -> Iterator[Fact]:
    """Whether the methotrexate and the cytarabine that are ordered are high-dose, where all orders of one agree."""
    for drug in ("methotrexate", "cytarabine"):
        rows = [d for d in drafts if drug in d.drugs and not is_intrathecal(d.resource, d.text)]
        levels = {dosing.dose_level(d.resource, drug, d.text) for d in rows}
        level = levels.pop() if len(levels) == 1 else None
        if level is not None:
            yield known(f"{drug}_dose_level", level, *(d.seen() for d in rows))


def _test_facts(orders: DraftOrders, terminology: Terminology) -> Iterator[Fact]:
    drafts = orders.of("ServiceRequest")
    complete = not orders.missed("ServiceRequest")
    tests = {(name, d) for d in drafts for group, name in _TESTS.items() if group in d.concepts}
    members = frozenset(name for name, _ in tests)
    yield known("ordered_test", TokenSet(members, complete), *(draft.seen() for _, draft in _sorted(tests)))
    blood = [d for d in drafts if _TRANSFUSION.search(d.text) and not _NO_BLOOD.search(d.text)]
    if blood:
        yield known("transfusion_ordered", True, *(draft.seen() for draft in blood))
    done = {(name, d) for d in drafts for name in _procedures(d, terminology)}
    marrow = [draft for name, draft in _sorted(done) if name == "marrow"]
    if marrow:
        yield known("marrow_aspirate_planned", True, *(draft.seen() for draft in marrow))
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


PROVIDERS: tuple[Provider, ...] = ()  # orders come with the call, not from the record
