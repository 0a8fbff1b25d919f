"""What new content changes for the example patients, since the last release of the content."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from service.commands.population_diff import Member, both, compared
from service.population.inputs import Aside, Bundled, patients
from service.population.upgrade.model import Kind
from service.population.upgrade.report import headline
from service.population.upgrade.tally import RuleTally, Tally

RULES_TOLD = 12  # in a line of the changelog; the files have all
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def example_changes(root: Path, last: str, output: Path) -> Tally:
    """Compare the content of a checkout with a release of it, over the patients in ``fhir_examples``, each on the day of
    its story; the files of `allcue population diff` are written into ``output``.

    Raises:
        click.ClickException: one of the two is not there or not fit for use with this code, or nothing can be written.
    """
    folder = root / "fhir_examples"
    with both(last, str(root / "cards"), root=root) as contents:
        return compared(contents, lambda _, aside: _examples(folder, aside), output, "of each story")


def _examples(folder: Path, aside: Aside) -> Iterator[Member]:
    for file in sorted(folder.glob("*.json")):
        day = _day(file.with_suffix(".yaml"))
        yield from (Member(patient, day, file.name) for patient in patients(Bundled((file,)), aside))


def _day(story: Path) -> date:
    day: date = yaml.load(story.read_text(encoding="utf-8"), _LOADER)["as_of"]  # noqa: S506 - a safe loader
    return day


def lines(last: str, tally: Tally) -> Iterator[str]:
    """The result for the changelog, within its line length of a reader's patience."""
    yield f"Example patients, compared with content {last}: {headline(tally)}."
    rules = list(tally.rules())
    yield from (f"  {_one(rule)}" for rule in rules[:RULES_TOLD])
    if len(rules) > RULES_TOLD:
        yield f"  {len(rules) - RULES_TOLD} further rules and cards"


def _one(rule: RuleTally) -> str:
    name = rule.example.rule or f"card: {rule.example.subject}"
    return f"{name}: {', '.join(f'{kind} {n}' for kind in Kind if (n := rule.kinds[kind]))}"
