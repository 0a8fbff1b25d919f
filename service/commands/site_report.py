"""What a site changed in the shipped content, for those who answer for it; safety that was switched off stands out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import click

from service.rules.rule import Content, Rule
from service.rules.site_content import Replaced, Reworded, Signed, SiteContent, SwitchedOff

WIDTH = 100


def site_report(content: Content) -> Iterator[str]:
    """The lines of the report; none where the content is the shipped one."""
    site = content.site
    if site is None:
        return
    yield click.style(f"{site.name}: {_counts(content, site)}", bold=True)
    yield from _part("switched off", [_off(content, off) for off in site.switched_off])
    yield from _part("reworded", [_reworded(content, one) for one in site.reworded])
    yield from _part("replaced", [_replaced(one) for one in site.replaced])
    yield from _part("added", [_added(content.rule(name)) for name in site.added])
    yield from _part("further files", [[name] for name in site.files])
    yield from _part("policy", [[line] for line in site.policy])
    yield ""


def _counts(content: Content, site: SiteContent) -> str:
    off = [content.rule(name) for name in site.rules_off]
    safety = sum(rule.is_safety for rule in off)
    parts = [
        (len(off), f"switched off{f' ({safety} of them safety)' if safety else ''}"), (len(site.reworded), "reworded"),
        (len(site.replaced), "replaced"), (len(site.added), "added"),
    ]  # fmt: skip
    return ", ".join(f"{count} {what}" for count, what in parts if count) or "nothing changed"


def _part(title: str, items: list[list[str]]) -> Iterator[str]:
    """A heading and its items; the first line of each is its head."""
    if not items:
        return
    yield f"  {title}"
    for head, *more in items:
        yield from _wrapped("    ", head)
        for line in more:
            yield from _wrapped("      ", line)


def _wrapped(indent: str, text: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )


def _off(content: Content, off: SwitchedOff) -> list[str]:
    lines = [_why(off.why)]
    if off.is_source:
        head = f"{off.id}, the whole source: {len(off.rules)} rules"
        safety = [content.rule(name) for name in off.rules if content.rule(name).is_safety]
        lines += [click.style(f"SAFETY {rule.id}: {rule.title}", fg="red") for rule in safety]
    else:
        rule = content.rule(off.id)
        mark = click.style("SAFETY ", fg="red", bold=True) if rule.is_safety else ""
        head = f"{mark}{rule.id} ({rule.advise.act}, {_cited(content, rule)}): {rule.title}"
    if off.revived:
        lines.append(f"speak again, as what had replaced them is switched off: {', '.join(off.revived)}")
    if off.silenced:
        lines.append(f"its source has no other rule on {off.silenced}: there the next source of the policy answers")
    return [head, *lines]


def _reworded(content: Content, one: Reworded) -> list[str]:
    rule = content.rule(one.rule)
    mark = click.style("SAFETY ", fg="red", bold=True) if rule.is_safety else ""
    lines = [f"{mark}{rule.id} ({rule.advise.act}, {_cited(content, rule)})", _why(one.why)]
    if rule.title != one.title:
        lines.append(f"title: {rule.title} (shipped: {one.title})")
    if rule.advise.note != one.note:
        lines.append(f"note: {rule.advise.note} (shipped: {one.note or 'none'})")
    return lines


def _replaced(one: Replaced) -> list[str]:
    rows = f", rows {', '.join(one.rows)}" if one.rows else ""
    return [f"{one.path}{rows}", _why(one.why)]


def _added(rule: Rule) -> list[str]:
    return [f"{rule.id} ({rule.advise.act}, {rule.source.ref}, {rule.status}): {rule.title}"]


def _cited(content: Content, rule: Rule) -> str:
    return f"{content.sources[rule.source.ref].short_label}, {rule.source.at}"


def _why(why: Signed) -> str:
    signature = ", ".join(part for part in (why.by, why.on.isoformat() if why.on else None) if part)
    return f"because: {why.because}{f' ({signature})' if signature else ''}"
