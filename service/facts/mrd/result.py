"""One MRD resource: its value wherever it stands, and how, from what and when it was measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from service.facts.model import Reason
from service.facts.mrd import context as beside
from service.facts.mrd.quantities import read_mrd_quantity, unit_factor
from service.facts.mrd.values import MrdReading, Scale, bounds, combined, read_mrd_text
from service.record.model import Entry, Resource
from service.record.terminology import Terminology
from service.record.values import (
    as_dict,
    as_float,
    as_list,
    as_text,
    codings_of,
    components,
    concept_text,
    notes_of,
    quantity,
)

CONCEPTS = ("mrd.flow", "mrd.pcr", "mrd.ngs", "mrd.bcr_abl1")
_LOG_RATIOS = frozenset({"50195-7", "82905-1"})
_MOLECULAR_RESPONSES = frozenset({"74041-5", "MR"})
_INTERNATIONAL = frozenset({"69380-4"})
_PROCEDURE_SYSTEM = "http://www.ama-assn.org/go/cpt"  # codes of flow cytometry as such, MRD or not
_INTERPRETATIONS = {"POS": "positive", "DET": "positive", "NEG": "negative", "ND": "negative"}
_NOT_SEEN = frozenset({"260415000", "ND"})
_IS_MRD = re.compile(r"\bMRD\b|residual|resterkrankung|restleuk|clono ?seq", re.IGNORECASE)
_LIMIT = re.compile(r"sensitivit|\bLL?O[DQ]\b|detection limit|limit of detection|nachweisgrenze", re.IGNORECASE)
_BCR = re.compile(r"BCR[\s:/-]{0,3}ABL", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MrdResult:
    """An MRD result: what it says, and method, specimen and time point where they are told."""

    entry: Entry
    reading: MrdReading
    method: str | None = None  # flow, pcr, ngs
    specimen: str | None = None  # marrow, peripheral-blood
    timepoint: str | None = None
    day: int | None = None  # protocol day named in the text
    week: int | None = None
    target: str | None = None
    trend: str | None = None  # persistent, progressive, emergent, slow: named in the text
    from_text: bool = False
    also: tuple[Entry, ...] = ()  # further resources of the same sample

    @property
    def of_cells(self) -> bool:
        return self.reading.scale is Scale.CELLS

    @property
    def ordinal(self) -> int:
        """The day of the sample, for ordering; 0 if undated."""
        return self.entry.when.end.toordinal() if self.entry.when else 0


def read_result(entry: Entry, terms: Terminology) -> MrdResult | None:
    """An Observation or DiagnosticReport as an MRD result; ``None`` if it is not about MRD.

    Never raises; a result that cannot be read keeps the reason in its reading.
    """
    codes = {code for _, code in entry.codings}
    words = beside.words(entry.resource)
    procedure = bool(entry.codings) and all(system == _PROCEDURE_SYSTEM for system, _ in entry.codings)
    if procedure and not _IS_MRD.search(f"{entry.text} {words}"):
        return None
    transcript = "mrd.bcr_abl1" in entry.concepts or bool(_BCR.search(entry.text))
    reading = _read(entry, codes, transcript, terms)
    text = " | ".join((entry.text, words, *beside.context(entry.resource)))
    method = beside.method(entry, text)
    return MrdResult(
        entry,
        reading,
        method,
        beside.specimen(entry.resource, text),
        beside.timepoint(text),
        beside.named(beside.DAY, text),
        beside.named(beside.WEEK, text),
        beside.target(reading.scale, codes, method, text),
        beside.trend(text),
        quantity(entry.resource) is None or bool(entry.text_concepts),
    )


def _read(entry: Entry, codes: set[str], transcript: bool, terms: Terminology) -> MrdReading:
    resource = entry.resource
    name = "MR" if codes & _MOLECULAR_RESPONSES else entry.text
    unit = "{log}" if codes & _LOG_RATIOS else None
    rows = list(_element(resource, name, transcript, terms, unit))
    rows += _of_components(resource, transcript, terms)
    conclusion = as_text(resource.get("conclusion"))
    if conclusion:
        rows.append(read_mrd_text(conclusion, transcript=transcript))
    if not rows:
        return _without_value(resource)
    reading = combined(rows)
    note = "\n".join(as_text(as_dict(n).get("text")) for n in as_list(resource.get("note")))
    if note.strip():
        reading = _with_note(reading, read_mrd_text(note, transcript=transcript))
    if codes & _INTERNATIONAL and reading.scale is Scale.TRANSCRIPT:
        reading = replace(reading, scale=Scale.IS)
    if transcript and reading.scale is Scale.CELLS:
        reading = replace(reading, scale=Scale.TRANSCRIPT)
    if reading.scale is not Scale.CELLS and reading.sensitivity is None:
        reading = replace(reading, sensitivity=_range_start(resource))
    return reading


def _without_value(resource: Resource) -> MrdReading:
    """A resource without any value: a document, a note, or nothing (ordered, registered, a panel of others)."""
    noted = read_mrd_text(notes_of(resource))
    if noted.usable:
        return noted
    if resource.get("presentedForm"):
        return MrdReading(problem=Reason.UNREADABLE, detail="the result is only in a document")
    return MrdReading(no_result=True, problem=Reason.NOT_DECIDED, detail="no value")


def mentioned_result(entry: Entry) -> MrdResult | None:
    """MRD told in a resource about something else, such as a marrow report; ``None`` if it tells no result.

    Only the sentences that speak of MRD or of the assay's limit are read.
    """
    words = beside.words(entry.resource)
    if not _IS_MRD.search(words):
        return None
    told = ". ".join(
        part for part in re.split(r"[\n;|]+|\.(?=\s|$)", words) if _IS_MRD.search(part) or _LIMIT.search(part)
    )
    reading = read_mrd_text(told)
    if not reading.usable:
        return None
    text = " | ".join((told, entry.text, *beside.context(entry.resource)))
    method = beside.method(entry, told)
    target = beside.target(reading.scale, set(), method, told)
    return MrdResult(
        entry,
        reading,
        method,
        beside.specimen(entry.resource, text),
        beside.timepoint(told),
        beside.named(beside.DAY, told),
        beside.named(beside.WEEK, told),
        target,
        beside.trend(told),
        True,
    )


def _with_note(reading: MrdReading, note: MrdReading) -> MrdReading:
    """A note adds the limits of the assay; its value counts only where the result itself holds none."""
    if not reading.usable and reading.problem in (None, Reason.UNREADABLE, Reason.UNIT) and note.usable:
        return combined([note, reading]) if reading.problem is not Reason.UNIT else note
    return combined(
        [reading, replace(note, fraction=None, qualitative=None, problem=Reason.UNREADABLE, seen=None, undetectable=False)]
    ) if reading.usable else replace(reading, sensitivity=reading.sensitivity or note.sensitivity)  # fmt: skip


def _element(
    element: Resource, name: str, transcript: bool, terms: Terminology, unit: str | None = None
) -> Iterator[MrdReading]:
    """Readings of the value and interpretation of an Observation or component."""
    if any(key in element for key in ("valueQuantity", "valueRatio", "valueInteger", "valueDecimal")):
        number = quantity(element)
        if number is not None:
            sent = as_text(as_dict(element.get("valueQuantity")).get("unit"))
            yield _quantity(
                number.value, unit or number.unit, None if unit else sent, number.comparator, name, transcript
            )
    if isinstance(element.get("valueBoolean"), bool):
        yield MrdReading(
            qualitative="positive" if element["valueBoolean"] else "negative", found=str(element["valueBoolean"])
        )
    text = as_text(element.get("valueString"))
    if text:
        yield read_mrd_text(_with_name(text, name), transcript=transcript)
    value = element.get("valueCodeableConcept")
    if value is not None:
        yield _coded(value, transcript, terms)
    for interpretation in [*as_list(element.get("interpretation")), *as_list(element.get("conclusionCode"))]:
        reading = _coded(interpretation, transcript, terms)
        if reading.qualitative in ("positive", "negative", "indeterminate"):
            yield replace(reading, fraction=None) if reading.problem is None else reading


def _with_name(text: str, name: str) -> str:
    """A bare number in a row called MR is a log; the name has to stand beside it."""
    return f"MR{text.strip()}" if name.strip() == "MR" and re.fullmatch(r"\s*\d+(?:[.,]\d+)?\s*", text) else text


def _quantity(
    value: float, unit: str | None, sent: str | None, comparator: str | None, name: str, transcript: bool
) -> MrdReading:
    """A quantity by its code, or by the unit as printed where that says more or the code says nothing."""
    by_code, by_text = unit_factor(unit), unit_factor(sent)
    if by_text and (by_code is None or by_text[1] is Scale.IS):
        unit = sent
    elif by_code and by_text and by_code[0] != by_text[0]:
        shown = f"{comparator or ''}{value:g} {sent}"
        return MrdReading(problem=Reason.UNIT, detail=f"unit {sent!r} and its code {unit!r} disagree", found=shown)
    return read_mrd_quantity(value, unit, comparator, name=name, transcript=transcript)


def _coded(concept: object, transcript: bool, terms: Terminology) -> MrdReading:
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


_SENSITIVITY_NAME = re.compile(r"sensitiv|\bLO[DB]\b|detection|nachweisgrenze|empfindlichkeit", re.IGNORECASE)
_LOQ_NAME = re.compile(r"\bLOQ\b|quantif|quantitative range|bestimmungsgrenze", re.IGNORECASE)
_CLONE_NAME = re.compile(r"clon[ae]|klon|sequence|\bIG[HKL]\b|\bTR[ABDG]\b|marker \d", re.IGNORECASE)
_VALUE_NAME = re.compile(
    r"\bMRD\b|residual|rest\w*|result|ergebnis|level|ratio|quotient|BCR|\bMR\b|leuk|blast", re.IGNORECASE
)
_NOT_VALUE = re.compile(
    r"\bCD\s?\d|analy[sz]ed|acquired|total|gemessen|count|anzahl|method|specimen|material", re.IGNORECASE
)


def _of_components(resource: Resource, transcript: bool, terms: Terminology) -> list[MrdReading]:
    rows: list[MrdReading] = []
    clones: list[MrdReading] = []
    for component in components(resource):
        name = concept_text(component.get("code")) or " ".join(c for _, c in codings_of(component.get("code")))
        found = list(_element(component, name, transcript, terms))
        if not found or _NOT_VALUE.search(name):
            continue
        reading = combined(found)
        limit = bounds(reading.fraction).high if reading.fraction is not None else None
        if _SENSITIVITY_NAME.search(name):
            rows.append(MrdReading(sensitivity=limit, problem=Reason.UNREADABLE))
        elif _LOQ_NAME.search(name):
            rows.append(MrdReading(quantifiable=limit, problem=Reason.UNREADABLE))
        elif _CLONE_NAME.search(name):
            clones.append(reading)
        elif _VALUE_NAME.search(name):
            rows.append(reading)
    if clones:
        rows.append(max(clones, key=_height))
    return rows


def _height(reading: MrdReading) -> tuple[bool, float]:
    """Order of clones: the one with most residual disease speaks for the sample."""
    high = bounds(reading.fraction).low if reading.fraction is not None else 0.0
    return reading.positive() is True, high


def _range_start(resource: Resource) -> float | None:
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
