"""``allcue evaluate``: facts stated by name in, verdicts out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import click
import yaml

from service.advice.engine import as_json
from service.commands.loading import content_problems_told
from service.commands.stated import stated_patient
from service.content import read_content
from service.facts.given import StatedFactsProblem
from service.rules.compile import Evaluator
from service.rules.editions import Speaking, UnknownSource, by_policy, every_rule, of_sources
from service.rules.rule import Content


@dataclass(frozen=True)
class Selection:
    """Which rules are asked: of named sources, of all, or those the policy has in force on the day."""

    content: Content
    sources: tuple[str, ...] = ()
    all_sources: bool = False

    def rules(self, as_of: date) -> Speaking:
        """The rules for a day; those of the policy are also a matter of the patient.

        Raises:
            UnknownSource: a source the content does not have.
        """
        if self.sources:
            return Speaking(of_sources(self.content, self.sources))
        return Speaking(every_rule(self.content)) if self.all_sources else by_policy(self.content, as_of)


class Judge:
    """Evaluates patients given as mappings of fact names to values."""

    def __init__(self, selection: Selection, as_of: date):
        self.selection = selection
        self.as_of = as_of
        self._evaluator = Evaluator(every_rule(selection.content))
        self._speaking = lru_cache(maxsize=64)(selection.rules)
        self._speaking(as_of)  # a wrong source is told before the first patient is read

    def verdicts(self, patient: object) -> dict[str, Any]:
        """The answer for one patient; its own ``as_of`` wins over the general one.

        Raises:
            StatedFactsProblem: names or values that are not in the vocabulary.
        """
        facts = stated_patient(patient, self.as_of)
        found = self._evaluator.verdicts(self._speaking(facts.as_of).to(facts), facts)
        return {"as_of": facts.as_of.isoformat(), "verdicts": [as_json(verdict) for verdict in found]}


def evaluate(
    files: Iterable[str],
    sources: tuple[str, ...],
    all_sources: bool,
    as_of: date | None,
    jsonl: bool,
    site: Path | None = None,
) -> int:
    """Run the command; the exit code is 0 when every patient (with ``jsonl``: every line) got an answer."""
    today = as_of or date.today()  # noqa: DTZ011 - the day of the user's own clock is what is meant
    with content_problems_told():
        content = read_content(site=site)
    try:
        judge = Judge(Selection(content, sources, all_sources), today)
    except UnknownSource as problem:
        raise click.BadParameter(str(problem), param_hint="--source") from None
    failed = False
    for name in files:
        with click.open_file(name, encoding="utf-8") as stream:
            if jsonl:
                _lines(stream, name, judge)
            else:
                failed = not _whole(stream, name, judge) or failed
    return 1 if failed else 0


def _lines(stream: IO[Any], name: str, judge: Judge) -> None:
    """One line in, one line out, in the same order; what cannot be read is answered with its error."""
    with _progress(stream, name) as lines:
        for line in lines:
            click.echo(json.dumps(_answer(line, judge), ensure_ascii=False))


def _progress(stream: IO[Any], name: str) -> Any:
    """The lines, with a progress count on standard error where someone is watching it."""
    hidden = not sys.stderr.isatty() or sys.stdout.isatty()
    return click.progressbar(stream, label=name, file=sys.stderr, hidden=hidden, show_pos=True)


def _answer(line: str, judge: Judge) -> dict[str, Any]:
    try:
        return judge.verdicts(json.loads(line))
    except StatedFactsProblem as problem:
        return {"error": "; ".join(problem.problems)}
    except (ValueError, RecursionError) as error:
        return {"error": f"not a line of JSON: {error}"}


def _whole(stream: IO[Any], name: str, judge: Judge) -> bool:
    """A file with one patient, or a list of them, in JSON or YAML."""
    try:
        for patient in _patients(yaml.safe_load(stream.read())):
            click.echo(json.dumps(judge.verdicts(patient), ensure_ascii=False, indent=2))
    except yaml.YAMLError as error:
        click.echo(f"{name}: is neither JSON nor YAML: {error}", err=True)
        return False
    except StatedFactsProblem as problem:
        for line in problem.problems:
            click.echo(f"{name}: {line}", err=True)
        return False
    return True


def _patients(raw: object) -> Iterator[object]:
    if isinstance(raw, list):
        yield from raw
    else:
        yield raw
