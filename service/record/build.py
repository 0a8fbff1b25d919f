"""From FHIR resources as they came to a `PatientRecord`: what is usable indexed, what is not set aside with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from service.record.dates import parse_when
from service.record.model import Coverage, Entry, PatientRecord, SetAside, When, newest_first
from service.record.terminology import Terminology
from service.record.values import as_dict, as_list, as_text, codings_of, concept_text

READ = frozenset(
    {
        "Condition", "Observation", "DiagnosticReport", "Procedure", "MedicationStatement", "MedicationRequest",
        "MedicationAdministration", "AllergyIntolerance", "AdverseEvent", "ServiceRequest", "Encounter", "CarePlan",
        "EpisodeOfCare", "PractitionerRole",
    }
)  # fmt: skip
_NOT_EVIDENCE = frozenset({"entered-in-error", "cancelled", "not-taken", "draft", "unknown", "not-done", "revoked"})
_ASIDE_BY_TYPE: Mapping[str, frozenset[str]] = {
    "Condition": frozenset(),  # has no status; verificationStatus speaks
    "Procedure": _NOT_EVIDENCE - {"unknown"},
}
_VERIFICATION_AGAINST = frozenset({"refuted", "entered-in-error"})
_MEDICATIONS = ("MedicationStatement", "MedicationRequest", "MedicationAdministration")
_STARTS: Mapping[str, tuple[str, ...]] = {
    "Observation": ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued"),
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod", "issued"),
    "Condition": ("onsetDateTime", "onsetPeriod", "recordedDate"),
    "Procedure": ("performedDateTime", "performedPeriod"),
    "MedicationStatement": ("effectiveDateTime", "effectivePeriod", "dateAsserted"),
    "MedicationRequest": ("authoredOn",),
    "MedicationAdministration": ("effectiveDateTime", "effectivePeriod"),
    "AdverseEvent": ("date", "detected", "recordedDate"),
    "AllergyIntolerance": ("onsetDateTime", "recordedDate"),
    "ServiceRequest": ("occurrenceDateTime", "occurrencePeriod", "authoredOn"),
    "Encounter": ("period",),
    "CarePlan": ("period", "created"),
    "EpisodeOfCare": ("period",),
}
# A result or treatment of the future is a mistake or a plan; a Condition's onset or an order may be ahead.
_NOT_AHEAD = frozenset({"Observation", "DiagnosticReport", "MedicationAdministration", "AdverseEvent"})
_HISTOLOGY = "histology-morphology-behavior"
Raw = tuple[str | None, Any]  # (fullUrl of the bundle entry, resource)


def build_record(
    resources: Iterable[Raw],
    *,
    patient_id: str | None,
    coverage: Mapping[str, Coverage],
    as_of: date,
    terminology: Terminology,
) -> PatientRecord:
    """Index the resources of one patient.

    Args:
        resources: (fullUrl, resource) pairs in any order, of any patient, of any quality.
        patient_id: the patient the record is about; resources of another are set aside. ``None``: that of the only
            Patient resource, if there is one.
        coverage: how much of each resource type was asked for and came.
        as_of: the day of judgement; results of later days are not seen.

    Never raises for a bad resource.
    """
    return _Builder(patient_id, as_of, terminology).build(list(resources), coverage)


class _Builder:
    def __init__(self, patient_id: str | None, as_of: date, terminology: Terminology):
        self.patient_id = patient_id
        self.as_of = as_of
        self.terminology = terminology
        self.aside: list[SetAside] = []
        self.medications: dict[str, Mapping[str, Any]] = {}

    def build(self, resources: list[Raw], coverage: Mapping[str, Coverage]) -> PatientRecord:
        patient = self._patient(resources)
        if self.patient_id is None and patient is not None:
            self.patient_id = as_text(patient.get("id")) or None
        latest: dict[str, tuple[str, Mapping[str, Any]]] = {}
        anonymous = 0
        for full_url, resource in resources:
            if not isinstance(resource, Mapping):
                self.aside.append(SetAside("?", "not a resource"))
                continue
            kind = resource.get("resourceType")
            if kind == "Medication":
                self._medication(full_url, resource)
            elif kind == "Patient":
                continue
            elif not isinstance(kind, str) or kind not in READ:
                self.aside.append(SetAside(_reference(resource, full_url), "type not read", str(kind or "")))
            else:
                reference = _reference(resource, full_url)
                if reference.endswith("/?"):
                    anonymous += 1
                    reference = f"{kind}/?{anonymous}"
                version = _version(resource)
                if reference not in latest or version >= latest[reference][0]:
                    latest[reference] = (version, resource)
        entries = [entry for ref, (_, resource) in latest.items() if (entry := self._entry(ref, resource)) is not None]
        entries = self._without_replaced(entries)
        ordered = newest_first(entries)
        by_type: dict[str, list[Entry]] = {}
        by_concept: dict[str, list[Entry]] = {}
        for entry in ordered:
            by_type.setdefault(entry.type, []).append(entry)
            for concept in entry.concepts:
                by_concept.setdefault(concept, []).append(entry)
        return PatientRecord(
            self.patient_id,
            patient,
            ordered,
            coverage,
            self.terminology,
            tuple(self.aside),
            {kind: tuple(found) for kind, found in by_type.items()},
            {concept: tuple(found) for concept, found in by_concept.items()},
        )

    def _patient(self, resources: list[Raw]) -> Mapping[str, Any] | None:
        found = None
        for _, resource in resources:
            if isinstance(resource, Mapping) and resource.get("resourceType") == "Patient":
                own = as_text(resource.get("id"))
                if self.patient_id is not None and own and own != self.patient_id:
                    self.aside.append(SetAside(f"Patient/{own}", "belongs to another patient", "Patient"))
                elif found is None:
                    found = resource
        return found

    def _medication(self, full_url: str | None, resource: Mapping[str, Any]) -> None:
        own = as_text(resource.get("id"))
        if own:
            self.medications[f"Medication/{own}"] = resource
        if full_url:
            self.medications[full_url] = resource

    def _entry(self, reference: str, resource: Mapping[str, Any]) -> Entry | None:
        kind: str = resource["resourceType"]
        status = resource.get("status")
        status = status if isinstance(status, str) else None
        concept, notes = self._concept(kind, resource)
        codings = tuple((self.terminology.canonical(system), code) for system, code in codings_of(concept))
        concepts: frozenset[str] = frozenset()
        for system, code in codings:
            concepts |= self.terminology.concepts_of(system, code)
        text = concept_text(concept)
        text_concepts: frozenset[str] = frozenset()
        if not concepts and text:
            text_concepts = self.terminology.concepts_in_text(text)
            concepts = text_concepts
        reason = self._refused(kind, resource, status, codings, text)
        when, until = _dates(kind, resource)
        if reason is None and kind in _NOT_AHEAD and when is not None and when.start > self.as_of:
            reason = f"dated after {self.as_of.isoformat()}"
        if reason is not None:
            self.aside.append(SetAside(reference, reason, kind, concepts))
            return None
        return Entry(
            kind, reference, resource, status, codings, text, concepts, text_concepts, when, until,
            status in ("preliminary", "registered"), tuple(notes),
        )  # fmt: skip

    def _concept(self, kind: str, resource: Mapping[str, Any]) -> tuple[Any, list[str]]:
        """The element that says what the resource is about."""
        if kind in _MEDICATIONS:
            return self._drug(resource)
        if kind == "AdverseEvent":
            return resource.get("event"), []
        if kind == "Encounter":
            return resource.get("serviceType"), []
        concept = resource.get("code")
        if kind == "Condition" and not self._says_something(concept):
            return self._condition_elsewhere(resource, concept)
        return concept, []

    def _says_something(self, concept: Any) -> bool:
        known = any(
            self.terminology.concepts_of(self.terminology.canonical(system), code)
            for system, code in codings_of(concept)
        )
        return known or bool(as_text(as_dict(concept).get("text")) or (isinstance(concept, str) and concept))

    def _condition_elsewhere(self, resource: Mapping[str, Any], concept: Any) -> tuple[Any, list[str]]:
        """A diagnosis coded outside ``code``: in the histology extension or, wrongly, in the body site or a note."""
        for extension in as_list(resource.get("extension")):
            if _HISTOLOGY in as_text(as_dict(extension).get("url")):
                return as_dict(extension).get("valueCodeableConcept"), ["diagnosis read from the histology extension"]
        for site in as_list(resource.get("bodySite")):
            text = concept_text(site)
            coded = any(self.terminology.concepts_of(self.terminology.canonical(s), c) for s, c in codings_of(site))
            if coded or any(c.startswith("diagnosis.") for c in self.terminology.concepts_in_text(text)):
                return site, ["diagnosis read from the body site"]
        note = " ".join(as_text(as_dict(n).get("text")) for n in as_list(resource.get("note")))
        if any(c.startswith("diagnosis.") for c in self.terminology.concepts_in_text(note)):
            return {"text": note}, ["diagnosis read from a note"]
        return concept, []

    def _drug(self, resource: Mapping[str, Any]) -> tuple[Any, list[str]]:
        concept = resource.get("medicationCodeableConcept")
        if concept is not None:
            return concept, []
        link = as_dict(resource.get("medicationReference"))
        target = as_text(link.get("reference"))
        if target.startswith("#"):
            for inner in as_list(resource.get("contained")):
                if as_text(as_dict(inner).get("id")) == target[1:]:
                    return as_dict(inner).get("code"), []
        found = self.medications.get(target) or self.medications.get("/".join(target.split("/")[-2:]))
        if found is not None:
            return found.get("code"), []
        return {"text": as_text(link.get("display"))}, ["the Medication it refers to did not come with it"]

    def _refused(
        self,
        kind: str,
        resource: Mapping[str, Any],
        status: str | None,
        codings: tuple[tuple[str, str], ...],
        text: str,
    ) -> str | None:
        owner = self._owner(resource)
        if owner is not None and self.patient_id is not None and owner != self.patient_id:
            return "belongs to another patient"
        if status in _ASIDE_BY_TYPE.get(kind, _NOT_EVIDENCE):
            return f"status {status}"
        for _, code in codings_of(resource.get("verificationStatus")):
            if code in _VERIFICATION_AGAINST:
                return f"verificationStatus {code}"
        if kind == "Condition" and self._contradicts_itself(codings, text):
            return "its code and its text name different leukemias"
        return None

    def _owner(self, resource: Mapping[str, Any]) -> str | None:
        link = as_dict(resource.get("subject") or resource.get("patient"))
        reference = as_text(link.get("reference"))
        if "Patient/" in reference:
            return reference.rsplit("Patient/", 1)[1].split("/")[0]
        return None

    def _contradicts_itself(self, codings: tuple[tuple[str, str], ...], text: str) -> bool:
        """A code for ALL displayed as myeloid leukemia, or the reverse: no way to tell which was meant."""
        said = {self.terminology.meaning(system, code).get("diagnosis") for system, code in codings} - {None}
        if not said or not text:
            return False
        lower = text.lower()
        myeloid = "acute myelo" in lower or "akute myelo" in lower
        lymphoid = any(c in ("diagnosis.all", "diagnosis.lbl") for c in self.terminology.concepts_in_text(text))
        return (bool(said & {"ALL", "LL"}) and myeloid and not lymphoid) or (
            said == {"AML"} and lymphoid and not myeloid
        )

    def _without_replaced(self, entries: list[Entry]) -> list[Entry]:
        """``amended`` and ``corrected`` results win over a ``final`` one with the same code and date or identifier."""
        winners = {
            key
            for entry in entries
            if entry.status in ("amended", "corrected", "appended")
            for key in _result_keys(entry)
        }
        if not winners:
            return entries
        kept = []
        for entry in entries:
            if entry.status in ("final", "preliminary") and winners.intersection(_result_keys(entry)):
                self.aside.append(
                    SetAside(entry.reference, "replaced by a corrected result", entry.type, entry.concepts)
                )
            else:
                kept.append(entry)
        return kept


def _reference(resource: Mapping[str, Any], full_url: str | None) -> str:
    kind, own = as_text(resource.get("resourceType")) or "?", resource.get("id")
    if isinstance(own, str | int) and not isinstance(own, bool) and str(own):
        return f"{kind}/{own}"
    return full_url or f"{kind}/?"


def _version(resource: Mapping[str, Any]) -> str:
    meta = as_dict(resource.get("meta"))
    return as_text(meta.get("lastUpdated")) or as_text(meta.get("versionId"))


def _result_keys(entry: Entry) -> Iterable[tuple[str, ...]]:
    for identifier in as_list(entry.resource.get("identifier")):
        value = as_text(as_dict(identifier).get("value"))
        if value:
            yield ("identifier", entry.type, as_text(as_dict(identifier).get("system")), value)
    if entry.codings and entry.when is not None:
        yield ("code", entry.type, *entry.codings[0], entry.when.text)


def _dates(kind: str, resource: Mapping[str, Any]) -> tuple[When | None, When | None]:
    for name in _STARTS.get(kind, ()):
        value = resource.get(name)
        if isinstance(value, str):
            found = parse_when(value)
            if found is not None:
                return found, _end(resource)
        elif isinstance(value, Mapping):
            start, end = parse_when(value.get("start")), parse_when(value.get("end"))
            if start is not None or end is not None:
                return start or end, end
    return None, _end(resource)


def _end(resource: Mapping[str, Any]) -> When | None:
    end = resource.get("abatementDateTime")
    return parse_when(end) if isinstance(end, str) else None
