"""A patient's resources as they were known on a day: what only came later is taken out.

FHIR tells when something was so (``effective``, ``onset``, ``performed``) and seldom when it was known. A result counts as
known once it was issued; a course that ended later is taken for one that is going on, and the reason why it was stopped,
its notes and its outcome are not told yet. What has a date in the future of that day had not happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from service.record.dates import parse_when
from service.record.usable import dates
from service.record.values import as_dict, as_list, as_text, codings_of

Resource = Mapping[str, Any]

_PERIODS = ("effectivePeriod", "performedPeriod", "period", "abatementPeriod")
# How a resource whose end is still ahead was called while it ran (FHIR R4, the required bindings of status).
_RUNNING: Mapping[str, str] = {
    "MedicationStatement": "active", "MedicationRequest": "active", "CarePlan": "active", "EpisodeOfCare": "active",
    "MedicationAdministration": "in-progress", "Procedure": "in-progress", "Encounter": "in-progress",
}  # fmt: skip
_TOLD_AT_THE_END = ("statusReason", "note", "outcome", "complication", "followUp")
_ENCOUNTER = "encounter-diagnosis"
_OF_TODAY = frozenset({"remission", "relapse", "recurrence"})
_NEW_FOR = timedelta(days=60)  # within which two entries are of one diagnosis
_RESULTS = ("Observation", "DiagnosticReport")


def as_known(resources: Iterable[Resource], day: date, diagnosed: date | None = None) -> Iterator[Resource]:
    """The resources that were known on a day, each as it was then.

    Args:
        diagnosed: day of the diagnosis by the whole record, which tells a relapse entered as a Condition of its own from a
            problem list whose one item was changed since.
    """
    for resource in resources:
        found = _as_known(resource, day, diagnosed)
        if found is not None:
            yield found


def _as_known(resource: Resource, day: date, diagnosed: date | None) -> Resource | None:
    kind = as_text(resource.get("resourceType"))
    if kind == "Patient":
        return _still_alive(resource, day)
    if kind in _RESULTS and _is_later(resource.get("issued"), day):
        return None
    when, _, _ = dates(kind, resource)
    if when is not None and when.start > day:
        return None
    if kind == "Condition":
        return _still_active(_without_todays_word(resource, day, diagnosed), day)
    return _still_running(kind, resource, day)


def _still_alive(patient: Resource, day: date) -> Resource:
    """A death without a date, or of a later day, was not known."""
    died = parse_when(as_text(patient.get("deceasedDateTime")))
    if died is not None and died.start <= day:
        return patient
    return {name: value for name, value in patient.items() if not name.startswith("deceased")}


def _without_todays_word(condition: Resource, day: date, diagnosed: date | None) -> Resource:
    """The clinical status "remission" or "relapse" tells how it stands today; of the day in question it says nothing, unless
    the Condition was last changed by then, is of an encounter, or is itself a relapse with an onset of its own.
    """
    if any(_ENCOUNTER in code for row in as_list(condition.get("category")) for _, code in codings_of(row)):
        return condition
    words = {code for _, code in codings_of(condition.get("clinicalStatus"))}
    changed = parse_when(as_text(as_dict(condition.get("meta")).get("lastUpdated")))
    if not words & _OF_TODAY or (changed is not None and changed.end <= day):
        return condition
    onset = parse_when(as_text(condition.get("onsetDateTime")))
    own = onset is not None and diagnosed is not None and onset.start > diagnosed + _NEW_FOR
    if own and not words & {"remission"}:
        return condition
    return {name: value for name, value in condition.items() if name != "clinicalStatus"}


def _still_active(condition: Resource, day: date) -> Resource:
    """A Condition that abated later was active; one that was only recorded later was known by then at the latest."""
    period = as_dict(condition.get("abatementPeriod"))
    ended = (condition.get("abatementDateTime"), period.get("end"), period.get("start"))
    if not any(_is_later(value, day) for value in ended):
        return condition
    kept = {name: value for name, value in condition.items() if not name.startswith("abatement") and name != "note"}
    system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    return {**kept, "clinicalStatus": {"coding": [{"system": system, "code": "active"}]}}


def _still_running(kind: str, resource: Resource, day: date) -> Resource:
    """A course that ended later is going on; what is told at its end is not known."""
    changed: dict[str, Any] = {}
    for name in _PERIODS:
        period = as_dict(resource.get(name))
        if _is_later(period.get("end"), day):
            changed[name] = {key: value for key, value in period.items() if key != "end"}
    if kind == "MedicationRequest":
        supply = as_dict(resource.get("dispenseRequest"))
        if _is_later(as_dict(supply.get("validityPeriod")).get("end"), day):
            changed["dispenseRequest"] = {key: value for key, value in supply.items() if key != "validityPeriod"}
    if not changed:
        return resource
    kept = {name: value for name, value in resource.items() if name not in _TOLD_AT_THE_END}
    if kind in _RUNNING and "status" in resource:
        changed["status"] = _RUNNING[kind]
    return {**kept, **changed}


def _is_later(value: object, day: date) -> bool:
    """Whether a date lies wholly after a day; what cannot be read does not."""
    when = parse_when(as_text(value))
    return when is not None and when.start > day
