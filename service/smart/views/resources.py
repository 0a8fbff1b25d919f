"""The resources of a record to look at: what each is, which facts were read from it, and its own fields."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.advice.explain import best_coding, clean, said
from service.record.model import Coverage
from service.smart.case import Case

_ALL = 150  # resources up to which all are shown; of larger records those from which a fact was read
_LONGEST_TEXT = 600  # characters of one field: narratives, attachments
_LONGEST = 12_000  # characters of one resource
_INDENT = 2


@dataclass(frozen=True, slots=True)
class Shown:
    """One resource. ``id``: of its place on the page, without meaning. ``facts``: (id on the page, label) of what was read
    there. ``fields``: pretty JSON, long texts cut. ``preliminary``: by its status."""

    id: str
    reference: str
    date: str
    code: str
    preliminary: bool
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    fields: str


@dataclass(frozen=True, slots=True)
class Read:
    """How much of one resource type there is. ``state``: of `service.record.model.Coverage`."""

    type: str
    state: str
    used: int
    set_aside: int


@dataclass(frozen=True, slots=True)
class Aside:
    """A resource that was not used, and why; English."""

    reference: str
    type: str
    code: str
    reason: str


def resources(case: Case, read: Mapping[str, Iterable[tuple[str, str]]]) -> tuple[tuple[Shown, ...], int]:
    """The resources of a record, by type and newest first, and how many are not shown.

    Args:
        read: what was read from each resource: (id on the page, label) by reference.
    """
    record = case.record
    entries = [entry for entry in record.entries if len(record.entries) <= _ALL or entry.reference in read]
    entries.sort(key=lambda entry: entry.type)  # stable: newest first within a type
    shown = list(_patient(case, read))
    for number, entry in enumerate(entries):
        coding = best_coding(entry, record.terminology)
        shown.append(
            Shown(
                f"resource-{number}",
                entry.reference,
                entry.when.text if entry.when else "",
                said(coding) if coding else clean(entry.text)[:120],
                entry.preliminary,
                tuple(clean(note) for note in entry.notes),
                tuple(read.get(entry.reference, ())),
                fields_of(entry.resource),
            )
        )
    return tuple(shown), len(record.entries) - len(entries)


def _patient(case: Case, read: Mapping[str, Iterable[tuple[str, str]]]) -> Iterator[Shown]:
    """The Patient resource, which is no entry of the record."""
    patient, own = case.record.patient, case.record.patient_id
    if patient is not None:
        reference = f"Patient/{own}" if own else "Patient"
        yield Shown(
            "resource-patient", reference, "", "", False, (), tuple(read.get(reference, ())), fields_of(patient)
        )


def coverage(case: Case) -> tuple[Read, ...]:
    """Each resource type with how much of it was read; what is not whole first."""
    record = case.record
    order = (Coverage.FAILED, Coverage.PARTIAL, Coverage.ABSENT, Coverage.COMPLETE, Coverage.EMPTY)
    rows = [
        Read(kind, str(state), len(record.of_type(kind)), sum(one.type == kind for one in record.set_aside))
        for kind, state in record.coverage.items()
    ]
    return tuple(sorted(rows, key=lambda row: (order.index(Coverage(row.state)), row.type)))


def aside(case: Case) -> tuple[Aside, ...]:
    """What was set aside."""
    return tuple(
        Aside(
            clean(one.reference) or one.type,
            one.type,
            ", ".join(clean(f"{system}|{code}") for system, code in one.codings[:3]),
            clean(one.reason),
        )
        for one in case.record.set_aside
    )


def fields_of(resource: Mapping[str, Any]) -> str:
    """A resource as pretty JSON to be looked at: long texts cut, characters that are not to be seen told by number."""
    text = json.dumps(_cut(resource), indent=_INDENT, ensure_ascii=False, default=str)
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}\n… ({len(text) - _LONGEST} more characters)"
    return "".join(_visible(character) for character in text)


def _cut(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _cut(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cut(item) for item in value]
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]}… ({len(value) - _LONGEST_TEXT} more characters)"
    return value


_PLAIN = re.compile(r"[\n\x20-\x7e]")


def _visible(character: str) -> str:
    """A character, or its number where it is not to be seen or turns the direction of writing."""
    if _PLAIN.match(character) or not unicodedata.category(character).startswith("C"):
        return character
    return f"\\u{ord(character):04x}"
