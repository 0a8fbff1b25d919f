"""``allcue content check``: everything that is wrong with the content, at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatch
from pathlib import Path

import click

from service.commands.site_report import site_report
from service.content import NoContent, read_content
from service.facts.given import StatedFactsProblem, facts_from_mapping
from service.facts.model import Facts
from service.facts.registry import REGISTRY
from service.facts.vocabulary import VOCABULARY
from service.rules.checks import applies_to_nobody_known, idle_criteria, opposite_advice, wrong_examples
from service.rules.coverage import uncovered
from service.rules.editions import every_rule
from service.rules.load import ContentProblems
from service.rules.rule import Content, Example
from service.versions import changed_release, content_name

_DAY = date(2026, 1, 1)  # examples state ages and intervals, not dates: any day gives the same verdicts


def facts_of(example: Example) -> Facts:
    """An example's facts, as `service.rules.checks` asks for them.

    Raises:
        StatedFactsProblem: a name or value that is not in the vocabulary.
    """
    return facts_from_mapping(example.given, _DAY, REGISTRY)


def problems(content: Content, only: str | None = None) -> Iterator[str]:
    """What the generated checks find in content that loads.

    With ``only``, a pattern for rule ids, each matching rule is checked by itself; whether rules contradict each
    other is a question about all of them and is left out.
    """
    rules = [rule for rule in every_rule(content) if only is None or fnmatch(rule.id, only)]
    yield from applies_to_nobody_known(rules)
    yield from idle_criteria(rules, VOCABULARY)
    if only is None:
        yield from opposite_advice(content, rules, VOCABULARY)
        yield from uncovered(content)
    for rule in content.rules if only is None else rules:
        try:
            yield from wrong_examples([rule], facts_of)
        except StatedFactsProblem as problem:
            yield from (f"{rule.path}: examples: {line}" for line in problem.problems)


def check(folder: Path | None, only: str | None = None, site: Path | None = None) -> int:
    """Run the command; 0 if nothing is wrong. What a site changed is listed first."""
    try:
        content = read_content(folder, site)
    except NoContent as problem:
        raise click.BadParameter(str(problem), param_hint="--content or --site") from None
    except ContentProblems as found:
        for item in found.problems:
            click.echo(str(item))
        click.echo(click.style(f"{len(found.problems)} problems", fg="red"), err=True)
        return 1
    for line in site_report(content):
        click.echo(line)
    with click.progressbar(list(problems(content, only)), label="checking", hidden=True) as lines:
        count = 0
        for line in lines:
            count += 1
            click.echo(line)
    if count:
        click.echo(click.style(f"{count} problems", fg="red"), err=True)
        return 1
    click.echo(click.style(_summary(content), fg="green"))
    return _version(folder, site, content.digest)


def _version(folder: Path | None, site: Path | None, digest: str) -> int:
    """Tell the version; 1 where the content claims to be a release and is not what was recorded for it."""
    found = content_name(folder, site, digest)
    click.echo(f"content {found.version}, digest {found.digest}")
    changed = changed_release(folder)
    if changed is not None:
        click.echo(click.style(changed, fg="red"), err=True)
    return 0 if changed is None else 1


def _summary(content: Content) -> str:
    active = len(every_rule(content))
    examples = sum(len(rule.examples) for rule in content.rules)
    return f"{active} active rules of {len(content.sources)} sources, {examples} examples: no problem found"
