"""``allcue facts --coverage``: over a folder of patients, which facts were found, and what the feed lacks."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from pathlib import Path

import click

from service.bundles import Unreadable, invocation_of
from service.commands.coverage_report import Report, as_csv, as_json, as_text
from service.commands.facts import every_name
from service.commands.inputs import parsed
from service.commands.survey import Survey, rules_reading
from service.facts.registry import REGISTRY
from service.facts.sources import Sources
from service.facts.vocabulary import VOCABULARY
from service.rules.editions import every_rule
from service.wiring import Clinic, build_clinic


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"
    CSV = "csv"


def coverage(folder: Path, as_of: date | None, form: Form) -> int:
    """Run the command; 1 if there is no patient, or a file could not be read."""
    report = survey_folder(folder, as_of or date.today())  # noqa: DTZ011 - the day of the user's own clock is what is meant
    if not report.survey.patients and not report.unreadable:
        click.echo(f"{folder}: holds no .json file.", err=True)
        return 1
    write = {Form.TEXT: as_text, Form.JSON: as_json, Form.CSV: as_csv}[form]
    click.echo(write(report))
    if form is not Form.TEXT:
        for name, reason in report.unreadable:
            click.echo(f"{name}: {reason}", err=True)
    return 1 if report.unreadable else 0


def survey_folder(folder: Path, as_of: date) -> Report:
    """Read all patients of a folder, one after the other, and count."""
    clinic = build_clinic(as_of=as_of)
    sources = Sources(VOCABULARY, REGISTRY, clinic.terminology)
    survey = Survey(sources, every_name())
    unreadable: list[tuple[str, str]] = []
    hidden = not sys.stderr.isatty()
    with click.progressbar(json_files(folder), label="reading", file=sys.stderr, hidden=hidden, show_pos=True) as paths:
        for path in paths:
            try:
                _count_in(path, as_of, clinic, survey)
            except Unreadable as problem:
                unreadable.append((str(path.relative_to(folder)), str(problem)))
    rules = rules_reading(every_rule(clinic.engine.content), sources)
    return Report(folder.name, as_of, survey, rules, tuple(unreadable))


def _count_in(path: Path, as_of: date, clinic: Clinic, survey: Survey) -> None:
    """Read one patient and count the facts.

    Raises:
        Unreadable: no patient; or one that a reader failed on, of whom only the place of the mistake is told.
    """
    invocation = invocation_of(parsed(str(path)), as_of)
    try:
        question = clinic.question(invocation)
        survey.add(question.record, clinic.engine.facts(question))
    except Exception as error:  # one patient must not end the report over all the others
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        raise Unreadable(f"made a reader fail ({type(error).__name__} in {where}): please report this") from None


def json_files(folder: Path) -> Iterator[Path]:
    """All ``.json`` files below a folder, in the order of their names."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(root, name) for name in sorted(names) if name.lower().endswith(".json"))
