"""How old the patient was when the present regimen began: age limits of a regimen look at its first dose, not at today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from service.facts.absence import absent
from service.facts.course.timeline import course, statements
from service.facts.disease.diagnosis import diagnosis_date
from service.facts.disease.identity import birth_of
from service.facts.model import Fact, Facts, Interval, Provider, Reason, known, provides, unknown
from service.facts.therapy.exposure import Exposure, exposures
from service.facts.therapy.lists import complete_drugs, no_list
from service.record.dates import completed_years
from service.record.model import When

_NAME = "age_at_regimen_start"
_BEFORE_RECORDED = timedelta(days=14)  # a diagnosis may be entered some days after the first dose


@provides(_NAME, needs=("relapse_number", "disease_state"))
def age_at_start(facts: Facts) -> Iterator[Fact]:
    """Completed years on the first day of the antileukemic drugs of the present line: those begun since the last relapse,
    else since the diagnosis; steroids alone, which are given for much else, do not open a line.

    Bounds where the birth or the first day is partly known, or where an undated or missing drug may have opened the
    line. Unknown where no drug of the line is dated, or where the line cannot be told from the one before.
    """
    if facts.record is None:
        return
    birth = birth_of(facts.record)
    if birth is None:
        yield absent(facts, _NAME, "Patient", what="a date of birth")
        return
    found = exposures(facts.record, facts.as_of)
    relapsed = _since_relapse(facts)
    if isinstance(relapsed, Fact):
        yield relapsed
        return
    diagnosed = diagnosis_date(facts.record, facts.as_of)
    opened = relapsed or (diagnosed.when if diagnosed and not diagnosed.at_latest else None)
    slack = timedelta() if relapsed else _BEFORE_RECORDED
    drugs = found.leukemia()
    dated = [e for e in drugs if e.start is not None and (opened is None or e.start.end >= opened.start - slack)]
    if not dated:
        if drugs:
            detail = "no antileukemic drug of the present line is dated"
            yield unknown(_NAME, Reason.UNDATED, detail, (e.seen() for e in drugs[:3]))
        else:
            yield no_list(facts, _NAME, found, what="antileukemic drugs given")
        return
    first = _first_day(dated)
    refractory = [s for s in statements(facts.record, facts.as_of) if s.state == "refractory"]
    if any(s.when is None or s.when.end >= first.start for s in refractory):
        detail = "refractory since: what was given before belongs to another line"
        yield unknown(_NAME, Reason.NOT_DECIDED, detail, (e.seen() for e in dated[-1:]))
        return
    low, high = completed_years(birth, first.start)[0], completed_years(birth, first.end)[1]
    if not complete_drugs(facts, found) or any(e.start is None for e in drugs):
        if opened is None:
            detail = "an earlier dose of the present line may be missing, and its beginning is not dated"
            yield unknown(_NAME, Reason.INCOMPLETE, detail, (e.seen() for e in dated[-1:]))
            return
        low = min(low, completed_years(birth, opened.start)[0])
    opening = [e for e in dated if e.start is not None and e.start.start == first.start]
    value = float(low) if low == high else Interval(float(low), float(high))
    yield known(_NAME, value, *(e.seen("first dose of the present line", inferred=True) for e in opening))


def _first_day(dated: Iterable[Exposure]) -> When:
    starts = [e.start for e in dated if e.start is not None]
    start, end = min(when.start for when in starts), min(when.end for when in starts)
    return When(start, end, start.isoformat() if start == end else f"{start} to {end}")


def _since_relapse(facts: Facts) -> When | Fact | None:
    """The last relapse; ``None`` where there was none. A relapse that cannot be dated leaves the line unknown."""
    assert facts.record is not None
    told = course(facts.record, facts.as_of)
    number = facts.value("relapse_number")
    least = number.low if isinstance(number, Interval) else number if isinstance(number, float) else 0
    if facts.value("disease_state") == "relapsed":
        least = max(least, 1)
    dated = [relapse for relapse in told.relapses if not relapse.at_latest]
    if told.unsure or least > len(dated) or len(told.relapses) > len(dated):
        return unknown(_NAME, Reason.UNDATED, "when the last relapse was is not known")
    return dated[-1].when if dated else None


PROVIDERS: tuple[Provider, ...] = (age_at_start,)
