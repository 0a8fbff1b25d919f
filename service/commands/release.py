"""``allcue release``: for those who make a release, in a checkout. docs/releases.md tells how."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from service.commands.release_checks import Candidate

ROOT = Path(__file__).resolve().parents[2]
_BUILD = click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=ROOT / "build" / "release",
                      help="Where the wheel and the bill of materials are written; build/release if not given.")  # fmt: skip


@click.group()
def release() -> None:
    """For maintainers, in a checkout: what a release needs."""
    if not (ROOT / "pyproject.toml").is_file() or not (ROOT / ".git").exists():
        raise click.ClickException("This is an installed package. Releases are made in a checkout with git.")


@release.command("check")
@_BUILD
def check_command(into: Path) -> None:
    """Everything a release needs; what is left to do by hand is told at the end. Exit code 1 if something is missing."""
    from service import __version__
    from service.commands.release_checks import Candidate

    sys.exit(_check(Candidate(ROOT, __version__, datetime.now(UTC).date(), into)))


def _check(it: Candidate) -> int:
    from service.commands.release_checks import CHECKS

    wrong = 0
    for name, check in CHECKS.items():
        problems = check(it)
        wrong += len(problems)
        click.echo(click.style(f"{'no' if problems else 'ok':4}{name}", fg="red" if problems else "green"))
        for problem in problems:
            click.echo(f"      {problem}")
    if wrong:
        click.echo(f"{wrong} {'thing is' if wrong == 1 else 'things are'} missing", err=True)
        return 1
    for line in _left(it):
        click.echo(line)
    return 0


def _left(it: Candidate) -> list[str]:
    from service.commands.content_versions import CONTENT_TAG
    from service.commands.release_wheel import git
    from service.versions import content_name

    name = content_name(it.root / "cards")
    tag = f"{CONTENT_TAG}{name.version}"
    is_new = not git(it.root, "tag", "--list", tag).strip()
    signed = ["  have clinicians sign the rule book of this content: make book, build/book/site"] if is_new else []
    return [
        "", f"Left to do for {it.version} with content {name.version} (digest {name.digest}):", *signed,
        "  make check",
        f"  git tag --sign v{it.version} --message 'Allcue {it.version}'",
        *([f"  git tag --sign {tag} --message 'Content {name.version}, digest {name.digest}'"] if is_new else []),
        "  git push --tags",
        f"  upload what is in {it.into}: the wheel and the bill of materials",
        "  in the next commit: next versions with -dev in cards/releases.json, [Unreleased] in CHANGELOG.md",
    ]  # fmt: skip


@release.command("content")
@click.argument("version", required=False)
@click.option("--changes", is_flag=True, help="What changed since the last release of the content; nothing is written.")
def content_command(version: str | None, changes: bool) -> None:
    """Make the content of the checkout the release VERSION: its digest and the day are recorded in cards/releases.json.

    The checks of `allcue content check` must pass before.
    """
    if (version is None) != changes:
        raise click.UsageError("Give VERSION, or --changes.")
    sys.exit(_changes(ROOT) if version is None else _record(ROOT, version, datetime.now(UTC).date()))


def _changes(root: Path) -> int:
    from service.commands.content_versions import CONTENT_TAG
    from service.commands.release_checks import tagged_content
    from service.commands.release_content import KINDS, change, needed
    from service.contentfiles import content_files
    from service.versions import read_releases

    releases = read_releases(root / "cards").releases
    if not releases:
        click.echo("No content was released yet: the first release is 1.0.0.")
        return 0
    old = tagged_content(root, releases[-1].version)
    if old is None:
        raise click.ClickException(f"There is no tag {CONTENT_TAG}{releases[-1].version} to compare with.")
    found = change(old, content_files(root / "cards"))
    for kind in reversed(KINDS):
        for reason in getattr(found, kind):
            click.echo(f"{kind}: {reason}")
    click.echo(f"since {releases[-1].version}: {needed(releases[-1].version, found.kind)} at least")
    _examples(root, releases[-1].version, root / "build" / "release" / "content-next")
    return 0


def _examples(root: Path, last: str, into: Path) -> list[str]:
    """Tell what changes for the example patients. Nothing hangs on it: where it cannot be told, why is."""
    from service.commands.release_examples import example_changes, lines

    try:
        said = list(lines(last, example_changes(root, last, into)))
    except click.ClickException as problem:
        click.echo(f"What changes for the example patients cannot be told: {problem.message}", err=True)
        return []
    for line in (*said, f"in full: {into / 'summary.md'}"):
        click.echo(line)
    return said


def _record(root: Path, version: str, day: date) -> int:
    from service.commands import content as checks
    from service.commands.release_content import record
    from service.versions import read_releases

    before = read_releases(root / "cards")
    if before.is_released:
        raise click.ClickException(
            "cards/releases.json names a release. Content in development has a version with -dev."
        )
    if checks.check(root / "cards"):
        return 1
    try:
        digest = record(root, version, day)
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    click.echo(f"content {version}, digest {digest}, recorded in cards/releases.json")
    if before.releases:
        last = before.releases[-1].version
        said = _examples(root, last, root / "build" / "release" / f"content-{version}")
        _noted(root, (version, str(before.version)), said)
    return 0


def _noted(root: Path, content: tuple[str, ...], said: list[str]) -> None:
    """Write into the changelog what changes for the example patients, below what it tells of the content."""
    from service.commands.release_notes import with_lines

    if not said:
        return
    file = root / "CHANGELOG.md"
    lines = [f"- {said[0]}", *(f"  - {line.strip()}" for line in said[1:])]
    text = with_lines(file.read_text(encoding="utf-8"), content, lines)
    if text is None:
        click.echo(f"CHANGELOG.md has no heading ### Content {content[0]}: write it there", err=True)
        return
    file.write_text(text, encoding="utf-8")
    click.echo("written into CHANGELOG.md")


@release.command("sbom")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
def sbom_command(file: Path) -> None:
    """Write the software bill of materials (CycloneDX 1.6 JSON) of what runs into FILE, or - for standard output."""
    try:
        from service.commands.release_sbom import BadBill, sbom
    except ImportError as problem:
        raise click.ClickException(f"{problem.name} is not installed; it is a dependency for developing.") from None
    try:
        text = sbom(ROOT)
    except BadBill as problem:
        raise click.ClickException(str(problem)) from None
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    click.echo(f"{file}: {text.count('purl')} packages", err=True)


@release.command("wheel")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def wheel_command(folder: Path) -> None:
    """Build the wheel of the last commit into FOLDER: the same bytes wherever that is done."""
    import hashlib

    from service.commands.release_wheel import NotBuilt, build

    try:
        made = build(ROOT, folder)
    except NotBuilt as problem:
        raise click.ClickException(str(problem)) from None
    click.echo(f"{hashlib.sha256(made.read_bytes()).hexdigest()}  {made}")
