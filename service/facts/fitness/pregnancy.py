"""Pregnancy: by status (LOINC 82810-3), test (hCG) or Condition; not pregnant by a statement or test of two weeks.

A delivery or other end of pregnancy (ICD-10 O03-O08, O80-O84, Z37, Z39; SNOMED CT) ends what was said before it and counts as a
statement of its day. hCG in numbers is judged by its own range, else by 5 IU/L below and 25 IU/L above, as laboratories do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from service.facts.absence import absent, fresh, seen_in
from service.facts.disease.conditions import Standing, in_icd, is_differential, names, standing
from service.facts.model import Fact, Facts, Interval, Provider, known, provides
from service.facts.results.lookup import results_about
from service.facts.results.measured import measured
from service.facts.results.ranges import against_range
from service.record.model import Entry, PatientRecord
from service.record.values import all_text, codings_of, qualitative, value_text

_PREGNANT_FOR = 300
_TEST_LASTS = 14
_OF_PREGNANCY = ("O0", "O1", "O2", "O3", "O4", "Z33", "Z34", "Z3A")
_ENDED = (
    "O03",
    "O04",
    "O05",
    "O06",
    "O07",
    "O08",
    "O80",
    "O81",
    "O82",
    "O83",
    "O84",
    "O85",
    "O86",
    "O87",
    "O88",
    "O89",
    "O9",
    "Z37",
    "Z39",
)
_ENDED_WORDS = re.compile(
    r"deliver(?:y|ed)\b|\bcaesarean|cesarean|kaiserschnitt|sectio|entbindung|\bpartus\b|postpartum|miscarriage|fehlgeburt|abort(?:ion|us)?\b"
    r"|termination of pregnancy|schwangerschaftsabbruch|wochenbett",
    re.IGNORECASE,
)
_WORDS = re.compile(r"\bpregnan(?:t|cy)\b|schwanger(?:schaft)?\b|\bgravidität\b|\bSSW\b", re.IGNORECASE)
_NOT = re.compile(
    r"not pregnant|nicht schwanger|keine schwangerschaft|non-pregnant|not currently pregnant", re.IGNORECASE
)
_CODES = {"LA15173-0": True, "LA26683-5": False, "77386006": True, "60001007": False}


@provides("pregnancy")
def pregnancy(facts: Facts) -> Iterator[Fact]:
    """Pregnant or not by the newest usable word on it: status, test, condition, or its end."""
    record = facts.record
    if record is None:
        return
    over = _end(facts, record)
    since = over.when.start if over is not None and over.when is not None else date.min
    for entry in results_about(record, "fitness.pregnancy", fluids=True):
        answer = _pregnant(record, entry)
        later = entry.when is None or entry.when.end > since
        if answer is not None and later and fresh(entry.when, facts.as_of, _PREGNANT_FOR if answer else _TEST_LASTS):
            yield known("pregnancy", answer, seen_in(entry, all_text(entry.resource) or _number(entry) or entry.text))
            return
    for entry in record.of_type("Condition"):
        active = standing(entry, facts.as_of) in (Standing.ACTIVE, Standing.UNSAID) and not is_differential(entry)
        later = entry.when is not None and entry.when.end > since
        if active and later and _says(record, entry) and fresh(entry.when, facts.as_of, _PREGNANT_FOR):
            yield known("pregnancy", True, seen_in(entry, entry.text or None))
            return
    if over is not None and fresh(over.when, facts.as_of, _TEST_LASTS):
        yield known("pregnancy", False, seen_in(over, over.text or None), detail="a pregnancy that has ended")
    else:
        yield absent(facts, "pregnancy", "Observation", what="a pregnancy status or test")


def _says(record: PatientRecord, entry: Entry) -> bool:
    if in_icd(entry, _ENDED):
        return False
    coded = record.means(entry, "pregnancy") == "true" or in_icd(entry, _OF_PREGNANCY)
    return coded or (not entry.codings and names(entry, _WORDS) and not _ENDED_WORDS.search(entry.text))


def _end(facts: Facts, record: PatientRecord) -> Entry | None:
    """The last end of a pregnancy that has a date."""
    return next(
        (
            e for e in record.of_type("Condition", "Procedure")
            if e.when is not None and e.when.exact and e.when.end <= facts.as_of
            and (in_icd(e, _ENDED) or names(e, _ENDED_WORDS, past_too=True))
        ),
        None,
    )  # fmt: skip


def _number(entry: Entry) -> str | None:
    found = measured(entry.resource, "hcg")
    return found.found if found is not None else None


def _pregnant(record: PatientRecord, entry: Entry) -> bool | None:
    terminology = record.terminology
    for system, code in codings_of(entry.resource.get("valueCodeableConcept")):
        said = terminology.meaning(*terminology.coding(system, code)).get("pregnancy")
        if said is not None:
            return said == "true"
        if code in _CODES:
            return _CODES[code]
    found = qualitative(entry.resource, terminology)
    if found is not None:
        return {"positive": True, "negative": False}.get(found)
    text = value_text(entry.resource)
    if _NOT.search(text):
        return False
    if names_alone(text):
        return True
    return _by_amount(entry)


def names_alone(text: str) -> bool:
    """Whether a status in words says pregnant, and nothing that takes it back."""
    words = text.strip().lower().split(" | ")
    return any(
        re.fullmatch(
            r"(?:currently |yes,? |ja,? )?(?:pregnant|schwanger|yes|ja)(?:,? .{0,20}(?:weeks?|woche|ssw).{0,10})?", word
        )
        for word in words
    )


def _by_amount(entry: Entry) -> bool | None:
    found = measured(entry.resource, "hcg")
    if found is None or found.value is None:
        return None
    place = against_range(entry.resource)
    if place is not None:
        return place == "high"
    low, high = (found.value.low, found.value.high) if isinstance(found.value, Interval) else (found.value, found.value)
    return False if high <= 5 else True if low > 25 else None


PROVIDERS: tuple[Provider, ...] = (pregnancy,)
