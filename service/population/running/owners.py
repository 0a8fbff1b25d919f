"""Whose a resource of an export is, before anything else is read of it: a patient's, everybody's, or nobody's.

A call brings one patient's resources, so that one that names nobody is the patient's. In an export it is nobody's, and set
aside. Resources that have no patient but are referred to (`SHARED`) go to every patient who refers to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from service.record.build import READ
from service.record.values import as_dict, as_list
from service.record.whose import id_of, reference_in, type_and_id

# A PractitionerRole is read of who asks; nobody does here, and that of a past encounter says nothing of today's clinic.
SHARED = frozenset({"Medication", "Organization"})
NOT_ASKED = frozenset({"PractitionerRole"})
KEPT = (READ | {"Patient", "Specimen"} | SHARED) - NOT_ASKED
_MERGED = ("replaced-by", "replaces")


class Owner(NamedTuple):
    """``patient``: id of the patient; None with a ``problem``, or for what is shared."""

    patient: str | None
    problem: str | None = None


def owner_of(resource: Mapping[str, Any]) -> Owner:
    """Whose a resource of a type that is kept is."""
    kind = resource["resourceType"]
    if kind == "Patient":
        own = id_of(resource)
        return Owner(own) if own else Owner(None, "a Patient without id")
    link = resource.get("subject", resource.get("patient"))
    if link is None:
        if kind in SHARED or kind == "Specimen":
            return Owner(None)
        return Owner(None, "names no patient")
    target = reference_in(link)
    if not target:
        known = "by an identifier only" if as_dict(link).get("identifier") else "without a reference"
        return Owner(None, f"names its patient {known}")
    if target.startswith("#"):
        return Owner(None, "names a patient that it contains")
    kind, own = type_and_id(target)
    if own.startswith("urn:uuid:"):
        return Owner(own.removeprefix("urn:uuid:"))
    if kind not in ("", "Patient") or not own:
        return Owner(
            None, f"is about a {kind}, not a patient" if kind.isalpha() else "names a patient who cannot be told"
        )
    return Owner(own)


def shared_links(resource: Mapping[str, Any]) -> Iterator[str]:
    """References of a resource to shared ones, as "Medication/7": those that readers follow."""
    kind = resource.get("resourceType")
    links: list[object] = []
    if kind == "Medication":
        links = [as_dict(part).get("itemReference") for part in as_list(resource.get("ingredient"))]
    elif kind == "Encounter":
        links = [resource.get("serviceProvider")]
    else:
        if "medicationReference" in resource:
            links = [resource["medicationReference"]]
        if "specimen" in resource:
            links += as_list(resource["specimen"])
    for link in links:
        kind, own = type_and_id(reference_in(link)) if link else ("", "")
        if own and (kind in SHARED or kind == "Specimen"):
            yield f"{kind}/{own}"


def merges(patient: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Ids of patients who were merged, each with the one that is left, as a Patient tells them."""
    own = id_of(patient)
    for raw in as_list(patient.get("link")):
        link = as_dict(raw)
        other = type_and_id(reference_in(link.get("other")))[1]
        if other and own and other != own and link.get("type") in _MERGED:
            yield (own, other) if link["type"] == "replaced-by" else (other, own)
