"""Which drugs were given, are being given, or are only ordered, with first and last date and why they were stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from service.facts.absence import seen_in
from service.facts.course.hct_text import only_around
from service.facts.model import Provenance
from service.facts.therapy.drug_names import is_intrathecal, is_local, is_nameless, named
from service.facts.vocabulary.drugs import IMPLIES
from service.record.dates import parse_when
from service.record.model import Entry, PatientRecord, When, once_per_record
from service.record.text import states
from service.record.values import as_dict, as_list, as_text, concept_text, notes_of

MEDICATIONS = ("MedicationStatement", "MedicationRequest", "MedicationAdministration")
_ORDERS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
_PLANS = frozenset({"plan", "proposal", "option"})
_TREATS = frozenset({"chemotherapy", "targeted", "immunotherapy", "corticosteroid"})
# Days after a dose for which a drug is still at work. Pegylated asparaginases act for weeks.
_LINGERS = {"pegaspargase": 28, "calaspargase pegol": 28}
_LINGERS_OTHERWISE = 7
_FAILURE = re.compile(
    r"resist|progress|refract|refrakt|relaps|rezidiv|\bfail|versag|loss of (?:\w+ )?response|lack of (?:efficacy|response)"
    r"|no response|inadequate response|ineffective|unwirksam|wirkverlust|wirkungsverlust|T315I",
    re.IGNORECASE,
)
_INTOLERANCE = re.compile(
    r"intoler|toxic|toxizit|adverse|side effect|unverträg|nebenwirk|allerg|hypersens", re.IGNORECASE
)
_STOPPING = re.compile(r"stop|discontin|abgesetzt|abbruch|beendet|switched|gewechselt", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Exposure:
    """One drug of one resource. ``given`` is false for what is ordered or planned and not known to have been taken.

    ``start``/``end``: first and last day, ``None`` where unknown or open. ``ongoing``: said to be taken now.
    ``stopped``: "failure" (resistance, progression) or "intolerance", where a reason is given.
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

    @property
    def last(self) -> When | None:
        """The last day known to have been one of treatment."""
        return self.end or self.start

    def seen(self, note: str | None = None) -> Provenance:
        remarks = "; ".join(part for part in (self.note, note) if part)
        return seen_in(self.entry, self.entry.text or self.drug, from_text=self.from_text, note=remarks or None)

    def within(self, as_of: date, days: int) -> bool:
        """Whether it is taken now, or was given in the last days."""
        if self.ongoing:
            return True
        return self.given and self.last is not None and self.last.end >= as_of - timedelta(days=days)

    def acts(self, as_of: date) -> bool:
        """Whether the drug is at work now: being taken, given lately, or ordered to be taken."""
        return self.within(as_of, _LINGERS.get(self.drug, _LINGERS_OTHERWISE))


@dataclass(frozen=True, slots=True)
class Exposures:
    """All drugs on record, newest first. ``nameless``: some medication cannot be told, so no list is complete."""

    items: tuple[Exposure, ...]
    nameless: bool

    def given(self, *drugs: str) -> tuple[Exposure, ...]:
        """What was given: of some drugs, or all."""
        return tuple(e for e in self.items if e.given and (not drugs or e.drug in drugs))

    def ordered_only(self) -> frozenset[str]:
        """Drugs ordered or planned, without any record that they were given."""
        return frozenset(e.drug for e in self.items if not e.given) - {e.drug for e in self.given()}

    def leukemia(self, *, steroids: bool = False) -> tuple[Exposure, ...]:
        """What was given against leukemia; steroids, which are given for much else, only if asked for."""
        return tuple(e for e in self.given() if treats(e.drug) and (steroids or not is_steroid(e.drug)))


def treats(drug: str) -> bool:
    """Whether a drug or class is one of those used against leukemia."""
    return drug in ("CAR-T", "asparaginase") or not _TREATS.isdisjoint(IMPLIES.get(drug, ()))


def is_steroid(drug: str) -> bool:
    return "corticosteroid" in IMPLIES.get(drug, ())


