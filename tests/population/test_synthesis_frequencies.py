"""What a cohort is drawn from: each number printed by a source we carry or assumed with a reason, and followed."""

from __future__ import annotations

from datetime import date
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from service.content import read_content
from service.population.synthesis import frequencies as module
from service.population.synthesis.cohort import with_all
from service.population.synthesis.frequencies import GROUPS, Frequency, Share, frequencies, share
from service.population.synthesis.report import Report

INVENTORY = Path(__file__).resolve().parents[2] / "cards" / "inventory"
PATIENTS = 3000
_RARE = 5  # cases below which nothing is said
_FAR = 4.5  # standard errors: by chance once in hundred thousand rows


@pytest.fixture(scope="module")
def obtained() -> dict[tuple[str, str], dict[str, Any]]:
    report = Report()
    for number in range(PATIENTS):
        report.add(with_all(Random(f"frequencies {number}"), f"test-{number}", date(2026, 6, 30)))
    return {(row["id"], row["group"]): row for row in report.rows()}


def test_every_number_has_a_source_we_carry_or_a_reason() -> None:
    known = set(read_content().sources)
    listed = {
        entry
        for path in INVENTORY.glob("*.yaml")
        for entries in yaml.safe_load(path.read_text("utf-8")).values()
        for entry in entries
    }
    for row in frequencies().values():
        for group, found in row.shares.items():
            assert not found.inventory or found.inventory in listed, (row.id, group)
            assert bool(found.assumed) != bool(found.source), (row.id, group)
            assert not found.source or found.source in known, (row.id, group)
            assert bool(found.printed) == bool(found.source), (row.id, group)


def test_the_subtypes_of_a_group_leave_room_for_others() -> None:
    for group in GROUPS:
        parts = [share(name, group) for name in frequencies() if name.startswith("subtype-")]
        assert sum(parts) + share("t-lineage", group) < 1, group


@pytest.mark.parametrize(("name", "group"), [(row.id, group) for row in frequencies().values() for group in row.shares])
def test_what_is_asked_is_obtained(obtained: dict[tuple[str, str], dict[str, Any]], name: str, group: str) -> None:
    """Within chance. Every row is drawn, else it would stand in the table and mean nothing."""
    row = obtained[(name, group)]
    if row["asked"] in (0.0, 1.0):
        assert row["obtained"] in (None, row["asked"])
        return
    if not row["n"]:
        assert any(found["n"] for (other, _), found in obtained.items() if other == name), "is never drawn"
        return
    if row["n"] * min(row["asked"], 1 - row["asked"]) >= _RARE:
        error = sqrt(row["asked"] * (1 - row["asked"]) / row["n"])
        assert abs(row["obtained"] - row["asked"]) < _FAR * error
    assert row["low"] <= row["obtained"] <= row["high"]


@pytest.mark.parametrize(
    ("share_of", "told"),
    [
        ({"all": {"value": 0.5}}, "either"),
        ({"all": {"value": 0.5, "source": "nccn-2015", "at": "p. 1", "printed": "50 %", "assumed": "both"}}, "either"),
        ({"all": {"value": 1.5, "assumed": "too much"}}, "is no share"),
        ({"child": {"value": 0.5, "assumed": "alone"}}, "Allowed: all, or each"),
    ],
)
def test_a_row_that_says_too_little_is_refused(share_of: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        module._frequency({"id": "x", "what": "x", "of": "x", "share": share_of})


def test_a_group_without_a_share_of_its_own_has_that_of_all() -> None:
    row = Frequency("x", "x", "x", {"all": Share(0.25, assumed="for the test")})
    assert row.share("infant").value == 0.25
