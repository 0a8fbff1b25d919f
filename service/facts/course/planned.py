"""What is planned: a transplant, donor lymphocytes, radiation. Read from requests, procedures in preparation and plans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from service.facts.absence import absent, seen_in
from service.facts.course.hct import AHEAD, REQUESTED, Infusion, infusions
from service.facts.course.hct_text import is_other_tissue, transplant_in
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, known, provides
from service.record.model import Entry, PatientRecord, When
from service.record.text import states
from service.record.values import as_dict, as_list, as_text, concept_text

PLANS = {"allogeneic": "allo-HCT", "autologous": "auto-HCT", "unspecified": "HCT", "DLI": "DLI"}
CRANIOSPINAL = re.compile(r"craniospinal|kraniospinal|neuroaxis|neuraxis", re.IGNORECASE)
CRANIAL = re.compile(r"cranial|kranial|schädel|whole[\s-]brain|\bCRT\b", re.IGNORECASE)
TBI = re.compile(r"\bTBI\b|total[\s-]*body[\s-]*irrad|ganzkörper[\s-]*bestrahl", re.IGNORECASE)
_OPEN_STEPS = ("not-started", "scheduled", "on-hold")
_BELIEVED = timedelta(days=365)  # a request nobody closed is not believed for longer


def ahead(record: PatientRecord, as_of: date) -> list[tuple[str, Provenance]]:
    """Transplants and donor lymphocytes that are planned, by kind. A request from before one that was done is not."""
    done = [i.when for i in infusions(record, as_of) if not i.planned and i.kind in PLANS and i.when is not None]
    found = [
        (i.kind, i.seen())
        for i in infusions(record, as_of)
        if i.planned and i.kind in PLANS and _still_ahead(i, as_of) and not _carried_out(i, done)
    ]
    for entry in record.of_type("CarePlan"):
        found += ((kind, seen_in(entry, text, from_text=True)) for kind, text in _steps(entry))
    return found


def _carried_out(planned: Infusion, done: list[When]) -> bool:
    return planned.when is not None and any(planned.when.end <= when.end for when in done)


def _still_ahead(planned: Infusion, as_of: date) -> bool:
    return planned.when is None or planned.when.end >= as_of - _BELIEVED


def _steps(plan: Entry) -> Iterator[tuple[str, str]]:
    """Steps of a plan of care that are still to come."""
    if plan.status not in REQUESTED:
        return
    for raw in as_list(plan.resource.get("activity")):
        detail = as_dict(as_dict(raw).get("detail"))
        if as_text(detail.get("status")) in _OPEN_STEPS and detail.get("doNotPerform") is not True:
            text = "; ".join(filter(None, (concept_text(detail.get("code")), as_text(detail.get("description")))))
            kind = transplant_in(text) if text and not is_other_tissue(text) else None
            if kind is not None:
                yield kind, text


@provides("hct_planned", "planned_procedure", "tbi_planned")
def planned(facts: Facts) -> Iterator[Fact]:
    """A transplant, donor lymphocytes or radiation requested or in preparation. Nothing says "none planned"."""
    if facts.record is None:
        return
    found = ahead(facts.record, facts.as_of)
    grafts = [seen for kind, seen in found if kind != "DLI"]
    if grafts:
        yield known("hct_planned", True, *grafts)
    else:
        yield absent(facts, "hct_planned", "ServiceRequest", "Procedure", what="a planned transplant")
    radiation = list(_radiation(facts.record, facts.as_of))
    tbi = [seen_in(e, e.text or None, from_text=True) for e in radiation if states(e.text, TBI)]
    if tbi:
        yield known("tbi_planned", True, *tbi)
    else:
        yield absent(facts, "tbi_planned", "ServiceRequest", "Procedure", what="a planned total body irradiation")
    for kind, name in PLANS.items():
        seen = [p for found_kind, p in found if found_kind == kind]
        if seen:
            yield known("planned_procedure", name, *seen)
            return
    for entry in radiation:
        for name, pattern in (("craniospinal-radiation", CRANIOSPINAL), ("cranial-radiation", CRANIAL)):
            if states(entry.text, pattern):
                yield known("planned_procedure", name, seen_in(entry, entry.text or None, from_text=True))
                return
    yield absent(facts, "planned_procedure", "ServiceRequest", "Procedure", what="a planned procedure")


@provides("weeks_to_planned_hct")
def until_transplant(facts: Facts) -> Iterator[Fact]:
    """Weeks to the next transplant with a day of its own ahead; the day an order was written on is none.

    Conditioning starts before that day, so it is nearer still.
    """
    if facts.record is None:
        return
    dated = [
        (i.when, i.seen())
        for i in infusions(facts.record, facts.as_of)
        if i.kind in ("allogeneic", "unspecified") and i.planned and i.when is not None and i.when.start > facts.as_of
    ]
    if dated:
        when, seen = min(dated, key=lambda row: row[0].start)
        low, high = ((day - facts.as_of).days / 7 for day in (when.start, when.end))
        yield known("weeks_to_planned_hct", low if low == high else Interval(low, high), seen)
    else:
        yield absent(facts, "weeks_to_planned_hct", "ServiceRequest", "Procedure", what="a dated plan of a transplant")


def _radiation(record: PatientRecord, as_of: date) -> Iterator[Entry]:
    """Radiation in preparation, dated ahead or requested."""
    for entry in record.about("therapy.radiation", types=("Procedure", "ServiceRequest")):
        later = entry.status in AHEAD or (entry.when is not None and entry.when.start > as_of)
        if later or (entry.type == "ServiceRequest" and entry.status in REQUESTED):
            yield entry


PROVIDERS: tuple[Provider, ...] = (planned, until_transplant)
