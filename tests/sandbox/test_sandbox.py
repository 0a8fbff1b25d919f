"""The official CDS Hooks sandbox in a real browser. Runs where ``CDS_SANDBOX_BUILD`` names its build and Chromium is there.

docs/sandbox.md says how to make the build. The same conversation by a scripted EHR is in tests/ehr.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import needs_chromium
from tests.sandbox import conversation
from tests.sandbox.driver import sandbox
from tests.sandbox.stage import Stage, stage

BUILD = os.environ.get("CDS_SANDBOX_BUILD", "")
pytestmark = [
    pytest.mark.skipif(not BUILD, reason="CDS_SANDBOX_BUILD names no build of the CDS Hooks sandbox"),
    needs_chromium,
]
PARTS = ("every_drug", "hostile_text", "opened_chart", "chosen_order", "taken_back", "signed_order")


@pytest.fixture
def found() -> Iterator[Stage]:
    """A store of its own for each test: what one overrides is not silent for another."""
    with stage(Path(BUILD)) as started:
        yield started


@pytest.mark.parametrize("part", PARTS)
def test_the_sandbox(part: str, found: Stage) -> None:
    with sandbox(found) as it:
        getattr(conversation, part)(it)


def test_what_is_done_there_is_reported(found: Stage) -> None:
    for part in (conversation.opened_chart, conversation.signed_order):
        with sandbox(found) as it:
            part(it)
    assert "tumor-board-decision" in conversation.reported(found)
