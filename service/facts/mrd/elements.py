"""The MRD readings in the elements of one resource: its value in any type, its interpretation, its components, its
reference range.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from service.facts.model import Reason
from service.facts.mrd.quantities import read_mrd_quantity, read_mrd_range, unit_factor, unit_in_name
from service.facts.mrd.reading import MrdReading, Scale, bounds, combined, height
from service.facts.mrd.values import read_mrd_text
from service.record.model import Resource
from service.record.terminology import Terminology
from service.record.values import (
    Quantity,
    as_dict,
    as_float,
    as_list,
    as_text,
    codings_of,
    components,
    concept_text,
    quantity,
)

LIMIT_NAME = re.compile(
    r"(?<!high[- ])(?<!ultra[- ])(?<!hoch)(?<!high)\b(?:assay)?sensitivit(?:y|[äa]t)\b|\bLL?O[DB]\b|\blimit of (?:detection|blank)|detection limit"
    r"|nachweisgrenze|detektionsgrenze|(?<!hoch)\bempfindlichkeit",
    re.IGNORECASE,
)
LOQ_NAME = re.compile(
    r"\bLL?OQ\b|limit of quanti|quantitative range|quantifi\w+ (?:limit|range)|bestimmungsgrenze", re.IGNORECASE
)
_CLONE_NAME = re.compile(r"clon[ae]|klon|sequence|\bIG[HKL]\b|\bTR[ABDG]\b|marker \d", re.IGNORECASE)
_VALUE_NAME = re.compile(
    r"\bMRD\b|residual|rest\w*|result|ergebnis|level|ratio|quotient|BCR|\bMR\b|interpret\w*|befund|beurteilung|conclusion",
    re.IGNORECASE,
)
_BLASTS_NAME = re.compile(r"leuk|blast", re.IGNORECASE)  # what stands for MRD only where nothing is called so
_NOT_VALUE = re.compile(
    r"\bCD\s?\d|analy[sz]ed|acquired|total|gemessen|count|anzahl|method|specimen|material|viability|vitalit",
    re.IGNORECASE,
)
_NUMERIC = ("valueQuantity", "valueRatio", "valueInteger", "valueDecimal")
_INTERPRETATIONS = {"POS": "positive", "DET": "positive", "NEG": "negative", "ND": "negative"}
_NOT_SEEN = frozenset({"260415000", "ND"})


def element(
    resource: Resource, name: str, transcript: bool, terms: Terminology, unit: str | None = None
) -> Iterator[MrdReading]:
    """Readings of the value and interpretation of an Observation or component.

    ``unit``: the unit its code stands for, whatever was sent.
    """
    if any(key in resource for key in _NUMERIC):
        number = quantity(resource)
        if number is not None:
            yield _number(number, as_dict(resource.get("valueQuantity")), name, transcript, unit)
    limits = as_dict(resource.get("valueRange"))
    if limits:
        made = read_mrd_range(*(_end(limits.get(end), name, transcript) for end in ("low", "high")))
        if made is not None:
            yield made
    if isinstance(resource.get("valueBoolean"), bool):
        said = resource["valueBoolean"]
        yield MrdReading(qualitative="positive" if said else "negative", found=str(said))
    text = as_text(resource.get("valueString"))
    if text.strip():
        yield read_mrd_text(_with_name(text, name), transcript=transcript)
    value = resource.get("valueCodeableConcept")
    if value is not None:
        yield coded(value, transcript, terms)
    for interpretation in [*as_list(resource.get("interpretation")), *as_list(resource.get("conclusionCode"))]:
        reading = coded(interpretation, transcript, terms)
        if reading.qualitative in ("positive", "negative", "indeterminate"):
            yield replace(reading, fraction=None) if reading.problem is None else reading


def _with_name(text: str, name: str) -> str:
    """A bare number with what the name of its row says of it: that it is a log (MR), or its unit."""
    if re.fullmatch(r"\s*(?:<=?|>=?)?\s*\d+(?:[.,]\d+)?\s*", text):
        if name.strip() == "MR":
            return f"MR{text.strip()}"
        return f"{text.strip()} {unit_in_name(name) or ''}".strip()
    return text


def _end(raw: object, name: str, transcript: bool) -> MrdReading | None:
    """One end of a Range."""
    number = quantity({"valueQuantity": raw}) if raw else None
    return _number(number, as_dict(raw), name, transcript, None) if number is not None else None


def _number(number: Quantity, sent_as: Resource, name: str, transcript: bool, unit: str | None) -> MrdReading:
    """A quantity by its code, or by the unit as printed where that says more or the code says nothing."""
    sent = None if unit else as_text(sent_as.get("unit"))
    code = unit or number.unit
    by_code, by_text = unit_factor(code), unit_factor(sent)
    if by_text and (by_code is None or by_text[1] is Scale.IS):
        code = sent
    elif by_code and by_text and by_code[0] != by_text[0]:
        shown = f"{number.comparator or ''}{number.value:g} {sent}"
        return MrdReading(problem=Reason.UNIT, detail=f"unit {sent!r} and its code {code!r} disagree", found=shown)
    return read_mrd_quantity(number.value, code, number.comparator, name=name, transcript=transcript)


def coded(concept: object, transcript: bool, terms: Terminology) -> MrdReading:
    """A coded or worded answer: by its code, else by its text."""
    text = concept_text(concept)
    scale = Scale.TRANSCRIPT if transcript else Scale.CELLS
    for system, code in codings_of(concept):
        word = _INTERPRETATIONS.get(code) or terms.meaning(terms.canonical(system), code).get("qualitative")
        if word in ("positive", "negative"):
            seen = True if word == "positive" else False if code in _NOT_SEEN else None
            return MrdReading(qualitative=word, seen=seen, scale=scale, found=text or code)
        if re.fullmatch(r"mr_\d(?:\.\d)?", code):
            return read_mrd_text(code, transcript=True)
    return read_mrd_text(text, transcript=transcript) if text else MrdReading(problem=Reason.UNREADABLE)


def of_components(resource: Resource, transcript: bool, terms: Terminology) -> list[MrdReading]:
    """Readings of the components: values, limits of the assay, and of several clones the highest.

    "Blasts" are residual disease only where nothing in the resource is called so: beside an MRD result they are the
    morphologic count.
    """
    rows: list[MrdReading] = []
    blasts: list[MrdReading] = []
    clones: list[MrdReading] = []
    for component in components(resource):
        name = concept_text(component.get("code")) or " ".join(c for _, c in codings_of(component.get("code")))
        found = list(element(component, name, transcript, terms))
        if not found or _NOT_VALUE.search(name):
            continue
        reading = combined(found)
        limit = limit_of(name, reading)
        if limit is not None:
            rows.append(limit)
        elif _CLONE_NAME.search(name):
            clones.append(reading)
        elif _VALUE_NAME.search(name):
            rows.append(reading)
        elif _BLASTS_NAME.search(name):
            blasts.append(reading)
    if clones:
        rows.append(max(clones, key=height))
    has_value = any(row.usable for row in rows) or any(key.startswith("value") for key in resource)
    return rows if has_value else [*rows, *blasts]


def limit_of(name: str, reading: MrdReading) -> MrdReading | None:
    """The reading of a row called limit of detection or of quantification; ``None`` for any other row."""
    limit = bounds(reading.fraction).high if reading.fraction is not None else None
    if LOQ_NAME.search(name):
        return MrdReading(quantifiable=limit or reading.quantifiable, problem=Reason.UNREADABLE, found=reading.found)
    if LIMIT_NAME.search(name):
        return MrdReading(sensitivity=limit or reading.sensitivity, problem=Reason.UNREADABLE, found=reading.found)
    return None


def limits_in_range(resource: Resource) -> MrdReading:
    """Limits of the assay that stand in the text of the reference range ("LOD 1E-6")."""
    texts = [as_text(as_dict(raw).get("text")) for raw in as_list(resource.get("referenceRange"))]
    told = read_mrd_text("; ".join(text for text in texts if text))
    return MrdReading(sensitivity=told.sensitivity, quantifiable=told.quantifiable, problem=Reason.UNREADABLE)


def range_start(resource: Resource) -> float | None:
    """Lower end of the measuring range of a transcript assay ("0.0030 to 55.00 % (IS)"): what it can see."""
    limits = as_dict(resource.get("referenceRange"))
    low = as_dict(limits.get("low"))
    number, unit = as_float(low.get("value")), as_text(low.get("unit")) or as_text(low.get("code"))
    if number is None:
        text = re.match(r"\s*([\d.,]+)\s*(?:to|-|bis)\s*[\d.,]+", as_text(limits.get("text")))
        number = as_float(text[1]) if text else None
        unit = as_text(as_dict(resource.get("valueQuantity")).get("unit")) or "%"
    made = unit_factor(unit)
    return float(f"{number * made[0]:.12g}") if number and made else None
