"""What stands beside an MRD value: method, specimen, time point, target, and a trend named in words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.mrd.reading import Scale
from service.record.model import Entry, Resource
from service.record.specimens import specimen_words
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
    for link in as_list(resource.get("specimen")):
        yield as_text(as_dict(link).get("display"))
    for inner in as_list(resource.get("contained")):
        if as_dict(inner).get("resourceType") == "Specimen":
            yield specimen_words(as_dict(inner))
    for component in components(resource):
        yield f"{concept_text(component.get('code'))}: {as_text(component.get('valueString'))}" + concept_text(
            component.get("valueCodeableConcept")
        )


_METHODS = (
    ("flow", re.compile(
        r"\bflow\b|\bflowcyt|cytometr|zytometr|durchfluss|\bM?F?FC\b|\bFCM\b|\bMFC\b|\bMPFC\b|\bFACS\b|\bNGF\b|euro ?flow",
        re.IGNORECASE)),
    ("ngs", re.compile(
        r"\bNGS\b|next[- ]?gen(?!\w*[- ]?flow)|sequenc|sequenzier|clono ?seq|lympho ?track|\bHTS\b|amplicon", re.IGNORECASE)),
    ("pcr", re.compile(r"PCR|\bpct\b|\bASO\b|allele?-?specific oligonucl|allelspezifisch", re.IGNORECASE)),
)  # fmt: skip
_FLOW_TERMS = re.compile(r"immuno?ph[äae]+notyp|\b(?:LAIP|DfN)\b", re.IGNORECASE)  # words of flow, where none is named


def method(entry: Entry, text: str) -> str | None:
    """The one method named; sequencing of PCR products is sequencing. Two methods named: neither."""
    named = [method for method, pattern in _METHODS if pattern.search(text)]
    if "ngs" in named:
        named = [method for method in named if method != "pcr"]
    if not named:
        coded = entry.concepts - entry.text_concepts
        named = [method for method in ("ngs", "pcr", "flow") if f"mrd.{method}" in coded]
    if not named and _FLOW_TERMS.search(text):
        named = ["flow"]
    return named[0] if len(named) == 1 else None


ELSEWHERE = "elsewhere"  # neither marrow nor blood: CSF, a lymph node, a graft
_PLACES = (
    ("marrow", re.compile(r"\bmarrow\b|knochenmark(?!transpl|sp)|\bBMA?\b|\bKM\b|beckenkamm", re.IGNORECASE)),
    ("peripheral-blood", re.compile(
        r"peripheral blood|whole blood|venous blood|\b(?:in|from|aus) (?:dem )?(?:peripher\w+ )?(?:blood|blut)\b|\bPB\b|periphere\w* blut|\bpBlut\b"
        r"|vollblut|EDTA-?blut|blood specimen|blutprobe", re.IGNORECASE)),
    (ELSEWHERE, re.compile(
        r"\bCSF\b|cerebrospinal|spinal fluid|\bliquor|lymph ?node|lymphknoten|\btesti[sc]\w*|\bhoden\w*|pleura\w*|ascites|\beffusion|erguss"
        r"|apheres\w*|(?:stem cell|cell) graft|graft (?:product|sample)|transplantat(?!ion)|stem cell product|stammzellpr[äa]parat|\bbiops\w+ (?:of|der|des) (?!bone|marrow|knochenmark)",
        re.IGNORECASE)),
)  # fmt: skip
_BLOOD_ALONE = re.compile(r"\s*(?:blood|blut)\b.*", re.IGNORECASE | re.DOTALL)


def specimen(resource: Resource, name: str, text: str) -> str | None:
    """Marrow, peripheral blood or elsewhere: by the specimen itself, else by the name of the test and the body site, else by
    the rest of the text; two places named: neither.
    """
    own = " | ".join(as_text(as_dict(s).get("display")) for s in as_list(resource.get("specimen")))
    for place in (own, f"{name} | {specimen_words({'type': resource.get('bodySite')})}", text):
        named = {found for found, pattern in _PLACES if pattern.search(place)}
        if not named and _BLOOD_ALONE.fullmatch(place):
            named = {"peripheral-blood"}
        if len(named) == 1:
            return named.pop()
        if named:
            return None
    return None


_IG_TR = re.compile(
    r"\bIG/?T[CR]R?\b|\bTCR|\bIG[HKL]\b|\bTR[ABDG]\b|\bASO\b|immunoglobulin|immunglobulin|rearrangement|clono ?seq|lympho ?track",
    re.IGNORECASE,
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
