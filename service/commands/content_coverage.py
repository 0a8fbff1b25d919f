"""``allcue content coverage``: how much of each source the content carries."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict

import click

from service.content import read_content
from service.facts.vocabulary.base import did_you_mean
from service.rules.coverage import Carried, coverage
from service.rules.rule import Content

HOW = ("rule", "table", "listed", "missing")


def show(source: str | None, *, every: bool, as_json: bool) -> int:
    """Run the command; 1 if a statement is neither carried nor excused.

    Raises:
        click.BadParameter: no such source.
    """
    content = read_content()
    found = coverage(content)
    if source is not None:
        found = {_named(content, source): found.get(_named(content, source), ())}
    if as_json:
        rows = {name: [asdict(one) | {"how": one.how} for one in listed] for name, listed in found.items()}
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for line in _lines(content, found, every):
            click.echo(line)
    return int(any(one.how == "missing" for listed in found.values() for one in listed))


def _named(content: Content, name: str) -> str:
    try:
        return content.source_named(name).id
    except KeyError:
        known = [n for s in content.sources.values() for n in (s.id, *s.aliases)]
        allowed = f"{name!r} is not a source. Allowed: {', '.join(known)}.{did_you_mean(name, known)}"
        raise click.BadParameter(allowed, param_hint="--source") from None


def _lines(content: Content, found: Mapping[str, tuple[Carried, ...]], every: bool) -> Iterator[str]:
    for name, listed in found.items():
        counts = Counter(one.how for one in listed)
        said = ", ".join(f"{counts[how]} {word}" for how, word in zip(HOW, _WORDS, strict=True) if counts[how])
        yield f"{content.sources[name].short_label}: {len(listed)} statements: {said}"
        for one in listed:
            if every or one.how in ("listed", "missing"):
                by = ", ".join((*one.rules, *one.rows)) or one.reason or "nothing"
                yield f"  {one.entry} ({one.kind}): {by}"


_WORDS = ("carried by rules", "by tables", "left out with a reason", "MISSING")
