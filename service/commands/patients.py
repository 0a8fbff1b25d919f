"""Files with patients of either kind: FHIR as `service.bundles` reads it, or facts stated by name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import click
import yaml

from service.bundles import Unreadable, invocation_of
from service.commands.stated import stated_patient
from service.facts.disease.diagnosis import has_all
from service.facts.given import StatedFactsProblem
from service.facts.model import Facts
from service.wiring import SERVICES, Clinic

_FHIR_KEYS = frozenset({"resourceType", "hook", "prefetch"}).union(*(service.prefetch for service in SERVICES))


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient's facts. ``without_all``: the record shows that there is no ALL."""

    facts: Facts
    without_all: bool = False


def patients(files: tuple[str, ...], as_of: date | None, clinic: Clinic) -> Iterator[tuple[str, Patient | Unreadable]]:
    """Every patient of the files by the name of the file, numbered where it holds a list; or why it cannot be read."""
    for name in files:
        try:
            raw = _parsed(name)
        except Unreadable as problem:
            yield name, problem
            continue
        several = isinstance(raw, list)
        for number, one in enumerate(raw if several else [raw], 1):
            label = f"{name}, patient {number}" if several else name
            try:
                yield label, patient_of(one, as_of, clinic)
            except Unreadable as problem:
                yield label, problem


def patient_of(raw: object, as_of: date | None, clinic: Clinic) -> Patient:
    """A parsed patient.

    Raises:
        Unreadable: neither FHIR nor stated facts; says what is wrong.
    """
    if isinstance(raw, Mapping) and raw.keys() & _FHIR_KEYS:
        question = clinic.question(invocation_of(raw, as_of))
        return Patient(clinic.engine.facts(question), has_all(question.record) is False)
    today = as_of or date.today()  # noqa: DTZ011 - the day of the user's own clock is what is meant
    try:
        return Patient(stated_patient(raw, today, clinic.engine.site))
    except StatedFactsProblem as problem:
        raise Unreadable("; ".join(problem.problems)) from None


def _parsed(name: str) -> Any:
    """The JSON or YAML in a file, ``-`` for standard input.

    Raises:
        Unreadable: it cannot be opened, or is neither.
    """
    try:
        with click.open_file(name, encoding="utf-8-sig") as stream:
            text = stream.read().removeprefix("\ufeff")
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not UTF-8 text: {error.reason} at byte {error.start + 1}") from None
    try:
        return _parsed_text(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(f"is neither JSON nor YAML: {error}") from None


def _parsed_text(text: str) -> Any:
    if text.lstrip().startswith(("{", "[")):
        try:
            return json.loads(text)
        except ValueError:
            pass  # YAML may begin so too, and says better what is wrong with it
    return yaml.safe_load(text)
