"""Kidney function: significant dysfunction by the filtration rate or creatinine of the last week.

NCCN ALL 2015 (ALL-B, glucarpidase) prints no number. Here a filtration rate or creatinine clearance below 60 mL/min (KDIGO G3,
as the diagnosis N18.3 means) or a creatinine above 1.5 times its upper limit (CTCAE grade 2) says yes, marked inferred; at least
60 mL/min, or a creatinine within its range where no rate came, says no.
"""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.absence import fresh, seen_in
from service.facts.labs.ctcae import lab_grade
from service.facts.model import Fact, Facts, Interval, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import newest_by_test, nothing, results_about
from service.facts.results.measured import measured

_NAME = "significant_renal_dysfunction"
_DAYS = 7
_LIMIT = 60.0


@provides(_NAME)
def kidney(facts: Facts) -> Iterator[Fact]:
    """By the newest rate and creatinine."""
    record = facts.record
    if record is None:
        return
    rate = newest_by_test(results_about(record, "labs.egfr", fluids=True))
    recent = rate is not None and fresh(rate.when, facts.as_of, _DAYS)
    found = measured(rate.resource, "gfr") if rate is not None and recent else None
    bounds = found.value if found is not None else None
    span = bounds if isinstance(bounds, Interval) else Interval(bounds, bounds) if bounds is not None else None
    creatinine = lab_grade(facts, "nephrotoxicity")
    seen = []
    if rate is not None and found is not None:
        seen.append(seen_in(rate, found.found, inferred=True, note="filtration rate"))
    if creatinine is not None:
        seen.append(seen_in(creatinine.entry, creatinine.found, inferred=True, note="creatinine"))
    grade = creatinine.grade if creatinine is not None else None
    if (span is not None and span.less_than(_LIMIT)) or (isinstance(grade, float) and grade >= 2):
        yield known(_NAME, True, *seen)
    elif (span is not None and span.at_least(_LIMIT)) or (span is None and grade == 0.0):
        yield known(_NAME, False, *seen)
    elif seen:
        yield unknown(_NAME, Reason.NOT_DECIDED, "the kidney tests do not settle it", seen)
    else:
        yield nothing(facts, _NAME, concepts=("labs.egfr", "labs.creatinine"))


PROVIDERS: tuple[Provider, ...] = (kidney,)
