"""Readers of the course over small records, for their tests. The day of judgement is 2025-06-01."""

from __future__ import annotations

from typing import Any

from service.facts.course import clocks, phase
from service.facts.course import reader as course
from service.facts.model import Facts, known, provides
from service.facts.model import Provenance as Seen
from service.facts.response import marrow
from tests.facts.fhir import condition, observation
from tests.facts.support import facts_of

READERS = (*course.PROVIDERS, *clocks.PROVIDERS, *phase.PROVIDERS, *marrow.PROVIDERS)
ALL = condition("91857003", id="all", onsetDateTime="2020-01-15")
RELAPSE = condition("12301000132103", onsetDateTime="2023-02-15")
FRESH = condition("91857003", onsetDateTime="2025-05-01")
REMISSION = condition("91857003", status="remission", onsetDateTime="2020-01-15")


def aspirate(percent: float | str, on: str | None) -> dict[str, Any]:
    """Blasts of one marrow: a number of percent, or words."""
    if isinstance(percent, str):
        return observation("11150-0", on, valueString=percent)
    return observation("11150-0", on, valueQuantity={"value": percent, "unit": "%"})


def read(*resources: Any, response: tuple[str, str] | None = None, **options: Any) -> Facts:
    """Facts of the course; ``response``: a response and its date, as another reader would find it."""

    @provides("response")
    def responded(facts: Facts) -> Any:
        if response is not None:
            yield known("response", response[0], Seen("Observation/marrow", response[1]))

    return facts_of(*resources, providers=(*READERS, responded), **options)
