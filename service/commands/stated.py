"""Patients given as facts stated by name, with their day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from service.facts.given import StatedFactsProblem, facts_from_mapping
from service.facts.model import Facts, Site
from service.facts.registry import REGISTRY
from service.facts.vocabulary import VOCABULARY


def stated_patient(patient: object, as_of: date, site: Site | None = None) -> Facts:
    """The facts of one patient; its own ``as_of`` wins over the general one.

    Raises:
        StatedFactsProblem: names or values that are not in the vocabulary.
    """
    if not isinstance(patient, Mapping):
        raise StatedFactsProblem(["a patient is a mapping of fact names to values."])
    raw = dict(patient.get("facts", patient) if isinstance(patient.get("facts"), Mapping) else patient)
    day = _day(raw.pop("as_of", patient.get("as_of"))) or as_of
    return facts_from_mapping(raw, day, REGISTRY, VOCABULARY, site)


def _day(value: object) -> date | None:
    if value is None:
        return None
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise StatedFactsProblem([f"as_of: {value!r} is not a date. Allowed: YYYY-MM-DD."]) from None
