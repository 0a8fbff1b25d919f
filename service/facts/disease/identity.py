"""Who the patient is: age, sex, whether alive, and where care is given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from service.facts.absence import absent, seen_in
from service.facts.disease.diagnosis import diagnosis_date
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.record.dates import completed_months, parse_when
from service.record.model import Entry, PatientRecord, When
from service.record.values import as_dict, as_list, as_text, codings_of, concept_text
from service.record.whose import reference_in, type_and_id

_OLDEST = 130 * 12
# The codes of FHIR, and what older systems, HL7 v2 and German ones send in their place.
_SEX = {
    "male": "male", "m": "male", "männlich": "male", "maennlich": "male", "female": "female", "f": "female", "w": "female",
    "weiblich": "female", "other": "other", "divers": "other", "d": "other", "x": "other",
}  # fmt: skip
_BIRTH_TIME = "patient-birthTime"
_CHILDREN = re.compile(r"(?i)p(?:a)?ediatri|p(?:ä|ae)diatri|kinder|children|\bpeds?\b")
_ONCOLOGY = re.compile(
    r"(?i)oncolog|onkolog|h(?:a)?ematolog|h(?:ä|ae)matolog|bone marrow transpl|stammzell|leuk(?:a)?emia|leukämie"
)
# Health care provider taxonomy: pediatric hematology-oncology; internal medicine: hematology, with oncology, oncology.
_TAXONOMY = {
    "2080P0207X": "pediatric-oncology",
    "207RH0000X": "adult-oncology",
    "207RH0003X": "adult-oncology",
    "207RX0202X": "adult-oncology",
}
_OVER = ("finished", "cancelled", "planned", "entered-in-error")


def is_deceased(record: PatientRecord, as_of: date) -> bool:
    """Whether the patient had died by that day. A death dated later is not known yet; a vague date counts."""
    patient = record.patient or {}
    died = patient.get("deceasedDateTime")
    if isinstance(died, str) and died.strip():
        when = parse_when(died)
        return when is None or when.start <= as_of
    return patient.get("deceasedBoolean") in (True, "true")


def birth_of(record: PatientRecord | None) -> When | None:
    """The date of birth, as precise as it is known."""
    patient = (record.patient or {}) if record else {}
    found = parse_when(as_text(patient.get("birthDate")))
    for raw in as_list(as_dict(patient.get("_birthDate")).get("extension")) if found is None else ():
        if _BIRTH_TIME in as_text(as_dict(raw).get("url")):
            found = found or parse_when(as_dict(raw).get("valueDateTime"))
    return found


def _in_patient(record: PatientRecord, found: str) -> Provenance:
    own = as_text((record.patient or {}).get("id"))
    return Provenance(f"Patient/{own}" if own else "Patient", found=found)


def _span(low: float, high: float) -> float | Interval:
    return float(low) if low == high else Interval(float(low), float(high))


@provides("age_years", "age_months")
def age(facts: Facts) -> Iterator[Fact]:
    """Completed years and months on the day of judgement; bounds where the date of birth is partial."""
    if facts.record is None:
        return
    names = ("age_years", "age_months")
    birth = birth_of(facts.record)
    if birth is None:
        raw = (facts.record.patient or {}).get("birthDate")
        for name in names:
            if raw is not None:
                yield unknown(name, Reason.UNREADABLE, "the date of birth cannot be read")
            else:
                yield absent(facts, name, "Patient", what="a date of birth")
        return
    seen = _in_patient(facts.record, birth.text)
    low, high = completed_months(birth, facts.as_of)
    if birth.start > facts.as_of or low > _OLDEST:
        for name in names:
            yield unknown(name, Reason.IMPLAUSIBLE, "the date of birth cannot be right", (seen,))
        return
    yield known("age_years", _span(low // 12, high // 12), seen)
    yield known("age_months", _span(low, high), seen)


@provides("age_months_at_diagnosis", "age_at_diagnosis_years")
def age_at_diagnosis(facts: Facts) -> Iterator[Fact]:
    """Completed months and years at diagnosis. Where only the day of recording is known, at most the age then."""
    if facts.record is None:
        return
    names = ("age_months_at_diagnosis", "age_at_diagnosis_years")
    birth, found = birth_of(facts.record), diagnosis_date(facts.record, facts.as_of)
    if birth is None or found is None:
        what = "a date of birth" if birth is None else "a date of diagnosis"
        for name in names:
            yield unknown(name, Reason.UNDATED, f"the record holds no {what.removeprefix('a ')}")
        return
    note = "recorded then; diagnosed on that day or before" if found.at_latest else None
    seen = (_in_patient(facts.record, birth.text), seen_in(found.entry, found.when.text, note=note))
    if found.when.end < birth.start:
        for name in names:
            yield unknown(name, Reason.IMPLAUSIBLE, "the diagnosis is dated before the birth", seen)
        return
    low = 0 if found.at_latest else completed_months(birth, found.when.start)[0]
    high = completed_months(birth, found.when.end)[1]
    yield known(names[0], _span(low, high), *seen)
    yield known(names[1], _span(low // 12, high // 12), *seen)


@provides("sex", "deceased")
def person(facts: Facts) -> Iterator[Fact]:
    """Administrative sex, and whether the patient is known to have died or to live."""
    if facts.record is None:
        return
    patient = facts.record.patient or {}
    gender = as_text(patient.get("gender")).strip()
    if gender.lower() in _SEX:
        yield known("sex", _SEX[gender.lower()], _in_patient(facts.record, gender))
    elif gender:
        yield unknown(
            "sex", Reason.NOT_DECIDED, f"the record says {gender[:20]!r}", (_in_patient(facts.record, gender),)
        )
    else:
        yield absent(facts, "sex", "Patient", what="a sex")
    if is_deceased(facts.record, facts.as_of):
        yield known("deceased", True, _in_patient(facts.record, as_text(patient.get("deceasedDateTime")) or "true"))
    elif patient.get("deceasedBoolean") in (False, "false"):
        yield known("deceased", False, _in_patient(facts.record, "false"))


@provides("care_setting")
def care_setting(facts: Facts) -> Iterator[Fact]:
    """Adult or pediatric oncology, by the practitioner's specialty or the service of the present encounter."""
    if facts.record is None:
        return
    said: list[tuple[str, Entry, str]] = []
    for entry in facts.record.of_type("PractitionerRole", "Encounter"):
        if entry.type == "Encounter" and not _present(entry, facts.as_of):
            continue
        for concept in _specialties(entry, facts.record):
            setting = _setting(concept)
            if setting is not None:
                said.append((setting, entry, concept_text(concept)))
    seen = tuple(seen_in(entry, text or None) for _, entry, text in said)
    if len({setting for setting, _, _ in said}) == 1:
        yield known("care_setting", said[0][0], *seen)
    elif said:
        yield unknown("care_setting", Reason.NOT_DECIDED, "adult and pediatric services are both named", seen)


