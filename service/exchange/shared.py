"""What all exported resources have in common."""

from __future__ import annotations

from typing import Any

from service.exchange.names import Names

Json = dict[str, Any]
HL7 = "http://hl7.org/fhir/StructureDefinition/"
CPG = "http://hl7.org/fhir/uv/cpg/StructureDefinition/"
CRMI = "http://hl7.org/fhir/uv/crmi/StructureDefinition/"
CQL = "http://hl7.org/fhir/uv/cql/StructureDefinition/"
PUBLISHER = "Allcue"
_STATUSES = {"active": "active", "draft": "draft", "retired": "retired"}
DISEASE: Json = {
    "code": {
        "system": "http://terminology.hl7.org/CodeSystem/usage-context-type",
        "code": "focus",
        "display": "Clinical Focus",
    },
    "valueCodeableConcept": {
        "coding": [{"system": "http://snomed.info/sct", "code": "91857003", "display": "Acute lymphoid leukemia"}]
    },
}


def status_of(status: str) -> str:
    """The publication status of a rule; one that a site switched off is retired there."""
    return _STATUSES.get(status, "retired")


def common(
    names: Names, kind: str, own: str, name: str, title: str, profiles: tuple[str, ...] = (), executable: bool = False
) -> Json:
    """The beginning of a resource that has a canonical URL.

    Args:
        executable: whether the logic it rests on is there in a form that engines run (ELM).
    """
    found: Json = {"resourceType": kind, "id": own}
    if profiles:
        found["meta"] = {"profile": list(profiles)}
    if kind in ("PlanDefinition", "ActivityDefinition", "Library"):
        able = ["shareable", "computable", *(["executable"] if executable else [])]
        found["extension"] = [
            *({"url": HL7 + "cqf-knowledgeCapability", "valueCode": what} for what in able),
            {
                "url": HL7 + "cqf-knowledgeRepresentationLevel",
                "valueCode": "executable" if executable else "structured",
            },
        ]
    return {
        **found,
        "url": names.of(kind, own),
        "version": names.version,
        "name": name,
        "title": title,
        "status": "active",
        "experimental": False,
        "publisher": PUBLISHER,
    }
