"""Statements of the state of the disease: Conditions of the problem list and of encounters, disease status observations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from service.facts.absence import seen_in
from service.facts.course.dated_words import dated_words
from service.facts.course.state_text import state_in
from service.facts.disease.conditions import Standing, standing, words_of
from service.facts.disease.diagnosis import SERVED, diagnosis_date, diseases, names_relapse, served
from service.facts.model import Provenance
from service.record.dates import is_after, parse_when
from service.record.model import Entry, PatientRecord, When, newest_first, once_per_record
from service.record.values import all_text, as_dict, as_list, as_text, codings_of

STATUS = ("response.disease_status", "response.obds")
_NEW_FOR = timedelta(days=60)
_SUMS_UP = re.compile(
    r"tumou?r[\s-]?(?:board|konferenz|conference)|\b(?:arzt|entlass\w*|ambulanz)-?brief|entlassungsbericht|epikrise|discharge (?:summary|letter)"
    r"|nachsorge|verlaufs?(?:bericht|kontrolle|notiz|beurteilung)|^\s*verlauf\s*$|follow-?up (?:visit|note|report)|clinic (?:note|letter)|multidisciplinary",
    re.IGNORECASE,
)
_OTHER_CANCER = re.compile(
    r"karzinom|carcinom|melanom|sar[ck]om|blastom|gliom|myelom|hodgkin|[ck]ar[zc]inoid|\b(?:mamma|prostata|lung|breast|colon)[\s-]*(?:ca|cancer)\b|krebs",
    re.IGNORECASE,
)
_THE_LEUKEMIA = re.compile(r"(?i:leu[kc](?:ä|ae?|e)m)|\w*ALL\b|lymphoblast|\bLBL\b")
# What is advised, asked or awaited is not how it stands: "Empfehlung: bei Rezidiv Blinatumomab".
_AHEAD_OF_IT = re.compile(
    r"(?:empfehlung|pro[cz]edere|beschluss|vorgehen|\bplan|recommendation|fragestellung|\bfrage|indikation|question|option)\w*\s*:[^\n]*"
    r"|[^.;\n]*\b(?:geplant\w*|planned|sollte\w*|should|would|empfehlen|empfohlen\w*|recommend\w*)\b[^.;\n]*"
    r"|\b(?:bei|im falle?|if|in case of|upon)\s+(?:(?:eine[mrs]?|erneute[mnrs]?|an?|des|der|a new|another|einem weiteren)\s+)*(?:\w*rezidiv|relapse|progress)\w*[^.;\n]*",
    re.IGNORECASE,
)
_ONE_SAMPLE = ("mrd.", "immunophenotype.", "genetics.", "karyotype.", "labs.", "response.marrow", "diagnosis.cns")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the state of the disease. ``when is None``: a problem list's word on how it stands today."""

    state: str
    entry: Entry
    when: When | None
    found: str
    from_text: bool

    def seen(self) -> Provenance:
        return seen_in(self.entry, self.found or None, from_text=self.from_text)


@once_per_record
def status_observations(record: PatientRecord) -> tuple[Entry, ...]:
    """Dated observations of disease status, and reports on the whole course, newest first; those about another condition
    are left out.
    """
    own = {disease.entry.reference for disease in diseases(record) if disease.diagnosis in SERVED}
    return tuple(
        entry for entry in newest_first(_of_the_course(record)) if entry.when is not None and _is_about(entry, own)
    )


def is_course_report(entry: Entry) -> bool:
    return _SUMS_UP.search(entry.text) is not None


def status_text(entry: Entry) -> str:
    """The words of a status observation; of a report without its plans and questions."""
    text = all_text(entry.resource)
    return _AHEAD_OF_IT.sub(" ", text) if is_course_report(entry) else text


def _of_the_course(record: PatientRecord) -> dict[Entry, None]:
    return dict.fromkeys((*record.about(*STATUS, types=("Observation",)), *course_reports(record)))


@once_per_record
def course_reports(record: PatientRecord) -> tuple[Entry, ...]:
    """Tumor boards, letters and notes of follow-up: they sum up how the disease stands on their day. Results on one
    sample do not: a marrow in remission says nothing of the fluid or the testes.
    """
    named = (e for e in record.of_type("Observation", "DiagnosticReport") if is_course_report(e))
    own = (e for e in named if not any(concept.startswith(_ONE_SAMPLE) for concept in e.concepts))
    return tuple(e for e in own if not _of_another_cancer(f"{e.text} {all_text(e.resource)}"))


def _of_another_cancer(text: str) -> bool:
    return _OTHER_CANCER.search(text) is not None and _THE_LEUKEMIA.search(text) is None


def _is_about(entry: Entry, own: set[str]) -> bool:
    focus = [as_text(as_dict(link).get("reference")) for link in as_list(entry.resource.get("focus"))]
    conditions = ["/".join(link.split("/")[-2:]) for link in focus if "Condition/" in link]
    return not conditions or bool(own.intersection(conditions))


