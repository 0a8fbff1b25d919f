"""Who a synthetic patient is: age and sex, and the day of diagnosis."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from random import Random

from service.population.synthesis.frequencies import share

FIRST_DIAGNOSIS = date(2012, 1, 1)  # every edition of the guidelines has patients that it was in force for
_YOUNGEST, _OLDEST = 0.08, 90.0  # years


@dataclass(frozen=True, slots=True)
class Person:
    """``age``: in years at diagnosis. ``setting``: who treats, "pediatric-oncology" or "adult-oncology"."""

    sex: str
    birth: date
    diagnosed: date
    age: float
    group: str
    setting: str

    def age_on(self, day: date) -> int:
        """Completed years."""
        return day.year - self.birth.year - ((day.month, day.day) < (self.birth.month, self.birth.day))


def person(rng: Random, as_of: date) -> Person:
    """A patient diagnosed between 2012 and a day, uniformly."""
    diagnosed = FIRST_DIAGNOSIS + timedelta(days=int(rng.random() * ((as_of - FIRST_DIAGNOSIS).days + 1)))
    age = _age(rng.random())
    birth = diagnosed - timedelta(days=round(age * 365.2425))
    draft = Person("", birth, diagnosed, age, "", "")
    years = draft.age_on(diagnosed)
    group = (
        "infant"
        if age < 1 and years < 1
        else "child"
        if years < 15
        else "aya"
        if years < 40
        else "adult"
        if years < 65
        else "older"
    )
    sex = "male" if rng.random() < share("male", group) else "female"
    pediatric = years < 18 or (years < 22 and rng.random() < 0.4)
    return Person(sex, birth, diagnosed, age, group, "pediatric-oncology" if pediatric else "adult-oncology")


@lru_cache(maxsize=1)
def _knots() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The distribution of age: shares of patients below each age; straight lines between."""
    infants = share("infants-of-pediatric") * share("age-below-20")
    rows = (
        (_YOUNGEST, 0.0),
        (1.0, infants),
        (6.0, share("age-below-6")),
        (14.0, share("age-below-14")),
        (20.0, share("age-below-20")),
        (45.0, 1 - share("age-45-and-over")),
        (65.0, 1 - share("age-65-and-over")),
        (_OLDEST, 1.0),
    )
    return tuple(age for age, _ in rows), tuple(below for _, below in rows)


def _age(drawn: float) -> float:
    ages, below = _knots()
    at = min(bisect_right(below, drawn) - 1, len(ages) - 2)
    return ages[at] + (ages[at + 1] - ages[at]) * (drawn - below[at]) / (below[at + 1] - below[at])
