"""CTCAE grades of laboratory values and measurements, from the value and the result's own reference range.

Limits of CTCAE v5.0 (National Cancer Institute, 27 November 2017), "Investigations" and "Metabolism and nutrition
disorders"; v4.03, which NCCN 2015 (ALL-B) grades by, has the same except for glucose: v5 grades it by its treatment
and v4.03 by its value, which is what a laboratory can say. "Grade 1 up to 3 x ULN" means that exactly 3 x is grade 1. v5 grades
liver values that were raised before treatment against that baseline; here the upper limit of normal is kept, as in
v4.03, and the fact says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.facts.absence import fresh
from service.facts.model import Facts, Interval
from service.facts.results.lookup import newest_by_test, results_about, sex_of
from service.facts.results.measured import measured
from service.facts.results.ranges import limits
from service.record.model import Entry
from service.record.values import quantity

Grade = float | Interval
_Above = tuple[tuple[float, float], ...]  # (exceeded, grade), highest first
LIVER_ENZYMES: _Above = ((20, 4), (5, 3), (3, 2), (1, 1))
_BILIRUBIN: _Above = ((10, 4), (3, 3), (1.5, 2), (1, 1))
_CREATININE: _Above = ((6, 4), (3, 3), (1.5, 2), (1, 1))


@dataclass(frozen=True, slots=True)
class LabGrade:
    """A grade and the result it comes from. ``found``: the value as it stood."""

    grade: Grade
    entry: Entry
    found: str


def over(value: float, steps: _Above) -> float:
    """The grade of a value by limits it exceeds."""
    return next((float(grade) for limit, grade in steps if value > limit), 0.0)


def bounds(value: Grade, grade: Callable[[float], Grade]) -> Grade:
    """The grade of a value that may be known only within bounds; it must rise or fall with the value."""
    if not isinstance(value, Interval):
        return grade(value)
    # "<5" is judged at 5 and ">500" at 500: an open end next to a limit may be a grade off, within the bounds told.
    ends = [part for end in (value.low, value.high) for part in _ends(grade(end))]
    low, high = min(ends), max(ends)
    return low if low == high else Interval(low, high)


def _ends(grade: Grade) -> tuple[float, float]:
    return (grade.low, grade.high) if isinstance(grade, Interval) else (grade, grade)


def against_upper_limit(entry: Entry, steps: _Above, sex: str | None) -> LabGrade | None:
    """The grade by multiples of the upper limit of normal; ``None`` without that limit or without a number."""
    number = quantity(entry.resource)
    limit = limits(entry.resource, sex)[1]
    if number is None or not limit:
        return None
    times = number.value / limit
    if number.comparator in (">", ">="):
        grade: Grade = _span(over(times, steps), 4.0)
    elif number.comparator:
        grade = _span(0.0, over(times, steps))
    else:
        grade = over(times, steps)
    return LabGrade(grade, entry, number.text)


def _span(low: float, high: float) -> Grade:
    return low if low == high else Interval(low, high)


def _triglycerides(value: float) -> Grade:
    """mg/dL: 150 to 300, above 300, 500, 1000."""
    return over(value, ((1000, 4), (500, 3), (300, 2))) or (1.0 if value >= 150 else 0.0)


def _glucose(value: float) -> Grade:
    """mg/dL, v4.03: above 250 and 500 in any sample; what is less counts fasting only, which no one says."""
    high = over(value, ((500, 4), (250, 3)))
    if high:
        return high
    return Interval(0, 2) if value > 160 else Interval(0, 1) if value > 100 else 0.0


def qtc(value: float) -> Grade:
    """ms: 450 to 480, above 480, above 500; grade 4 is an arrhythmia, not a number."""
    return over(value, ((500, 3), (480, 2))) or (1.0 if value >= 450 else 0.0)


def ejection(value: float) -> Grade:
    """Percent at rest: 50 to 40, below 40, below 20. There is no grade 1, and a fall from baseline is not seen."""
    return 4.0 if value < 20 else 3.0 if value < 40 else 2.0 if value <= 50 else Interval(0, 2)


def neutrophils(value: float) -> Grade:
    """10*9/L: below 1.5, 1.0, 0.5; between the lower limit of normal and 1.5 grade 1, which without that limit is open."""
    below = 4.0 if value < 0.5 else 3.0 if value < 1.0 else 2.0 if value < 1.5 else None
    return below if below is not None else Interval(0, 1) if value < 2.0 else 0.0


@dataclass(frozen=True, slots=True)
class _Test:
    group: str
    days: int
    kind: str = ""
    by_value: Callable[[float], Grade] | None = None
    steps: _Above = ()
    positive_only: bool = False  # a normal value does not speak against the toxicity


_TESTS: Mapping[str, _Test] = {
    "hyperbilirubinemia": _Test("labs.bilirubin_total", 7, "bilirubin", steps=_BILIRUBIN),
    "nephrotoxicity": _Test("labs.creatinine", 7, "creatinine", steps=_CREATININE),
    "hypertriglyceridemia": _Test("labs.triglycerides", 7, "triglycerides", _triglycerides),
    "hyperglycemia": _Test("labs.glucose", 2, "glucose", _glucose),
    "QT-prolongation": _Test("fitness.qtc", 30, "milliseconds", qtc),
    "cardiac": _Test("fitness.lvef", 180, "percent", ejection, positive_only=True),
    "neutropenia": _Test("labs.anc", 7, "cells", neutrophils),
}
GRADED_KINDS = (*_TESTS, "ast-alt")
# What is plausible of each test, in the unit of its kind; a value outside of it, as of a wrong unit, is not graded.
_BELIEVABLE: Mapping[str, tuple[float, float]] = {
    "hyperglycemia": (0, 3000),
    "hypertriglyceridemia": (0, 20000),
    "neutropenia": (0, 100),
    "QT-prolongation": (200, 900),
    "cardiac": (0, 100),
    "hyperbilirubinemia": (0, 80),
    "nephrotoxicity": (0, 40),
}


def lab_grade(facts: Facts, kind: str) -> LabGrade | None:
    """The grade of a toxicity by the newest result of its test, if that is recent and can be graded."""
    test = _TESTS.get(kind)
    record = facts.record
    if test is None or record is None:
        return None
    entry = newest_by_test(results_about(record, test.group))
    if entry is None or not fresh(entry.when, facts.as_of, test.days) or _uncorrected(entry):
        return None
    if not _believable(entry, kind, test):
        return None
    found = against_upper_limit(entry, test.steps, sex_of(facts)) if test.steps else _of_value(entry, test)
    low = _ends(found.grade)[0] if found else 0.0
    return found if found and (low or not test.positive_only) else None


def _uncorrected(entry: Entry) -> bool:
    return any(code == "8634-8" for _, code in entry.codings)  # the uncorrected QT interval


def _believable(entry: Entry, kind: str, test: _Test) -> bool:
    """Whether a result may be true; one without a unit is only compared with its own range."""
    found = measured(entry.resource, test.kind)
    if found is None or found.value is None:
        number = quantity(entry.resource)
        return number is None or number.value >= 0
    low, high = (found.value.low, found.value.high) if isinstance(found.value, Interval) else (found.value, found.value)
    least, most = _BELIEVABLE.get(kind, (0.0, float("inf")))
    return low <= most and high >= least


def _of_value(entry: Entry, test: _Test) -> LabGrade | None:
    found = measured(entry.resource, test.kind)
    if found is None or found.value is None or test.by_value is None:
        return None
    return LabGrade(bounds(found.value, test.by_value), entry, found.found)
