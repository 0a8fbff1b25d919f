"""A patient's resources as they were known on a day: what only came later is taken out.

FHIR tells when something was so (``effective``, ``onset``, ``performed``) and seldom when it was known. A result counts as
known once it was issued; a course that ended later is taken for one that is going on, and the reason why it was stopped,
its notes and its outcome are not told yet. What has a date in the future of that day had not happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from service.content import read_terminology
from service.facts.course.dated_words import dated_words
from service.facts.course.state_text import state_in
from service.facts.course.text import REFRACTORY, RELAPSE, REMISSION
from service.facts.disease.named import GROUPS
from service.record.dates import parse_when
from service.record.usable import dates
from service.record.values import as_dict, as_list, as_text, codings_of, concept_text

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
_OVER = frozenset({"resolved", "inactive"})
_NEW_FOR = timedelta(days=60)  # within which two entries are of one diagnosis
_RESULTS = ("Observation", "DiagnosticReport")


def as_known(resources: Iterable[Resource], day: date, diagnosed: date | None = None) -> Iterator[Resource]:
    """The resources that were known on a day, each as it was then.

    Args:
        diagnosed: day of the diagnosis by the whole record, or by which it was made at the latest; it tells a relapse
            entered as a Condition of its own from a problem list whose one item was changed since.
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
    """What a Condition says of remission, relapse or resistance, by its clinical status, its code or its name, tells how it
    stands today; of the day in question it says nothing, unless the Condition was last changed by then, is of an encounter,
    or is itself a relapse with an onset of its own. So it is with a leukemia that is resolved, nobody says since when.
    """
    if any(_ENCOUNTER in code for row in as_list(condition.get("category")) for _, code in codings_of(row)):
        return condition
    changed = parse_when(as_text(as_dict(condition.get("meta")).get("lastUpdated")))
    if changed is not None and changed.end <= day:
        return condition
    onset = parse_when(as_text(condition.get("onsetDateTime")))
    own = onset is not None and diagnosed is not None and onset.start > diagnosed + _NEW_FOR
    words = {code for _, code in codings_of(condition.get("clinicalStatus"))} & _OF_TODAY
    if (words and not (own and "remission" not in words)) or _is_over(condition):
        condition = {name: value for name, value in condition.items() if name != "clinicalStatus"}
    return _renamed(condition, day) if not own and _is_leukemia(condition) else condition


def _is_over(condition: Resource) -> bool:
    """Whether a leukemia is said to be over, without a date."""
    words = {code for _, code in codings_of(condition.get("clinicalStatus"))}
    if words.isdisjoint(_OVER) or parse_when(as_text(condition.get("abatementDateTime"))):
        return False
    if as_dict(condition.get("abatementPeriod")):
        return False
    return _is_leukemia(condition)


def _is_leukemia(condition: Resource) -> bool:
    terms, code = read_terminology(), condition.get("code")
    if any(_state_of(coding) for coding in codings_of(code)):
        return True
    about = terms.concepts_in_text(concept_text(code)).union(
        *(terms.concepts_of(*terms.coding(*coding)) for coding in codings_of(code))
    )
    return not about.isdisjoint(GROUPS)


def _renamed(condition: Resource, day: date) -> Resource:
    """A Condition as the disease alone is called. One that is called a relapse, without the date of it, may have begun as
    one or been renamed since: its onset may be that of either, and is not told.
    """
    code = as_dict(condition.get("code"))
    plain = _plain(code, day)
    stages = as_list(condition.get("stage"))
    kept = [stage for stage in stages if _timeless(concept_text(as_dict(stage).get("summary")), day)[1] is None]
    if plain == code and kept == stages:
        return condition
    said = {_state_of(coding) for coding in codings_of(code)} | {_timeless(concept_text(code), day)[1]}
    dated = any(words.state == "relapsed" and words.when is not None for words in dated_words(concept_text(code)))
    gone = ("code", "stage", *(("onset",) if "relapsed" in said and not dated else ()))
    rest = {name: value for name, value in condition.items() if not name.startswith(gone)}
    return {**rest, "code": plain, **({"stage": kept} if kept else {})}


def _plain(code: Mapping[str, Any], day: date) -> Mapping[str, Any]:
    """A concept without what it says of the course."""
    made: dict[str, Any] = {**code}
    if "coding" in code:
        made["coding"] = [plain for coding in as_list(code["coding"]) for plain in _plain_coding(as_dict(coding), day)]
    if "text" in code:
        made["text"] = _timeless(as_text(code["text"]), day)[0]
    return made


def _plain_coding(coding: Mapping[str, Any], day: date) -> Iterator[Mapping[str, Any]]:
    """The coding, or one that means the same disease and says nothing of its state; none where the code says only that."""
    terms = read_terminology()
    key = terms.coding(as_text(coding.get("system")), as_text(coding.get("code")))
    means = terms.meaning(*key)
    if "disease_state" not in means:
        display = as_text(coding.get("display"))
        yield {**coding, "display": _timeless(display, day)[0]} if display else coding
        return
    rest = {name: value for name, value in means.items() if name != "disease_state"}
    for group in sorted(terms.concepts_of(*key)) if rest else ():
        for row in terms.codings(group):
            if terms.meaning(row.system, row.code) == rest:
                yield {"system": row.system, "code": row.code}
                return


def _state_of(coding: tuple[str, str]) -> str | None:
    terms = read_terminology()
    return terms.meaning(*terms.coding(*coding)).get("disease_state")


def _timeless(text: str, day: date) -> tuple[str, str | None]:
    """A name without what it says of the state of the disease, and that state; as it is where all it tells is dated, and
    by that day.
    """
    told = dated_words(text)
    if told and all(words.when is not None and words.when.end <= day for words in told):
        return text, None
    state = state_in(text) or (told[0].state if told else None)
    if state in (None, "new-diagnosis"):
        return text, None
    for pattern in (RELAPSE, REMISSION, REFRACTORY):
        text = pattern.sub(" ", text)
    return " ".join(text.split()), state


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
