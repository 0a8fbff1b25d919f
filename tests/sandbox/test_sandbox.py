"""The official CDS Hooks sandbox in a real browser. Runs where ``CDS_SANDBOX_BUILD`` names its build and Chromium is there.

docs/sandbox.md says how to make the build. The same conversation by a scripted EHR is in tests/ehr.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.sandbox.stage import Stage, stage

BUILD = os.environ.get("CDS_SANDBOX_BUILD", "")
pytestmark = [
    pytest.mark.skipif(not BUILD, reason="CDS_SANDBOX_BUILD names no build of the CDS Hooks sandbox"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="playwright is not installed (extra: sandbox)"),
]
PARTS = ("every_drug", "hostile_text", "opened_chart", "chosen_order", "taken_back", "signed_order")


@pytest.fixture
def found() -> Iterator[Stage]:
    """A store of its own for each test: what one overrides is not silent for another."""
    from tests.sandbox.driver import chromium

    if chromium() is None:
        pytest.skip("there is no Chromium on the PATH")
    with stage(Path(BUILD)) as started:
        yield started


@pytest.mark.parametrize("part", PARTS)
def test_the_sandbox(part: str, found: Stage) -> None:
    from tests.sandbox import conversation
    from tests.sandbox.driver import sandbox

    with sandbox(found) as it:
        getattr(conversation, part)(it)


def test_what_is_done_there_is_reported(found: Stage) -> None:
    from tests.sandbox import conversation
    from tests.sandbox.driver import sandbox

    for part in (conversation.opened_chart, conversation.signed_order):
        with sandbox(found) as it:
            part(it)
    assert "tumor-board-decision" in conversation.reported(found)
