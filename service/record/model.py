"""The patient record: FHIR R4 resources as dicts, indexed once, each with its codes, concepts, status and date.

A record never raises for a bad resource: what cannot be used is set aside with a reason, and what was not asked for,
came empty, failed or came incomplete is told apart per resource type (`Coverage`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from service.record.terminology import Terminology
from service.record.whose import Ownership

Resource: TypeAlias = Mapping[str, Any]
T = TypeVar("T")
P = ParamSpec("P")


class Coverage(StrEnum):
    """How much of one resource type the record holds. Only COMPLETE and EMPTY let absence mean "no record of"."""

    COMPLETE = "complete"
    EMPTY = "empty"  # asked for; the source holds none
    PARTIAL = "partial"  # a first page, or one of several queries failed
    ABSENT = "absent"  # never asked for or not sent
    FAILED = "failed"  # an error came instead


@dataclass(frozen=True, slots=True, order=True)
class When:
    """A FHIR date as the interval of days it may mean: 2024 is [2024-01-01, 2024-12-31].

    ``text`` keeps the value as found. ``start == end`` for a full date or instant.
    """

    start: date
    end: date
    text: str = ""

    @property
    def exact(self) -> bool:
        return self.start == self.end


@dataclass(frozen=True, slots=True)
class SetAside:
    """A resource that was not used, and why ("status entered-in-error", "belongs to another patient")."""

    reference: str
    reason: str
    type: str = ""
    concepts: frozenset[str] = frozenset()
    codings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One usable resource.

    ``concepts`` are group names of the terminology ("labs.wbc", "therapy.dasatinib") found by code, or by text where
    no code matched (then also in ``text_concepts``). ``when`` is the clinical date: ``effective[x]``, else
    ``issued``, else the type's own start; ``until`` the end of a period where there is one. ``None``: undated.
    """

    type: str
    reference: str
    resource: Resource
    status: str | None
    codings: tuple[tuple[str, str], ...]  # (system, code)
    text: str  # code.text and displays, as found, joined by " | "
    concepts: frozenset[str]
    text_concepts: frozenset[str] = frozenset()
    when: When | None = None
    until: When | None = None
    preliminary: bool = False
    notes: tuple[str, ...] = ()  # what was odd but tolerable
    _worked_out: dict[object, Any] = field(default_factory=dict, repr=False)

    def once(self, key: object, work: Callable[[], T]) -> T:
        """The result of some work on this entry, done the first time it is asked for under the key."""
        if key not in self._worked_out:
            self._worked_out[key] = work()
        found: T = self._worked_out[key]
        return found


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """A patient's usable resources, newest first, with lookups by type and concept."""

    patient_id: str | None
    patient: Resource | None
    entries: tuple[Entry, ...]
    coverage: Mapping[str, Coverage]
    terminology: Terminology
    set_aside: tuple[SetAside, ...] = ()
    _by_type: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    _by_concept: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    _worked_out: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)
    medications: Mapping[str, Resource] = field(default_factory=dict, repr=False)  # by "Medication/id" and by address
    owners: Ownership | None = field(default=None, compare=False, repr=False)

    def of_type(self, *types: str) -> tuple[Entry, ...]:
        """Entries of the given resource types, newest first (undated last)."""
        if len(types) == 1:
            return self._by_type.get(types[0], ())
        return self.once(
            ("types", types), lambda: newest_first(e for kind in types for e in self._by_type.get(kind, ()))
        )

    def about(self, *concepts: str, types: tuple[str, ...] = ()) -> tuple[Entry, ...]:
        """Entries that carry any of the concepts (optionally of some types only), newest first, each once."""
        if len(concepts) == 1:
            found = self._by_concept.get(concepts[0], ())
        else:
            found = self.once(("about", concepts), lambda: self._about_any(concepts))
        return tuple(e for e in found if e.type in types) if types else found

    def _about_any(self, concepts: tuple[str, ...]) -> tuple[Entry, ...]:
        seen: dict[int, Entry] = {}
        for concept in concepts:
            for entry in self._by_concept.get(concept, ()):
                seen[id(entry)] = entry
        return newest_first(seen.values())

    def means(self, entry: Entry, what: str) -> str | None:
        """What the codes of an entry settle by themselves ("disease_state"); the first code that says it wins."""
        for system, code in entry.codings:
            found = self.terminology.meaning(system, code).get(what)
            if found is not None:
                return found
        return None

    def once(self, key: object, work: Callable[[], T]) -> T:
        """The result of some work on this record, done the first time it is asked for under the key."""
        if key not in self._worked_out:
            self._worked_out[key] = work()
        found: T = self._worked_out[key]
        return found

    def covered(self, *types: str) -> Coverage:
        """The weakest coverage over the given resource types (ABSENT < FAILED < PARTIAL < EMPTY < COMPLETE).

        EMPTY counts only if every type is empty; one complete type among empty ones is COMPLETE.
        """
        found = {self.coverage.get(kind, Coverage.ABSENT) for kind in types}
        for weak in (Coverage.ABSENT, Coverage.FAILED, Coverage.PARTIAL):
            if weak in found:
                return weak
        return Coverage.EMPTY if found == {Coverage.EMPTY} else Coverage.COMPLETE


def newest_first(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Sort by clinical date, newest first; undated entries last, otherwise in the order they came."""
    return tuple(sorted(entries, key=lambda e: (e.when is None, -(e.when.end.toordinal()) if e.when else 0)))


def once_per_record(
    function: Callable[Concatenate[PatientRecord, P], T],
) -> Callable[Concatenate[PatientRecord, P], T]:
    """Make a pure function of a record (and hashable arguments) keep its results with the record.

    Several readers ask the same of a record: all its karyotypes, all its drugs. It is worked out once.
    """

    @wraps(function)
    def kept(record: PatientRecord, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return record.once((function, args, tuple(kwargs.items())), lambda: function(record, *args, **kwargs))

    return kept
