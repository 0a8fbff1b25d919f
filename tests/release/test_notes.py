"""The changelog tells of every release, of code and of content, in order, and its links lead somewhere."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from service import __version__
from service.commands.release_notes import notes_problems, read_notes
from service.versions import Release, Releases, read_releases

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#]*)(?:#([^)]+))?\)")
GOOD = """# Changelog

## [Unreleased]

## [0.2.0] - 2026-03-31

### Content 1.1.0

- A rule.

### Fixed

- A fault.

## [0.1.0] - 2026-01-31

### Content 1.0.0

### Added
"""
RELEASES = Releases(
    "1.1.0", (Release("1.0.0", date(2026, 1, 31), "0" * 16), Release("1.1.0", date(2026, 3, 31), "1" * 16))
)


def test_the_changelog_is_in_order() -> None:
    assert notes_problems((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), __version__, read_releases()) == []


def test_content_in_development_has_its_heading() -> None:
    newest = read_notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))[0]
    version = read_releases().version
    assert read_releases().is_released or newest.content == version


def slugs(file: Path) -> set[str]:
    headings = re.findall(r"^#+ +(.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ["CHANGELOG.md", "docs/releases.md"])
def test_links_lead_to_files_and_headings(name: str) -> None:
    page = ROOT / name
    found = LINK.findall(page.read_text(encoding="utf-8"))
    assert found
    for path, anchor in found:
        target = page.parent / path if path else page
        assert target.exists(), f"{name} points at {path}"
        assert not anchor or anchor in slugs(target), f"{name} points at {path}#{anchor}"


def test_a_good_one() -> None:
    assert notes_problems(GOOD, "0.2.0", RELEASES) == []
    assert [(s.name, s.day, s.content) for s in read_notes(GOOD)] == [
        ("Unreleased", None, None), ("0.2.0", "2026-03-31", "1.1.0"), ("0.1.0", "2026-01-31", "1.0.0"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("## [Unreleased]\n\n## [0.2.0]", "## [0.1.9]", r"neither a section [0.2.0] nor [Unreleased]"),
        ("2026-01-31", "2026-04-30", "0.2.0 stands above 0.1.0"),
        ("[0.1.0]", "[0.3.0]", "0.2.0 stands above 0.3.0"),
        ("2026-03-31", "31 March", "must be like: ## [1.2.0] - 2026-03-31"),
        (" - 2026-03-31", "", "must be like"),
        ("[0.2.0]", "[next]", "## next must be like"),
        ("### Fixed", "### Mended", "0.2.0: ### Mended. Allowed: Content X.Y.Z, Added"),
        ("### Fixed", "### Content 1.1.0", "stands there twice"),
        ("[0.1.0]", "[0.2.0]", "## 0.2.0 stands there twice"),
        ("### Content 1.0.0\n", "", "no section has '### Content 1.0.0'"),
        ("## [0.1.0] - 2026-01-31", "## [0.1.0] - 2026-01-31\n\n## [Unreleased]", "must come first"),
    ],
)
def test_what_is_wrong_is_told(old: str, new: str, says: str) -> None:
    assert old in GOOD
    assert says in "\n".join(notes_problems(GOOD.replace(old, new, 1), "0.2.0", RELEASES))
