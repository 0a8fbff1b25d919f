"""`allcue release check` in a clone: what each fault is told as, and a release for which everything is there."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from importlib.metadata import version as installed
from pathlib import Path

import pytest

from service import __version__
from service.commands import release
from service.commands.release_checks import CHECKS, Candidate
from service.commands.release_content import record
from service.commands.release_lock import LOCK
from service.commands.release_wheel import NotBuilt, build, contents_problems, git
from service.store.schema import revisions
from service.versions import read_releases

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 3, 31)
HEAD = revisions()[-1].revision


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "--quiet", "--message", "x")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the files of this checkout, brought to where a release can be made."""
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout with git")
    root = tmp_path_factory.mktemp("release") / "clone"
    root.mkdir()
    names = [
        name for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0") if name
    ]
    for name in names:
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes((ROOT / name).read_bytes())
    git(root, "init", "--quiet")
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    told = read_releases().version
    text = text.replace("## [Unreleased]", f"## [Unreleased]\n\n## [{__version__}] - {DAY}", 1)
    (root / "CHANGELOG.md").write_text(text.replace(f"### Content {told}", "### Content 1.0.0", 1), encoding="utf-8")
    record(root, "1.0.0", DAY)
    noted = root / "service" / "store" / "migrations" / "releases.py"
    noted.write_text(noted.read_text().replace("= {}", f'= {{"{__version__}": "{HEAD}"}}'))
    _pin(root / LOCK, "cyclonedx-python-lib")
    commit(root)
    return root


def _pin(lock: Path, name: str) -> None:
    """As the lock is before it was made anew after a dependency came."""
    if f"{name}==" not in lock.read_text():
        lock.write_text(f"{lock.read_text()}{name}=={installed(name)}\n")


@pytest.fixture
def it(ready: Path, tmp_path: Path) -> Candidate:
    """The candidate, in a clone that a test may spoil."""
    root = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ready), str(root)], check=True)
    return Candidate(root, __version__, DAY, tmp_path / "made")


def spoil(root: Path, name: str, change: Callable[[str], str]) -> None:
    (root / name).write_text(change((root / name).read_text(encoding="utf-8")), encoding="utf-8")


def test_everything_is_there(it: Candidate, capsys: pytest.CaptureFixture[str]) -> None:
    assert release._check(it) == 0, capsys.readouterr()
    said = capsys.readouterr().out
    assert [line.split(None, 1)[1] for line in said.splitlines() if line.startswith("ok")] == list(CHECKS)
    assert f"git tag --sign v{__version__}" in said
    assert "git tag --sign content-v1.0.0" in said
    assert sorted(path.suffix for path in it.into.iterdir()) == [".json", ".whl"]


def test_a_fault_is_told_and_fails(
    it: Candidate, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "service.commands.release_checks.CHECKS", {name: CHECKS[name] for name in ("clean tree", "content")}
    )
    (it.root / "left.txt").write_text("x")
    assert release._check(it) == 1
    said = capsys.readouterr()
    assert "no  clean tree\n      not committed: left.txt" in said.out
    assert "ok  content" in said.out
    assert "1 thing is missing" in said.err


def test_version(it: Candidate) -> None:
    assert CHECKS["new version"](it) == []
    git(it.root, "tag", "v9.0.0")
    assert "comes before what was released: v9.0.0" in CHECKS["new version"](it)[0]
    git(it.root, "tag", f"v{__version__}")
    assert "is there already" in CHECKS["new version"](it)[0]
    assert "has a suffix" in CHECKS["new version"](replace(it, version="1.0.0-dev"))[0]
    assert "no semantic version" in CHECKS["new version"](replace(it, version="1"))[0]


def test_changelog(it: Candidate) -> None:
    assert CHECKS["changelog"](it) == []
    assert CHECKS["changelog"](replace(it, day=date(2026, 4, 1))) == [
        f"CHANGELOG.md: ## [{__version__}] has the day 2026-03-31, today is 2026-04-01"
    ]
    assert f"no section: ## [8.0.0] - {DAY}" in CHECKS["changelog"](replace(it, version="8.0.0"))
    spoil(it.root, "CHANGELOG.md", lambda text: text.replace("### Content 1.0.0\n", "### Added\n", 1))
    assert any("no section has '### Content 1.0.0'" in line for line in CHECKS["changelog"](it))


