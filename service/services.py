"""Which CDS services there are: one for each hook, with the same data asked for and what each is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from service.hooks.contract import ServiceDefinition

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
_NEEDS = (
    "Patient and Condition are required; results, procedures and medications sharpen the advice. Without them the cards say "
    "what is missing."
)
_OF_OTHERS = "Silent for patients without acute lymphoblastic leukemia."
_ORDERS = "MedicationRequest and ServiceRequest are read, with coded, contained, referenced or text medication. "
_ABOUT: Mapping[str, tuple[str, str, str]] = {
    "patient-view": (
        "Allcue: guideline options in acute lymphoblastic leukemia",
        "When the chart of a patient with acute lymphoblastic leukemia is opened: what the guidelines offer now, "
        "what is missing to decide, and what is unsafe, each with its source page. Silent for other patients.",
        _NEEDS,
    ),
    "order-select": (
        "Allcue: where a chosen treatment of acute lymphoblastic leukemia stands",
        "When orders are chosen for a patient with acute lymphoblastic leukemia: where the choice stands among the options of the "
        f"guidelines, what must be tested first, and what is unsafe, each with its source page. {_OF_OTHERS}",
        f"context.draftOrders holds the orders. {_ORDERS}{_NEEDS}",
    ),
    "order-sign": (
        "Allcue: safety of orders in acute lymphoblastic leukemia",
        "Before orders are signed for a patient with acute lymphoblastic leukemia: what the sources forbid, demand or warn of for this "
        f"patient and these orders together, each with its source page. {_OF_OTHERS}",
        f"context.draftOrders holds all orders to be signed: what goes with what is checked among them. {_ORDERS}{_NEEDS}",
    ),
    "order-dispatch": (
        "Allcue: safety of dispatched orders in acute lymphoblastic leukemia",
        "When signed orders of a patient with acute lymphoblastic leukemia are handed to who carries them out: the same checks as "
        f"before signing. {_OF_OTHERS}",
        "context.dispatchedOrders (or order, of hook version 1.0) refers to orders that are looked for under the prefetch keys "
        f"medication-requests and service-requests; one that is not there is reported as not checked. {_NEEDS}",
    ),
    "medication-refill": (
        "Allcue: refills in acute lymphoblastic leukemia",
        "When a refill is asked for a patient with acute lymphoblastic leukemia, such as mercaptopurine or methotrexate in maintenance: "
        f"what the sources warn of, and whether TPMT and NUDT15 are known. {_OF_OTHERS}",
        f"context.medications is a Bundle of the MedicationRequests to be refilled. {_NEEDS}",
    ),
    "encounter-start": (
        "Allcue: admission with acute lymphoblastic leukemia",
        "When an encounter begins: the workup that new acute lymphoblastic leukemia still lacks, tumor lysis, fever in neutropenia, "
        f"and toxicity of what is being given. {_OF_OTHERS}",
        _NEEDS,
    ),
    "encounter-discharge": (
        "Allcue: discharge with acute lymphoblastic leukemia",
        "Before discharge: maintenance, the next MRD measurement, surveillance after treatment, and TPMT and NUDT15 where "
        f"mercaptopurine is given. {_OF_OTHERS}",
        _NEEDS,
    ),
    "appointment-book": (
        "Allcue: tests due in acute lymphoblastic leukemia",
        "When an appointment is booked: the MRD measurement, marrow examination or surveillance that the guidelines ask for now, so "
        f"that it can be planned with the visit. {_OF_OTHERS}",
        f"What is due is told whatever the appointment is for; its date is not judged. {_NEEDS}",
    ),
    "problem-list-item-create": (
        "Allcue: workup of a newly entered acute lymphoblastic leukemia",
        "When acute lymphoblastic leukemia or its relapse is entered into the problem list: the workup that the guidelines ask for. "
        "Silent for other problems, also of a patient with leukemia.",
        f"context.conditions is a Bundle of the new Conditions; they count beside those on record. {_NEEDS}",
    ),
    "allergyintolerance-create": (
        "Allcue: reaction to asparaginase in acute lymphoblastic leukemia",
        "When a reaction to an asparaginase is entered: whether and how asparaginase goes on, with its source page. Silent for other "
        "allergies and for patients without acute lymphoblastic leukemia.",
        f"context.allergyIntolerance is the new AllergyIntolerance; it counts beside those on record. {_NEEDS}",
    ),
}
SERVICES: tuple[ServiceDefinition, ...] = tuple(
    ServiceDefinition(
        id=f"allcue-{hook}",
        hook=hook,
        title=title,
        description=description,
        prefetch={key: template for key, (template, _) in _KEYS.items()},
        required=frozenset({"patient", "conditions"}),
        resource_types={key: types for key, (_, types) in _KEYS.items()},
        usage_requirements=needs,
    )
    for hook, (title, description, needs) in _ABOUT.items()
)
HOOK_NAMES = tuple(_ABOUT)


def served(hooks: Iterable[str]) -> tuple[ServiceDefinition, ...]:
    """The services of some hooks, in the order they are always told."""
    wanted = frozenset(hooks)
    return tuple(service for service in SERVICES if service.hook in wanted)
