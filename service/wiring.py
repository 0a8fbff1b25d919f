"""Where the protocol meets the clinic: which services there are, and how a call becomes a question to the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from service.advice.engine import Answer, Engine, Question
from service.content import read_content, read_terminology
from service.facts.disease.diagnosis import has_all
from service.facts.disease.identity import is_deceased
from service.facts.model import Site
from service.facts.orders import stated_orders
from service.facts.registry import REGISTRY
from service.facts.vocabulary import VOCABULARY
from service.hooks.contract import Decide, Invocation, KeyState, Prefetched, ServiceDefinition
from service.record.build import build_record
from service.record.model import Coverage, PatientRecord
from service.record.terminology import Terminology

_KEYS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "patient": ("Patient/{{context.patientId}}", ("Patient",)),
    "conditions": ("Condition?patient={{context.patientId}}", ("Condition",)),
    "observations": ("Observation?patient={{context.patientId}}", ("Observation",)),
    "reports": ("DiagnosticReport?patient={{context.patientId}}", ("DiagnosticReport",)),
    "procedures": ("Procedure?patient={{context.patientId}}", ("Procedure",)),
    "medication-statements": (
        "MedicationStatement?patient={{context.patientId}}",
        ("MedicationStatement", "Medication"),
    ),
    "medication-requests": ("MedicationRequest?patient={{context.patientId}}", ("MedicationRequest", "Medication")),
    "medication-administrations": (
        "MedicationAdministration?patient={{context.patientId}}",
        ("MedicationAdministration", "Medication"),
    ),
    "allergies": ("AllergyIntolerance?patient={{context.patientId}}", ("AllergyIntolerance",)),
    # R4 defines no search parameter "patient" for AdverseEvent.
    "adverse-events": ("AdverseEvent?subject=Patient/{{context.patientId}}", ("AdverseEvent",)),
    "care-plans": ("CarePlan?patient={{context.patientId}}", ("CarePlan",)),
    "service-requests": ("ServiceRequest?patient={{context.patientId}}", ("ServiceRequest",)),
    "encounters": ("Encounter?patient={{context.patientId}}", ("Encounter",)),  # adult or pediatric oncology
}
SERVICES: tuple[ServiceDefinition, ...] = (
    ServiceDefinition(
        id="allcue-patient-view",
        hook="patient-view",
        title="Allcue: guideline options in acute lymphoblastic leukemia",
        description=(
            "When the chart of a patient with acute lymphoblastic leukemia is opened: what the guidelines offer now, "
            "what is missing to decide, and what is unsafe, each with its source page. Silent for other patients."
        ),
        prefetch={key: template for key, (template, _) in _KEYS.items()},
        required=frozenset({"patient", "conditions"}),
        resource_types={key: types for key, (_, types) in _KEYS.items()},
        usage_requirements=(
            "Patient and Condition are required; results, procedures and medications sharpen the advice. Without them "
            "the cards say what is missing."
        ),
    ),
)
_COVERAGE = {
    KeyState.PROVIDED: Coverage.COMPLETE,
    KeyState.EMPTY: Coverage.EMPTY,
    KeyState.ABSENT: Coverage.ABSENT,
    KeyState.FAILED: Coverage.FAILED,
    KeyState.PARTIAL: Coverage.PARTIAL,
}


_WEAKEST_FIRST = (Coverage.ABSENT, Coverage.FAILED, Coverage.PARTIAL, Coverage.EMPTY, Coverage.COMPLETE)


@dataclass(frozen=True, slots=True)
class Clinic:
    """The engine with what it needs to read a call."""

    engine: Engine
    terminology: Terminology
    as_of: date | None = None  # a fixed day of judgement, for demonstrations; None: the day of the call

    def day(self, invocation: Invocation) -> date:
        """The day of judgement."""
        return self.as_of or invocation.received_at.date()

    def record(self, invocation: Invocation, keys: Iterable[str]) -> PatientRecord:
        """The patient's record out of some prefetch keys."""
        prefetched = {key: invocation.prefetched[key] for key in keys}
        return build_record(
            _resources(prefetched.values()),
            patient_id=str(invocation.context["patientId"]),
            coverage=coverage_of(invocation.service, prefetched),
            as_of=self.day(invocation),
            terminology=self.terminology,
        )

    def question(self, invocation: Invocation) -> Question:
        """The call as a question to the engine."""
        as_of = self.day(invocation)
        drafts = invocation.context.get("draftOrders")
        record = self.record(invocation, invocation.prefetched)
        stated = {fact.name: fact for fact in stated_orders(_entries(drafts), self.terminology)} if drafts else {}
        return Question(invocation.hook, invocation.hook_instance, as_of, record, stated)

    def answer(self, invocation: Invocation) -> Answer:
        """The engine's answer to a call. Most patients have no ALL: for them only the required keys are read."""
        if has_all(self.record(invocation, invocation.service.required)) is False:
            return Answer(())
        return self.engine.answer(self.question(invocation))

    def decide(self, invocation: Invocation) -> Mapping[str, Any]:
        """The CDS Hooks response to a call."""
        return {"cards": list(self.answer(invocation).cards)}


def build_clinic(
    content: Path | None = None,
    region: str | None = None,
    care_setting: str | None = None,
    as_of: date | None = None,
    site: Path | None = None,
    sources: tuple[str, ...] = (),
) -> Clinic:
    """Load content and terminology and build the engine; ``sources`` pins editions in place of the policy's.

    Args:
        site: folder with a site's own content.

    Raises:
        service.rules.editions.UnknownSource: no such source.
        service.content.NoContent: no such content folder.
        service.rules.load.ContentProblems: content that must not be served.
    """
    loaded = read_content(content, site)
    about = Site(region=region or loaded.policy.region, care_setting=care_setting)
    engine = Engine(loaded, VOCABULARY, REGISTRY, has_all, is_deceased, about, sources)
    return Clinic(engine, read_terminology(), as_of)


def decide_with(clinic: Clinic) -> Decide:
    """What the protocol side calls."""
    return clinic.decide


def coverage_of(service: ServiceDefinition, prefetched: Mapping[str, Prefetched]) -> dict[str, Coverage]:
    """Per resource type how much of it came: the weakest state of the keys that ask for it."""
    coverage: dict[str, Coverage] = {}
    for key, found in prefetched.items():
        for kind in service.resource_types.get(key, ()):
            now = _COVERAGE[found.state]
            coverage[kind] = min(now, coverage.get(kind, now), key=_WEAKEST_FIRST.index)
    return coverage


def _resources(prefetched: Iterable[Prefetched]) -> Iterable[tuple[str | None, Any]]:
    for found in prefetched:
        urls = found.full_urls or (None,) * len(found.resources)
        yield from zip(urls, found.resources, strict=False)


def _entries(bundle: object) -> list[Any]:
    """Resources of a Bundle of drafts, as far as they can be read."""
    rows = bundle.get("entry") if isinstance(bundle, Mapping) else None
    return [row.get("resource") for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
