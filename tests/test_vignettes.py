"""The project's patients, run through ``evaluate --all`` and judged as their README says, where content covers them."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Any

import pytest

from service.commands.evaluate import Judge, Selection
from service.content import read_content
from service.facts.vocabulary import VOCABULARY
from service.rules.coverage import coverage
from service.rules.editions import every_rule
from tests.shared import needs_shared, vignettes

AS_OF = date(2026, 1, 1)
# Patients whose expectation the source document does not bear out; the reason is given, the source is kept to.
AGAINST_ITS_SOURCE: dict[str, str] = {}


@cache
def judge(*sources: str) -> Judge:
    """Of one source pinned, or of all."""
    return Judge(Selection(read_content(), sources, all_sources=not sources), AS_OF)


@cache
def by_rules() -> dict[str, str]:
    """Inventory entries that rules carry, with the source of the rule."""
    return {entry: rule.source.ref for rule in every_rule(read_content()) for entry in rule.inventory}


@cache
def by_tables() -> frozenset[str]:
    """Definitions and figures: they hold for every patient their source speaks of."""
    found = coverage(read_content())
    return frozenset(one.entry for listed in found.values() for one in listed if one.how == "table")


def named(row: dict[str, Any], key: str) -> set[str]:
    """The entries among what a vignette names; the rest are plain statements."""
    return {e for e in row.get(key) or () if isinstance(e, str) and re.fullmatch(r"[a-z]+(-[A-Za-z0-9.]+)+", e)}


def sources_of(row: dict[str, Any]) -> set[str]:
    return {by_rules()[e] for e in named(row, "expected") | named(row, "must_not") if e in by_rules()}


def with_sources() -> list[Any]:
    """Every vignette with each source it is about, pinned, and with all of them together."""
    found = []
    for row in vignettes():
        if "facts" in row:
            found.append(pytest.param(row, None, id=f"{row['id']}-all"))
            found += [pytest.param(row, source, id=f"{row['id']}-{source}") for source in sorted(sources_of(row))]
    return found


def holding(verdicts: list[dict[str, Any]]) -> set[str]:
    return {entry for v in verdicts if v["verdict"] == "applies" for entry in v["inventory"]}


@needs_shared
@pytest.mark.parametrize(("row", "source"), with_sources())
def test_vignette(row: dict[str, Any], source: str | None) -> None:
    if row["id"] in AGAINST_ITS_SOURCE:
        pytest.xfail(AGAINST_ITS_SOURCE[row["id"]])
    holds = holding((judge(source) if source else judge()).verdicts(row["facts"])["verdicts"])
    about = {entry for entry, own in by_rules().items() if source in (None, own)}
    expected = named(row, "expected") & about if source else named(row, "expected") - by_tables()
    assert not expected - holds, f"must hold: {expected - holds}"
    assert not named(row, "must_not") & holds, f"must not hold: {named(row, 'must_not') & holds}"


@needs_shared
@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in vignettes() if "facts" in row])
def test_what_a_vignette_asks_is_named(row: dict[str, Any]) -> None:
    asked = [str(name).split(" ")[0] for name in (*(row.get("must_ask") or ()), *(row.get("ask_for") or ()))]
    facts = {VOCABULARY.resolve(name) for name in asked if name in VOCABULARY}
    sources = sources_of(row)
    verdicts = judge().verdicts(row["facts"])["verdicts"]
    named_missing = {name for v in verdicts if v["source"] in sources for name in (*v["missing"], *v["unchecked"])}
    assert facts <= named_missing


@needs_shared
@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in vignettes() if "facts" in row])
def test_every_fact_of_every_vignette_is_understood(row: dict[str, Any]) -> None:
    answer = judge().verdicts(row["facts"])
    assert len(answer["verdicts"]) == len(every_rule(read_content()))
