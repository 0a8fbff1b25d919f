"""MRD status and its other words."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.derive.tools import flag, follows, more_than, number, word
from service.facts.model import Fact, Facts, Reason, provides, unknown
from service.facts.mrd.reading import POSITIVE_FROM
from service.facts.mrd.timepoints import INDUCTION_ENDS, PROTOCOL_DAYS, PROTOCOL_WEEKS

_COURSES = ("persistent", "progressive", "emergent")
_POSITIVE = ("positive", *_COURSES)
_REACHES = {"flow": 1e-4, "pcr": 1e-4, "ngs": 1e-6}  # usual sensitivity by method, where none is stated
_STATUS = (
    "mrd_fraction", "mrd_sensitivity", "mrd_method", "mrd_specimen", "mrd_reported_negative", "mrd_trend",
)  # fmt: skip
_AT_END = "mrd_fraction_end_of_induction"
# facts for the result of one time point; a day 28 to 45 of induction is its end
_AT = {
    "end-of-induction": (_AT_END,),
    "end-of-consolidation": ("mrd_fraction_end_of_consolidation",),
    **{f"day-{day}": (f"mrd_day{day}", *((_AT_END,) if day in INDUCTION_ENDS else ())) for day in PROTOCOL_DAYS},
    **{f"week-{week}": (f"mrd_week{week}",) for week in PROTOCOL_WEEKS},
}


@provides("mrd_status", needs=_STATUS)
def mrd_status(facts: Facts) -> Iterator[Fact]:
    """Positive from 10^-4 of cells. Negative below it (NCCN ALL-F), if the assay reaches 10^-4: by its stated
    sensitivity, or, where none is stated, by its method (marked assumed). "Not detected" by an unknown assay, a bound
    on both sides of 10^-4 and a negative blood sample decide nothing. Without a result the stated course speaks.
    """
    trend = word(facts, "mrd_trend")
    course = trend if trend in _COURSES else None
    fraction, negative = number(facts, "mrd_fraction"), flag(facts, "mrd_reported_negative")
    if fraction is None:
        if negative:
            yield _negative(facts, "mrd_reported_negative")
        elif course:
            yield follows("mrd_status", course, facts, "mrd_trend")
        return
    positive = fraction.at_least(POSITIVE_FROM)
    if positive:
        yield follows("mrd_status", course or "positive", facts, "mrd_fraction")
    elif positive is False:
        yield _negative(facts, "mrd_fraction")
    else:
        yield _undecided(facts, f"a result of {fraction} may lie on either side of 10^-4")


def _negative(facts: Facts, because: str) -> Fact:
    """The negative, if assay and specimen carry it."""
    if word(facts, "mrd_specimen") == "peripheral-blood":
        return _undecided(facts, "a negative blood sample does not make the marrow negative")
    reached, note = _reaches(facts)
    if reached:
        return follows("mrd_status", "negative", facts, because, note=note)
    return _undecided(facts, "negative only if the assay reaches 10^-4: ask for its sensitivity")


def _undecided(facts: Facts, why: str) -> Fact:
    return unknown("mrd_status", Reason.NOT_DECIDED, why, facts["mrd_fraction"].provenance)


def _reaches(facts: Facts) -> tuple[bool, str | None]:
    """Whether the assay can see 10^-4, and a note where that was taken from its method."""
    sensitivity = number(facts, "mrd_sensitivity")
    if sensitivity is not None:
        return bool(sensitivity.at_most(POSITIVE_FROM)), None
    method = word(facts, "mrd_method")
    if method in _REACHES:
        return True, f"sensitivity {_REACHES[method]:g} assumed by method ({method})"
    return False, None


@provides("mrd_persistent", "mrd_clearance", needs=("mrd_trend", "mrd_status"))
def mrd_trend_words(facts: Facts) -> Iterator[Fact]:
    """Other words for the course: persistent or growing MRD has not cleared, slow MRD cleared slowly."""
    trend, status = word(facts, "mrd_trend"), word(facts, "mrd_status")
    if "persistent" in (trend, status):
        yield follows("mrd_persistent", True, facts, "mrd_trend", "mrd_status")
    elif status in ("negative", "undetectable"):
        yield follows("mrd_persistent", False, facts, "mrd_status")
    if trend == "slow":
        yield follows("mrd_clearance", "slow", facts, "mrd_trend")
    elif trend in ("persistent", "progressive") or status in ("persistent", "progressive"):
        yield follows("mrd_clearance", "incomplete", facts, "mrd_trend", "mrd_status")


@provides("mrd_detectable", needs=("mrd_status", "mrd_fraction"))
def mrd_detectable(facts: Facts) -> Iterator[Fact]:
    """Positive is detectable, undetectable is not; a negative (below 10^-4) may still have been seen."""
    status = word(facts, "mrd_status")
    if status in _POSITIVE or more_than(facts, "mrd_fraction", 0):
        yield follows("mrd_detectable", True, facts, "mrd_status", "mrd_fraction")
    elif status == "undetectable":
        yield follows("mrd_detectable", False, facts, "mrd_status")


@provides(
    *dict.fromkeys(name for names in _AT.values() for name in names),
    needs=("mrd_fraction", "mrd_timepoint", "mrd_specimen"),
)
def mrd_at_timepoint(facts: Facts) -> Iterator[Fact]:
    """The newest result under the name of its time point. Protocols count the marrow: blood is left out."""
    value = facts.value("mrd_fraction")
    if value is None or word(facts, "mrd_specimen") == "peripheral-blood":
        return
    for name in _AT.get(word(facts, "mrd_timepoint") or "", ()):
        yield follows(name, value, facts, "mrd_fraction", "mrd_timepoint")


@provides("bcr_abl1_transcript_detected", needs=("bcr_abl1_ratio",))
def transcript(facts: Facts) -> Iterator[Fact]:
    """A ratio above zero was detected, a ratio of zero was not; "<0.01" may be either."""
    detected = more_than(facts, "bcr_abl1_ratio", 0)
    if detected is not None:
        yield follows("bcr_abl1_transcript_detected", detected, facts, "bcr_abl1_ratio")


PROVIDERS = (mrd_status, mrd_trend_words, mrd_detectable, mrd_at_timepoint, transcript)
