"""The changelog, read as a release needs it: sections with versions and days, headings that may stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from service.versions import Releases, order

HEADINGS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")  # Keep a Changelog 1.1.0
UNRELEASED = "Unreleased"
_SECTION = re.compile(r"^## (?:\[(?P<linked>[^\]]+)\]|(?P<plain>\S+))(?: - (?P<day>.+?))?\s*$")
_CONTENT = re.compile(r"Content (\S+)")


@dataclass(frozen=True, slots=True)
class Section:
    """``name``: a version, or Unreleased. ``headings``: in their order. ``content``: version of the content it tells of."""

    name: str
    day: str | None
    headings: tuple[str, ...]
    content: str | None


def read_notes(text: str) -> tuple[Section, ...]:
    """The sections of a changelog, newest first."""
    found: list[tuple[re.Match[str], list[str]]] = []
    for line in text.splitlines():
        section = _SECTION.match(line)
        if section:
            found.append((section, []))
        elif line.startswith("### ") and found:
            found[-1][1].append(line.removeprefix("### ").strip())
    return tuple(
        Section(
            match["linked"] or match["plain"],
            match["day"],
            tuple(headings),
            next((said[1] for said in map(_CONTENT.fullmatch, headings) if said), None),
        )
        for match, headings in found
    )


def notes_problems(text: str, version: str, releases: Releases) -> list[str]:
    """What is wrong with a changelog: of no version, out of order, with headings of its own, silent on a release."""
    sections = read_notes(text)
    names = [section.name for section in sections]
    problems = [f"## {name} stands there twice" for name in sorted({n for n in names if names.count(n) > 1})]
    if version not in names and UNRELEASED not in names:
        problems.append(f"neither a section [{version}] nor [{UNRELEASED}]")
    if UNRELEASED in names[1:]:
        problems.append(f"[{UNRELEASED}] must come first")
    problems += [line for section in sections for line in _of(section)]
    dated = [section for section in sections if section.name != UNRELEASED]
    for newer, older in pairwise(dated):
        try:
            if order(newer.name) <= order(older.name) or (newer.day or "") < (older.day or ""):
                problems.append(f"{newer.name} stands above {older.name}: the newest version and day come first")
        except ValueError:
            pass  # told already
    told = {section.content for section in sections}
    silent = [release.version for release in releases.releases if release.version not in told]
    return problems + [f"no section has '### Content {name}', which was released" for name in silent]


def with_lines(text: str, content: tuple[str, ...], lines: Iterable[str]) -> str | None:
    """The changelog with lines at the end of what it tells of a version of the content; None where it tells nothing of it.

    Args:
        content: names of the version, of which the first found counts.
    """
    rows = text.splitlines()
    heading = next((f"### Content {name}" for name in content if f"### Content {name}" in rows), None)
    if heading is None:
        return None
    start = rows.index(heading) + 1
    end = next((at for at in range(start, len(rows)) if rows[at].startswith("#")), len(rows))
    while end > start and not rows[end - 1].strip():
        end -= 1
    return "\n".join([*rows[:end], *([] if end > start else [""]), *lines, *rows[end:]]) + "\n"


def _of(section: Section) -> list[str]:
    problems = []
    for heading in section.headings:
        if heading not in HEADINGS and not _CONTENT.fullmatch(heading):
            problems.append(f"{section.name}: ### {heading}. Allowed: Content X.Y.Z, {', '.join(HEADINGS)}")
        if section.headings.count(heading) > 1:
            problems.append(f"{section.name}: ### {heading} stands there twice")
    if section.name == UNRELEASED:
        return sorted(set(problems))
    try:
        order(section.name)
        date.fromisoformat(section.day or "")
    except ValueError:
        problems.append(f"## {section.name} must be like: ## [1.2.0] - 2026-03-31")
    return sorted(set(problems))
