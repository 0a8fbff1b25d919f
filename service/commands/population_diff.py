"""``allcue population diff``: whose advice other content would change, by which rule, and how."""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import click

from service.cells import cell
from service.commands.content_versions import ROOT, content_folder
from service.commands.loading import content_problems_told
from service.commands.release_content import KINDS, change
from service.contentfiles import PACKAGED, content_files
from service.population.asking import Asker, Asking
from service.population.inputs import Aside, Bundled, patients, units
from service.population.patients import Patient
from service.population.running.inputs import NoInput
from service.population.upgrade.compare import Upgrade
from service.population.upgrade.files import ASIDE, CHANGES, PAGE, SUMMARY, Files
from service.population.upgrade.report import headline
from service.population.upgrade.tally import Tally
from service.versions import content_name

_SERVICE = Path(__file__).resolve().parents[1]


def diff(
    old: str, new: str, inputs: tuple[Path, ...], output: Path, as_of: date | None, site: Path | None, *, strict: bool
) -> int:
    """Run the command. 2 where no patient could be compared; ``strict``: 1 if anything changed, or a file or patient was
    set aside, of whom nobody knows."""
    day = as_of or date.today()  # noqa: DTZ011 - the day of the user's own clock is what is meant
    with both(old, new, site) as contents:
        tally = compared(contents, lambda work, aside: _cohort(inputs, work, aside, day), output, day.isoformat())
    click.echo(headline(tally))
    for name in (SUMMARY, PAGE, CHANGES):
        click.echo(f"  {output / name}")
    for what, number in (("files and patients", tally.set_aside.total()), ("lines", tally.lines.total())):
        if number:
            click.echo(f"{what} set aside, with reasons in {output / ASIDE}: {number}", err=True)
    if not tally.compared:
        click.echo("no patient could be compared", err=True)
        return 2
    return 1 if strict and (tally.changed or tally.set_aside) else 0


@dataclass(frozen=True, slots=True)
class Member:
    """One patient of a cohort, the day of judgement, and the file of a patient who has one of their own."""

    patient: Patient
    day: date
    where: str = ""


Cohort = Callable[[Path, Aside], Iterable[Member]]  # given a folder to work in, and who is told of what is not used


class Contents:
    """Two contents, loaded. ``about``: their names, as they were asked for, versions and digests, by old and new.

    ``notes``: what differs in their texts.
    """

    def __init__(self, names: tuple[str, str], site: Path | None, place: Path, root: Path):
        """``place``: a folder for what has to be unpacked. ``root``: the checkout that versions are looked up in.

        Raises:
            click.ClickException: no such content, or it is not fit for use; says which, and why.
        """
        self.about: dict[str, Mapping[str, str]] = {}
        askers, folders = [], []
        for side, name in zip(("old", "new"), names, strict=True):
            with _of(f"--{side} {name}"), content_problems_told():
                folders.append(content_folder(name, place, root))
                folder = folders[-1] if folders[-1] != PACKAGED else None  # which is read once
                askers.append(Asker(Asking(content=folder, site=site)))
                found = content_name(folders[-1], site)
            self.about[side] = {"given": name, "version": found.version, "digest": found.digest}
        self.upgrade = Upgrade(askers[0], askers[1])
        self.notes = tuple(_notes(folders[0], folders[1]))


@contextmanager
def both(old: str, new: str, site: Path | None = None, root: Path = ROOT) -> Iterator[Contents]:
    """Two contents by name, loaded. Raises click.ClickException as `Contents`."""
    with tempfile.TemporaryDirectory(prefix="allcue-content-") as place:
        yield Contents((old, new), site, Path(place), root)


@contextmanager
def _of(name: str) -> Iterator[None]:
    try:
        yield
    except click.ClickException as problem:
        raise click.ClickException(f"{name}: {problem.message}") from None


def compared(contents: Contents, cohort: Cohort, output: Path, day: str) -> Tally:
    """Compare patient by patient and write the files; one that cannot be judged is set aside, and the others go on.

    Raises:
        click.ClickException: the folder cannot be written to.
        click.BadParameter: something of the input is nothing that is read.
    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix="allcue-cohort-") as work,
            Files(output, {**contents.about, "as_of": day}, cell, contents.notes) as files,
        ):
            for one in _counted(cohort(Path(work), files.set_aside)):
                try:
                    found = contents.upgrade.compare(one.patient, one.day)
                except Exception as error:  # whatever one record does, the others are compared
                    told = {"file": one.where} if one.where else {}
                    reason = f"could not be judged: {type(error).__name__} {_where(error)}"
                    files.set_aside({**told, "patient": one.patient.id, "reason": reason})
                    continue
                files.add(replace(found, where=one.where))
            return files.tally
    except NoInput as problem:
        raise click.BadParameter(str(problem), param_hint="--input") from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or output}: {error.strerror or error}") from None


def _cohort(inputs: tuple[Path, ...], work: Path, aside: Aside, day: date) -> Iterator[Member]:
    """The patients of folders and files, whatever they hold."""
    for unit in units(inputs, work, aside, lambda _: None):
        if isinstance(unit, Bundled):
            for file in unit.files:
                yield from (Member(patient, day, file.name) for patient in patients(Bundled((file,)), aside))
        else:
            yield from (Member(patient, day) for patient in patients(unit, aside))


def _counted(cohort: Iterable[Member]) -> Iterator[Member]:
    """The same patients; on a terminal, with a count of those that went by."""
    shown = sys.stderr.isatty()
    for number, one in enumerate(cohort, 1):
        yield one
        if shown and number % 50 == 0:
            click.echo(f"\r{number} patients", nl=False, err=True)
    if shown:
        click.echo("\r", nl=False, err=True)


def _notes(old: Path, new: Path) -> Iterator[str]:
    """What differs in the texts of the contents, the largest first."""
    found = change(content_files(old), content_files(new))
    for kind in reversed(KINDS):
        yield from (f"{kind}: {reason}" for reason in getattr(found, kind))


def _where(error: Exception) -> str:
    """The place in Allcue's own code; the text of an error may hold what was in the record."""
    own = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(_SERVICE)]
    return f"at {Path(own[-1].filename).relative_to(_SERVICE.parent)}:{own[-1].lineno}" if own else ""
