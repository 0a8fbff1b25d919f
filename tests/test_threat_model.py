"""Every test and file that the threat model names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMED = sorted(
    set(
        re.findall(r"`((?:tests|service|\.ci)/[^`]+)`", (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8"))
    )
)
NOT_YET: set[str] = set()


@pytest.mark.parametrize("name", [name for name in NAMED if name not in NOT_YET])
def test_what_is_named_exists(name: str) -> None:
    path, _, test = name.partition("::")
    assert (ROOT / path).exists()
    if test:
        assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8")


def test_the_model_names_tests() -> None:
    assert sum("::" in name for name in NAMED) > 5
