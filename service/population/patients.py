"""One patient of a cohort: the resources that belong together, and which types of resources the data hold at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Patient:
    """All resources of one patient, as parsed FHIR R4 resources.

    ``provided``: resource types that the data were exported with, whether or not this patient has any: of these
    "none" means none, of all others it is not known. ``partial``: types of which some came that are not among the
    resources; unless provided, more of them may be missing, as of every type of which some are there.
    """

    id: str
    resources: tuple[Mapping[str, Any], ...]
    provided: frozenset[str]
    partial: frozenset[str] = frozenset()

    @property
    def types(self) -> frozenset[str]:
        """Types of which some came."""
        return self.partial.union(str(resource.get("resourceType")) for resource in self.resources)

    def with_only(self, resources: Iterable[Mapping[str, Any]]) -> Patient:
        """The patient with some of the resources: a type of which none is left is not one that never came."""
        return replace(self, resources=tuple(resources), partial=self.types)
