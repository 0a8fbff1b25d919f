"""From FHIR resources as they came to a `PatientRecord`: what is usable indexed, what is not set aside with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from service.record.corrected import version_of, without_replaced
from service.record.model import Coverage, Entry, PatientRecord, SetAside, newest_first
from service.record.specimens import Specimens
from service.record.squeezed import squeezed_resource
from service.record.subject import Subjects
from service.record.terminology import Terminology
from service.record.usable import CONTRADICTION, TAKEN_BACK, ahead, contradicts, dates, refusal, status_of, taken_back
from service.record.values import as_text
from service.record.whose import Ownership, id_of

READ = frozenset(
    {
        "Condition", "Observation", "DiagnosticReport", "Procedure", "MedicationStatement", "MedicationRequest",
        "MedicationAdministration", "MedicationDispense", "AllergyIntolerance", "AdverseEvent", "ServiceRequest",
        "Encounter", "CarePlan", "EpisodeOfCare", "PractitionerRole", "Organization",
    }
)  # fmt: skip
BEING_ENTERED = "being entered, not on record yet"
Raw = tuple[str | None, Any]  # (fullUrl of the bundle entry, resource)


def build_record(
    resources: Iterable[Raw],
    *,
    patient_id: str | None,
    coverage: Mapping[str, Coverage],
    as_of: date,
    terminology: Terminology,
    entered: Iterable[Raw] = (),
) -> PatientRecord:
    """Index the resources of one patient.

    Args:
        resources: (fullUrl, resource) pairs in any order, of any patient, of any quality.
        patient_id: the patient the record is about; resources of another are set aside. ``None``: that of the only
            Patient resource, if there is one; of several, none is the patient's.
        coverage: how much of each resource type was asked for and came.
        as_of: the day of judgement; results of later days are not seen.
        entered: resources that are being entered while the call is made: read as the others and marked so.

    Never raises for a bad resource.
    """
    return _Builder(list(resources), patient_id, as_of, terminology, list(entered)).build(coverage)


class _Builder:
    def __init__(
        self, resources: list[Raw], patient_id: str | None, as_of: date, terminology: Terminology, entered: list[Raw]
    ):
        self.resources = [(_type(resource), full_url, squeezed_resource(resource)) for full_url, resource in resources]
        new = [(_type(resource), full_url, squeezed_resource(resource)) for full_url, resource in entered]
        self.resources += new
        self.entered = frozenset(id(resource) for _, _, resource in new)  # alive as long as `resources`
        self.as_of = as_of
        self.terminology = terminology
        self.subjects = Subjects(terminology)
        self.specimens = Specimens()
        self.aside: list[SetAside] = []
        self.owners = Ownership(patient_id, [raw[1:] for raw in self.resources if raw[0] == "Patient"])

    def build(self, coverage: Mapping[str, Coverage]) -> PatientRecord:
        latest = self._latest()
        entries = [entry for ref, resource in latest.items() if (entry := self._entry(ref, resource)) is not None]
        entries, replaced = without_replaced(entries)
        for entry in replaced:
            self.aside.append(SetAside(entry.reference, "replaced by a corrected result", entry.type, entry.concepts))
        ordered = newest_first(entries)
        by_type: dict[str, list[Entry]] = {}
        by_concept: dict[str, list[Entry]] = {}
        for entry in ordered:
            by_type.setdefault(entry.type, []).append(entry)
            for concept in entry.concepts:
                by_concept.setdefault(concept, []).append(entry)
        return PatientRecord(
            self.owners.patient_id,
            self._patient(),
            ordered,
            coverage,
            self.terminology,
            tuple(self.aside),
            {kind: tuple(found) for kind, found in by_type.items()},
            {concept: tuple(found) for concept, found in by_concept.items()},
            medications=self.subjects.medications,
            owners=self.owners,
        )

    def _latest(self) -> dict[str, Mapping[str, Any]]:
        """The patient's resources of the types that are read, each in its newest version, by reference."""
        latest: dict[str, Mapping[str, Any]] = {}
        for kind, full_url, resource in self.resources:
            if kind == "Patient":
                continue
            if kind == "Medication":
                self.subjects.add_medication(full_url, resource)
            elif kind == "Specimen":
                if self.owners.refusal(resource) is None:
                    self.specimens.add(full_url, resource)
            elif kind not in READ:
                known = isinstance(resource, Mapping)
                reference = _reference(resource, full_url, kind) if known else "?"
                self.aside.append(SetAside(reference, "type not read" if known else "not a resource", kind))
            else:
                self._take(latest, _reference(resource, full_url, kind), kind, resource)
        return latest

    def _take(
        self, latest: dict[str, Mapping[str, Any]], reference: str, kind: str, resource: Mapping[str, Any]
    ) -> None:
        reason = self.owners.refusal(resource)
        if reason is not None:  # before versions are compared: another patient's may bear the same id
            concepts = self.subjects.coded(self.subjects.about(kind, resource)[0])[1]
            self.aside.append(SetAside(reference, reason, kind, concepts))
            return
        if reference.endswith("/?"):
            reference = f"{reference}{len(latest) + 1}"
        other = latest.get(reference)
        if other is not None:
            old, new = version_of(other), version_of(resource)
            if old != new:
                self.aside.append(SetAside(reference, "an older version", kind))
            if new < old:
                return
        latest[reference] = resource

    def _patient(self) -> Mapping[str, Any] | None:
        """The newest version of the Patient resource, one with the id that was asked for before one without any."""
        found: Mapping[str, Any] | None = None
        for kind, _, resource in self.resources:
            if kind != "Patient":
                continue
            if not self.owners.is_patient(resource):
                reason = "one of several patients" if self.owners.several else "belongs to another patient"
                self.aside.append(SetAside(f"Patient/{id_of(resource) or '?'}", reason, "Patient"))
            elif found is None or (bool(id_of(resource)), version_of(resource)) >= (
                bool(id_of(found)),
                version_of(found),
            ):
                found = resource
        return found

    def _entry(self, reference: str, resource: Mapping[str, Any]) -> Entry | None:
        kind: str = resource["resourceType"]
        new = id(resource) in self.entered
        if kind in ("Observation", "DiagnosticReport") and resource.get("specimen"):
            resource = self.specimens.joined(resource)
        status = status_of(resource)
        concept, notes = self.subjects.about(kind, resource)
        codings, concepts, text_concepts, text = self.subjects.read(concept)
        when, until, odd = dates(kind, resource)
        reason = refusal(kind, resource, status) or ahead(kind, when, self.as_of)
        if reason is None and kind == "Condition" and contradicts(self.terminology, codings, text):
            reason = CONTRADICTION
        if reason is None and kind in ("Condition", "AdverseEvent") and taken_back(resource, concepts):
            reason = TAKEN_BACK
        if reason is not None:
            self.aside.append(SetAside(reference, reason, kind, concepts, codings))
            return None
        if odd is not None:
            notes = (*notes, odd)
        if new:
            notes = (*notes, BEING_ENTERED)
        return Entry(
            kind, reference, resource, status, codings, text, concepts, text_concepts, when, until,
            status in ("preliminary", "registered"), notes,
        )  # fmt: skip


def _type(resource: object) -> str:
    if type(resource) is dict or isinstance(resource, Mapping):
        return as_text(resource.get("resourceType"))
    return ""


def _reference(resource: Mapping[str, Any], full_url: str | None, kind: str) -> str:
    own = id_of(resource)
    return f"{kind or '?'}/{own}" if own else as_text(full_url) or f"{kind or '?'}/?"
