"""What the demo page shows of an answer: cards as an EHR draws them, and the trace of each rule that had something to say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.advice.engine import Answer
from service.advice.words import Words
from service.rules.verdict import TraceNode

HEADERS = ("Content-Type", "Cache-Control", "X-Request-ID", "Retry-After")
_ORDER = ("applies", "cannot_tell", "excluded")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a trace. ``state``: ``yes``, ``no``, ``unknown`` or ``assumed``; ``seen``: the fact it saw, in words."""

    said: str
    state: str
    seen: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Ruling:
    """One rule's verdict. ``outcome``: ``applies``, ``cannot_tell`` or ``excluded``; ``open``: facts that are missing or
    were not checked."""

    rule: str
    title: str
    source: str
    at: str
    outcome: str
    open: tuple[str, ...]
    when: Line
    unless: Line


def rulings(answer: Answer, words: Words) -> list[Ruling]:
    """The traces of an answer: what applies first."""
    found = []
    for trace in answer.traces():
        verdict, rule = trace.verdict, trace.verdict.rule
        source = words.content.sources[rule.source.ref].short_label
        outcome = "excluded" if verdict.excluded else str(verdict.outcome)
        open_facts = tuple(words.label(name) for name in verdict.missing or verdict.unchecked)
        row = Ruling(rule.id, rule.title, source, rule.source.at, outcome, open_facts,
                     _line(trace.when, words), _line(trace.unless, words))  # fmt: skip
        if row not in found:
            found.append(row)
    return sorted(found, key=lambda row: _ORDER.index(row.outcome) if row.outcome in _ORDER else len(_ORDER))


def _line(node: TraceNode, words: Words) -> Line:
    state = "assumed" if node.assumed else {True: "yes", False: "no", None: "unknown"}[node.truth]
    seen = words.fact(node.fact) if node.fact is not None else ""
    return Line(node.said, state, seen, tuple(_line(child, words) for child in node.children))


def cards_in(body: str) -> list[dict[str, Any]]:
    """The cards of an answer; none where it is no answer with cards."""
    try:
        found = json.loads(body)
    except ValueError:
        return []
    cards = found.get("cards") if isinstance(found, Mapping) else None
    return [card for card in cards if isinstance(card, dict)] if isinstance(cards, list) else []


def issues_in(body: str) -> list[str]:
    """What an OperationOutcome says."""
    try:
        found = json.loads(body)
    except ValueError:
        return []
    issues = found.get("issue") if isinstance(found, Mapping) else None
    return [str(one.get("diagnostics") or one.get("code")) for one in issues or () if isinstance(one, Mapping)]


def pretty_json(value: Any) -> str:
    """A value as people read JSON."""
    return json.dumps(value, indent=1, ensure_ascii=False)


def pretty(body: str) -> str:
    """JSON with line breaks; any other text as it is."""
    try:
        return pretty_json(json.loads(body))
    except ValueError:
        return body


def grouped(picks: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    """Picks under their headings, in the order in which the headings first come."""
    found: dict[str, list[Any]] = {}
    for pick in picks:
        found.setdefault(pick.group, []).append(pick)
    return sorted(found.items(), key=lambda row: row[0] == "No advice")
