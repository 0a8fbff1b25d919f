"""``allcue check``: cards and trace of patients in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click

from service.advice.cards import Card
from service.advice.engine import Answer
from service.advice.words import Words, one_line
from service.bundles import Unreadable, with_orders
from service.commands.inputs import invocations
from service.commands.loading import content_problems_told
from service.rules.editions import UnknownSource
from service.rules.verdict import Trace, TraceNode
from service.wiring import Clinic, build_clinic

_COLOURS = {"critical": "red", "warning": "yellow", "info": "cyan"}
_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}


def check(
    files: tuple[str, ...],
    as_of: date | None,
    trace: bool,
    sources: tuple[str, ...] = (),
    site: Path | None = None,
    orders: tuple[str, ...] = (),
    hook: str = "order-sign",
) -> int:
    """Run the command; 1 if any file could not be read.

    Args:
        sources: editions asked in place of the policy's; ``site``: folder with content of the site's own.
        orders: drugs in words that are being ordered; the patients are then judged at ``hook``.

    Raises:
        click.BadParameter: no such source.
    """
    try:
        with content_problems_told():
            clinic = build_clinic(as_of=as_of, site=site, sources=sources)
    except UnknownSource as problem:
        raise click.BadParameter(str(problem), param_hint="--source") from None
    failed = False
    with click.progressbar(invocations(files, as_of), length=len(files), label="checking",
                           hidden=len(files) < 5, file=sys.stderr) as rows:  # fmt: skip
        for name, invocation in rows:
            if isinstance(invocation, Unreadable):
                click.echo(f"{name}: {invocation}", err=True)
                failed = True
                continue
            asked = with_orders(invocation, orders, hook) if orders else invocation
            answer = clinic.answer(asked)
            lines = _shown(name, answer, terminal_words(clinic), trace)
            click.echo("\n".join(lines))
            for aside in clinic.question(invocation).record.set_aside:
                click.echo(click.style(f"  set aside: {one_line(aside.reference)}: {aside.reason}", dim=True))
    return 1 if failed else 0


def terminal_words(clinic: Clinic) -> Words:
    """Words that show text of the record as it is, without what would act on a terminal."""
    return Words(clinic.engine.vocabulary, clinic.engine.content, quote=one_line)


def _shown(name: str, answer: Answer, words: Words, trace: bool) -> Iterator[str]:
    yield click.style(f"{name}: {len(answer.cards)} cards", bold=True)
    for card in answer.cards:
        yield from _card(card)
    if trace:
        for found in answer.traces():
            yield from _trace(found, words)


def _card(card: Card) -> Iterator[str]:
    yield ""
    yield click.style(f"[{card['indicator']}] {card['summary']}", fg=_COLOURS[card["indicator"]], bold=True)
    yield from (f"  {line}" for line in card["detail"].splitlines())
    for suggestion in card.get("suggestions", ()):
        yield f"  → {suggestion['label']}"
    yield f"  Source: {card['source']['label']}"


def _trace(found: Trace, words: Words) -> Iterator[str]:
    verdict = found.verdict
    yield ""
    named = ", ".join(verdict.missing or verdict.unchecked)
    outcome = "excluded" if verdict.excluded else str(verdict.outcome)
    yield click.style(f"{verdict.rule.id}: {outcome}{f' ({named})' if named else ''}", underline=True)
    yield from _node(found.when, words, 1)
    if found.unless.children:
        yield "  unless"
        yield from _node(found.unless, words, 2)


def _node(node: TraceNode, words: Words, depth: int) -> Iterator[str]:
    mark, colour = _MARKS[None if node.assumed else node.truth]
    seen = f"  [{words.fact(node.fact)}]" if node.fact else ""
    yield f"{'  ' * depth}{click.style(mark, fg=colour)} {node.said}{seen}"
    for child in node.children:
        yield from _node(child, words, depth + 1)
