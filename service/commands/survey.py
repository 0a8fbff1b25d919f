"""What a folder of patients holds, counted: which facts were found, from what, and what came that nobody reads.

Counts only, and codes with their display; no value of any patient. What is kept does not grow with their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.advice.explain import best_coding
from service.facts.disease.diagnosis import has_all
from service.facts.model import Fact, Facts, Reason, TokenSet
from service.facts.sources import Sources, system_name
from service.record.build import READ
from service.record.model import Entry, PatientRecord
from service.record.values import as_list, codings_of
from service.rules.expression import leaves
from service.rules.rule import Rule

_MOST_CODES = 5000  # different codes that are told apart; a feed has some hundreds
NO_CODE = "no code"
NOT_READ = "type not read"  # as `service.record.build` says it
# Measurements and habits of everybody: to list what of them is not read would say nothing about leukemia.
_EVERYBODYS = frozenset({"vital-signs", "social-history", "activity"})
SEEN_TYPES = (
    "Patient", "Condition", "Observation", "DiagnosticReport", "Procedure", "MedicationStatement", "MedicationRequest",
    "MedicationAdministration", "AllergyIntolerance", "AdverseEvent",
)  # fmt: skip


@dataclass(slots=True)
class Found:
    """One fact over all patients. All numbers are numbers of patients.

    ``text_only``: of those found, read from free text alone. ``inferred``: concluded, not stated.
    """

    known: int = 0
    text_only: int = 0
    inferred: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    systems: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Unrecognised:
    """A code that no reader knows. ``by_name``: the concepts its resources were read as by their words alone."""

    display: str = ""
    resources: int = 0
    patients: int = 0
    by_name: set[str] = field(default_factory=set)


class Survey:
    """Counts patient after patient."""

    def __init__(self, sources: Sources, names: Iterable[str]):
        self.sources = sources
        self.patients = 0
        self.leukemia: Counter[str] = Counter()  # recognised, none, cannot tell
        self.facts: dict[str, Found] = {name: Found() for name in names}
        self.resources: Counter[str] = Counter()
        self.patients_with: Counter[str] = Counter()
        self.codes: dict[tuple[str, str, str], Unrecognised] = {}
        self.further_codes = 0  # resources with a code beyond the most that are told apart
        self.without_code: Counter[str] = Counter()
        self.set_aside: Counter[tuple[str, str]] = Counter()

    def add(self, record: PatientRecord, found: Facts) -> None:
        """Count one patient in."""
        self.patients += 1
        self.leukemia[{True: "recognised", False: "none", None: "cannot tell"}[has_all(record)]] += 1
        entries = {entry.reference: entry for entry in record.entries}
        cited: set[str] = set()
        for name, counted in self.facts.items():
            fact = found[name]
            self._count(fact, counted, entries)
            if fact.known:
                cited.update(seen.resource for seen in fact.provenance)
        types = Counter(entry.type for entry in record.entries)
        if record.patient is not None:
            types["Patient"] += 1
        for aside in record.set_aside:
            self.set_aside[aside.type or "?", aside.reason] += 1
            if aside.type and aside.reason != NOT_READ:
                types[aside.type] += 1
        self.resources.update(types)
        self.patients_with.update(types.keys())
        self._count_codes(record, cited)

    def never_found(self) -> list[str]:
        """Facts that a record can give and no patient had."""
        return [
            name for name, counted in self.facts.items() if not counted.known and self.sources.of(name).asked is None
        ]

    def _count(self, fact: Fact, counted: Found, entries: Mapping[str, Entry]) -> None:
        if not says_something(fact):
            counted.unknown[str(fact.reason or Reason.NOT_DECIDED)] += 1
            return
        counted.known += 1
        seen = [p for p in fact.provenance if p.resource in entries or p.resource.partition("/")[0] == "Patient"]
        types, systems = set(), set()
        for provenance in seen:
            entry = entries.get(provenance.resource)
            types.add(entry.type if entry else "Patient")
            if entry is not None:
                coding = best_coding(entry, self.sources.terminology)
                systems.add(system_name(coding.system) or "no system" if coding else NO_CODE)
        counted.types.update(sorted(types))
        counted.systems.update(sorted(systems))
        counted.text_only += bool(seen) and all(p.from_text for p in seen)
        counted.inferred += any(p.inferred for p in fact.provenance)

    def _count_codes(self, record: PatientRecord, cited: set[str]) -> None:
        here: set[tuple[str, str, str]] = set()
        for entry in record.entries:
            if entry.concepts - entry.text_concepts or (entry.reference in cited and not entry.text_concepts):
                continue
            if _is_everybodys(entry):
                continue
            if not entry.codings:
                self.without_code[entry.type] += 1
                continue
            key = (entry.type, *entry.codings[0])
            kept = self.codes.get(key)
            if kept is None:
                if len(self.codes) >= _MOST_CODES:
                    self.further_codes += 1
                    continue
                kept = self.codes[key] = Unrecognised()
            kept.display = kept.display or _display(entry, self.sources)
            kept.resources += 1
            kept.by_name |= entry.text_concepts
            kept.patients += key not in here
            here.add(key)


def says_something(fact: Fact) -> bool:
    """Whether a fact is known; an empty list that may be incomplete says nothing."""
    if isinstance(fact.value, TokenSet):
        return fact.value.is_empty() is not None or bool(fact.value.excluded)
    return fact.known


def _display(entry: Entry, sources: Sources) -> str:
    """The display of an entry's first code: never its text, which may be about the patient."""
    system, code = entry.codings[0]
    for key in ("code", "medicationCodeableConcept", "event", "serviceType"):
        element = entry.resource.get(key)
        for raw in as_list(element.get("coding")) if isinstance(element, dict) else ():
            for own in codings_of(raw):
                shown = raw.get("display") if isinstance(raw, dict) else None
                if isinstance(shown, str) and sources.terminology.coding(*own) == (system, code):
                    return shown
    return ""


def _is_everybodys(entry: Entry) -> bool:
    categories: Iterator[Any] = (code for raw in as_list(entry.resource.get("category")) for _, code in codings_of(raw))
    return entry.type == "Observation" and any(code in _EVERYBODYS for code in categories)


def rules_reading(rules: Iterable[Rule], sources: Sources) -> Mapping[str, int]:
    """Per fact how many rules read it, or a fact that may follow from it."""
    readers: dict[str, set[str]] = {}
    for rule in rules:
        for tree in (rule.when, rule.unless):
            for leaf in leaves(tree):
                readers.setdefault(leaf.criterion.fact, set()).add(rule.id)
    names = {name for kind in sources.vocabulary for name in _names(kind.name, kind.parameters)}
    counts = {}
    for name in names:
        reached = sources.registry.dependents(name)
        counts[name] = len(set().union(*(ids for fact, ids in readers.items() if fact in reached)))
    return counts


def _names(name: str, kinds: tuple[str, ...]) -> list[str]:
    return [f"{name}({kind})" for kind in kinds] or [name]


def types_never_seen(survey: Survey) -> list[str]:
    """Resource types that facts are read from and no patient had."""
    return [kind for kind in (*SEEN_TYPES, *sorted(READ - set(SEEN_TYPES))) if not survey.resources[kind]]
