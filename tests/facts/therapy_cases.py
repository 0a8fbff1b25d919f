"""A patient with ALL, judged on 2025-06-01, for tests of the readers of therapy."""

from __future__ import annotations

from typing import Any

from service.facts.course import conditioning, hct, phase
from service.facts.course import reader as course
from service.facts.model import Facts, TokenSet
from service.facts.therapy import reader as therapy
from service.facts.therapy import tki
from service.record.model import Coverage
from tests.facts.fhir import condition
from tests.facts.support import COMPLETE, facts_of

READERS = (*therapy.PROVIDERS, *tki.PROVIDERS)
ALL = condition("91857003", onsetDateTime="2024-01-15")
RELAPSE = condition("12301000132103", onsetDateTime="2025-02-15")
PARTIAL = {**COMPLETE, "MedicationAdministration": Coverage.PARTIAL}


def read(*resources: Any, **options: Any) -> Facts:
    """Facts of therapy and course of a record."""
    others = (*course.PROVIDERS, *phase.PROVIDERS, *hct.PROVIDERS, *conditioning.PROVIDERS)
    return facts_of(*resources, providers=(*READERS, *others), **options)


def listed(name: str, *resources: Any, **options: Any) -> TokenSet:
    """A list of drugs."""
    value = read(*resources, **options).value(name)
    assert isinstance(value, TokenSet)
    return value


def members(name: str, *resources: Any, **options: Any) -> frozenset[str]:
    """What is on a list of drugs for certain."""
    return listed(name, *resources, **options).members
