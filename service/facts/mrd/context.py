"""What stands beside an MRD value: method, specimen, time point, target, and a trend named in words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.mrd.values import Scale
from service.record.model import Entry, Resource
from service.record.values import as_dict, as_list, as_text, components, concept_text, notes_of

OTHER_FUSIONS = frozenset({"72218-1"})  # ETV6::RUNX1 transcript: listed with the BCR::ABL1 codes


def words(resource: Resource) -> str:
    """Value text, notes and conclusion."""
    return " | ".join(
        part
        for part in (
            as_text(resource.get("valueString")),
            concept_text(resource.get("valueCodeableConcept")),
            notes_of(resource),
        )
        if part
    )


def context(resource: Resource) -> Iterator[str]:
    """Where method, specimen and time point may stand beside the value."""
    for key in ("method", "bodySite"):
        yield concept_text(resource.get(key))
    for specimen in as_list(resource.get("specimen")):
        yield as_text(as_dict(specimen).get("display"))
    for inner in as_list(resource.get("contained")):
        if as_dict(inner).get("resourceType") == "Specimen":
            yield concept_text(as_dict(inner).get("type"))
    for component in components(resource):
        yield f"{concept_text(component.get('code'))}: {as_text(component.get('valueString'))}" + concept_text(
            component.get("valueCodeableConcept")
        )


_METHODS = (
    ("ngs", re.compile(r"\bNGS\b|next[- ]?gen|sequenc|sequenzier|clono ?seq|lympho ?track|\bHTS\b", re.IGNORECASE)),
    ("pcr", re.compile(r"PCR|\bpct\b", re.IGNORECASE)),
    ("flow", re.compile(r"\bflow\b|cytometr|zytometr|durchfluss|\bM?F?FC\b|\bFCM\b|\bMFC\b", re.IGNORECASE)),
)


def method(entry: Entry, text: str) -> str | None:
    """The one method named; sequencing of PCR products is sequencing. Two methods named: neither."""
    named = [method for method, pattern in _METHODS if pattern.search(text)]
    if "ngs" in named:
        named = [method for method in named if method != "pcr"]
    if not named:
        coded = entry.concepts - entry.text_concepts
        named = [method for method in ("ngs", "pcr", "flow") if f"mrd.{method}" in coded]
    return named[0] if len(named) == 1 else None


_MARROW = re.compile(r"\bmarrow\b|knochenmark|\bBM\b|\bKM\b|beckenkamm", re.IGNORECASE)
_BLOOD = re.compile(
    r"peripheral blood|whole blood|\b(?:in|from|aus) (?:dem )?(?:blood|blut)\b|\bPB\b|periphere\w* blut", re.IGNORECASE
)


def specimen(resource: Resource, text: str) -> str | None:
    """Marrow or peripheral blood, by the specimen itself before the rest of the text; both named: neither."""
    for place in (" | ".join(as_text(as_dict(s).get("display")) for s in as_list(resource.get("specimen"))), text):
        marrow, blood = (
            bool(_MARROW.search(place)),
            bool(_BLOOD.search(place) or re.fullmatch(r"\s*(?:blood|blut)\b.*", place)),
        )
        if marrow != blood:
            return "marrow" if marrow else "peripheral-blood"
    return None


DAY = re.compile(r"\b(?:day|tag|d)\s?\+?(\d{1,3})\b", re.IGNORECASE)
WEEK = re.compile(r"\b(?:week|woche|wk)\s?(\d{1,2})\b", re.IGNORECASE)
_TIMEPOINTS = (
    ("post-hct", r"(?:post|after|nach)[- ]?(?:allo\w*|hct|hsct|sct|transplant\w*|bmt)|post-?(?:hct|transplant)"),
    ("pre-hct", r"(?:pre|before|prior to|vor)[- ]?(?:allo\w*|hct|hsct|sct|transplant\w*|bmt)|pre-?(?:hct|transplant)"),
    ("end-of-reinduction", r"end of re-?induction|ende der re-?induktion|\bEORI\b"),
    ("end-of-induction", r"end[- ]of[- ]induction|\bEOI\b|ende der induktion|induktionsende|post[- ]induction|nach induktion"),
    ("end-of-consolidation", r"end[- ]of[- ]consolidation|\bEOC\b|ende der konsolidierung|post[- ]consolidation|nach konsolidierung"),
    ("surveillance", r"surveillance|follow-?up|nachsorge"),
    ("relapse", r"\bat relapse\b|\bbei rezidiv\b"),
)  # fmt: skip
_TIMEPOINT = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _TIMEPOINTS)
_DAYS = {8: "day-8", 14: "day-14", 15: "day-15", 29: "day-29", 35: "day-35"}


def timepoint(text: str) -> str | None:
    """The time point a text names: a phase before a bare day."""
    for name, pattern in _TIMEPOINT:
        if pattern.search(text):
            return name
    return _DAYS.get(named(DAY, text) or -1)


def named(pattern: re.Pattern[str], text: str) -> int | None:
    """A day or week, if the text names just one."""
    found = {int(match[1]) for match in pattern.finditer(text)}
    return found.pop() if len(found) == 1 else None


_IG_TR = re.compile(
    r"\bIG/?T[CR]R?\b|\bTCR\b|\bIGH\b|immunoglobulin|immunglobulin|rearrangement|clono ?seq", re.IGNORECASE
)


def target(scale: Scale, codes: set[str], measured_by: str | None, text: str) -> str | None:
    """What was followed: a fusion transcript, IG/TR rearrangements, or the immunophenotype."""
    if scale is not Scale.CELLS:
        return None if codes & OTHER_FUSIONS else "BCR::ABL1"
    if measured_by == "flow":
        return "immunophenotype"
    return "IG/TR" if _IG_TR.search(text) else None


_TRENDS = (
    ("progressive", r"(?:MRD|molecular|molekular\w*)[- ](?:progress\w+|rise)|(?:rising|increasing|progressive|steigende?) MRD|MRD-?(?:anstieg|progress)"),
    ("emergent", r"(?:MRD|molecular|molekular\w*)[- ](?:relapse|rezidiv|recurrence|conversion)|MRD re-?appearance|emergent MRD|re-?emergen\w+"),
    ("persistent", r"persist\w+ (?:\w+ )?(?:MRD|residual)|MRD[- ]persist\w+"),
    ("slow", r"slow (?:MRD )?(?:clearance|response|responder)|(?:clearance|MRD) (?:is |was )?slow|langsame\w* (?:MRD|abfall|clearance)"),
)  # fmt: skip
_TREND = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _TRENDS)
_DENIED = re.compile(r"\b(?:no|not|without|kein\w*|ohne)\b[^.;|]{0,25}$", re.IGNORECASE)


def trend(text: str) -> str | None:
    """A course of MRD named in words and not denied."""
    for name, pattern in _TREND:
        match = pattern.search(text)
        if match and not _DENIED.search(text[: match.start()]):
            return name
    return None
