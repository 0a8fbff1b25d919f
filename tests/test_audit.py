"""The dependency audit: what was not looked up is never called clean."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

JUDGE = runpy.run_path(str(Path(__file__).resolve().parents[1] / ".ci" / "audit.py"))["judge"]
CLEAN = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
SKIPPED = {"name": "c", "version": "4", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([CLEAN], 0, "1 of 1 packages looked up, 0 known"),
        ([CLEAN, BAD], 1, "b 2: PYSEC-1, fixed in 3"),
        ([CLEAN, SKIPPED], 1, "could not be looked up: c"),
        ([SKIPPED, SKIPPED], 0, "NOTICE: dependency audit skipped: none of 2"),
    ],
)
def test_a_report_is_judged(packages: list[Any], code: int, words: str) -> None:
    found, said = JUDGE({"dependencies": packages})
    assert found == code
    assert words in "\n".join(said)
