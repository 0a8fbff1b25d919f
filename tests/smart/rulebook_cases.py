"""Cases for the tests of the pathway and of the rule book: examples read and judged on their own day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from fhir_examples import request as examples
from service.bundles import invocation_of
from service.facts.model import Fact
from service.smart.case import Case, case_of
from service.smart.views import Asked
from service.smart.words import Language
from service.wiring import Clinic, build_clinic

READ_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CLINIC: Clinic = build_clinic()
ENGINE = CLINIC.engine
CONTENT = ENGINE.content


@cache
def case(name: str) -> Case:
    """An example on its day."""
    bundle = json.loads((examples.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    question = CLINIC.question(invocation_of(bundle, examples.day_of(name)))
    return case_of(ENGINE, question, READ_AT)


def supposing(name: str, *facts: Fact) -> Case:
    """An example with some facts supposed."""
    return case(name).assuming(*facts)


def asked(part: str = "", query: Mapping[str, str] | None = None, language: str = "en") -> Asked:
    """What a browser asks for."""
    return Asked(Language(language), part=part, query={name: (value,) for name, value in (query or {}).items()})
