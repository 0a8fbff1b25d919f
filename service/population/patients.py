"""One patient of a cohort: the resources that belong together, and which types of resources the data hold at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Patient:
    """All resources of one patient, as parsed FHIR R4 resources.

    ``provided``: resource types that the data were exported with, whether or not this patient has any: of these
    "none" means none, of all others it is not known.
    """

    id: str
    resources: tuple[Mapping[str, Any], ...]
    provided: frozenset[str]
