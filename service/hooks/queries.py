"""Which prefetch queries every client can be expected to run (CDS Hooks 2.0, "Prefetch query restrictions").

The text recommends: reads by id, searches of one type, references, tokens compared for equality or with ``:in``, dates with
eq lt gt ge le, ``_count`` and ``_sort``. Here also: one token, each parameter once (the official sandbox joins repeated
ones to an OR), always the patient of the context, and no more characters than common web servers take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# IIS refuses queries above 2048 characters unless told otherwise; ids of patients take up to 64, three times if encoded.
LONGEST = 1800
TOKEN = "{{context.patientId}}"  # noqa: S105 - a placeholder
_READ = re.compile(r"([A-Z][A-Za-z]+)/" + re.escape(TOKEN))
_SEARCH = re.compile(r"([A-Z][A-Za-z]+)\?(.+)")
_VALUE = re.compile(r"[^\s&=#?{}%\"<>\\^`|]+(\|[^\s&=#?{}%\"<>\\^`|]*)?")
_DATE = re.compile(r"(eq|lt|gt|ge|le)?\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?)?)?")
_SORT = re.compile(r"-?[a-z_]+(-[a-z]+)*(,-?[a-z_]+(-[a-z]+)*)*")


@dataclass(frozen=True, slots=True)
class Search:
    """The search parameters of a type in R4 that are tokens, and those that are dates."""

    tokens: frozenset[str]
    dates: frozenset[str]
    patient: str = "patient"


def _search(tokens: str, dates: str, patient: str = "patient") -> Search:
    return Search(frozenset(tokens.split()), frozenset(dates.split()), patient)


SEARCHES: Mapping[str, Search] = {
    "Condition": _search(
        "body-site category clinical-status code severity stage verification-status",
        "abatement-date onset-date recorded-date",
    ),
    "Observation": _search(
        "category code combo-code combo-value-concept component-code component-value-concept method status value-concept",
        "date value-date",
    ),
    "DiagnosticReport": _search("category code conclusion status", "date issued"),
    "Procedure": _search("category code reason-code status", "date"),
    "MedicationStatement": _search("category code status", "effective"),
    "MedicationRequest": _search("category code intent priority status", "authoredon date"),
    "MedicationAdministration": _search("code reason-given reason-not-given status", "effective-time"),
    "MedicationDispense": _search("code status type", "whenhandedover whenprepared"),
    "AllergyIntolerance": _search(
        "category clinical-status code criticality manifestation route severity type verification-status",
        "date last-date onset",
    ),
    # R4 defines no search parameter "patient" for AdverseEvent.
    "AdverseEvent": _search("actuality category event seriousness severity", "date", "subject"),
    "CarePlan": _search("activity-code category intent status", "activity-date date"),
    "ServiceRequest": _search("category code intent priority status", "authored occurrence"),
    "Encounter": _search("class reason-code status type", "date location-period"),
    "EpisodeOfCare": _search("status type", "date"),
    "Specimen": _search("bodysite container status type", "collected"),
}


def type_of(query: str) -> str | None:
    """The resource type of a query; None where it is neither a read nor a search."""
    found = _READ.fullmatch(query) or _SEARCH.fullmatch(query)
    return found[1] if found else None


def narrows(query: str) -> bool:
    """Whether a query leaves out resources of its type that the patient may have."""
    return any(name not in ("patient", "subject", "_count", "_sort") for name, _ in _pairs(query))


def problems(query: str) -> Iterator[str]:
    """What is wrong with a query, with what is allowed; nothing for one that every client can be expected to run.

    >>> list(problems("Observation?patient={{context.patientId}}&category=laboratory&date=ge2020"))
    []
    >>> next(problems("Observation?category=laboratory"))
    'does not ask for the patient: patient={{context.patientId}} is needed'
    """
    if len(query) > LONGEST:
        yield f"has {len(query)} characters. Allowed: {LONGEST}"
        return
    read, searched = _READ.fullmatch(query), _SEARCH.fullmatch(query)
    if read is None and searched is None:
        yield f"is neither a read (Patient/{TOKEN}) nor a search (Condition?patient={TOKEN})"
    elif read is not None and read[1] != "Patient":
        yield f"reads a {read[1]} with the id of a patient. Allowed: Patient/{TOKEN}"
    elif searched is not None:
        yield from _of_search(searched[1], query)


def _of_search(kind: str, query: str) -> Iterator[str]:
    search = SEARCHES.get(kind)
    if search is None:
        yield f"searches {kind}, which is not read. Allowed: {', '.join(sorted(SEARCHES))}"
        return
    pairs = list(_pairs(query))
    names = [name for name, _ in pairs]
    patients = {(search.patient, TOKEN), ("subject", TOKEN), ("subject", f"Patient/{TOKEN}")}
    if search.patient == "patient":
        patients.add(("patient", f"Patient/{TOKEN}"))
    if not any(pair in patients for pair in pairs):
        wanted = TOKEN if search.patient == "patient" else f"Patient/{TOKEN}"
        yield f"does not ask for the patient: {search.patient}={wanted} is needed"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"names {name} more than once: some clients make one OR of it. Allowed: once, values parted by commas"
    for name, value in pairs:
        if (name, value) not in patients and (trouble := _of_parameter(kind, search, name, value)):
            yield trouble


def _of_parameter(kind: str, search: Search, name: str, value: str) -> str | None:
    plain, colon, modifier = name.partition(":")
    fits: bool
    if name == "_count":
        fits, shape = value.isascii() and value.isdecimal() and int(value[:9]) > 0, "a whole number above 0"
    elif name == "_sort":
        fits, shape = _SORT.fullmatch(value) is not None, "such as -date"
    elif plain in search.tokens and (not colon or modifier == "in"):
        fits = all(_VALUE.fullmatch(one) for one in value.split(","))
        shape = "code or system|code, several parted by commas, no tokens"
    elif name in search.dates:
        fits, shape = _DATE.fullmatch(value) is not None, "a date after eq, lt, gt, ge or le"
    else:
        allowed = ", ".join(sorted(search.tokens | search.dates))
        return f"uses {name or 'a parameter without name'}. Allowed for {kind}: {search.patient}, {allowed}, _count, _sort; of modifiers :in"
    return None if fits else f"has {value!r} for {name}. Allowed: {shape}"


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    _, searched, parameters = query.partition("?")
    for pair in parameters.split("&") if searched else ():
        name, _, value = pair.partition("=")
        yield name, value
