"""``allcue explain``: how one card came about, from its uuid."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from service.commands.db import with_database

if TYPE_CHECKING:  # the libraries behind it are loaded only for the commands that need them
    from service.rules.rule import Content
    from service.settings import Settings
    from service.store.database import Database
    from service.store.story import Story

_VERDICTS = {"applies": "applies", "does_not_apply": "does not apply", "cannot_tell": "cannot tell"}


def explain(card: str, *, as_json: bool) -> int:
    """Print the trace of a card. 1 where there is none, the uuid is none, or the database cannot be reached."""
    try:
        name = str(uuid.UUID(card))
    except ValueError:
        click.echo(f"{card!r} is no uuid: it is the card's member uuid, such as {uuid.UUID(int=0)}", err=True)
        return 1

    def work(database: Database, settings: Settings) -> int:
        from service.store.story import feedback_of, stories

        found = stories(database, name, int(time.time()), settings.trace_days)
        if not found:
            click.echo(_nothing(name, feedback_of(database, name), settings.trace_days), err=True)
            return 1
        content = _content(settings)
        if as_json:
            click.echo(json.dumps([_as_json(story, content) for story in found], indent=2))
        else:
            click.echo("\n".join(line for story in found for line in _text(story, content)))
        return 0

    return with_database(work)


def _nothing(name: str, feedback: int, days: int) -> str:
    why = "it was never saved, or its time has run out"
    told = f" There is feedback on it: {feedback} entr{'y' if feedback == 1 else 'ies'}." if feedback else ""
    return f"No trace of card {name}: {why} (ALLCUE_TRACE_DAYS={days}).{told}"


def _content(settings: Settings) -> Content:
    from service.content import read_content

    return read_content(settings.cards_dir, settings.site_content)


def _rule(name: str, content: Content) -> dict[str, Any]:
    """What the content of today says of a rule; empty for one that is not there any more."""
    rule = next((rule for rule in content.rules if rule.id == name), None)
    if rule is None:
        return {}
    return {"title": rule.title, "source": content.sources[rule.source.ref].short_label, "at": rule.source.at}


def _as_json(story: Story, content: Content) -> Mapping[str, Any]:
    decision = story.decision or {}
    verdicts = decision.get("verdicts") or [{"rule": name} for name in story.rules]
    shown = asdict(story)
    del shown["decision"], shown["rules"]
    return {
        **shown,
        "content_is_todays": story.content == content.digest,
        "rules": [{**_rule(verdict["rule"], content), **verdict} for verdict in verdicts],
        "facts": decision.get("facts"),
    }


def _text(story: Story, content: Content) -> Iterator[str]:
    told = _as_json(story, content)
    yield f"Card {story.card} ({story.indicator})"
    yield f"  shown     {story.shown} at {story.hook} by {story.service}, to {story.client or 'anybody (open mode)'}"
    yield f"  judged    as of {story.as_of} by Allcue {story.version}"
    today = "" if told["content_is_todays"] else "; today's is another, titles below are of today's"
    yield f"  content   {story.content}{today}"
    yield "  rules"
    for rule in told["rules"]:
        yield f"    {rule['rule']}: {_VERDICTS.get(rule.get('verdict', ''), 'verdict not kept')}{_open(rule)}"
        yield (
            f"      {rule['title']} ({rule['source']}, {rule['at']})"
            if "title" in rule
            else "      not in today's content"
        )
    yield (
        "  facts (values are not kept)"
        if told["facts"] is not None
        else "  facts     not kept by the version that showed it"
    )
    yield from (f"    {_fact(fact)}" for fact in told["facts"] or ())
    yield "  feedback" if story.feedback else "  feedback  none"
    for entry in story.feedback:
        more = (
            f"for {entry.reason}" if entry.reason else "",
            f"{entry.suggestions} suggestions taken" if entry.suggestions else "",
            "with a comment" if entry.commented else "",
        )
        yield f"    {entry.at} " + ", ".join((entry.outcome, *filter(None, more)))
    if story.silent_until:
        yield f"  silent    for this patient until {story.silent_until}, unless a fact changes"


def _open(rule: Mapping[str, Any]) -> str:
    parts = (f"{word} {', '.join(rule[key])}" for key, word in (("missing", "missing"), ("unchecked", "not checked")) if rule.get(key))  # fmt: skip
    return "".join(f"; {part}" for part in parts)


def _fact(fact: Mapping[str, Any]) -> str:
    state = f"unknown ({fact['unknown']})" if "unknown" in fact else "known"
    sources = [
        f"from {one['facts']}" if "facts" in one else f"{one['type']} {one.get('date', '')}".strip()
        for one in fact.get("sources", ())
    ]
    return f"{fact['name']}: {state}" + (f"; {', '.join(sources)}" if sources else "")
