"""Codes for synthetic resources, only such as the terminology of this service knows and may send."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from service.content import read_terminology

LOINC, SNOMED, UCUM = "http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org"
ICD, RXNORM = "http://hl7.org/fhir/sid/icd-10-cm", "http://www.nlm.nih.gov/research/umls/rxnorm"
GENES, ATC = "http://www.genenames.org/geneId", "http://www.whocc.no/atc"
HL7 = "http://terminology.hl7.org/CodeSystem"
TAG = {"system": f"{HL7}/v3-ActReason", "code": "HTEST", "display": "test health data"}
Json = dict[str, Any]


@lru_cache(maxsize=1024)
def _display(group: str, system: str, code: str) -> str:
    for coding in read_terminology().codings(group):
        if (coding.system, coding.code) == (system, code) and coding.sendable:
            return coding.display or ""
    raise LookupError(f"{group} has no code {code} of {system} that may be sent")


def coded(group: str, system: str, code: str, text: str = "") -> Json:
    """A CodeableConcept of one code.

    Raises:
        LookupError: the terminology does not have this code in this group, or not verified.
    """
    coding = {"system": system, "code": code}
    display = _display(group, system, code)
    if display:
        coding["display"] = display
    return {"coding": [coding], "text": text or display}


def plain(system: str, code: str, display: str = "") -> Json:
    """A CodeableConcept of a code of HL7's own systems, which frame a resource and mean nothing clinical."""
    coding = {"system": system, "code": code}
    return {"coding": [{**coding, "display": display} if display else coding]}


@lru_cache(maxsize=256)
def _drug(name: str) -> tuple[str, str, str] | None:
    rows = [row for row in read_terminology().codings("therapy." + name.replace(" ", "_").lower()) if row.sendable]
    for system in (RXNORM, ATC):
        for row in rows:
            if row.system == system:
                return system, row.code, row.display or name
    return None


def drug(name: str) -> Json:
    """A drug by RxNorm, else ATC, with its name as text.

    Raises:
        LookupError: no drug of this name is known.
    """
    found = _drug(name)
    if found is None:
        raise LookupError(f"no code of RxNorm or ATC for {name}")
    return {"coding": [{"system": found[0], "code": found[1], "display": found[2]}], "text": name}


def quantity(value: float, unit: str, comparator: str = "") -> Json:
    """A Quantity in UCUM."""
    made: Json = {"value": value, "unit": unit, "system": UCUM, "code": unit}
    return {**made, "comparator": comparator} if comparator else made