@once_per_record
def statements(record: PatientRecord, as_of: date) -> tuple[Statement, ...]:
    """All statements: of Conditions first, then of disease status observations, newest first."""
    return (*_of_conditions(record, as_of), *_of_observations(record))


def _of_conditions(record: PatientRecord, as_of: date) -> Iterator[Statement]:
    for disease in served(record, as_of):
        if not ahead(disease.entry, as_of):
            yield from _of_condition(record, disease.entry, as_of)
    own = {disease.entry.reference for disease in diseases(record, as_of) if disease.diagnosis in SERVED}
    for entry in record.about("diagnosis.all", "diagnosis.cns_disease", types=("Condition",)):
        state = record.means(entry, "disease_state")
        if state is not None and entry.reference not in own and not ahead(entry, as_of):
            yield Statement(state, entry, None, entry.text, False)


def ahead(entry: Entry, as_of: date) -> bool:
    """Whether a Condition is of a later day: looked at from an earlier one, it has not been seen."""
    return entry.when is not None and is_after(entry.when, as_of)


def _of_condition(record: PatientRecord, entry: Entry, as_of: date) -> Iterator[Statement]:
    """What a Condition says: an encounter diagnosis of its own day, an item of the problem list of today. An item that
    is a relapse with an onset of its own speaks of that day, unless its clinical status says that it lasts.
    """
    when = entry.when if of_an_encounter(entry) else None
    match standing(entry, as_of):
        case Standing.RELAPSE:
            yield Statement("relapsed", entry, when, "clinical status: relapse", False)
        case Standing.REMISSION:
            yield Statement("in-remission", entry, when, "clinical status: remission", False)
        case _:
            coded = record.means(entry, "disease_state")
            state = coded or state_in(words_of(entry))
            if state == "new-diagnosis" and not _recent(entry, as_of):
                state = None
            if state == "relapsed" and when is None:
                when = relapse_onset(record, entry, as_of) or _last_relapse_told(entry)
                when = when or relapse_recorded(record, entry, as_of)
            if state is not None:
                yield Statement(state, entry, when, words_of(entry), coded is None)


def _last_relapse_told(entry: Entry) -> When | None:
    """The date that the name of a Condition gives for the last relapse in it ("2. Rezidiv 11/2024")."""
    told = [words for words in dated_words(words_of(entry)) if words.state == "relapsed"]
    if not told or any(words.when is None for words in told):
        return None
    return max((words.when for words in told if words.when is not None), key=lambda when: when.end)


def relapse_onset(record: PatientRecord, entry: Entry, as_of: date) -> When | None:
    """The onset of a Condition that is, by code, name or clinical status, a relapse, but only if the disease was diagnosed before: a
    problem list that was recoded in place keeps the date of diagnosis.
    """
    return _after_diagnosis(record, entry, parse_when(as_text(entry.resource.get("onsetDateTime"))), as_of)


def relapse_recorded(record: PatientRecord, entry: Entry, as_of: date) -> When | None:
    """The day on which a relapse without an onset was recorded: it began then at the latest."""
    if any(key.startswith("onset") for key in entry.resource):
        return None
    return _after_diagnosis(record, entry, parse_when(as_text(entry.resource.get("recordedDate"))), as_of)


def _after_diagnosis(record: PatientRecord, entry: Entry, day: When | None, as_of: date) -> When | None:
    diagnosed = diagnosis_date(record, as_of)
    if day is None or diagnosed is None:
        return None
    later = day.start > diagnosed.when.end + _NEW_FOR  # two entries of one diagnosis may differ by days
    if not names_relapse(record, entry) and not (later and standing(entry, as_of) is Standing.RELAPSE):
        return None
    return day if diagnosed.when.end < day.start <= as_of else None


def of_an_encounter(entry: Entry) -> bool:
    categories = as_list(entry.resource.get("category"))
    return any(code == "encounter-diagnosis" for category in categories for _, code in codings_of(category))


def _recent(entry: Entry, as_of: date) -> bool:
    """Whether "newly diagnosed" may still hold: the words stay in the record long after."""
    return entry.when is not None and entry.when.end >= as_of - _NEW_FOR


def _of_observations(record: PatientRecord) -> Iterator[Statement]:
    for entry in status_observations(record):
        coded = _coded_state(record, entry)
        text = status_text(entry)
        state = coded or state_in(text)
        if state is not None:
            yield Statement(state, entry, entry.when, text, coded is None)


def _coded_state(record: PatientRecord, entry: Entry) -> str | None:
    """The state by the coded value. The letters of the German oncology data set count under any system of theirs."""
    terminology = record.terminology
    for system, code in codings_of(entry.resource.get("valueCodeableConcept")):
        said = terminology.meaning(*terminology.coding(system, code)).get("disease_state")
        if said is None and "response.obds" in entry.concepts:
            rows = (c for c in terminology.codings("response.obds") if c.code == code)
            said = next((terminology.meaning(c.system, c.code).get("disease_state") for c in rows), None)
        if said is not None:
            return said
    return None
