"""ABL1 mutation tests of a record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

from service.facts.absence import absent, seen_in
from service.facts.course.timeline import relapses
from service.facts.genetics.abl1 import ABL1_ACCESSION, AblChange, protein_changes
from service.facts.genetics.abl1_report import Reading, read_report
from service.facts.genetics.reports import unread_documents
from service.facts.genetics.sources import texts_of
from service.facts.genetics.variants import answer, coded_answer, variant_of
from service.facts.model import Fact, Facts, Provenance, Reason, TokenSet, known, provides, unknown
from service.facts.vocabulary import VOCABULARY
from service.record.model import Entry, PatientRecord
from service.record.values import components, concept_text, quantity, value_text

_BEFORE_RELAPSE = timedelta(days=14)
_TEST_CODE = "55135-8"
_MAY_BE_IN = re.compile(r"ABL|mutation|molec|molek|sequen|NGS", re.IGNORECASE)
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
            yield _nothing_read(facts, facts.record)
        return
    newest = useful[0][0].when
    day = [(entry, reading) for entry, reading in useful if entry.when == newest]
    members = frozenset(change.name for _, reading in day for change in reading.changes)
    denied = frozenset(name for _, reading in day for name in reading.absent) - members
    complete = any(reading.complete for _, reading in day)
    seen = tuple(_shown(entry, reading) for entry, reading in day)
    yield known("abl1_mutation_tested", True, *seen)
    yield known("abl1_mutations", TokenSet(members, complete, denied), *seen)


def _nothing_read(facts: Facts, record: PatientRecord) -> Fact:
    documents = [e for e in unread_documents(record) if _MAY_BE_IN.search(e.text) or e.concepts.intersection(_CONCEPTS)]
    if not documents:
        return absent(facts, "abl1_mutations", *_TYPES, what="an ABL1 mutation test")
    detail = "a report that may hold ABL1 mutations came only as a document that is not read here"
    seen = tuple(seen_in(entry, entry.text) for entry in documents[:2])
    return unknown("abl1_mutations", Reason.UNREADABLE, detail, seen)


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
        reading = entry.once("abl1 mutations", partial(_read, entry))
        if reading is not None:
            yield entry, reading


def _read(entry: Entry) -> Reading | None:
    structured = "genetics.variant" in entry.concepts
    reading = _variant(entry.resource) if structured else None
    if reading is not None:
        return reading
    is_test = any(code == _TEST_CODE for _, code in entry.codings)
    # The components of a variant were judged above; a fusion may carry a stray change in them.
    inner = () if structured else tuple(_of_component(component) for component in components(entry.resource))
    said = ". ".join(part for part in (*texts_of(entry), *inner) if part)
    about = said
    if "ABL" not in said and ("ABL" in entry.text or "genetics.abl1_kd_mutation" in entry.text_concepts):
        about = f"{entry.text if 'ABL' in entry.text else f'ABL1 {entry.text}'}: {said}"
    reading = read_report(about, is_test=is_test)
    coded = coded_answer(entry.resource)
    if reading is None and is_test and coded is False:
        return Reading(complete=True)
    if reading is not None and reading.changes and coded is False:  # named in a note, and not there by the coded answer
        return Reading(absent=tuple(change.name for change in reading.changes))
    return reading


def _of_component(component: Mapping[str, Any]) -> str:
    """A component in words: a mutation named by it ("T315I", value "negative") goes with its value."""
    name, text = concept_text(component.get("code")), value_text(component)
    if not protein_changes(name):
        return text
    said = {True: "positive", False: "negative", None: ""}[answer(component)]
    q = quantity(component)
    return f"{name}: {text or said or (q.text if q else '')}"


def _names_abl(entry: Entry) -> bool:
    return "ABL" in entry.text or any("ABL" in text for text in texts_of(entry))


def _variant(resource: Mapping[str, Any]) -> Reading | None:
    """A genomics reporting variant of ABL1 alone. A fusion observation (two genes) is no mutation, whatever HGVS its
    components carry. Where no gene is named, the accession of the HGVS expression tells it."""
    variant = variant_of(resource)
    text = " ".join(variant.changes)
    if variant.fusion is not None or (variant.genes or ("ABL1",)) != ("ABL1",):
        return None
    if not variant.genes and not (ABL1_ACCESSION.search(text) or re.search(r"\bABL1\b", text)):
        return None
    names = tuple(dict.fromkeys(change.name for change in protein_changes(text)))
    if not names:
        return None
    present = answer(resource)
    if present is None:
        return Reading(failed=True)
    return Reading(tuple(AblChange(name, variant.share) for name in names)) if present else Reading(absent=names)


def _shown(entry: Entry, reading: Reading) -> Provenance:
    shares = [f"{c.name} {c.percent:g} %" for c in reading.changes if c.percent is not None]
    found = value_text(entry.resource) or concept_text(entry.resource.get("code")) or None
    listed = VOCABULARY.lookup("abl1_mutations").values
    beyond = sorted({c.name for c in reading.changes if c.name not in listed})
    unlisted = [f"the tables of contraindications do not cover {', '.join(beyond)}"] if beyond else []
    note = "; ".join([*shares, *unlisted]) or None
    return seen_in(entry, found, from_text=not any(code == _TEST_CODE for _, code in entry.codings), note=note)


PROVIDERS = (abl1_mutations, tested_since_relapse)
