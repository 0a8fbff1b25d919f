"""Facts of measurable residual disease from the record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from service.facts.absence import complete_list, seen_in
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.facts.mrd.reading import POSITIVE_FROM, bounds
from service.facts.mrd.result import CONCEPTS, MrdResult, about_bcr_abl1, read_result, transcript_beside
from service.facts.mrd.samples import results_of, samples
from service.facts.mrd.series import (
    BLOOD,
    Gap,
    counting,
    day_of,
    none_counts,
    prior_negative,
    reaches,
    seen,
    trend,
)
from service.facts.mrd.timepoints import INDUCTION_ENDS, PROTOCOL_DAYS, PROTOCOL_WEEKS
from service.facts.results.lookup import RESULTS, diagnosed, first_treatment, nothing, outdated
from service.record.dates import months_between
from service.record.model import Coverage, Entry
from service.record.terminology import Terminology

_NOW = (
    "mrd_fraction", "mrd_status", "mrd_sensitivity", "mrd_method", "mrd_specimen", "mrd_timepoint", "mrd_target",
    "mrd_reported_negative", "mrd_detectable", "mrd_trend", "prior_mrd_negative", "mrd_weeks_from_diagnosis",
)  # fmt: skip
_TRENDS = ("persistent", "progressive", "emergent")


@provides(*_NOW)
def mrd_now(facts: Facts) -> Iterator[Fact]:
    """What the result that counts now says (`counting`), and the course it ends.

    ``mrd_status`` is yielded where words decide it: called positive (quantifiable or not), or undetectable by an assay
    that reaches 10^-4. Where the number decides, the status follows from `mrd_fraction`, sensitivity and method.
    """
    if facts.record is None:
        return
    results = results_of(facts.record)
    found = samples(results)
    now = counting(found) if found else none_counts(results)
    if isinstance(now, Gap):
        yield from _gap(facts, now)
        return
    where = seen(now)
    old = outdated(facts, "mrd_fraction", now.entry, *where)
    if old is not None:
        for name in _NOW:
            yield unknown(name, old.reason or Reason.STALE, old.detail, where)
        return
    yield from _value(now, where)
    for name, word in (("mrd_method", now.method), ("mrd_specimen", now.specimen), ("mrd_target", now.target)):
        if word is not None:
            yield known(name, word, *where)
    yield from _timepoint(facts, now)
    yield from _weeks(facts, now)
    course = trend(found, now)
    if course is not None:
        sources = [p for r in course.results for p in seen(r, inferred=not course.stated)]
        yield known("mrd_trend", course.name, *sources)
    yield from _status(now, course.name if course else None)
    yield from _earlier(facts, found, now)


def _gap(facts: Facts, gap: Gap) -> Iterator[Fact]:
    where = [p for result in gap.results for p in seen(result)]
    for name in _NOW:
        if gap.results:
            yield unknown(name, gap.reason, gap.detail, where)
        else:
            yield nothing(facts, name, *RESULTS, concepts=CONCEPTS)


def _value(now: MrdResult, where: tuple[Provenance, ...]) -> Iterator[Fact]:
    """Fraction, sensitivity, and what was said of detection."""
    reading = now.reading
    if reading.fraction is not None:
        yield known("mrd_fraction", reading.fraction, *where)
    else:
        yield unknown("mrd_fraction", Reason.NOT_DECIDED, "the result gives no number", where)
    if reading.sensitivity is not None:
        yield known("mrd_sensitivity", reading.sensitivity, *where)
    elif reading.quantifiable is not None:
        yield known("mrd_sensitivity", Interval(0, reading.quantifiable), *seen(now, "limit of quantification"))
    if reading.qualitative == "negative":
        yield known("mrd_reported_negative", True, *where)
    elif reading.positive():
        yield known("mrd_reported_negative", False, *where)
    detected = reading.seen
    if reading.fraction is not None and bounds(reading.fraction).more_than(0):
        detected = True
    if detected is not None:
        yield known("mrd_detectable", detected, *where)


def _status(now: MrdResult, course: str | None) -> Iterator[Fact]:
    reading = now.reading
    if reading.qualitative == "positive":
        below = reading.fraction is not None and bounds(reading.fraction).less_than(POSITIVE_FROM)
        note = "called positive below 10^-4" if below else None
        yield known("mrd_status", course if course in _TRENDS else "positive", *seen(now, note))
    elif reading.qualitative == "negative" and reading.undetectable and reaches(now):
        assumed = reading.sensitivity is None and reading.quantifiable is None
        note = f"sensitivity assumed by method ({now.method})" if assumed else None
        yield known("mrd_status", "undetectable", *seen(now, note))


def _earlier(facts: Facts, found: list[MrdResult], now: MrdResult) -> Iterator[Fact]:
    """An earlier negative sample; none only if the list of results is complete and every one was positive."""
    before = prior_negative(found, now)
    if isinstance(before, MrdResult):
        yield known("prior_mrd_negative", True, *seen(before))
    elif before is False and complete_list(facts, *RESULTS):
        yield known("prior_mrd_negative", False, *seen(now))


def _timepoint(facts: Facts, now: MrdResult) -> Iterator[Fact]:
    named = now.timepoint
    if named.name is not None:
        yield known("mrd_timepoint", named.name, *seen(now, named.inferred, inferred=named.inferred is not None))
        return
    if named.told:
        detail = "the time point the result names is none of those that guidelines decide by"
        yield unknown("mrd_timepoint", Reason.NOT_DECIDED, detail, seen(now))
        return
    inferred = _inferred_timepoint(facts, now)
    if inferred is not None:
        yield known("mrd_timepoint", inferred[0], *seen(now, inferred[1], inferred=True))


def _inferred_timepoint(facts: Facts, result: MrdResult) -> tuple[str, str] | None:
    """The time point by the calendar: after a transplant on record; or counted from the first antileukemic drug, if
    the list that drug is on is complete (day 7-9, 13-16, and 28-45 as end of induction).
    """
    day = day_of(result)
    if facts.record is None or day is None:
        return None
    for entry in facts.record.about("course.allo_hct", "course.auto_hct", types=("Procedure",)):
        if entry.when is not None and entry.status == "completed" and entry.when.end < day:
            return "post-hct", f"after the transplant of {entry.when.text}"
    start = first_treatment(facts.record)
    if start is None or start.when is None or not start.when.exact:
        return None
    if facts.record.covered(start.type) is not Coverage.COMPLETE:
        return None
    number = (day - start.when.start).days + 1
    name = next((n for low, high, n in ((7, 9, "day-8"), (13, 16, "day-15"), (28, 45, "end-of-induction"))
                 if low <= number <= high), None)  # fmt: skip
    return (name, f"day {number} from the first drug ({start.reference})") if name else None


def _weeks(facts: Facts, now: MrdResult) -> Iterator[Fact]:
    """Weeks from diagnosis to the sample."""
    start = diagnosed(facts)
    day = day_of(now)
    if start is None or day is None or months_between(start.end, day) < 0:
        return
    low, high = (day - start.end).days / 7, (day - start.start).days / 7
    yield known("mrd_weeks_from_diagnosis", low if low == high else Interval(low, high), *seen(now))


@provides(
    "mrd_fraction_end_of_induction",
    "mrd_fraction_end_of_consolidation",
    *(f"mrd_day{d}" for d in PROTOCOL_DAYS),
    *(f"mrd_week{w}" for w in PROTOCOL_WEEKS),
)
def mrd_at_timepoints(facts: Facts) -> Iterator[Fact]:
    """Values at protocol time points: those named in the result; the end of induction also by the calendar.

    History, so they do not age. Blood does not count, but for day 8, when protocols look at blood; nor do results after a
    transplant.
    """
    if facts.record is None:
        return
    wanted: dict[str, MrdResult] = {}
    in_blood: list[MrdResult] = []
    for result in samples(results_of(facts.record)):
        if not result.reading.usable or result.reading.fraction is None:
            continue
        for name in _named_points(facts, result):
            if result.specimen != BLOOD:
                wanted.setdefault(name, result)
            elif name == "mrd_day8":
                in_blood.append(result)
    if in_blood:
        wanted.setdefault("mrd_day8", in_blood[0])
    for name, result in wanted.items():
        if result.reading.fraction is not None:
            note = "of the blood" if result.specimen == BLOOD else None
            yield known(name, result.reading.fraction, *seen(result, note))


def _named_points(facts: Facts, result: MrdResult) -> Iterator[str]:
    """The facts a result answers. A day 28 to 45 of induction is its end, as it is by the calendar."""
    named = result.timepoint
    if named.day in PROTOCOL_DAYS:
        yield f"mrd_day{named.day}"
    if named.week in PROTOCOL_WEEKS:
        yield f"mrd_week{named.week}"
    if named.name == "end-of-consolidation":
        yield "mrd_fraction_end_of_consolidation"
    if named.told:
        if named.name == "end-of-induction" or named.day in INDUCTION_ENDS:
            yield "mrd_fraction_end_of_induction"
    elif (_inferred_timepoint(facts, result) or ("", ""))[0] == "end-of-induction":
        yield "mrd_fraction_end_of_induction"


@provides("bcr_abl1_ratio", "bcr_abl1_transcript_detected")
def bcr_abl1(facts: Facts) -> Iterator[Fact]:
    """The newest BCR::ABL1 transcript result: ratio to the control gene (1 is 100 %), and whether any was seen.

    A transcript ratio is not a share of cells and never becomes one.
    """
    if facts.record is None:
        return
    ratio = seen_any = None
    for entry in facts.record.about(*CONCEPTS, "genetics.bcr_abl1_presence", types=RESULTS):
        result = _of_transcript(entry, facts.record.terminology)
        if result is None or result.reading.no_result:
            continue
        present = "genetics.bcr_abl1_presence" in entry.concepts
        if seen_any is None:
            seen_any = _detected(facts, result)
        if ratio is None and not present and (result.reading.fraction is not None or result.reading.problem):
            ratio = _ratio(facts, result)
        if ratio is not None and seen_any is not None:
            break
    yield ratio or nothing(facts, "bcr_abl1_ratio", *RESULTS, concepts=("mrd.bcr_abl1",))
    yield seen_any or nothing(facts, "bcr_abl1_transcript_detected", *RESULTS, concepts=("mrd.bcr_abl1",))


def _of_transcript(entry: Entry, terms: Terminology) -> MrdResult | None:
    """What an entry says of BCR::ABL1, as its result or beside a result of cells; ``None`` if it says nothing of it."""
    result = read_result(entry, terms)
    if result is None or result.companion or not about_bcr_abl1(entry):
        return None
    if result.of_cells and "genetics.bcr_abl1_presence" not in entry.concepts:
        told = transcript_beside(entry)
        return replace(result, reading=told, from_text=True) if told is not None else None
    return result


def _ratio(facts: Facts, result: MrdResult) -> Fact:
    reading = result.reading
    where = seen_in(result.entry, reading.found, from_text=result.from_text, note=reading.scale.value)
    if reading.problem is not None or reading.fraction is None:
        return unknown("bcr_abl1_ratio", reading.problem or Reason.NOT_DECIDED, reading.detail, (where,))
    return outdated(facts, "bcr_abl1_ratio", result.entry, where) or known("bcr_abl1_ratio", reading.fraction, where)


def _detected(facts: Facts, result: MrdResult) -> Fact:
    reading, name = result.reading, "bcr_abl1_transcript_detected"
    where = seen(result)
    old = outdated(facts, name, result.entry, *where)
    if old is not None:
        return old
    if reading.problem is None:
        if reading.qualitative is not None:
            return known(name, reading.qualitative == "positive", *where)
        some = bounds(reading.fraction).more_than(0) if reading.fraction is not None else None
        if some is not None:
            return known(name, some, *where)
    detail = reading.detail or "below a limit: not said whether any was seen"
    return unknown(name, reading.problem or Reason.NOT_DECIDED, detail, where)


PROVIDERS: tuple[Provider, ...] = (mrd_now, mrd_at_timepoints, bcr_abl1)
