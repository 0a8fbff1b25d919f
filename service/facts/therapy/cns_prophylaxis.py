"""CNS prophylaxis on record: anything into the CSF, or high-dose methotrexate or cytarabine, planned, being given or given lately.

The NCCN guidelines count systemic drugs (methotrexate, cytarabine) and intrathecal ones (ALL adult 2.2025, ALL-D 2 of 27;
pediatric 1.2026, PEDALL-G). Of systemic ones only high doses are counted, for only they reach the CNS. No interval is printed;
three months are believed to cover the pauses between two intrathecal doses, those of maintenance included.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date, timedelta

from service.facts.absence import absent, complete_list, seen_in
from service.facts.model import Fact, Facts, Provenance, Provider, known, provides
from service.facts.therapy import dosing
from service.facts.therapy.drug_names import named
from service.facts.therapy.exposure import MEDICATIONS, exposures
from service.facts.therapy.routes import is_intrathecal
from service.record.model import Entry, PatientRecord, Resource
from service.record.text import states
from service.record.values import all_text

NAME = "cns_prophylaxis_on_record"
_CONCEPT = "therapy.intrathecal"
_RECENT = timedelta(days=90)
_TYPES = (*MEDICATIONS, "MedicationDispense", "Procedure", "ServiceRequest", "CarePlan")
_OFF = frozenset({"cancelled", "not-done", "revoked", "declined"})
_SYSTEMIC = ("methotrexate", "cytarabine")
_RADIATION = re.compile(
    r"(?:cranial|craniospinal|kranial|schädel|whole[\s-]brain|neuroaxis)\w*[\s-]*(?:ir?radiat|bestrahl|radioth)", re.I
)
_INTRATHECAL = re.compile(
    r"intrathe[ck]al|intratekal|\bi\.\s?th\.|(?-i:\bTIT\b|\bIT[\s-](?:MTX|chemo|ARA))", re.IGNORECASE
)


def protects_cns(resource: Resource, text: str, drugs: Collection[str]) -> bool:
    """Whether an order is CNS prophylaxis: a drug into the CSF, or methotrexate or cytarabine in high dose."""
    if is_intrathecal(resource, text) and (drugs or _INTRATHECAL.search(text)):
        return True
    return any(drug in drugs and dosing.dose_level(resource, drug, text) == "high" for drug in _SYSTEMIC)


@provides(NAME)
def on_record(facts: Facts) -> Iterator[Fact]:
    """Yes by one such entry of the last three months or still to come; no while the lists are complete and hold none."""
    if facts.record is None:
        return
    for entry in facts.record.of_type(*_TYPES):
        if entry.status in _OFF or entry.resource.get("doNotPerform") is True or not _lately(entry, facts.as_of):
            continue
        if _protects(facts.record, entry):
            yield known(NAME, True, seen_in(entry, entry.text or None, from_text=not entry.codings))
            return
    if complete_list(facts, *MEDICATIONS, "Procedure") and not exposures(facts.record, facts.as_of).nameless:
        note = "nothing of the last three months goes into the CSF, and nothing that is planned"
        yield known(NAME, False, Provenance("MedicationRequest, Procedure", note=note))
    else:
        yield absent(facts, NAME, *MEDICATIONS, "Procedure", what="CNS prophylaxis")


def _lately(entry: Entry, as_of: date) -> bool:
    """Not over for longer than three months. What is undated or still open counts."""
    last = entry.until or entry.when
    ongoing = entry.status in ("active", "in-progress", "preparation") and entry.until is None
    return last is None or last.end >= as_of - _RECENT or (ongoing and last.end >= as_of - 4 * _RECENT)


def _protects(record: PatientRecord, entry: Entry) -> bool:
    if entry.type in ("Procedure", "ServiceRequest", "CarePlan"):
        text = "; ".join((entry.text, all_text(entry.resource))) if entry.type == "CarePlan" else entry.text
        return _CONCEPT in entry.concepts or states(text, _INTRATHECAL) or states(text, _RADIATION)
    found = named(record.terminology, entry.concepts - entry.text_concepts, entry.text, entry.codings)
    return protects_cns(entry.resource, entry.text, found.drugs)


PROVIDERS: tuple[Provider, ...] = (on_record,)