def _present(entry: Entry, as_of: date) -> bool:
    """Whether an encounter is going on: not over, begun, and not ended."""
    begun = entry.when is None or entry.when.start <= as_of
    return entry.status not in _OVER and begun and (entry.until is None or entry.until.end >= as_of)


def _specialties(entry: Entry, record: PatientRecord) -> list[object]:
    """What is said of the kind of care; of the clinic only where that says nothing."""
    role = entry.type == "PractitionerRole"
    keys = ("specialty", "code") if role else ("serviceType", "type")
    own = [concept for key in keys for concept in as_list(entry.resource.get(key))]
    if any(_setting(concept) for concept in own):
        return own
    return _clinic(entry.resource.get("organization" if role else "serviceProvider"), record)


def _clinic(link: object, record: PatientRecord) -> list[object]:
    """The name and type of the organization a link leads to, or what the link calls it."""
    target = type_and_id(reference_in(link))[1]
    named: list[object] = [as_text(as_dict(link).get("display"))]
    for entry in record.of_type("Organization") if target else ():
        if entry.reference == f"Organization/{target}" or entry.reference == reference_in(link):
            named += [as_text(entry.resource.get("name")), *as_list(entry.resource.get("type"))]
    return [concept for concept in named if concept]


def _setting(concept: object) -> str | None:
    for _, code in codings_of(concept):
        if code in _TAXONOMY:
            return _TAXONOMY[code]
    text = concept if isinstance(concept, str) else concept_text(concept)
    if not _ONCOLOGY.search(text):
        return None
    return "pediatric-oncology" if _CHILDREN.search(text) else "adult-oncology"


PROVIDERS: tuple[Provider, ...] = (age, age_at_diagnosis, person, care_setting)
