"""Explained facts for a terminal of 100 columns: by group, what is known first; unknowns with the same answer in one entry."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import click

from service.advice.explain import (
    Explained,
    Explainer,
    Seen,
    clean,
    remedy,
    said,
    shortened,
    what_to_send,
    why_unknown,
)
from service.advice.words import LONGEST

WIDTH = 100
_MOST_FOLLOWED = 6
_LABEL = 8  # columns for "seen", "rule", "rests on", "send"


class Told:
    """What a report has said in full already, so that it need not say it again. Empty forever where all is asked in full."""

    def __init__(self, in_full: bool):
        self._in_full = in_full
        self._before: set[object] = set()

    def before(self, thing: object) -> bool:
        """Whether a thing was told before; from now on it was."""
        known = thing in self._before
        if not self._in_full:
            self._before.add(thing)
        return known


def explained(explainer: Explainer, names: list[str], in_full: bool) -> Iterator[str]:
    """The lines of a report.

    Args:
        names: the facts, in the order of the vocabulary.
        in_full: say each rule and source in full each time, and let no unknowns share an entry.
    """
    groups: dict[str, list[Explained]] = {}
    for name in names:
        one = explainer.of(name)
        groups.setdefault(one.kind.group, []).append(one)
    told = Told(in_full)
    for group, found in groups.items():
        yield ""
        yield click.style(f"{group.upper()}: {_counts(found)}", bold=True)
        for one in found:
            if one.fact.known:
                yield from _known(one, explainer, told)
        alike: dict[tuple[str, ...], list[Explained]] = {}
        for one in found:
            if not one.fact.known:
                key = tuple(_unknown(one, explainer))
                alike.setdefault((*key, one.name) if in_full else key, []).append(one)
        for ones in alike.values():
            yield from _wrapped("  ", ", ".join(one.name for one in ones), "unknown", colour="yellow")
            yield from _unknown(ones[0], explainer)


def _counts(found: list[Explained]) -> str:
    known = sum(one.fact.known for one in found)
    return f"{known} known, {len(found) - known} unknown"


def _known(one: Explained, explainer: Explainer, told: Told) -> Iterator[str]:
    yield from _wrapped("  ", f"{one.name} = {one.value}", one.label, colour="green")
    for seen in one.seen:
        yield from _line("seen", f"{_where(seen)}, as above" if told.before(seen) else _source(seen))
    if one.fact.detail:
        yield from _line("note", clean(one.fact.detail))
    yield from _line("rule", _rule(one, told))
    for depth, name in explainer.reached(one.name):
        below = explainer.of(name)
        shown = f"{name} = {shortened(below.value, 60)}" if below.fact.known else f"{name} unknown"
        yield from _line("rests on", f"{'  ' * (depth - 1)}{shown}")


def _rule(one: Explained, told: Told) -> str:
    provider = one.provider
    if provider is None:
        return "stated by the call"
    if told.before(provider):
        return f"{provider.name}, as above"
    return f"{provider.name} ({provider.place}): {provider.rule}"


def _unknown(one: Explained, explainer: Explainer) -> Iterator[str]:
    yield from _line("why", why_unknown(one, explainer.words))
    for seen in one.seen:
        yield from _line("seen", _source(seen))
    if one.answers.asked:
        return
    needed = remedy(one)
    codes = what_to_send(one.name, explainer.sources)
    if needed or codes:
        yield from _line("send", f"{needed}: {codes}" if needed and codes else needed or codes)
    follows = [name for name in one.answers.follows_from if not explainer.found[name].known]
    if follows:
        shown = ", ".join(follows[:_MOST_FOLLOWED]) + (
            f" and {len(follows) - _MOST_FOLLOWED} more" if len(follows) > _MOST_FOLLOWED else ""
        )
        yield from _line("or" if needed or codes else "send", f"what it may follow from: {shown}")


def _where(seen: Seen) -> str:
    return clean(f"{seen.resource} ({seen.date})" if seen.date else seen.resource)


def _source(seen: Seen) -> str:
    parts = [_where(seen)]
    if seen.coding:
        parts.append(said(seen.coding))
    if seen.found:
        parts.append(f"“{shortened(seen.found, LONGEST)}”")
    if seen.marks:
        parts.append(f"[{', '.join(seen.marks)}]")
    if seen.note:
        parts.append(f"({clean(seen.note)})")
    return " ".join(parts)


def _line(label: str, text: str) -> Iterator[str]:
    lead = len(text) - len(text.lstrip())
    start = f"    {label:<{_LABEL}} {' ' * lead}"
    yield from textwrap.wrap(
        text.strip(), WIDTH, initial_indent=start, subsequent_indent=" " * (len(start) + 2), break_on_hyphens=False
    )


def _wrapped(indent: str, text: str, aside: str, colour: str) -> Iterator[str]:
    """A heading line: the fact in colour, what it is after it."""
    lines = textwrap.wrap(
        text, WIDTH - 2, initial_indent=indent, subsequent_indent=f"{indent}    ", break_on_hyphens=False
    )
    last = lines[-1] if lines else indent
    fits = len(last) + len(aside) + 4 <= WIDTH
    for line in lines[:-1]:
        yield click.style(line, fg=colour)
    yield click.style(last, fg=colour) + (f"  ({aside})" if fits else "")
    if not fits:
        yield f"{indent}    ({aside})"
