"""Patients as files with one FHIR Bundle each, such as the shipped examples."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.population.patients import Patient
from service.record.build import READ


@dataclass(frozen=True, slots=True)
class Unread:
    """What holds no patient that could be judged. ``reason``: a sentence without anything of a patient."""

    reason: str


def patients_of(paths: Iterable[Path]) -> Iterator[tuple[str, Patient | Unread]]:
    """The patient of each file, by the name of the file; of a folder all its ``.json`` files, in order of their names."""
    for path in paths:
        for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
            yield str(file), _patient(file)


def _patient(file: Path) -> Patient | Unread:
    try:
        raw = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        return Unread(f"cannot be opened: {error.strerror or 'unknown reason'}")
    except UnicodeDecodeError:
        return Unread("is not UTF-8 text")
    except (ValueError, RecursionError):
        return Unread("is not JSON")
    return of_bundle(raw)


def of_bundle(raw: object) -> Patient | Unread:
    """The patient of a Bundle, which is taken for the whole record: a type that is read and not in it, there is none of.

    Resources of others stay in: they are refused, and told, when the record is built.
    """
    if not isinstance(raw, Mapping) or raw.get("resourceType") != "Bundle":
        return Unread("is no FHIR Bundle")
    links = raw.get("link") or ()
    if any(isinstance(link, Mapping) and link.get("relation") == "next" for link in links):
        return Unread("is one page of several: further pages are not in the file")
    resources = [dict(r) for entry in raw.get("entry") or () if (r := _resource(entry)) is not None]
    who = next((r for r in resources if r.get("resourceType") == "Patient" and isinstance(r.get("id"), str)), None)
    if who is None:
        return Unread("holds no Patient with an id")
    return Patient(who["id"], tuple(resources), frozenset(READ | {"Patient"}))


def _resource(entry: object) -> Mapping[str, Any] | None:
    resource = entry.get("resource") if isinstance(entry, Mapping) else None
    return resource if isinstance(resource, Mapping) else None
