"""Whether a resource is evidence, and when it is of: status, verification, contradictions, dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from service.record.dates import is_after, parse_when
from service.record.model import When
from service.record.terminology import Terminology
from service.record.values import as_dict, as_list, as_text, codings_of, concept_text

_NOT_EVIDENCE = frozenset(
    {"entered-in-error", "cancelled", "not-taken", "draft", "unknown", "not-done", "revoked", "declined"}
)
_USUAL = frozenset({"final", "completed", "active", "preliminary", "amended", "corrected", "finished"})
_VERIFICATION_AGAINST = frozenset({"refuted", "entered-in-error"})
_STARTS: Mapping[str, tuple[str, ...]] = {
    "Observation": ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "effectiveTiming", "issued"),
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod", "issued"),
    "Condition": ("onsetDateTime", "onsetPeriod", "recordedDate"),
    "Procedure": ("performedDateTime", "performedPeriod", "occurrenceDateTime", "occurrencePeriod"),
    "MedicationStatement": ("effectiveDateTime", "effectivePeriod", "dateAsserted"),
    "MedicationRequest": ("authoredOn",),
    "MedicationAdministration": ("effectiveDateTime", "effectivePeriod"),
    "MedicationDispense": ("whenHandedOver", "whenPrepared"),
    "AdverseEvent": ("date", "detected", "recordedDate"),
    "AllergyIntolerance": ("onsetDateTime", "recordedDate"),
    "ServiceRequest": ("occurrenceDateTime", "occurrencePeriod", "authoredOn"),
    "Encounter": ("period",),
    "CarePlan": ("period", "created"),
    "EpisodeOfCare": ("period",),
}
# A result of the future is a mistake. A procedure, drug or order may be planned and a Condition's onset mistyped: these
# stay, with their date, for the readers to judge.
_NOT_AHEAD = frozenset({"Observation", "DiagnosticReport", "MedicationAdministration", "AdverseEvent"})
_OTHER_LEUKEMIAS = re.compile(
    r"(?P<AML>acute (?:pro)?myelo|acute non-?lymph|akute[nrs]? (?:pro)?myelo|\bAML\b|\bAPL\b)"
    r"|(?P<CML>chronic myel|chronische[nrs]? myel|\bCML\b)|(?P<CLL>chronic lymph|chronische[nrs]? lymph|\bCLL\b)",
    re.IGNORECASE,
)
_LYMPHOBLASTIC = {"diagnosis.all": "ALL", "diagnosis.lbl": "ALL", "diagnosis.mpal": "MPAL", "diagnosis.bp_cml": "CML"}
# Leukemias that exclude each other, so that two codes of one Condition cannot both be meant.
_FAMILY_OF: Mapping[str, str] = {
    "ALL": "lymphoid", "LL": "lymphoid", "mature-B": "lymphoid", "AML": "AML", "CML": "CML", "MDS": "MDS", "other": "other",
}  # fmt: skip
# What each class of a code may be called in words without contradicting itself.
_CALLED: Mapping[str, frozenset[str]] = {
    "ALL": frozenset({"ALL", "MPAL"}),
    "LL": frozenset({"ALL", "MPAL"}),
    "mature-B": frozenset({"ALL", "MPAL"}),  # "ALL, L3" is the old name of Burkitt leukemia
    "AML": frozenset({"AML", "MPAL"}),
    "CML": frozenset({"CML"}),
    "BP-CML": frozenset({"CML", "ALL", "AML", "MPAL"}),
    "MPAL": frozenset({"ALL", "AML", "MPAL"}),
}
MODIFIED = "carries a modifier that is not understood"
TAKEN_BACK = "its code names what its text denies, doubts or tells of the family"
_TAKEN_BACK = re.compile(
    r"\W*(?:rule[\s-]?out\b|r/o\b|(?:no|denies|negative for|kein\w*) (?!longer|information|data|angabe)|famil(?:y|ial) history\b|familienanamnese\b|fhx?\b"
    r"|(?:at |increased |high )?risk (?:of|for)\b|risiko für\b|screening (?:for|auf)\b|ausschluss\b|z\.\s?a\.\s|zum ausschluss\b)",
    re.IGNORECASE,
)
CONTRADICTION = "its code and its text name different leukemias"
# How sure an ICD-10-GM code is meant: A excluded, V suspected, Z no signs any more, G certain. As an extension of the
# Coding (fhir.de, icd-10-gm-diagnosesicherheit), or behind the code ("C91.00 V").
_CERTAINTY_URL = "diagnosesicherheit"
_CERTAINTY_IN_CODE = re.compile(r"[A-Z]\d\d(?:\.[0-9-]{1,2})?[+*!]?\s?([AVZG])")


def status_of(resource: Mapping[str, Any]) -> str | None:
    """The status as FHIR spells it; the first of a list, where one came."""
    status = resource.get("status")
    if type(status) is str and status in _USUAL:
        return status
    if isinstance(status, list) and status:
        status = status[0]
    return (status.strip().lower() or None) if isinstance(status, str) else None


def refusal(kind: str, resource: Mapping[str, Any], status: str | None) -> str | None:
    """Why the statuses of a resource keep it from being evidence; ``None`` if they do not."""
    if status in _NOT_EVIDENCE and kind != "Condition":  # a Condition has no status; its verification speaks
        return f"status {status}"
    verification = resource.get("verificationStatus")
    if verification is not None:
        for word in (*(code for _, code in codings_of(verification)), concept_text(verification)):
            if word.strip().lower() in _VERIFICATION_AGAINST:
                return f"verificationStatus {word.strip().lower()}"
    if kind == "Condition" and certainty(resource) == "A":
        return "its code is marked as excluded (A)"
    if resource.get("modifierExtension"):  # may turn the meaning into its opposite (FHIR, extensibility)
        return MODIFIED
    if resource.get("doNotPerform") is True:
        return "says what not to do"
    if kind == "AdverseEvent" and resource.get("actuality") == "potential":
        return "an event that could have happened"
    return None


def certainty(condition: Mapping[str, Any]) -> str | None:
    """The German mark of certainty on the code of a Condition: ``A``, ``V``, ``Z`` or ``G``; ``None`` without one."""
    for raw in as_list(as_dict(condition.get("code")).get("coding")):
        coding = as_dict(raw)
        for extension in as_list(coding.get("extension")):
            element = as_dict(extension)
            if _CERTAINTY_URL in as_text(element.get("url")):
                value = as_text(as_dict(element.get("valueCoding")).get("code")) or as_text(element.get("valueCode"))
                if value.strip().upper() in ("A", "V", "Z", "G"):
                    return value.strip().upper()
        marked = _CERTAINTY_IN_CODE.fullmatch(as_text(coding.get("code")).strip())
        if marked and "icd-10" in as_text(coding.get("system")).lower():
            return marked[1]
    return None


def ahead(kind: str, when: When | None, as_of: date) -> str | None:
    """Why the date keeps a resource from being evidence on a day: a result of a later one."""
    late = when is not None and kind in _NOT_AHEAD and is_after(when, as_of)
    return f"dated after {as_of.isoformat()}" if late else None


def contradicts(terminology: Terminology, codings: tuple[tuple[str, str], ...], text: str) -> bool:
    """A code for ALL displayed as myeloid leukemia, or the reverse, or two such codes: no way to tell which was meant."""
    said = {terminology.meaning(system, code).get("diagnosis", "") for system, code in codings}
    if len({_FAMILY_OF[name] for name in said if name in _FAMILY_OF}) > 1:
        return True
    allowed = frozenset[str]().union(*(_CALLED.get(name, ()) for name in said))
    if not allowed or not text:
        return False
    called = {match.lastgroup for match in _OTHER_LEUKEMIAS.finditer(text)}
    called |= {_LYMPHOBLASTIC[c] for c in terminology.concepts_in_text(text) if c in _LYMPHOBLASTIC}
    return bool(called) and not called & allowed


def dates(kind: str, resource: Mapping[str, Any]) -> tuple[When | None, When | None, str | None]:
    """When a resource is of, until when, and what is odd about it.

    The clinical date comes first, then when it was issued or recorded. A period's end counts as the end, but not that
    of ``onsetPeriod``, within which the onset lies: a Condition ends with its abatement.
    """
    odd = None
    for name in _STARTS.get(kind, ()):
        value = resource.get(name)
        if isinstance(value, str):
            found = parse_when(value)
            if found is not None:
                return found, _abated(resource) if kind == "Condition" else None, odd
            odd = "its date cannot be read"
        elif value:
            value = _bounds(as_dict(value))
            start, end = parse_when(value.get("start")), parse_when(value.get("end"))
            if kind == "Condition" and (start or end):
                return start or end, _abated(resource), odd
            if start and end and end.end < start.start:
                return start, None, "its period ends before it begins"
            if start or end:
                return start or end, end, odd
            odd = "its date cannot be read"
    return None, _abated(resource) if kind == "Condition" else None, odd


def _bounds(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A period as it is; of a Timing its first and last event, or the bounds of its repetition."""
    events = sorted(as_text(event) for event in as_list(value.get("event")) if parse_when(event))
    if events:
        return {"start": events[0], "end": events[-1]}
    return as_dict(as_dict(value.get("repeat")).get("boundsPeriod")) or value


def _abated(resource: Mapping[str, Any]) -> When | None:
    period = as_dict(resource.get("abatementPeriod"))
    return parse_when(resource.get("abatementDateTime")) or parse_when(period.get("end") or period.get("start"))


def notes_text(resource: Mapping[str, Any]) -> str:
    """The notes of a resource in one text."""
    return " ".join(as_text(as_dict(note).get("text")) for note in as_list(resource.get("note")))


def taken_back(resource: Mapping[str, Any], concepts: frozenset[str]) -> bool:
    """Whether the words somebody wrote beside the code of a Condition or adverse event take it back from the start ("Rule
    out pancreatitis"). Of a leukemia its own reader judges, who says why it is not known.
    """
    concept = as_dict(resource.get("code") or resource.get("event"))
    said = as_text(concept.get("text"))
    if not said or not concept.get("coding") or any(name.startswith("diagnosis.") for name in concepts):
        return False
    return _TAKEN_BACK.match(said) is not None
