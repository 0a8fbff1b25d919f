"""Facts of a small synthetic record, for tests of readers and derivations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from service.facts import derive
from service.facts.given import unknown_stated
from service.facts.model import Facts, Provider, Registry
from service.record.build import READ, build_record
from service.record.model import Coverage
from service.record.terminology import Terminology

AS_OF = date(2025, 6, 1)
COMPLETE: Mapping[str, Coverage] = dict.fromkeys(READ, Coverage.COMPLETE)


@lru_cache(maxsize=1)
def terminology() -> Terminology:
    """The terminology that the service ships."""
    path = Path(__file__).resolve().parents[2] / "service" / "record" / "data" / "terminology.json"
    return Terminology.from_json(path.read_text(encoding="utf-8"))


def facts_of(
    *resources: Mapping[str, Any],
    as_of: date = AS_OF,
    coverage: Mapping[str, Coverage] | None = None,
    providers: Iterable[Provider] | None = None,
) -> Facts:
    """Facts of a record made of some resources.

    ``coverage``: by type; all types complete if left out. ``providers``: the readers under test; derivations come
    after them. All readers of the service if left out.
    """
    if providers is None:
        from service.facts.registry import READERS

        providers = READERS
    record = build_record(
        [(None, resource) for resource in resources],
        patient_id=None,
        coverage=COMPLETE if coverage is None else coverage,
        as_of=as_of,
        terminology=terminology(),
    )
    return Facts(as_of, Registry((*providers, *derive.PROVIDERS), unknown_stated), record)
