"""Facts as FHIR Observations, which the exported CQL reads: one Observation a fact, nothing lost on the way.

* yes or no: ``valueBoolean``; a category: ``valueCodeableConcept``; text: ``valueString``;
* a number: ``valueQuantity`` in the fact's own unit (UCUM), with a comparator where one end is known; two ends are components;
* a set: components ``member`` and ``excluded``, and ``complete``, which says whether what is not named is absent;
* unknown: ``dataAbsentReason``, which is the same as no Observation.
"""

from __future__ import annotations

import math
from typing import Any

from service.exchange.names import Names
from service.facts.model import Fact, Interval, TokenSet
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.base import FactType, Kind

Json = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
# UCUM code of each unit of the vocabulary
_UCUM: dict[str | None, str] = {
    None: "1", "of cells": "1", "%": "%", "years": "a", "months": "mo", "weeks": "wk", "days": "d", "hours": "h", "h": "h",
    "min": "min", "ms": "ms", "/uL": "/uL", "10*9/L": "10*9/L", "mg/dL": "mg/dL", "g/dL": "g/dL", "umol/L": "umol/L",
    "U/L": "U/L", "kg": "kg", "Cel": "Cel",
}  # fmt: skip
_UNKNOWN = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}]}
PARTS = {
    "low": "lower end of the number",
    "high": "upper end of the number",
    "member": "is in the set",
    "excluded": "is known not to be in the set",
    "complete": "whether what is not named is absent",
}


def ucum(kind: FactType) -> str:
    """The UCUM code of a fact's unit.

    Raises:
        KeyError: a unit that has none here yet.
    """
    return _UCUM[kind.unit]


def observation(fact: Fact, names: Names, patient: str, as_of: str) -> Json:
    """A fact as an Observation.

    Args:
        patient: id of the Patient it is about.
        as_of: the day it holds, ISO 8601.

    Raises:
        ValueError: a value that the fact's type cannot have.
    """
    kind = VOCABULARY.lookup(fact.name)
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": names.facts, "code": fact.name, "display": kind.label}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": as_of,
        **_value(fact, kind, names),
    }


def _value(fact: Fact, kind: FactType, names: Names) -> Json:
    value = fact.value
    match value:
        case None:
            return {"dataAbsentReason": _UNKNOWN}
        case bool() if kind.kind is Kind.BOOLEAN:
            return {"valueBoolean": value}
        case str() if kind.kind is Kind.TEXT:
            return {"valueString": value}
        case str() if kind.kind is Kind.CATEGORY:
            return {"valueCodeableConcept": _coded(names.values, value)}
        case TokenSet() if kind.kind is Kind.SET:
            return {"component": _tokens(value, names)}
        case Interval() if kind.kind is Kind.NUMBER:
            return _within(value, kind, names)
        case int() | float() if kind.kind is Kind.NUMBER:
            return {"valueQuantity": _quantity(value, kind)}
    raise ValueError(f"{fact.name}: {value!r} is not a value of a {kind.kind}")


def _coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _tokens(value: TokenSet, names: Names) -> list[Json]:
    told = [("member", token) for token in sorted(value.members)]
    told += [("excluded", token) for token in sorted(value.excluded)]
    parts: list[Json] = [
        {"code": _coded(names.parts, part), "valueCodeableConcept": _coded(names.values, token)} for part, token in told
    ]
    return [*parts, {"code": _coded(names.parts, "complete"), "valueBoolean": value.complete}]


def _within(value: Interval, kind: FactType, names: Names) -> Json:
    ends = [
        (part, _quantity(end, kind, comparator))
        for part, end, comparator in (
            ("low", value.low, ">" if value.low_open else ">="),
            ("high", value.high, "<" if value.high_open else "<="),
        )
        if not math.isinf(end)
    ]
    if not ends:
        return {"dataAbsentReason": _UNKNOWN}  # a number without bounds says nothing that a criterion could use
    if len(ends) == 1:
        return {"valueQuantity": ends[0][1]}
    return {"component": [{"code": _coded(names.parts, part), "valueQuantity": end} for part, end in ends]}


def _quantity(number: float, kind: FactType, comparator: str | None = None) -> Json:
    told: Json = {"value": number, "unit": kind.unit or "1", "system": UCUM, "code": ucum(kind)}
    return {"comparator": comparator, **told} if comparator else told
