"""One MRD resource: its value wherever it stands, and how, from what and when it was measured."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from service.facts.model import Reason
from service.facts.mrd import context as beside
from service.facts.mrd.elements import (
    LIMIT_NAME,
    LOQ_NAME,
    element,
    limit_of,
    limits_in_range,
    of_components,
    range_start,
)
from service.facts.mrd.reading import MrdReading, Scale, combined
from service.facts.mrd.subjects import names_bcr_abl1, names_international, names_transcript, split
from service.facts.mrd.timepoints import NOTHING, Timepoint, timepoint
from service.facts.mrd.values import read_mrd_text
from service.facts.mrd.words import about_now
from service.record.model import Entry, Resource
from service.record.terminology import Terminology
from service.record.values import as_dict, as_list, as_text, codings_of, concept_text, notes_of, quantity

CONCEPTS = ("mrd.flow", "mrd.pcr", "mrd.ngs", "mrd.bcr_abl1")
_LOG_RATIOS = frozenset({"50195-7", "82905-1"})
_MOLECULAR_RESPONSES = frozenset({"74041-5", "MR"})
_INTERNATIONAL = frozenset({"69380-4"})
_PROCEDURE_SYSTEM = "http://www.ama-assn.org/go/cpt"  # codes of flow cytometry as such, MRD or not
_IS_MRD = re.compile(r"\bMRD\b|residual|resterkrankung|restleuk|clono ?seq", re.IGNORECASE)
# "No morphologic evidence of residual leukemia" is a word of the microscope, which cannot see MRD.
_MICROSCOPE = re.compile(r"morpholog\w*|histolog\w*|microscop\w*|mikroskop\w*", re.IGNORECASE)
_BELOW_IT = re.compile(
    r"\bMRD\b|minimal\w* residual|measurable|clono ?seq|\bflow\b|immuno?ph|cytometr|zytometr|molec|molek|\bPCR\b|\bNGS\b",
    re.IGNORECASE,
)
_MANY = r"(?<![\d.,-])(?:[5-9]|[1-9]\d)(?:[.,]\d+)?\s?%"
_MANY_BLASTS = re.compile(rf"{_MANY}\s*(?:\w+\s+){{0,3}}\w*blast|blasts?\b[^%\d]{{0,20}}{_MANY}", re.IGNORECASE)
# Rows of an MRD panel that tell how it was measured and not what was found.
_COMPANION = re.compile(
    r"\b(?:cells?|events?|zellen|ereignisse)\b.{0,20}\b(?:analy[sz]ed|acquired|collected|gemessen|counted|total)|\btotal\b.{0,20}\b(?:events?|cells?)\b"
    r"|\b(?:number|anzahl)\b|\b(?:method|methode|technique|specimen|material|sample type|probenart|viability|vitalit[aä]t|input dna|dna input)\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class MrdResult:
    """An MRD result: what it says, and method, specimen and time point where they are told.

    ``companion``: a row of a panel that holds no result but tells of the assay (its sensitivity, its method).
    """

    entry: Entry
    reading: MrdReading
    method: str | None = None  # flow, pcr, ngs
    specimen: str | None = None  # marrow, peripheral-blood, elsewhere
    timepoint: Timepoint = NOTHING
    target: str | None = None
    trend: str | None = None  # persistent, progressive, emergent, slow: named in the text
    from_text: bool = False
    companion: bool = False
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

    Never raises; a result that cannot be read keeps the reason in its reading. Read once: samples and markers ask for it.
    """
    return entry.once(read_result, lambda: _read_result(entry, terms))


def _read_result(entry: Entry, terms: Terminology) -> MrdResult | None:
    words = beside.words(entry.resource)
    procedure = bool(entry.codings) and all(system == _PROCEDURE_SYSTEM for system, _ in entry.codings)
    if procedure and not _IS_MRD.search(f"{entry.text} {words}"):
        return None
    reading = _read(entry, _is_transcript(entry), terms)
    limit = limit_of(entry.text, reading)
    companion = limit is not None or bool(_COMPANION.search(entry.text))
    if companion:
        reading = limit or MrdReading(no_result=True, problem=Reason.NOT_DECIDED, found=reading.found)
    from_text = quantity(entry.resource) is None or bool(entry.text_concepts)
    return _result(entry, reading, entry.text, words, from_text, companion)


def _is_transcript(entry: Entry) -> bool:
    """Whether a resource is a transcript result by its code or its name."""
    return "mrd.bcr_abl1" in entry.concepts or names_transcript(entry.text)


def _result(
    entry: Entry, reading: MrdReading, name: str, words: str, from_text: bool, companion: bool = False
) -> MrdResult:
    """A reading with what stands beside it; the name of the resource before its other words."""
    around = " | ".join(beside.context(entry.resource))
    text = " | ".join((name, words, around))
    method = beside.method(entry, text)
    codes = {code for _, code in entry.codings}
    return MrdResult(
        entry, reading, method, beside.specimen(entry.resource, name, text), _when(entry, around, words),
        beside.target(reading.scale, codes, method, text), beside.trend(text), from_text, companion,
    )  # fmt: skip