@once_per_record
def exposures(record: PatientRecord, as_of: date) -> Exposures:
    """All drugs of the record's medications and of procedures coded by drug.

    Left out: preparations for local use, mere plans, and procedures around a treatment (consultation, collection of
    cells). A plan or an intended statement says that the drug has not
    been given yet; an order may have been carried out.
    """
    items: list[Exposure] = []
    nameless = False
    for entry in record.of_type(*MEDICATIONS, "Procedure"):
        found = named(entry.concepts - entry.text_concepts, entry.text)
        if not found.drugs:
            nameless = nameless or (entry.type != "Procedure" and is_nameless(entry))
            continue
        if entry.type == "Procedure" and found.from_text and only_around(entry.text):
            continue
        if is_local(entry.resource, entry.codings, entry.text) or _is_plan(entry):
            continue
        items += _of_entry(entry, found.drugs, found.from_text, found.note, as_of)
    return Exposures(tuple(items), nameless)


def _of_entry(
    entry: Entry, drugs: frozenset[str], from_text: bool, note: str | None, as_of: date
) -> Iterator[Exposure]:
    start, end = _dates(entry)
    stopped = _why_stopped(entry)
    planned = start is not None and start.start > as_of
    given = not planned and (_was_given(entry) or stopped is not None)
    ongoing = not planned and _is_ongoing(entry, start, end, as_of)
    intrathecal = is_intrathecal(entry.resource, entry.text)
    for drug in sorted(drugs):
        yield Exposure(drug, entry, given, ongoing, start, end, stopped, intrathecal, from_text, note)


def _is_plan(entry: Entry) -> bool:
    if entry.type == "MedicationRequest":
        return as_text(entry.resource.get("intent")) in _PLANS and entry.status != "completed" and not _reported(entry)
    return entry.type == "MedicationStatement" and entry.status == "intended"


def _was_given(entry: Entry) -> bool:
    """Administrations and statements tell what was given. A request does so only once completed, or if it reports."""
    if entry.type == "MedicationRequest":
        return entry.status == "completed" or _reported(entry)
    if entry.type == "Procedure":
        return entry.status in (None, "completed", "in-progress", "stopped")
    return entry.status != "intended"


def _reported(entry: Entry) -> bool:
    return entry.resource.get("reportedBoolean") is True or bool(as_dict(entry.resource.get("reportedReference")))


def _is_ongoing(entry: Entry, start: When | None, end: When | None, as_of: date) -> bool:
    """Taken now: an active statement or order that has not ended, or an administration in progress."""
    if end is not None and end.end < as_of:
        return False
    if entry.type == "MedicationRequest":
        intent = as_text(entry.resource.get("intent"))
        return entry.status == "active" and (intent in _ORDERS or not intent or _reported(entry))
    if entry.type == "MedicationStatement":
        open_period = entry.status is None and start is not None and "effectivePeriod" in entry.resource
        return entry.status == "active" or open_period
    return entry.type == "MedicationAdministration" and entry.status == "in-progress"


def _dates(entry: Entry) -> tuple[When | None, When | None]:
    """First and last day of a medication. The day a statement was made is not one of treatment."""
    if entry.type == "MedicationStatement" and "effectiveDateTime" not in entry.resource:
        span = as_dict(entry.resource.get("effectivePeriod"))
        return parse_when(as_text(span.get("start"))), parse_when(as_text(span.get("end")))
    if entry.type == "MedicationRequest":
        span = as_dict(as_dict(entry.resource.get("dispenseRequest")).get("validityPeriod"))
        return entry.when, parse_when(as_text(span.get("end")))
    single = entry.type in ("MedicationAdministration", "Procedure") and entry.status == "completed"
    return entry.when, entry.until or (entry.when if single else None)


def _why_stopped(entry: Entry) -> str | None:
    """Failure or intolerance by the status reason, or by a note that speaks of stopping."""
    reasons = "; ".join(concept_text(reason) for reason in as_list(entry.resource.get("statusReason")))
    note = notes_of(entry.resource)
    if _STOPPING.search(note):
        reasons = f"{reasons}; {note}"
    if states(reasons, _FAILURE):
        return "failure"
    return "intolerance" if states(reasons, _INTOLERANCE) else None
