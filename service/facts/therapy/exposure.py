"""Which drugs were given, are being given, or are only ordered, with first and last date and why they were stopped.

Statements, administrations and dispenses tell of drugs that reached the patient; an order does so only once it is
completed or where it reports what another prescribed. Procedures may be coded by drug (HCPCS J9039) or name the substances
used (oBDS systemic therapy).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from service.facts.absence import seen_in
from service.facts.course.hct_text import only_around
from service.facts.model import Provenance
from service.facts.therapy.drug_names import Named, drugs_in, is_examined, is_nameless, named
from service.facts.therapy.routes import dosages, is_intrathecal, is_local
from service.facts.therapy.stopped import why_stopped
from service.facts.vocabulary.drugs import IMPLIES
from service.record.dates import parse_when
from service.record.model import Entry, PatientRecord, When, once_per_record
from service.record.values import as_dict, as_float, as_list, as_text, concept_text

MEDICATIONS = ("MedicationStatement", "MedicationRequest", "MedicationAdministration")
_READ = (*MEDICATIONS, "MedicationDispense", "Procedure")
_ORDERS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
_PLANS = frozenset({"plan", "proposal", "option"})
_TREATS = frozenset({"chemotherapy", "targeted", "immunotherapy", "corticosteroid"})
# Days after a dose for which a drug is still at work. Pegylated asparaginases act for weeks; thiopurines are taken every day
# and leave the blood within hours, so that what interacts with them may be ordered soon after they were stopped.
_LINGERS = {"pegaspargase": 28, "calaspargase pegol": 28, "mercaptopurine": 2, "thioguanine": 2}
_LINGERS_OTHERWISE = 7
# "Active" stays in records long after a course is over. What is given in courses is not believed to run for more than a
# year without a newer word, what belongs to maintenance for more than three; daily drugs may run for life.
_COURSE, _UPKEEP = 365, 1095
_UPKEPT = frozenset({"mercaptopurine", "thioguanine", "methotrexate", "vincristine"})
_DEPLETION = re.compile(r"lympho-?(?:zyten-?)?deplet|konditionierung|conditioning", re.IGNORECASE)
_INFUSION = 60  # days: no single administration lasts longer


@dataclass(frozen=True, slots=True)
class Exposure:
    """One drug of one resource. ``given`` is false for what is ordered or planned and not known to have been taken.

    ``start``/``end``: first and last day, ``None`` where unknown or open. ``ongoing``: said to be taken now; ``doubtful``:
    said so, but long ago. ``stopped``: "failure" (resistance, progression), "intolerance" or "other", where a reason is given.
    ``unclear``: the resource may mean another drug.
    """

    drug: str
    entry: Entry
    given: bool
    ongoing: bool
    start: When | None
    end: When | None
    stopped: str | None = None
    intrathecal: bool = False
    from_text: bool = False
    note: str | None = None
    doubtful: bool = False
    unclear: bool = False

    @property
    def last(self) -> When | None:
        """The last day known to have been one of treatment."""
        return self.end or self.start

    def seen(self, note: str | None = None, *, inferred: bool = False) -> Provenance:
        remarks = "; ".join(part for part in (self.note, note) if part) or None
        return seen_in(
            self.entry, self.entry.text or self.drug, from_text=self.from_text, inferred=inferred, note=remarks
        )

    def within(self, as_of: date, days: int) -> bool:
        """Whether it is taken now, or was given in the last days."""
        if self.ongoing:
            return True
        return (
            self.given and not self.doubtful and self.last is not None and self.last.end >= as_of - timedelta(days=days)
        )

    def acts(self, as_of: date) -> bool:
        """Whether the drug is at work now: being taken, given lately, or ordered to be taken."""
        return self.within(as_of, _LINGERS.get(self.drug, _LINGERS_OTHERWISE))


@dataclass(frozen=True, slots=True)
class Exposures:
    """All drugs on record, newest first. ``nameless``: medications that cannot be told, so that no list is complete."""

    items: tuple[Exposure, ...]
    nameless: tuple[Entry, ...] = ()

    def given(self, *drugs: str) -> tuple[Exposure, ...]:
        """What was given: of some drugs, or all."""
        return tuple(e for e in self.items if e.given and (not drugs or e.drug in drugs))

    def ordered_only(self) -> frozenset[str]:
        """Drugs that may have been given: ordered or planned without any record that they were, or not to be told."""
        return frozenset(e.drug for e in self.items if not e.given) - {e.drug for e in self.given()}

    def leukemia(self, *, steroids: bool = False) -> tuple[Exposure, ...]:
        """What was given against leukemia; steroids, which are given for much else, only if asked for."""
        return tuple(e for e in self.given() if treats(e.drug) and (steroids or not is_steroid(e.drug)))


def treats(drug: str) -> bool:
    """Whether a drug or class is one of those used against leukemia."""
    return drug in ("CAR-T", "asparaginase", "TKI") or drug in _TREATS or not _TREATS.isdisjoint(IMPLIES.get(drug, ()))


def is_steroid(drug: str) -> bool:
    return drug == "corticosteroid" or "corticosteroid" in IMPLIES.get(drug, ())


@once_per_record
def exposures(record: PatientRecord, as_of: date) -> Exposures:
    """All drugs of the record's medications and of procedures that name them.

    Left out: preparations for local use, mere plans, and procedures around a treatment (consultation, collection of cells,
    a drug level). A plan or an intended statement says that the drug has not been given yet; an order may have been
    carried out.
    """
    items: list[Exposure] = []
    nameless: list[Entry] = []
    for entry in record.of_type(*_READ):
        found = _named(record, entry)
        if not found.drugs and not found.either:
            if entry.type in MEDICATIONS and is_nameless(entry):
                nameless.append(entry)
            continue
        if is_local(entry.resource, entry.codings, entry.text) or _is_plan(entry):
            continue
        items += _of_entry(record, entry, found, as_of)
    return Exposures(tuple(items), tuple(nameless))


@once_per_record
def plans(record: PatientRecord, as_of: date) -> tuple[Exposure, ...]:
    """Drugs that are only planned: what `exposures` leaves out as mere plans. The day of a plan is none of treatment, so
    that those without a later day of their own have no date.
    """
    made: list[Exposure] = []
    for entry in record.of_type(*MEDICATIONS):
        found = _named(record, entry)
        if not _is_plan(entry) or is_local(entry.resource, entry.codings, entry.text):
            continue
        start, end = _dates(entry)
        ahead = start is not None and start.start > as_of
        for drug in sorted(found.drugs):
            spinal = is_intrathecal(entry.resource, entry.text)
            made.append(
                Exposure(
                    drug, entry, False, False, start if ahead else None, end if ahead else None, None, spinal,
                    found.from_text, found.note,
                )
            )  # fmt: skip
    return tuple(made)


def _named(record: PatientRecord, entry: Entry) -> Named:
    found = named(record.terminology, entry.concepts - entry.text_concepts, entry.text, entry.codings)
    if entry.type != "Procedure":
        return found
    if found.from_text and is_examined(entry.text):
        return Named(frozenset())
    if found.from_text and only_around(entry.text):  # lymphodepletion goes before the cells, but is itself a treatment
        before = frozenset(
            d for d in found.drugs if _DEPLETION.search(entry.text) and "CAR-T" not in (d, *IMPLIES.get(d, ()))
        )
        return Named(before, True)
    used = drugs_in(record.terminology, "; ".join(concept_text(c) for c in as_list(entry.resource.get("usedCode"))))
    return Named(found.drugs | used, True, found.note, found.either) if used else found


def _of_entry(record: PatientRecord, entry: Entry, found: Named, as_of: date) -> Iterator[Exposure]:
    start, end = _dates(entry)
    stopped = why_stopped(record, entry)
    planned = start is not None and start.start > as_of
    given = not planned and (_was_given(entry) or stopped is not None)
    ongoing = not planned and _is_ongoing(entry, start, end, as_of)
    intrathecal = is_intrathecal(entry.resource, entry.text)
    for drug in sorted(found.drugs):
        stale = ongoing and _is_stale(drug, entry, start, as_of)
        note = "said to be active, without a newer word for long" if stale else found.note
        yield Exposure(
            drug, entry, given, ongoing and not stale, start, end, stopped, intrathecal, found.from_text, note, stale
        )
    for drug in sorted(found.either - found.drugs):
        yield Exposure(drug, entry, False, False, start, end, note=found.note, unclear=True)


def _is_plan(entry: Entry) -> bool:
    if entry.type == "MedicationRequest":
        return as_text(entry.resource.get("intent")) in _PLANS and entry.status != "completed" and not _reported(entry)
    return entry.type == "MedicationStatement" and entry.status == "intended"


def _was_given(entry: Entry) -> bool:
    """Administrations and statements tell what was given. A request does so only once completed, or if it reports; a
    dispense once it was handed over.
    """
    if entry.type == "MedicationRequest":
        return entry.status == "completed" or _reported(entry)
    if entry.type == "MedicationDispense":
        return entry.status in (None, "completed")
    if entry.type == "Procedure":
        return entry.status in (None, "completed", "in-progress", "stopped")
    if entry.type == "MedicationAdministration":
        return entry.status != "on-hold"
    return entry.status != "intended"


def _reported(entry: Entry) -> bool:
    return entry.resource.get("reportedBoolean") is True or bool(as_dict(entry.resource.get("reportedReference")))


def _is_ongoing(entry: Entry, start: When | None, end: When | None, as_of: date) -> bool:
    """Taken now: an active statement or order that has not ended, an administration in progress, a supply that lasts."""
    if end is not None and end.end < as_of:
        return False
    if entry.type == "MedicationRequest":
        intent = as_text(entry.resource.get("intent"))
        return entry.status == "active" and (intent in _ORDERS or not intent or _reported(entry))
    if entry.type == "MedicationStatement":
        open_period = entry.status is None and start is not None and "effectivePeriod" in entry.resource
        return entry.status == "active" or open_period
    if entry.type == "MedicationDispense":
        return end is not None and entry.status in (None, "completed")
    return entry.type == "MedicationAdministration" and entry.status == "in-progress"


def _is_stale(drug: str, entry: Entry, start: When | None, as_of: date) -> bool:
    """Whether the last sign of a drug said to be taken is too long ago for it to be believed."""
    asserted = parse_when(as_text(entry.resource.get("dateAsserted")))
    signs = [when.end for when in (start, asserted) if when is not None and when.start <= as_of]
    if entry.type == "MedicationAdministration":
        limit = _INFUSION
    elif drug in _UPKEPT or is_steroid(drug):
        limit = _UPKEEP
    elif {"chemotherapy", "immunotherapy"}.intersection(IMPLIES.get(drug, ())) or drug in ("CAR-T", "asparaginase"):
        limit = _COURSE
    else:
        return False
    return bool(signs) and max(signs) < as_of - timedelta(days=limit)


def _dates(entry: Entry) -> tuple[When | None, When | None]:
    """First and last day of a medication. The day a statement was made is not one of treatment."""
    start, end = _spanned(entry)
    if start is not None and end is not None and end.end < start.start:
        end = None  # told by the record as odd
    if entry.type in ("MedicationRequest", "MedicationStatement") and (start is None or end is None):
        bounds = [
            as_dict(as_dict(as_dict(d.get("timing")).get("repeat")).get("boundsPeriod"))
            for d in dosages(entry.resource)
        ]
        ends = [parse_when(as_text(bound.get("end"))) for bound in bounds]
        if end is None and bounds and None not in ends:
            end = max(when for when in ends if when is not None)
        starts = [when for bound in bounds if (when := parse_when(as_text(bound.get("start")))) is not None]
        if starts and (start is None or entry.type == "MedicationRequest"):
            start = min(starts)
    return start, end


def _spanned(entry: Entry) -> tuple[When | None, When | None]:
    if entry.type == "MedicationStatement" and "effectiveDateTime" not in entry.resource:
        span = as_dict(entry.resource.get("effectivePeriod"))
        return parse_when(as_text(span.get("start"))), parse_when(as_text(span.get("end")))
    if entry.type == "MedicationRequest":
        span = as_dict(as_dict(entry.resource.get("dispenseRequest")).get("validityPeriod"))
        return entry.when, parse_when(as_text(span.get("end")))
    if entry.type == "MedicationDispense":
        days = as_float(as_dict(entry.resource.get("daysSupply")).get("value"))
        if entry.when is None or days is None or not 0 < days <= 366:
            return entry.when, None
        supply = timedelta(days=days)
        return entry.when, When(entry.when.start + supply, entry.when.end + supply)
    single = entry.type in ("MedicationAdministration", "Procedure") and entry.status == "completed"
    return entry.when, entry.until or (entry.when if single else None)
