"""``allcue facts``: what was read from a record, from where, and what is unknown and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import click

from service.advice.engine import Question
from service.advice.explain import Explainer, as_json
from service.advice.words import Words, one_line
from service.bundles import Unreadable
from service.commands.check import terminal_words
from service.commands.explain_text import explained
from service.commands.inputs import invocations
from service.facts.model import Fact, Facts
from service.facts.registry import REGISTRY
from service.facts.sources import Sources
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.base import ValueProblem
from service.wiring import Clinic, build_clinic


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of each file. ``names``: facts to show, all if empty."""

    as_of: date | None = None
    explain: bool = False
    names: tuple[str, ...] = ()
    as_json: bool = False


def facts(files: tuple[str, ...], asked: Asked) -> int:
    """Run the command; 1 if any file could not be read."""
    names = _names(asked.names)
    clinic = build_clinic(as_of=asked.as_of)
    sources = Sources(VOCABULARY, REGISTRY, clinic.terminology)
    failed = False
    for name, invocation in invocations(files, asked.as_of):
        if isinstance(invocation, Unreadable):
            click.echo(f"{name}: {invocation}", err=True)
            if asked.as_json:
                click.echo(json.dumps({"file": name, "error": str(invocation)}, ensure_ascii=False))
            failed = True
            continue
        question = clinic.question(invocation)
        found = clinic.engine.facts(question)
        if asked.as_json:
            answer = _as_json(name, question, Explainer(found, sources, terminal_words(clinic)), names)
            click.echo(json.dumps(answer, ensure_ascii=False))
        else:
            click.echo("\n".join(_shown(name, question, found, asked, names, sources, clinic)))
    return 1 if failed else 0


def _names(given: tuple[str, ...]) -> list[str]:
    """Facts by name or alias; a parameterised one without its kind stands for all kinds.

    Raises:
        click.BadParameter: no such fact; says which is meant.
    """
    wanted: list[str] = []
    for name in given:
        kind = next((k for k in VOCABULARY if k.parameters and k.name == name.strip()), None)
        try:
            wanted += [f"{kind.name}({p})" for p in kind.parameters] if kind else [VOCABULARY.resolve(name)]
        except ValueProblem as problem:
            raise click.BadParameter(str(problem), param_hint="--fact") from None
    return list(dict.fromkeys(wanted))


def every_name() -> list[str]:
    """Names of all facts of the vocabulary, parameterised ones for each kind."""
    return [name for kind in VOCABULARY for name in ([f"{kind.name}({p})" for p in kind.parameters] or [kind.name])]


def every_fact(found: Facts) -> Iterator[Fact]:
    """Every fact of the vocabulary, parameterised ones for each kind."""
    for name in every_name():
        yield found[name]


def _shown(
    name: str, question: Question, found: Facts, asked: Asked, names: list[str], sources: Sources, clinic: Clinic
) -> Iterator[str]:
    yield click.style(f"{name} as of {question.as_of}", bold=True)
    words = terminal_words(clinic)
    if asked.explain:
        yield from explained(Explainer(found, sources, words), names or every_name(), in_full=bool(names))
    else:
        yield from _lines([found[n] for n in names] if names else list(every_fact(found)), words)
    for aside in question.record.set_aside:
        yield f"  set aside  {one_line(aside.reference)}: {aside.reason}"


def _as_json(name: str, question: Question, explainer: Explainer, names: list[str]) -> dict[str, Any]:
    """One file for machines. Facts that the asked ones rest on are there too, so that each can be followed down."""
    wanted = names or every_name()
    reached = [other for n in names for _, other in explainer.reached(n)]
    return {
        "file": name,
        "as_of": question.as_of.isoformat(),
        "asked": wanted,
        "facts": {
            n: as_json(explainer.of(n), explainer.sources) for n in dict.fromkeys([*wanted, *reached])
        },
        "set_aside": [
            {"resource": a.reference, "type": a.type, "reason": a.reason} for a in question.record.set_aside
        ],
    }  # fmt: skip


def _lines(found: list[Fact], words: Words) -> Iterator[str]:
    for fact in found:
        if fact.known:
            yield f"  {click.style(fact.name, fg='green')} = {words.value(fact)}{_origin(fact)}"
    for fact in found:
        if not fact.known:
            why = f"{fact.reason}{f': {one_line(fact.detail)}' if fact.detail else ''}"
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
        shown.append(one_line(", ".join(part for part in parts if part)))
    return f"  [{'; '.join(shown)}]" if shown else ""
