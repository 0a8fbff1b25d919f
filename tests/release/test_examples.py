"""A release of the content tells what it changes for the example patients since the last one."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from fhir_examples.request import FOLDER
from service.commands import release
from service.commands.release_content import record
from service.commands.release_notes import with_lines
from service.commands.release_wheel import git
from service.content import PACKAGED
from service.versions import FILE
from tests.population.test_upgrade import AT, BLINA, put

DAY = date(2026, 3, 31)
EXAMPLES = ("late-relapse-ph-negative", "exactly-26-years-second-relapse", "new-t-all-adult")
NOTES = "# Changelog\n\n## [Unreleased]\n\n### Content 1.1.0-dev\n\n- A category.\n\n### Fixed\n\n- A fault.\n"


def _version(root: Path, version: str) -> None:
    file = root / "cards" / FILE
    raw = json.loads(file.read_text())
    file.write_text(json.dumps({**raw, "version": version}))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with content 1.0.0 released and tagged, and a category changed since then."""
    root = tmp_path / "checkout"
    shutil.copytree(PACKAGED, root / "cards")
    (root / "fhir_examples").mkdir()
    for name in EXAMPLES:
        for kind in ("json", "yaml"):
            shutil.copy(FOLDER / f"{name}.{kind}", root / "fhir_examples")
    (root / "CHANGELOG.md").write_text(NOTES)
    (root / "cards" / FILE).write_text('{"version": "1.0.0-dev", "releases": []}')
    record(root, "1.0.0", DAY)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "--quiet", "--message", "x")
    git(root, "tag", "content-v1.0.0")
    put(root / "cards" / f"{AT}blinatumomab.yaml", 'category: "1"', "category: 2A")
    _version(root, "1.1.0-dev")
    return root


def test_a_release_writes_it_into_the_changelog(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("service.commands.content.check", lambda _folder: 0)  # is tested elsewhere, and takes its time
    assert release._record(root, "1.1.0", DAY) == 0
    said = "compared with content 1.0.0: 2 of 3 patients see something else (2 with changed)"
    assert said in capsys.readouterr().out
    text = (root / "CHANGELOG.md").read_text()
    assert text == NOTES.replace(
        "- A category.\n", f"- A category.\n- Example patients, {said}.\n  - {BLINA}: changed 2\n"
    )
    whole = json.loads((root / "build" / "release" / "content-1.1.0" / "changes.json").read_text())
    assert {one["as_of"] for one in whole["changes"]} == {"2026-03-02"}
    assert (whole["old"]["version"], whole["new"]["version"]) == ("1.0.0", "1.1.0")


def test_the_changes_tell_it_without_writing_into_the_changelog(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert release._changes(root) == 0
    said = capsys.readouterr().out
    assert f"patch: {BLINA}: source changed" in said
    assert f"{BLINA}: changed 2" in said
    assert (root / "CHANGELOG.md").read_text() == NOTES


def test_an_old_release_that_this_code_cannot_read_is_told_and_stops_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("service.commands.content.check", lambda _folder: 0)
    git(root, "tag", "--delete", "content-v1.0.0")
    assert release._record(root, "1.1.0", DAY) == 0
    told = capsys.readouterr().err
    assert "cannot be told: --old 1.0.0: Content 1.0.0 is not what this Allcue carries" in told
    assert (root / "CHANGELOG.md").read_text() == NOTES


def test_the_first_release_has_nothing_to_compare_with(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("service.commands.content.check", lambda _folder: 0)
    (root / "cards" / FILE).write_text('{"version": "1.0.0-dev", "releases": []}')
    assert release._record(root, "1.0.0", DAY) == 0
    assert "xample patients" not in "".join(capsys.readouterr())


def test_lines_go_below_what_is_told_of_the_content() -> None:
    assert with_lines("## [1]\n\n### Content 1.0.0\n", ("1.0.0",), ["- a"]) == "## [1]\n\n### Content 1.0.0\n\n- a\n"
    assert with_lines(NOTES, ("2.0.0", "1.1.0-dev"), ["- b"]) == NOTES.replace("category.\n", "category.\n- b\n")
    assert with_lines(NOTES, ("2.0.0",), ["- b"]) is None
