"""Ages in years and months, now and at diagnosis, and the bands that hang on them. Ages are completed counts."""

from __future__ import annotations

import math
from collections.abc import Iterator

from service.facts.derive.tools import band, follows, number, span, whole, word
from service.facts.model import Fact, Facts, Interval, provides

_AGE_GROUPS = ((0, 1, "infant"), (1, 15, "child"), (15, 40, "AYA"), (40, 65, "adult"))
_NEW_FOR = 12  # months: nobody stays in the state "new diagnosis" longer


def _in_years(months: Interval) -> float | Interval:
    low, high = whole(months)
    return span(low // 12, high if math.isinf(high) else high // 12)


def _in_months(years: Interval) -> Interval:
    low, high = whole(years)
    return Interval(low * 12, (high + 1) * 12, high_open=True)


@provides("age_years", needs=("age_months",))
def age_years(facts: Facts) -> Iterator[Fact]:
    """Completed years, where only months are known."""
    months = number(facts, "age_months")
    if months is not None:
        yield follows("age_years", _in_years(months), facts, "age_months")


@provides("age_months", needs=("age_years",))
def age_months(facts: Facts) -> Iterator[Fact]:
    """Months, where only years are known: a whole year wide."""
    years = number(facts, "age_years")
    if years is not None:
        yield follows("age_months", _in_months(years), facts, "age_years")


@provides("is_adult", "age_group", needs=("age_years",))
def age_bands(facts: Facts) -> Iterator[Fact]:
    """Adult from 18 years; NCCN bands: infant below 12 months, child 1-14, AYA 15-39, adult 40-64, older from 65."""
    years = number(facts, "age_years")
    if years is None:
        return
    adult = years.at_least(18)
    if adult is not None:
        yield follows("is_adult", adult, facts, "age_years")
    group = "older" if years.at_least(65) else band(years, _AGE_GROUPS)
    if group is not None:
        yield follows("age_group", group, facts, "age_years")


@provides("age_at_diagnosis_years", needs=("age_months_at_diagnosis",))
def years_at_diagnosis(facts: Facts) -> Iterator[Fact]:
    """Completed years at diagnosis from months at diagnosis."""
    months = number(facts, "age_months_at_diagnosis")
    if months is not None:
        yield follows("age_at_diagnosis_years", _in_years(months), facts, "age_months_at_diagnosis")


@provides("age_months_at_diagnosis", needs=("age_at_diagnosis_years",))
def months_at_diagnosis(facts: Facts) -> Iterator[Fact]:
    """Months at diagnosis from years at diagnosis: a whole year wide."""
    years = number(facts, "age_at_diagnosis_years")
    if years is not None:
        yield follows("age_months_at_diagnosis", _in_months(years), facts, "age_at_diagnosis_years")


@provides("age_months_at_diagnosis", needs=("age_months", "months_diagnosis", "disease_state"))
def months_at_diagnosis_from_now(facts: Facts) -> Iterator[Fact]:
    """Age now less the time since diagnosis. Without that time: not more than the age now, and in a new diagnosis not
    more than a year less. An infant now was an infant then; anything wider is not worth saying.
    """
    age, since = number(facts, "age_months"), number(facts, "months_diagnosis")
    if age is None:
        return
    low, high = whole(age)
    if since is not None:
        shortest, longest = whole(since)
        # two completed counts: their difference may be one less than it looks
        bounds = span(max(low - longest - 1, 0), max(high - shortest, 0))
        yield follows("age_months_at_diagnosis", bounds, facts, "age_months", "months_diagnosis")
    elif word(facts, "disease_state") == "new-diagnosis":
        note = f"diagnosis taken to lie within the last {_NEW_FOR} months"
        bounds = span(max(low - _NEW_FOR, 0), high)
        yield follows("age_months_at_diagnosis", bounds, facts, "age_months", "disease_state", note=note)
    elif high < 12:
        yield follows("age_months_at_diagnosis", span(0, high), facts, "age_months")


PROVIDERS = (age_years, age_months, age_bands, years_at_diagnosis, months_at_diagnosis, months_at_diagnosis_from_now)
