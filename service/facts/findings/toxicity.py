"""Toxicities with their CTCAE grade, now and at worst, and reactions to asparaginase."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from service.facts.absence import absent, complete_list, fresh, seen_in
from service.facts.disease.conditions import Standing, is_differential, standing
from service.facts.findings.results import is_count
from service.facts.findings.toxicity_kinds import ANAPHYLAXIS, kinds_of
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.facts.therapy.drug_names import drugs_in, named
from service.facts.vocabulary.drugs import IMPLIES
from service.facts.vocabulary.toxicity import KINDS
from service.record.model import Entry, PatientRecord, Resource, once_per_record
from service.record.terminology import Terminology
from service.record.values import (
    all_text,
    as_dict,
    as_float,
    as_list,
    as_text,
    codings_of,
    components,
    concept_text,
    quantity,
)  # fmt: skip

_RECENT = 28  # days for which an event without an outcome counts as of now
_TYPES = ("AdverseEvent", "Condition", "Observation")
_GRADE = re.compile(
    r"(?:CTCAE(?: v?\d(?:\.\d+)?)?|grade|grad|gr\.|°)[\s:=°]*([1-5]|IV|I{1,3}|V)(?![\w.])", re.IGNORECASE
)
_BARE_GRADE = re.compile(r"\s*(?:grade|grad|G)?\s*([0-5])\s*", re.IGNORECASE)
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5}
# Severity in words, as CTCAE itself defines grades 1 to 3: mild, moderate, severe (which may also be 4 or 5).
_SEVERITY: Mapping[str, float | Interval] = {
    "mild": 1.0, "255604002": 1.0, "moderate": 2.0, "6736007": 2.0, "severe": Interval(3, 5), "24484000": Interval(3, 5),
}  # fmt: skip
_OVER = frozenset({"resolved", "recovered", "resolvedwithsequelae"})
_RUNNING = frozenset({"ongoing", "recovering", "resolving", "not-resolved"})
_UNGRADED = Interval(1, 5)
_ERWINIA = "asparaginase-erwinia"


@dataclass(frozen=True, slots=True)
class Event:
    """One toxicity on record. ``ongoing is None``: not said."""

    kind: str
    grade: float | Interval
    ongoing: bool | None
    entry: Entry

    def seen(self) -> Provenance:
        note = "grade not given" if self.grade == _UNGRADED else None
        return seen_in(self.entry, self.entry.text or None, from_text=not self.entry.codings, note=note)

    @property
    def low(self) -> float:
        return self.grade.low if isinstance(self.grade, Interval) else self.grade

    @property
    def high(self) -> float:
        return self.grade.high if isinstance(self.grade, Interval) else self.grade


@once_per_record
def events(record: PatientRecord, as_of: date) -> tuple[Event, ...]:
    """All toxicities on record, newest first. Observations count only with a grade."""
    found = []
    for entry in record.of_type(*_TYPES):
        if is_differential(entry) or entry.resource.get("actuality") == "potential":
            continue
        kinds = kinds_of(entry)
        if not kinds or (entry.when is not None and entry.when.start > as_of):
            continue
        grade = grade_of(record, entry)
        if grade is None and entry.type == "Observation":
            continue
        found += [Event(kind, _UNGRADED if grade is None else grade, _ongoing(entry, as_of), entry) for kind in kinds]
    return tuple(found)


def _ongoing(entry: Entry, as_of: date) -> bool | None:
    if entry.type == "Condition":
        match standing(entry, as_of):
            case Standing.ACTIVE | Standing.RELAPSE:
                return True
            case Standing.PAST | Standing.REMISSION:
                return False
            case _:
                return None
    outcome = entry.resource.get("outcome")
    words = {code.lower() for _, code in codings_of(outcome)} | {concept_text(outcome).strip().lower()}
    if words & _OVER:
        return False
    return True if words & _RUNNING else None


def grade_of(record: PatientRecord, entry: Entry) -> float | Interval | None:
    """The CTCAE grade: by code (ICD-10-CM grades CRS and ICANS), extension, value, component, stage, severity or words.

    ``None`` where none is given.
    """
    coded = record.means(entry, "grade")
    if coded is not None:
        return float(coded)
    for extension in as_list(entry.resource.get("extension")):
        if "grade" in as_text(as_dict(extension).get("url")).lower():
            found = _of_element(as_dict(extension))
            if found is not None:
                return found
    if entry.type == "Observation":
        return _of_observation(entry.resource)
    stages = [as_dict(stage).get("summary") for stage in as_list(entry.resource.get("stage"))]
    for concept in (*stages, entry.resource.get("severity")):
        found = _of_concept(concept)
        if found is not None:
            return found
    worded = _in_words("\n".join((entry.text, all_text(entry.resource))))
    return worded if worded is not None else _severity(entry.resource.get("severity"))


def _of_observation(resource: Resource) -> float | None:
    own = _of_element(resource)
    if own is not None:
        return own
    for component in components(resource):
        if re.search(r"grade|grad\b|ctcae", concept_text(component.get("code")), re.IGNORECASE):
            found = _of_element(component)
            if found is not None:
                return found
    return _in_words(all_text(resource))


def _of_element(element: Resource) -> float | None:
    """A grade in a value: a whole number from 0 to 5, or a concept or text that holds one."""
    number = quantity(element)
    if number is not None:
        plain = number.unit in (None, "1", "{grade}", "{score}") and number.comparator is None
        return _whole(number.value) if plain else None
    for key in ("valueCodeableConcept", "valueCoding", "valueString", "valueCode"):
        found = _of_concept(element.get(key))
        if found is not None:
            return found
    return None


def _whole(value: float | None) -> float | None:
    return value if value is not None and value in (0, 1, 2, 3, 4, 5) else None


def _of_concept(concept: object) -> float | None:
    """A grade in a CodeableConcept, Coding or text: the code "3", the words "Grade 3"."""
    for _, code in codings_of(concept):
        found = _whole(as_float(code)) if len(code) == 1 else None
        if found is not None:
            return found
    text = concept_text(concept)
    bare = _BARE_GRADE.fullmatch(text)
    return float(bare[1]) if bare else _in_words(text)


def _in_words(text: str) -> float | None:
    found = _GRADE.search(text)
    if found is None:
        return None
    word = found[1].upper()
    return float(_ROMAN.get(word) or word)


def _severity(concept: object) -> float | Interval | None:
    words = {code.lower() for _, code in codings_of(concept)} | {concept_text(concept).strip().lower()}
    return next((grade for word, grade in _SEVERITY.items() if word in words), None)


@provides(*(f"toxicity({kind})" for kind in KINDS), *(f"toxicity_worst({kind})" for kind in KINDS))
def toxicities(facts: Facts) -> Iterator[Fact]:
    """Grade now and worst grade ever, per kind. What is not on record stays open: nobody grades everything."""
    if facts.record is None:
        return
    found = events(facts.record, facts.as_of)
    exact = complete_list(facts, "AdverseEvent", "Condition")
    for kind in KINDS:
        own = [event for event in found if event.kind == kind]
        if not own:
            for name in (f"toxicity({kind})", f"toxicity_worst({kind})"):
                yield absent(facts, name, "AdverseEvent", "Condition", what=kind)
            continue
        yield _now(facts, f"toxicity({kind})", own)
        low, high = max(e.low for e in own), max(e.high for e in own)
        if not exact:
            high = 5.0
        value = low if low == high else Interval(low, high)
        yield known(f"toxicity_worst({kind})", value, *(e.seen() for e in own))


def _now(facts: Facts, name: str, own: list[Event]) -> Fact:
    """The grade now: of what is ongoing, else of the newest event: over is grade 0, unsaid counts for four weeks."""
    newest = own[0]
    chosen = max((e for e in own if e.ongoing), key=lambda e: (e.low, e.high), default=newest)
    if chosen.ongoing is False:
        return known(name, 0.0, chosen.seen(), detail="resolved")
    if chosen.ongoing or fresh(chosen.entry.when, facts.as_of, _RECENT):
        return known(name, chosen.grade, chosen.seen())
    if chosen.entry.when is None:
        return unknown(name, Reason.UNDATED, "whether it is over is not said", (chosen.seen(),))
    return unknown(
        name, Reason.STALE, f"older than {_RECENT} days, and whether it is over is not said", (chosen.seen(),)
    )


@provides("anaphylaxis", "e_coli_asparaginase_hypersensitivity", "asparaginase_hypersensitivity")
def hypersensitivity(facts: Facts) -> Iterator[Fact]:
    """Anaphylaxis, and which asparaginase was reacted to: by an allergy to it, or an adverse event that suspects it."""
    if facts.record is None:
        return
    told = (e for e in facts.record.of_type(*_TYPES, "AllergyIntolerance") if not is_count(e))
    anaphylactic = [e for e in told if _is_anaphylaxis(e)]
    if anaphylactic:
        yield known("anaphylaxis", True, *(seen_in(e, e.text or None) for e in anaphylactic))
    else:
        yield absent(facts, "anaphylaxis", "AdverseEvent", "AllergyIntolerance", what="anaphylaxis")
    reacted: dict[str, list[Provenance]] = {}
    for entry in facts.record.of_type("AllergyIntolerance", "AdverseEvent"):
        for drug in _reacted_to(facts.record.terminology, entry):
            kind = "Erwinia-derived" if drug == _ERWINIA else "E-coli-derived"
            reacted.setdefault(kind, []).append(seen_in(entry, entry.text or drug))
    if "E-coli-derived" in reacted:
        yield known("e_coli_asparaginase_hypersensitivity", True, *reacted["E-coli-derived"])
    if len(reacted) == 1:
        kind, seen = next(iter(reacted.items()))
        yield known("asparaginase_hypersensitivity", kind, *seen)
    elif reacted:
        detail = "reactions to both kinds are on record"
        yield unknown(
            "asparaginase_hypersensitivity", Reason.CONFLICTING, detail, [p for seen in reacted.values() for p in seen]
        )
    else:
        yield absent(
            facts,
            "asparaginase_hypersensitivity",
            "AllergyIntolerance",
            "AdverseEvent",
            what="a reaction to asparaginase",
        )


def _is_anaphylaxis(entry: Entry) -> bool:
    if any(code in ANAPHYLAXIS.codes for _, code in entry.codings):
        return True
    words = [entry.text] if entry.type != "AllergyIntolerance" else []
    for reaction in as_list(entry.resource.get("reaction")):
        for manifestation in as_list(as_dict(reaction).get("manifestation")):
            if any(code in ANAPHYLAXIS.codes for _, code in codings_of(manifestation)):
                return True
            words.append(concept_text(manifestation))
    return any(ANAPHYLAXIS.states(text) for text in words)


def _reacted_to(terminology: Terminology, entry: Entry) -> frozenset[str]:
    """Asparaginases that a resource says were reacted to. "Asparaginase" alone does not say which."""
    if entry.type == "AllergyIntolerance":
        drugs = named(terminology, entry.concepts - entry.text_concepts, entry.text, anyhow=True).drugs
        if standing(entry) is Standing.PAST:
            return frozenset()
    elif "hypersensitivity-systemic" in kinds_of(entry):
        suspects = (as_dict(suspect).get("instance") for suspect in as_list(entry.resource.get("suspectEntity")))
        drugs = frozenset().union(
            *(drugs_in(terminology, as_text(as_dict(s).get("display")), anyhow=True) for s in suspects)
        )
    else:
        return frozenset()
    return frozenset(drug for drug in drugs if "asparaginase" in IMPLIES.get(drug, ()))


PROVIDERS: tuple[Provider, ...] = (toxicities, hypersensitivity)
