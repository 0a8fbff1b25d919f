"""The project's patients, run through ``evaluate --all`` and judged as their README says, where content covers them."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import pytest

from service.commands.evaluate import Judge, Selection
from service.content import read_content
from service.facts.vocabulary import VOCABULARY
from service.rules.editions import every_rule
from tests.shared import needs_shared, vignettes

AS_OF = date(2026, 1, 1)
# Patients whose expectation the source document does not bear out; the reason is given, the source is kept to.
AGAINST_ITS_SOURCE: dict[str, str] = {}


@cache
def judge() -> Judge:
    return Judge(Selection(read_content(), all_sources=True), AS_OF)


@cache
def implemented() -> frozenset[str]:
    """Inventory entries that rules carry."""
    return frozenset(entry for rule in every_rule(read_content()) for entry in rule.inventory)


def of_this_content() -> list[Any]:
    found = []
    for row in vignettes():
        named = set(row.get("expected") or ()) | {e for e in row.get("must_not") or () if isinstance(e, str)}
        if "facts" in row and named & implemented():
            found.append(pytest.param(row, id=row["id"]))
    return found


def holding(verdicts: list[dict[str, Any]]) -> set[str]:
    return {entry for v in verdicts if v["verdict"] == "applies" for entry in v["inventory"]}


@needs_shared
@pytest.mark.parametrize("row", of_this_content())
def test_vignette(row: dict[str, Any]) -> None:
    if row["id"] in AGAINST_ITS_SOURCE:
        pytest.xfail(AGAINST_ITS_SOURCE[row["id"]])
    verdicts = judge().verdicts(row["facts"])["verdicts"]
    holds = holding(verdicts)
    expected = {entry for entry in row.get("expected") or () if entry in implemented()}
    assert not expected - holds, f"must hold: {expected - holds}"
    forbidden = {entry for entry in row.get("must_not") or () if entry in implemented()}
    assert not forbidden & holds, f"must not hold: {forbidden & holds}"


@needs_shared
@pytest.mark.parametrize("row", of_this_content())
def test_what_a_vignette_asks_is_named(row: dict[str, Any]) -> None:
    asked = [str(name).split(" ")[0] for name in (*(row.get("must_ask") or ()), *(row.get("ask_for") or ()))]
    facts = {VOCABULARY.resolve(name) for name in asked if name in VOCABULARY}
    own = {entry for entry in (*row.get("expected", ()), *row.get("must_not", ())) if entry in implemented()}
    sources = {rule.source.ref for rule in every_rule(read_content()) if own & set(rule.inventory)}
    verdicts = judge().verdicts(row["facts"])["verdicts"]
    named = {name for v in verdicts if v["source"] in sources for name in (*v["missing"], *v["unchecked"])}
    asked_of_rules = {name for rule in every_rule(read_content()) if rule.source.ref in sources for name in rule.facts}
    assert facts & asked_of_rules <= named


@needs_shared
@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in vignettes() if "facts" in row])
def test_every_fact_of_every_vignette_is_understood(row: dict[str, Any]) -> None:
    answer = judge().verdicts(row["facts"])
    assert len(answer["verdicts"]) == len(every_rule(read_content()))
