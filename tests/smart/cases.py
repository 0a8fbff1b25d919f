"""Patients as the views get them: examples on their own day, changed or supposed otherwise, and patients made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from fhir_examples import request as examples
from service.bundles import invocation_of
from service.facts.model import Fact
from service.smart.case import Case, case_of
from service.smart.views import Asked
from service.smart.words import Language
from tests.facts.fhir import SCT, concept
from tests.test_examples import bundle, clinic

EXAMPLES = tuple(examples.names())
READ_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
AS_OF = date(2025, 6, 1)  # the day of patients made by hand
ENGLISH = Language("en")
ENGINE = clinic().engine
CONTENT = ENGINE.content
Json = dict[str, Any]


def case_from(raw: Json, as_of: date) -> Case:
    """A Bundle as a case."""
    return case_of(ENGINE, clinic().question(invocation_of(raw, as_of)), READ_AT, (), "test")


@cache
def example(name: str) -> Case:
    """An example on the day of its story."""
    return case_from(bundle(name), examples.day_of(name))


def changed(name: str, change: Callable[[str], str] = str, as_of: date | None = None) -> Case:
    """An example of which the JSON text, or the day, is another one."""
    raw = json.loads(change(json.dumps(bundle(name), ensure_ascii=False)))
    return case_from(raw, as_of or examples.day_of(name))


def supposing(name: str, *facts: Fact) -> Case:
    """An example with some facts supposed."""
    return example(name).assuming(*facts)


def made(*resources: Json, as_of: date = AS_OF) -> Case:
    """A patient made of some resources."""
    entries = [{"resource": {"id": f"r{number}", **one}} for number, one in enumerate(resources)]
    return case_from({"resourceType": "Bundle", "type": "collection", "entry": entries}, as_of)


def leukemia(onset: str | None = "2024-01-10", **more: Any) -> Json:
    """A Condition of B-ALL."""
    told = {
        "resourceType": "Condition",
        "id": "all",
        "code": concept("1162768007", SCT, "B-ALL"),
        "onsetDateTime": onset,
        "clinicalStatus": {"coding": [{"code": "active"}]},
    }
    return {key: value for key, value in {**told, **more}.items() if value is not None}


def asked(
    form: Mapping[str, str] | None = None,
    *,
    language: str | Language = ENGLISH,
    query: Mapping[str, str | tuple[str, ...]] | None = None,
    **more: Any,
) -> Asked:
    """What a view is asked. ``query``: a value, or several, by name."""
    values = {name: (said,) if isinstance(said, str) else said for name, said in (query or {}).items()}
    spoken = Language(language) if isinstance(language, str) else language
    return Asked(spoken, form or {}, query=values, **more)
