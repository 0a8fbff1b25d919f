"""The committed generated pages are current, and no page points at a file that is not there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from docs.generate import PAGES, ROOT, page
from tests.test_examples import answer

LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


@pytest.mark.parametrize("path", sorted(PAGES))
def test_generated_pages_are_current(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == page(path), "run python -m docs.generate"


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.name)
def test_links_between_files_hold(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} points at {target}"


def test_the_readme_shows_what_the_service_answers() -> None:
    """The (shortened) answer in README is that of the example it names."""
    shown = json.loads(re.findall(r"```json\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[0])
    found = answer("relapsed-ph-positive-t315i").cards
    assert len(shown["cards"]) == len(found)
    for card, real in zip(shown["cards"], found, strict=True):
        assert (card["summary"], card["indicator"]) == (real["summary"], real["indicator"])
        assert real["detail"].startswith(card["detail"].removesuffix(" ..."))
        labels = [suggestion["label"] for suggestion in real.get("suggestions", ())]
        assert {suggestion["label"] for suggestion in card.get("suggestions", ())} <= set(labels)
