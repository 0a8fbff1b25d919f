"""Everything a release needs, each thing checked by itself: what a check returns is what is wrong, in sentences."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from service.commands.content_versions import CONTENT_TAG, unpacked
from service.commands.release_content import change, needed
from service.commands.release_lock import lock_problems
from service.commands.release_notes import notes_problems, read_notes
from service.commands.release_wheel import NotBuilt, build, contents_problems, git
from service.contentfiles import content_files
from service.versions import changed_release, order, read_releases

_DOCS = (
    "from docs.generate import PAGES, ROOT, page\n"
    "print(*(path for path in PAGES if (ROOT / path).read_text(encoding='utf-8') != page(path)), sep='\\n')"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is to be released: a checkout, the version of its code, the day, and where the made files go."""

    root: Path
    version: str
    day: date
    into: Path


def tree(it: Candidate) -> list[str]:
    """Nothing is changed and not committed."""
    lines = git(it.root, "status", "--porcelain").splitlines()
    return [f"not committed: {line[3:]}" for line in lines]


def tags(it: Candidate) -> list[str]:
    """The version is a new one."""
    try:
        if not order(it.version)[3]:
            return [f"service/__init__.py: {it.version} has a suffix, which no release has"]
    except ValueError as problem:
        return [f"service/__init__.py: {problem}"]
    names = git(it.root, "tag", "--list", "v*").split()
    if f"v{it.version}" in names:
        return [f"the tag v{it.version} is there already: give service/__init__.py the next version"]
    later = [name for name in names if _is_version(name[1:]) and order(name[1:]) > order(it.version)]
    return [f"{it.version} comes before what was released: {', '.join(later)}"] if later else []


def notes(it: Candidate) -> list[str]:
    """The changelog tells of this version, today."""
    text = (it.root / "CHANGELOG.md").read_text(encoding="utf-8")
    found = read_releases(it.root / "cards")
    problems = notes_problems(text, it.version, found)
    section = next((section for section in read_notes(text) if section.name == it.version), None)
    if section is None:
        return [*problems, f"no section: ## [{it.version}] - {it.day}"]
    if section.day != it.day.isoformat():
        problems.append(f"## [{it.version}] has the day {section.day}, today is {it.day}")
    if not section.headings:
        problems.append(f"## [{it.version}] tells nothing")
    return [f"CHANGELOG.md: {problem}" for problem in problems]


def content(it: Candidate) -> list[str]:
    """The content is a release with its digest recorded, and its version says how much changed."""
    folder = it.root / "cards"
    found = read_releases(folder)
    if not found.is_released:
        return [f"cards/releases.json: {found.version} is none that was released. Run: allcue release content VERSION"]
    wrong = changed_release(folder)
    if wrong is not None:
        return [f"cards/{wrong}"]
    if found.version != found.releases[-1].version:
        return [f"cards/releases.json: {found.version} is not the newest release, {found.releases[-1].version}"]
    if len(found.releases) < 2:
        return []
    last = found.releases[-2].version
    old = tagged_content(it.root, last)
    if old is None:
        return [f"there is no tag {CONTENT_TAG}{last} to compare the content with"]
    least = needed(last, change(old, content_files(folder)).kind)
    if order(str(found.version)) < order(least):
        return [f"what changed since content {last} asks for {least} at least. See: allcue release content --changes"]
    return []


def docs(it: Candidate) -> list[str]:
    """The generated pages are current."""
    done = subprocess.run([sys.executable, "-c", _DOCS], cwd=it.root, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        return [f"the pages cannot be made: {done.stderr.strip()[-400:]}"]
    return [f"{path} is not current. Run: make docs" for path in done.stdout.split()]


def migrations(it: Candidate) -> list[str]:
    """One line of migrations with one end, which is noted for this version."""
    from alembic.script import ScriptDirectory

    folder = it.root / "service" / "store" / "migrations"
    scripts = ScriptDirectory(str(folder))
    heads, steps = scripts.get_heads(), list(scripts.walk_revisions())
    if len(heads) != 1 or any(script.is_branch_point or script.is_merge_point for script in steps):
        return [f"{folder.relative_to(it.root)}: the migrations end in {', '.join(heads)}; each must follow one other"]
    noted = re.search(rf'"{re.escape(it.version)}": "(\w+)"', (folder / "releases.py").read_text(encoding="utf-8"))
    if noted is None or noted[1] != heads[0]:
        return [f'service/store/migrations/releases.py: the line "{it.version}": "{heads[0]}" is missing']
    return []


def lock(it: Candidate) -> list[str]:
    """What is locked fits, and is all there."""
    return lock_problems(it.root)


def wheel(it: Candidate) -> list[str]:
    """The wheel of the commit can be built, twice with the same bytes, and holds what it must."""
    try:
        first, again = build(it.root, it.into), build(it.root, it.into / "again")
        same = first.read_bytes() == again.read_bytes()
        again.unlink()
        again.parent.rmdir()
        named = f"allcue-{it.version}-"
        problems = [] if first.name.startswith(named) else [f"the wheel is called {first.name}, not {named}..."]
        problems += [] if same else ["two builds of the wheel differ"]
        return problems + contents_problems(first, it.root)
    except NotBuilt as problem:
        return [str(problem)]


def bill(it: Candidate) -> list[str]:
    """The software bill of materials can be made."""
    try:
        from service.commands.release_sbom import BadBill, sbom
    except ImportError as problem:
        return [f"{problem.name} is not installed; it is a dependency for developing"]
    try:
        text = sbom(it.root)
    except BadBill as problem:
        return str(problem).splitlines()
    it.into.mkdir(parents=True, exist_ok=True)
    (it.into / f"allcue-{it.version}.cdx.json").write_text(text, encoding="utf-8")
    return []


CHECKS: Mapping[str, Callable[[Candidate], list[str]]] = {
    "clean tree": tree,
    "new version": tags,
    "changelog": notes,
    "content": content,
    "generated pages": docs,
    "migrations": migrations,
    "lock": lock,
    "wheel": wheel,
    "bill of materials": bill,
}


def tagged_content(root: Path, version: str) -> dict[str, str] | None:
    """The content of a release, from its tag; None without one."""
    tag = f"{CONTENT_TAG}{version}"
    if tag not in git(root, "tag", "--list", tag).split():
        return None
    import tempfile

    with tempfile.TemporaryDirectory(prefix="allcue-content-") as folder:
        return content_files(unpacked(root, f"refs/tags/{tag}", Path(folder)))


def _is_version(text: str) -> bool:
    try:
        order(text)
    except ValueError:
        return False
    return True
