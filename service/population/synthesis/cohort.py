"""One synthetic patient by seed and number: who, what, how it went, and the resources that tell it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any

from service.population.patients import Patient
from service.population.synthesis import events as e
from service.population.synthesis.course import Course, cut
from service.population.synthesis.disease import disease
from service.population.synthesis.frequencies import share
from service.population.synthesis.frontline import frontline
from service.population.synthesis.person import FIRST_DIAGNOSIS, person
from service.population.synthesis.resources import TYPES, resources
from service.population.synthesis.truth import Truth, truth_of
from service.population.synthesis.workup import performance

_TREATED = frozenset(
    {"induction", "consolidation", "interim maintenance", "intensification", "maintenance", "reinduction"}
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a cohort is made of. ``without_all``: share of patients who have another disease.

    Raises:
        ValueError: a day before the cohort begins, a share outside 0 to 1.
    """

    seed: int
    as_of: date
    without_all: float = 0.0

    def __post_init__(self) -> None:
        if self.as_of < FIRST_DIAGNOSIS:
            raise ValueError(f"as-of {self.as_of}: the cohort begins on {FIRST_DIAGNOSIS}. Allowed: that day or later")
        if not 0 <= self.without_all <= 1:
            raise ValueError(f"without-all {self.without_all}: is no share. Allowed: 0 to 1")


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A patient, the resources, and what is true of both."""

    truth: Truth
    resources: tuple[dict[str, Any], ...]

    @property
    def patient(self) -> Patient:
        """As a cohort is asked about: every type was exported."""
        return Patient(self.truth.patient, self.resources, frozenset(TYPES))


def synthetic(plan: Plan, number: int) -> Synthetic:
    """Patient ``number`` of a cohort: the same whatever the size of the cohort, and whoever was made before.

    Args:
        number: from 1.
    """
    rng = Random(f"allcue {plan.seed} {number}")  # noqa: S311 - not for secrets: the same seed makes the same patient
    name = f"synthetic-{plan.seed}-{number}"
    if rng.random() < plan.without_all:
        from service.population.synthesis.others import other

        truth, made = other(rng, name, plan.as_of)
        return Synthetic(truth, made)
    truth = with_all(rng, name, plan.as_of)
    return Synthetic(truth, tuple(resources(truth)))


def with_all(rng: Random, name: str, as_of: date) -> Truth:
    """A patient with ALL as of a day."""
    who = person(rng, as_of)
    course = Course(rng, who, disease(rng, who))
    frontline(course)
    end = min(as_of, course.dead) if course.dead else as_of
    happened = cut(course.events, end, alive=end != course.dead)
    truth = truth_of(course, name, happened, as_of)
    lately = _lately(course, truth, as_of) if truth.death is None else []
    both = sorted((*happened, *lately), key=lambda event: event.day)
    late = tuple(deviation for deviation in course.deviations if deviation.day <= end)
    return replace(truth, events=tuple(both), tally=tuple(course.tally), deviations=late)


def _lately(course: Course, truth: Truth, as_of: date) -> list[e.Event]:
    """The last visit: blood, fitness, and orders. Drawn last, so that the course does not depend on the day of the cohort."""
    rng = course.rng
    day = max(course.person.diagnosed, as_of - timedelta(days=rng.randint(0, 10)))
    before = len(course.events)
    if truth.state != "new-diagnosis":
        course.blood(day, leukemic=truth.state in ("relapsed", "refractory") and truth.relapse_site != "isolated-CNS")
        course.chemistry(day)
        course.add(performance(course, day))
    made = course.events[before:]
    del course.events[before:]
    found: list[e.Event] = []
    for event in made:
        if isinstance(event, e.Lab):
            odd = course.chance("odd-unit", share("odd-unit")) if event.name in ("wbc", "anc", "platelets") else False
            if course.chance("entered-in-error", share("entered-in-error")):
                found.append(replace(event, error=True, value=round(event.value * 10, 2)))
            found.append(replace(event, odd=odd))
        else:
            found.append(event)
    return found + _orders(course, truth, day)


def _orders(course: Course, truth: Truth, day: date) -> list[e.Event]:
    """Open orders: of what is being given, of a test, and some that should not have been written."""
    name, harmed = "deviation-unsafe-order", any(isinstance(event, e.Toxicity) for event in truth.events)
    if harmed and truth.phase in _TREATED and course.deviates(name, share(name), day):
        return [e.Order(day, "active", drug="pegaspargase")]
    if truth.phase not in _TREATED or not course.chance("open-orders", share("open-orders")):
        return []
    rng, status = course.rng, course.rng.choice(("active", "draft"))
    running = [event.drug for event in truth.events if isinstance(event, e.Given) and event.until is None]
    if not running or rng.random() < 0.4:
        return [e.Order(day, status, test="Measurable residual disease (MRD) in bone marrow")]
    return [e.Order(day, status, drug=rng.choice(running))]
