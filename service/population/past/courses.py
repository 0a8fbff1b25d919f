"""Courses of drugs on record: each drug with the days on which it was begun, and the resources that tell of it.

A drug that goes on, is given in cycles or is ordered again is one course. It is begun anew after half a year without a sign
of it, after a relapse that lies between its last day and the next, and where it is first said to be given as maintenance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from service.facts.therapy.exposure import Exposure, Exposures, treats
from service.facts.vocabulary.drugs import IMPLIES
from service.record.model import Entry
from service.record.text import states
from service.record.values import notes_of

GAP = timedelta(days=180)  # without a sign of a drug, after which it is begun anew
_MAINTENANCE = re.compile(r"(?<!interim )(?<!interim-)maintenance|erhaltung|\bPOMP\b", re.IGNORECASE)
NEAR = timedelta(days=14)  # within which two entries, one of a class and one of its drug, tell of one thing


@dataclass(frozen=True, slots=True)
class DrugCourse:
    """One drug from a day on. ``entries``: all that tell of it; ``exact``: whether the day of its beginning is known;
    ``first``/``last``: its first and its last known day; ``upkeep``: its words say that it is maintenance.
    """

    drug: str
    first: date
    last: date
    exact: bool
    entries: tuple[Entry, ...]
    ongoing: bool
    upkeep: bool = False

    @property
    def references(self) -> frozenset[str]:
        return frozenset(entry.reference for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Courses:
    """``undated``: drugs against leukemia of which no day of treatment is known, each once. ``unclear``: references of
    entries of which code and text name different drugs.
    """

    items: tuple[DrugCourse, ...]
    undated: tuple[str, ...] = ()
    unclear: frozenset[str] = frozenset()


def drug_courses(found: Exposures, relapses: Sequence[date], until: date) -> Courses:
    """The courses of all drugs against leukemia, by their first day.

    Left out: intrathecal drugs, which go with every treatment; what a code and a text name differently; what begins later
    than ``until``.
    """
    by_drug: dict[str, list[Exposure]] = {}
    undated: dict[str, None] = {}
    unclear: set[str] = set()
    for exposure in found.items:
        if not treats(exposure.drug) or exposure.intrathecal:
            continue
        if exposure.unclear:
            unclear.add(exposure.entry.reference)
        elif exposure.start is None:
            undated[exposure.drug] = None
        elif exposure.start.start <= until:
            by_drug.setdefault(exposure.drug, []).append(exposure)
    made = [course for drug, rows in by_drug.items() for course in _split(drug, rows, relapses)]
    dated = {course.drug for course in made}
    kept = sorted(_named(made), key=lambda course: (course.first, course.drug))
    return Courses(tuple(kept), tuple(drug for drug in undated if drug not in dated), frozenset(unclear))


def _split(drug: str, rows: Iterable[Exposure], relapses: Sequence[date]) -> Iterator[DrugCourse]:
    ordered = sorted(rows, key=_first_day)
    group: list[Exposure] = []
    last = date.min
    for row in ordered:
        first = _first_day(row)
        running = any(one.ongoing for one in group)
        back = any(last < relapse <= first for relapse in relapses)
        anew = not running and (first > last + GAP or (back and first > last))
        if group and (anew or (_is_upkeep(row) and not _is_upkeep(group[0]))):
            yield _made(drug, group)
            group, last = [], date.min
        group.append(row)
        last = max(last, _last_day(row))
    if group:
        yield _made(drug, group)


def _made(drug: str, group: Sequence[Exposure]) -> DrugCourse:
    first = group[0]
    exact = first.start is not None and first.start.exact
    return DrugCourse(
        drug,
        _first_day(first),
        max(map(_last_day, group)),
        exact,
        tuple(dict.fromkeys(row.entry for row in group)),
        any(row.ongoing for row in group),
        _is_upkeep(first),
    )


def _is_upkeep(row: Exposure) -> bool:
    return states(f"{row.entry.text}; {notes_of(row.entry.resource)}", _MAINTENANCE)


def _first_day(row: Exposure) -> date:
    return row.start.start if row.start is not None else date.min


def _last_day(row: Exposure) -> date:
    return row.last.end if row.last is not None else _first_day(row)


def _named(made: Sequence[DrugCourse]) -> Iterator[DrugCourse]:
    """Without courses of a class ("CAR-T") where one of its drugs was begun about the same day."""
    for course in made:
        same = (
            other
            for other in made
            if course.drug in IMPLIES.get(other.drug, ()) and abs(other.first - course.first) <= NEAR
        )
        if next(same, None) is None:
            yield course
