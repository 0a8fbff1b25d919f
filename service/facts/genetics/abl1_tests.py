"""ABL1 mutation tests of a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from service.facts.absence import absent, seen_in
from service.facts.course.timeline import relapses
from service.facts.genetics.abl1 import AblChange, Reading, protein_changes, read_report
from service.facts.genetics.reports import texts_of
from service.facts.genetics.variants import answer, gene_of
from service.facts.model import Fact, Facts, Provenance, Reason, TokenSet, known, provides, unknown
from service.record.model import Entry, PatientRecord
from service.record.values import codings_of, components, concept_text, notes_of, quantity, value_text

_BEFORE_RELAPSE = timedelta(days=14)
_TEST_CODE = "55135-8"
_GENE, _PROTEIN, _CODING_CHANGE, _SHARE = "48018-6", "48005-3", "48004-6", "81258-6"
_CONCEPTS = ("genetics.abl1_kd_mutation", "genetics.variant")
_TYPES = ("Observation", "DiagnosticReport")


@provides("abl1_mutations", "abl1_mutation_tested")
def abl1_mutations(facts: Facts) -> Iterator[Fact]:
    """Mutations found by the newest test with a result; results of one day belong together.

    "No mutation detected" is a complete empty set. The set is complete where the kinase domain was sequenced; a test
    for single mutations leaves the others open. A failed test with no other is unknown.
    """
    if facts.record is None:
        return
    rows = list(_readings(facts.record))
    useful = [(entry, reading) for entry, reading in rows if not reading.failed]
    if not useful:
        if rows:
            seen = tuple(seen_in(entry, value_text(entry.resource)) for entry, _ in rows[:1])
            for name in ("abl1_mutations", "abl1_mutation_tested"):
                yield unknown(name, Reason.UNREADABLE, "the mutation test gave no result", seen)
        else:
            yield absent(facts, "abl1_mutations", *_TYPES, what="an ABL1 mutation test")
        return
    newest = useful[0][0].when
    day = [(entry, reading) for entry, reading in useful if entry.when == newest]
    members = frozenset(change.name for _, reading in day for change in reading.changes)
    denied = frozenset(name for _, reading in day for name in reading.absent) - members
    complete = any(reading.complete for _, reading in day)
    seen = tuple(_shown(entry, reading) for entry, reading in day)
    yield known("abl1_mutation_tested", True, *seen)
    yield known("abl1_mutations", TokenSet(members, complete, denied), *seen)


@provides("abl1_tested_since_relapse")
def tested_since_relapse(facts: Facts) -> Iterator[Fact]:
    """Whether the newest mutation test with a result is of the present relapse: resistance brings new mutations.

    A sample from up to two weeks before the relapse was stated belongs to it. Undated tests and relapses tell nothing.
    """
    name = "abl1_tested_since_relapse"
    if facts.record is None:
        return
    tests = [entry for entry, reading in _readings(facts.record) if not reading.failed and entry.when is not None]
    if not tests:
        yield absent(facts, name, *_TYPES, what="a dated ABL1 mutation test")
        return
    found = relapses(facts.record, facts.as_of)
    newest = max(tests, key=lambda entry: entry.when.start if entry.when else date.min)
    if not found or newest.when is None:
        yield unknown(name, Reason.UNDATED, "no relapse with a date is on record", (seen_in(newest),))
        return
    since = found[-1].when
    seen = (seen_in(newest), seen_in(found[-1].entry))
    if newest.when.start >= since.end - _BEFORE_RELAPSE:
        yield known(name, True, *seen)
    elif newest.when.end < since.start - _BEFORE_RELAPSE:
        yield known(name, False, *seen)
    else:
        yield unknown(name, Reason.NOT_DECIDED, "the dates are too vague to tell", seen)


def _readings(record: PatientRecord) -> Iterator[tuple[Entry, Reading]]:
    named = record.about(*_CONCEPTS, types=_TYPES)
    seen = {id(entry) for entry in named}
    others = [e for e in record.of_type(*_TYPES) if id(e) not in seen and _names_abl(e)]
    for entry in (*named, *others):
        reading = _variant(entry.resource) if "genetics.variant" in entry.concepts else None
        if reading is None:
            is_test = any(code == _TEST_CODE for _, code in entry.codings)
            texts = (value_text(entry.resource), *(value_text(c) for c in components(entry.resource)))
            if "genetics.variant" in entry.concepts:  # components were judged; a fusion may carry a stray change
                texts = (value_text(entry.resource),)
            said = ". ".join(part for part in (*texts, notes_of(entry.resource)) if part)
            about = f"{entry.text}: {said}" if "ABL" in entry.text and "ABL" not in said else said
            reading = read_report(about, is_test=is_test)
            if reading is None and is_test and answer(entry.resource) is False:
                reading = Reading(complete=True)
        if reading is not None:
            yield entry, reading


def _names_abl(entry: Entry) -> bool:
    return "ABL" in entry.text or any("ABL" in text for text in texts_of(entry))


def _variant(resource: Mapping[str, Any]) -> Reading | None:
    """A genomics reporting variant of ABL1 alone. A fusion observation (two genes) is no mutation, whatever HGVS its
    components carry."""
    genes: set[str] = set()
    changes: list[AblChange] = []
    share = None
    for component in components(resource):
        codes = {code for _, code in codings_of(component.get("code"))}
        if _GENE in codes:
            genes.add(gene_of(component.get("valueCodeableConcept")) or "?")
        elif codes & {_PROTEIN, _CODING_CHANGE}:
            coded = " ".join(code for _, code in codings_of(component.get("valueCodeableConcept")))
            changes.extend(protein_changes(f"{value_text(component)} {coded}"))
        elif _SHARE in codes and (q := quantity(component)) is not None:
            share = q.value if q.unit == "%" or q.value > 1 else q.value * 100
    if genes != {"ABL1"} or not changes:
        return None
    names = tuple(dict.fromkeys(change.name for change in changes))
    present = answer(resource)
    if present is None:
        return Reading(failed=True)
    return Reading(tuple(AblChange(name, share) for name in names)) if present else Reading(absent=names)


def _shown(entry: Entry, reading: Reading) -> Provenance:
    shares = [f"{c.name} {c.percent:g} %" for c in reading.changes if c.percent is not None]
    found = value_text(entry.resource) or concept_text(entry.resource.get("code")) or None
    note = "; ".join(shares) or None
    return seen_in(entry, found, from_text=not any(code == _TEST_CODE for _, code in entry.codings), note=note)


PROVIDERS = (abl1_mutations, tested_since_relapse)
