"""``allcue facts``: what was read from a record, from where, and what is unknown and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import click

from service.advice.words import Words
from service.commands.check import terminal_words
from service.commands.inputs import Unreadable, invocations
from service.facts.model import Fact, Facts
from service.facts.vocabulary import VOCABULARY
from service.wiring import build_clinic


def facts(files: tuple[str, ...], as_of: date | None) -> int:
    """Run the command; 1 if any file could not be read."""
    clinic = build_clinic(as_of=as_of)
    failed = False
    for name, invocation in invocations(files, as_of):
        if isinstance(invocation, Unreadable):
            click.echo(f"{name}: {invocation}", err=True)
            failed = True
            continue
        question = clinic.question(invocation)
        click.echo(click.style(f"{name} as of {question.as_of}", bold=True))
        click.echo("\n".join(_lines(clinic.engine.facts(question), terminal_words(clinic))))
        for aside in question.record.set_aside:
            click.echo(f"  set aside  {aside.reference}: {aside.reason}")
    return 1 if failed else 0


def every_fact(found: Facts) -> Iterator[Fact]:
    """Every fact of the vocabulary, parameterised ones for each kind."""
    for kind in VOCABULARY:
        for name in [f"{kind.name}({p})" for p in kind.parameters] or [kind.name]:
            yield found[name]


def _lines(found: Facts, words: Words) -> Iterator[str]:
    unknown = []
    for fact in every_fact(found):
        if fact.known:
            yield f"  {click.style(fact.name, fg='green')} = {words.value(fact)}{_origin(fact)}"
        else:
            unknown.append(fact)
    for fact in unknown:
        why = f"{fact.reason}{f': {fact.detail}' if fact.detail else ''}"
        yield f"  {click.style(fact.name, fg='yellow')} unknown, {why}{_origin(fact)}"


def _origin(fact: Fact) -> str:
    shown = []
    for source in fact.provenance[:4]:
        marks = [m for m, on in (("from text", source.from_text), ("inferred", source.inferred)) if on]
        parts = [
            source.resource,
            source.date or "",
            f"“{source.found}”" if source.found else "",
            *marks,
            source.note or "",
        ]
        shown.append(", ".join(part for part in parts if part))
    return f"  [{'; '.join(shown)}]" if shown else ""