def _when(entry: Entry, around: str, words: str) -> Timepoint:
    """The time point by the name of the resource, else by its other words. Of a sample of the diagnosis only the name
    tells: words on diagnosis are as a rule about the marker that was found then.
    """
    named = timepoint(entry.text)
    if named.day is not None or named.week is not None or named.elsewhere:
        return named
    told = timepoint(f"{around} | {about_now(words)}")
    if named.told:  # "TP1" in the name, "day 33" in the words
        agrees = not told.elsewhere and told.name in (None, named.name, f"day-{told.day}", f"week-{told.week}")
        return replace(named, day=told.day, week=told.week) if agrees else named
    return told if told.name != "diagnosis" else NOTHING


def _read(entry: Entry, transcript: bool, terms: Terminology) -> MrdReading:
    resource = entry.resource
    codes = {code for _, code in entry.codings}
    name = "MR" if codes & _MOLECULAR_RESPONSES else entry.text
    unit = "{log}" if codes & _LOG_RATIOS else None
    rows = list(element(resource, name, transcript, terms, unit))
    rows += of_components(resource, transcript, terms)
    conclusion = as_text(resource.get("conclusion"))
    if conclusion:
        rows.append(read_mrd_text(conclusion, transcript=transcript))
    if not rows:
        return _without_value(resource)
    reading = combined([*rows, limits_in_range(resource)])
    note = "\n".join(as_text(as_dict(n).get("text")) for n in as_list(resource.get("note")))
    if note.strip():
        reading = _with_note(reading, read_mrd_text(note, transcript=transcript))
    international = codes & _INTERNATIONAL or (names_international(entry.text) and names_bcr_abl1(entry.text))
    if international and reading.scale is Scale.TRANSCRIPT:
        reading = replace(reading, scale=Scale.IS)
    if transcript and reading.scale is Scale.CELLS:
        reading = replace(reading, scale=Scale.TRANSCRIPT)
    if reading.scale is not Scale.CELLS and reading.sensitivity is None:
        reading = replace(reading, sensitivity=range_start(resource))
    return reading


def _without_value(resource: Resource) -> MrdReading:
    """A resource without any value: a document, a note, or nothing (ordered, registered, a panel of others)."""
    noted = read_mrd_text(notes_of(resource))
    if noted.usable:
        return noted
    absent = resource.get("dataAbsentReason")
    if absent is not None:
        said = concept_text(absent) or next((code for _, code in codings_of(absent)), "no reason given")
        return MrdReading(
            no_result=True, problem=Reason.NOT_DECIDED, detail=f"the test gave no result: {said}", found=said
        )
    if resource.get("presentedForm"):
        return MrdReading(problem=Reason.UNREADABLE, detail="the result is only in a document")
    return MrdReading(no_result=True, problem=Reason.NOT_DECIDED)


def mentioned_result(entry: Entry) -> MrdResult | None:
    """MRD told in a resource about something else, such as a marrow report; ``None`` if it tells no result.

    Only the sentences that speak of MRD or of the assay's limit are read, and none that tells of morphology
    alone, where blasts of 5 % and more are counted.
    """
    words = beside.words(entry.resource)
    if not _IS_MRD.search(words):
        return None
    parts = re.split(r"[\n;|]+|\.(?=\s|$)", words)
    parts = [p for p in parts if _BELOW_IT.search(p) or not (_MICROSCOPE.search(p) or _MANY_BLASTS.search(p))]
    told = ". ".join(p for p in parts if _IS_MRD.search(p) or LIMIT_NAME.search(p) or LOQ_NAME.search(p))
    if not _IS_MRD.search(told):
        return None
    reading = read_mrd_text(told)
    if not reading.usable:
        return None
    made = _result(entry, reading, told, told, True)
    return made if made.specimen else replace(made, specimen=beside.specimen(entry.resource, entry.text, entry.text))


def transcript_beside(entry: Entry) -> MrdReading | None:
    """What a result of cells says of BCR::ABL1 in other sentences; ``None`` if it says nothing of it."""
    words = beside.words(entry.resource)
    if not names_bcr_abl1(words):
        return None
    reading = read_mrd_text(split(words)[1], transcript=True)
    return reading if reading.usable else None


def about_bcr_abl1(entry: Entry) -> bool:
    """Whether a transcript result is of BCR::ABL1 and not of another fusion: by its code, its name or its words."""
    codes = {code for _, code in entry.codings}
    if codes & beside.OTHER_FUSIONS:
        return False
    if entry.concepts & {"mrd.bcr_abl1", "genetics.bcr_abl1_presence"} or any("bcr" in code.lower() for code in codes):
        return True
    return names_bcr_abl1(f"{entry.text} | {beside.words(entry.resource)}")


def _with_note(reading: MrdReading, note: MrdReading) -> MrdReading:
    """A note adds the limits of the assay; its value counts only where the result itself holds none."""
    if not reading.usable and reading.problem in (None, Reason.UNREADABLE, Reason.UNIT) and note.usable:
        return combined([note, reading]) if reading.problem is not Reason.UNIT else note
    return combined(
        [reading, replace(note, fraction=None, qualitative=None, problem=Reason.UNREADABLE, seen=None, undetectable=False)]
    ) if reading.usable else replace(reading, sensitivity=reading.sensitivity or note.sensitivity)  # fmt: skip
