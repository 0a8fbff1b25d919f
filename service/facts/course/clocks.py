"""The clocks of the course in calendar months. Sources use different ones, so they are kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from service.facts.absence import complete_list, seen_in
from service.facts.course.dated_words import diagnosed_in
from service.facts.course.statements import of_an_encounter
from service.facts.course.timeline import Relapse, course, first_remission
from service.facts.disease.conditions import words_of
from service.facts.disease.diagnosis import SERVED, Diagnosed, diagnosis_date, diseases
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.facts.therapy.exposure import MEDICATIONS, Exposure, exposures
from service.facts.vocabulary.drugs import IMPLIES
from service.record.dates import months_bounds
from service.record.model import PatientRecord, When, once_per_record

_TO_RELAPSE = (
    "months_diagnosis_to_relapse", "months_cr1_duration", "months_from_end_of_frontline_to_relapse",
    "months_induction_to_relapse",
)  # fmt: skip


_BETWEEN_BLOCKS = timedelta(days=60)


def months(start: When, end: When) -> float | Interval | None:
    """Calendar months between two dates, bounds where they are partial; ``None`` if the end lies before the start."""
    low, high = months_bounds(start, end)
    if high < 0:
        return None
    return high if low == high else Interval(max(low, 0.0), high)


@once_per_record
def _diagnosed(record: PatientRecord, as_of: date) -> Diagnosed | None:
    """The date of diagnosis; where Conditions have none, or only a day of recording, the one their words give."""
    found = diagnosis_date(record, as_of)
    if found is not None and not found.at_latest:
        return found
    told = [Diagnosed(when, d.entry, False) for d in diseases(record, as_of) if d.diagnosis in SERVED
            and (when := diagnosed_in(words_of(d.entry))) is not None and when.start <= as_of]  # fmt: skip
    return min(told, key=lambda d: d.when.start, default=found)


def _today(as_of: date) -> When:
    return When(as_of, as_of, as_of.isoformat())


@provides("months_diagnosis")
def since_diagnosis(facts: Facts) -> Iterator[Fact]:
    """Months since diagnosis; at least those since it was recorded, where no more is known."""
    if facts.record is None:
        return
    found = _diagnosed(facts.record, facts.as_of)
    value = months(found.when, _today(facts.as_of)) if found else None
    if found is None or value is None:
        yield unknown("months_diagnosis", Reason.UNDATED, "the date of diagnosis is not known")
    else:
        seen = seen_in(found.entry, found.when.text)
        yield known("months_diagnosis", _at_least(value) if found.at_latest else value, seen)


def _at_least(value: float | Interval) -> Interval:
    return Interval(low=value.low if isinstance(value, Interval) else value)


@provides(*_TO_RELAPSE, needs=("relapse_number",))
def to_relapse(facts: Facts) -> Iterator[Fact]:
    """Months to the first relapse from diagnosis, first remission, end of frontline drugs, and first drug.

    If more relapses are known than dated, the first may not be among the dated ones, and nothing is said.
    """
    if facts.record is None:
        return
    relapse = _first_relapse(facts, course(facts.record, facts.as_of).relapses)
    if relapse is None:
        for name in _TO_RELAPSE:
            yield unknown(name, Reason.UNDATED, "the date of the first relapse is not known")
        return
    at = relapse.seen()
    found = _diagnosed(facts.record, facts.as_of)
    if found is None:
        yield unknown(_TO_RELAPSE[0], Reason.UNDATED, "the date of diagnosis is not known", (at,))
    else:
        value = _until(months(found.when, relapse.when), relapse)
        if value is not None and found.at_latest:
            value = _at_least(value)
        yield _clock(_TO_RELAPSE[0], value, seen_in(found.entry, found.when.text), at)
    remission = first_remission(facts.record, facts.as_of, relapse.when.start)
    if remission is None:
        yield unknown(_TO_RELAPSE[1], Reason.UNDATED, "the date of the first remission is not known", (at,))
    else:
        value = _until(months(remission.when, relapse.when), relapse)
        if value is not None and of_an_encounter(remission.entry):  # coded on the day of a visit; it began before
            value = _at_least(value)
        yield _clock(_TO_RELAPSE[1], value, remission.seen(), at)
    yield from _from_drugs(facts, facts.record, relapse, at)


def _until(value: float | Interval | None, relapse: Relapse) -> float | Interval | None:
    """Months to a relapse of which only the recording is dated: at most those."""
    if value is None or not relapse.at_latest:
        return value
    return Interval(0.0, value.high if isinstance(value, Interval) else value)


def _first_relapse(facts: Facts, dated: tuple[Relapse, ...]) -> Relapse | None:
    count = facts.value("relapse_number")
    known_to_be = count.low if isinstance(count, Interval) else count if isinstance(count, float) else 0
    return dated[0] if dated and known_to_be <= len(dated) else None


def _clock(name: str, value: float | Interval | None, start: Provenance, end: Provenance) -> Fact:
    if value is None:
        return unknown(name, Reason.CONFLICTING, "the dates are in the wrong order", (start, end))
    return known(name, value, start, end)


def _from_drugs(facts: Facts, record: PatientRecord, relapse: Relapse, at: Provenance) -> Iterator[Fact]:
    """Induction began with the first drug, and frontline therapy ended with the last one before the relapse. Both need
    complete medication lists, and are inferred.
    """
    before = _before(exposures(record, facts.as_of).leukemia(), relapse.when)
    if not before or not complete_list(facts, *MEDICATIONS):
        detail = "the medication lists do not cover frontline therapy"
        yield unknown(_TO_RELAPSE[2], Reason.INCOMPLETE, detail, (at,))
        yield unknown(_TO_RELAPSE[3], Reason.INCOMPLETE, detail, (at,))
        return
    first = before[0]
    assert first.start is not None
    yield _clock(_TO_RELAPSE[3], _until(months(first.start, relapse.when), relapse), first.seen("first drug"), at)
    last = _last_day(before, relapse.when)
    if last is None:
        detail = "a frontline drug has no last day before the relapse"
        yield unknown(_TO_RELAPSE[2], Reason.UNDATED, detail, (at,))
    else:
        day = last.end or last.start
        assert day is not None
        value = _until(months(day, relapse.when), relapse)
        yield _clock(_TO_RELAPSE[2], value, last.seen("last drug before the relapse"), at)


def _before(given: tuple[Exposure, ...], relapse: When) -> list[Exposure]:
    """Drugs begun before the relapse, first one first."""
    begun = [(e.start.start, e) for e in given if e.start is not None and e.start.end < relapse.start]
    return [e for _, e in sorted(begun, key=lambda pair: pair[0])]


def _last_day(begun: list[Exposure], relapse: When) -> Exposure | None:
    """The drug that ended last; ``None`` if any is not known to have ended before the relapse."""
    if any(e.end is None or e.end.end >= relapse.start for e in begun):
        return None
    return max(begun, key=lambda e: e.end.end if e.end else date.min)


@provides("months_since_chemo_completed")
def since_chemotherapy(facts: Facts) -> Iterator[Fact]:
    """Months since the last antileukemic drug ended, two months ago or more, by complete lists on which none still runs."""
    if facts.record is None:
        return
    name = "months_since_chemo_completed"
    found = exposures(facts.record, facts.as_of)
    given = found.leukemia()
    running = [e for e in given if e.ongoing or e.end is None]
    if not given or running or found.nameless or not complete_list(facts, *MEDICATIONS):
        detail = "treatment is not known to be over" if given else "no antileukemic drug is on record"
        yield unknown(name, Reason.NOT_DECIDED, detail, tuple(e.seen() for e in running))
        return
    last = max(given, key=lambda e: e.end.end if e.end else date.min)
    assert last.end is not None
    if last.end.end > facts.as_of - _BETWEEN_BLOCKS:
        detail = "the last antileukemic drug was given within two months: another block may follow"
        yield unknown(name, Reason.NOT_DECIDED, detail, (last.seen(),))
        return
    value = months(last.end, _today(facts.as_of))
    if value is not None:
        yield known(name, value, last.seen("last antileukemic drug"))


@provides("chemotherapy_last_3_months")
def recent_chemotherapy(facts: Facts) -> Iterator[Fact]:
    """Whether chemotherapy runs or ended less than three months ago; another block may follow, which does not matter here."""
    if facts.record is None:
        return
    name, found = "chemotherapy_last_3_months", exposures(facts.record, facts.as_of)
    given = [e for e in found.leukemia() if "chemotherapy" in IMPLIES.get(e.drug, ())]
    recently = {e: True if e.ongoing else _is_recent(e.end, facts.as_of) for e in given}
    recent = [e for e, answer in recently.items() if answer]
    if recent:
        yield known(name, True, *(e.seen() for e in recent[:1]))
    elif found.nameless or None in recently.values() or not complete_list(facts, *MEDICATIONS):
        detail = "the medication lists do not tell when chemotherapy ended"
        yield unknown(name, Reason.INCOMPLETE, detail, tuple(e.seen() for e in given[:1]))
    else:
        yield known(name, False, *(e.seen() for e in given[:1]))


def _is_recent(end: When | None, as_of: date) -> bool | None:
    """Whether a day lies less than three months back; ``None`` where no day is known or a partial date leaves it open."""
    span = months(end, _today(as_of)) if end is not None else None
    if span is None:
        return None
    low, high = (span.low, span.high) if isinstance(span, Interval) else (span, span)
    return True if high < 3 else None if low < 3 else False


PROVIDERS: tuple[Provider, ...] = (since_diagnosis, to_relapse, since_chemotherapy, recent_chemotherapy)
