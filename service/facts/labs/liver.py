"""Liver tests: the CTCAE grade of AST and ALT now, its peak and how long it lasted, and whether all tests are normal.

Grades by multiples of the upper limit of each result's own range (`ctcae`). The episode is the last run of results above
grade 1 (NCCN ALL 2015, ALL-B: asparaginase is held from grade 3 until grade 1, and after grade 4 it counts whether that
took a week). Between two blood samples nobody knows the day: lengths are told within bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

from service.facts.absence import seen_in
from service.facts.labs.ctcae import LIVER_ENZYMES, LabGrade, against_upper_limit
from service.facts.model import Fact, Facts, Interval, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import first_treatment, newest_by_test, nothing, outdated, results_about, sex_of
from service.facts.results.ranges import against_range
from service.record.model import Entry
from service.record.values import quantity

_ENZYMES = ("labs.ast", "labs.alt")
_LIVER = ("labs.bilirubin_total", *_ENZYMES)
_RECENT = timedelta(days=7)
_EPISODE = 120  # days the last episode may lie back
_BASELINE = timedelta(days=30)
_CARRIED = 3  # days for which one enzyme's grade stands while only the other was measured


@provides("ast_alt_grade")
def ast_alt_grade(facts: Facts) -> Iterator[Fact]:
    """The worse of AST and ALT by CTCAE: above 1, 3, 5, 20 times the upper limit of the result's own range.

    Where one of them came without a range, the other's grade is the least.
    """
    if facts.record is None:
        return
    graded: list[LabGrade] = []
    problem: Fact | None = None
    open_end = False
    for group in _ENZYMES:
        entry = newest_by_test(results_about(facts.record, group))
        if entry is None:
            continue
        number = quantity(entry.resource)
        seen = seen_in(entry, number.text if number else None)
        old = outdated(facts, "ast_alt_grade", entry, seen)
        found = against_upper_limit(entry, LIVER_ENZYMES, sex_of(facts))
        if old is not None:
            problem = problem or old
        elif found is None:
            open_end = True
            problem = unknown("ast_alt_grade", Reason.NOT_DECIDED, "no upper limit of normal with it", (seen,))
        else:
            graded.append(found)
    if not graded:
        yield problem or nothing(facts, "ast_alt_grade", concepts=_ENZYMES)
        return
    low = max(_low(g) for g in graded)
    high = 4.0 if open_end else max(_high(g) for g in graded)
    note = _baseline(facts)
    value = low if low == high else Interval(low, high)
    yield known("ast_alt_grade", value, *(seen_in(g.entry, g.found, note=note) for g in graded))


def _low(found: LabGrade) -> float:
    return found.grade.low if isinstance(found.grade, Interval) else found.grade


def _high(found: LabGrade) -> float:
    return found.grade.high if isinstance(found.grade, Interval) else found.grade


def _baseline(facts: Facts) -> str | None:
    """What to say where the values were raised before treatment: CTCAE v5 would grade against them."""
    record = facts.record
    first = first_treatment(record) if record is not None else None
    if record is None or first is None or first.when is None:
        return None
    day = first.when.start
    for group in _ENZYMES:
        before = [e for e in results_about(record, group) if e.when and day - _BASELINE <= e.when.start <= day]
        if before and against_range(before[0].resource, sex_of(facts)) == "high":
            return "raised before treatment; CTCAE v5 would grade against that value, v4.03 as here"
    return None


@provides("ast_alt_peak_grade", "ast_alt_days_to_grade1")
def episode(facts: Facts) -> Iterator[Fact]:
    """The last run of AST/ALT results above grade 1: its highest grade, and the days from the first result of that grade
    to grade 1 or less.
    """
    if facts.record is None:
        return
    days = list(_days(facts))
    last = next((i for i in reversed(range(len(days))) if days[i][1] > 1), None)
    if last is None:
        yield nothing(facts, "ast_alt_peak_grade", concepts=_ENZYMES)
        yield nothing(facts, "ast_alt_days_to_grade1", concepts=_ENZYMES)
        return
    first = last
    while first and days[first - 1][1] > 1:
        first -= 1
    run = days[first : last + 1]
    peak = max(grade for _, grade, _ in run)
    began, entry = next((day, entry) for day, grade, entry in run if grade == peak)
    yield known("ast_alt_peak_grade", peak, seen_in(entry, _found(entry)))
    least = float((run[-1][0] - began).days)
    if last + 1 < len(days):
        back, _, after = days[last + 1]
        most = float((back - began).days)
        value = most if most == least + 1 else Interval(least, most, low_open=True)
        yield known("ast_alt_days_to_grade1", value, seen_in(entry, _found(entry)), seen_in(after, _found(after)))
    else:
        value = Interval(low=least, low_open=True)
        yield known("ast_alt_days_to_grade1", value, seen_in(entry, _found(entry)), detail="not back to grade 1 yet")


def _found(entry: Entry) -> str | None:
    number = quantity(entry.resource)
    return number.text if number else None


def _days(facts: Facts) -> Iterator[tuple[date, float, Entry]]:
    """The days with a gradable AST or ALT, oldest first, each with its worse grade. The grade of an enzyme stands for a
    few days while only the other one is measured.
    """
    assert facts.record is not None
    graded: list[tuple[date, str, float, Entry]] = []
    for group in _ENZYMES:
        for entry in results_about(facts.record, group):
            found = against_upper_limit(entry, LIVER_ENZYMES, sex_of(facts))
            if found is not None and entry.when is not None and entry.when.exact:
                graded.append((entry.when.start, group, _low(found), entry))
    graded = [row for row in graded if 0 <= (facts.as_of - row[0]).days <= _EPISODE]
    graded.sort(key=lambda row: (row[0], -row[2]))
    latest: dict[str, tuple[date, float]] = {}
    for day, rows in groupby(graded, key=lambda row: row[0]):
        of_day = list(rows)
        for _, group, grade, _ in reversed(of_day):
            latest[group] = (day, grade)
        standing = [grade for since, grade in latest.values() if (day - since).days <= _CARRIED]
        yield day, max(standing), of_day[0][3]


@provides("lft_normal")
def lft_normal(facts: Facts) -> Iterator[Fact]:
    """Total bilirubin, AST and ALT of the last week all within their ranges; any above: no."""
    if facts.record is None:
        return
    placed: list[tuple[str, Entry]] = []
    for group in _LIVER:
        entry = newest_by_test(results_about(facts.record, group))
        place = against_range(entry.resource, sex_of(facts)) if entry is not None else None
        if entry is not None and place and entry.when is not None and entry.when.start >= facts.as_of - _RECENT:
            placed.append((place, entry))
    seen = [seen_in(e, _found(e)) for _, e in placed]
    if any(place == "high" for place, _ in placed):
        yield known("lft_normal", False, *seen)
    elif len(placed) == len(_LIVER):
        yield known("lft_normal", True, *seen)
    else:
        yield nothing(facts, "lft_normal", concepts=_LIVER)


PROVIDERS: tuple[Provider, ...] = (ast_alt_grade, episode, lft_normal)