def test_content(it: Candidate) -> None:
    assert CHECKS["content"](it) == []
    template = sorted((it.root / "cards" / "wording").glob("*.md"))[0].relative_to(it.root)
    git(it.root, "tag", "content-v1.0.0")
    spoil(it.root, str(template), lambda text: f"{text}\n")
    assert "version 1.0.0 is a release, but this content has the digest" in CHECKS["content"](it)[0]
    record(it.root, "1.0.1", DAY)
    assert CHECKS["content"](it) == []
    spoil(it.root, "cards/policy.yaml", lambda text: text.replace(", gba-2025, drug-safety]", ", drug-safety]", 1))
    record(it.root, "1.0.2", DAY)
    assert "there is no tag content-v1.0.1" in CHECKS["content"](it)[0]
    git(it.root, "tag", "content-v1.0.1", "content-v1.0.0")
    assert "asks for 2.0.0 at least" in CHECKS["content"](it)[0]
    spoil(it.root, "cards/releases.json", lambda text: text.replace('"version": "1.0.2"', '"version": "1.1.0-dev"', 1))
    assert "1.1.0-dev is none that was released" in CHECKS["content"](it)[0]


def test_migrations(it: Candidate) -> None:
    assert CHECKS["migrations"](it) == []
    assert f'the line "8.0.0": "{HEAD}" is missing' in CHECKS["migrations"](replace(it, version="8.0.0"))[0]
    second = it.root / "service" / "store" / "migrations" / "versions" / "v0009_other.py"
    second.write_text(f'revision = "0009"\ndown_revision = "{revisions()[0].revision}"\n')
    assert "each must follow one other" in CHECKS["migrations"](it)[0]


def test_lock(it: Candidate) -> None:
    spoil(it.root, LOCK, lambda text: f"{text}\nflask\n")
    assert any("'flask' pins no version" in line for line in CHECKS["lock"](it))


def test_generated_pages(it: Candidate) -> None:
    spoil(it.root, "docs/coverage.md", lambda text: f"{text}\nby hand\n")
    assert CHECKS["generated pages"](it) == ["docs/coverage.md is not current. Run: make docs"]


def test_the_wheel_is_of_the_commit_and_the_same_everywhere(it: Candidate, tmp_path: Path) -> None:
    """Whatever lies about, whenever the files were written, whoever may read them."""
    other = tmp_path / "elsewhere" / "clone"
    subprocess.run(["git", "clone", "--quiet", str(it.root), str(other)], check=True, umask=0o077)
    (other / "build" / "lib" / "cards").mkdir(parents=True)
    (other / "build" / "lib" / "cards" / "gone.yaml").write_text("left by an earlier build")
    (other / "cards" / "rules" / "mine.yaml").write_text("not committed")
    first, second = build(it.root, tmp_path / "a"), build(other, tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    assert contents_problems(first, it.root) == []
    with zipfile.ZipFile(first) as wheel:
        names = wheel.namelist()
    assert "cards/releases.json" in names
    assert not [
        name
        for name in names
        if name.startswith(("tests/", "docs/", "bench/")) or name.endswith(("mine.yaml", "gone.yaml"))
    ]
    assert {info.date_time[0] for info in zipfile.ZipFile(first).infolist()} != {1980}, "the times are the commit's"
    with zipfile.ZipFile(first, "a") as wheel:
        wheel.writestr("cards/rules/strange.yaml", "x")
    assert contents_problems(first, it.root) == ["in the wheel, but not committed: cards/rules/strange.yaml"]
    (it.root / "cards" / "rules" / "late.yaml").write_text("x")
    commit(it.root)
    assert contents_problems(second, it.root) == ["committed, but not in the wheel: cards/rules/late.yaml"]


def test_no_such_commit(it: Candidate, tmp_path: Path) -> None:
    with pytest.raises(NotBuilt, match="git log"):
        build(it.root, tmp_path, "nowhere")
