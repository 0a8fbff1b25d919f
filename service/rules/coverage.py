"""What the content carries of each source: for every listed statement the rules and rows that implement it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.rules.rule import Content


@dataclass(frozen=True, slots=True)
class Carried:
    """One statement of a source and what carries it.

    ``rules``, ``rows``: ids of rules and of rows of the tables; ``reason``: why nothing does.
    """

    entry: str
    kind: str
    rules: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    reason: str | None = None

    @property
    def how(self) -> str:
        """``rule``, ``table``, ``listed`` (in not_implemented.yaml) or ``missing``."""
        return "rule" if self.rules else "table" if self.rows else "listed" if self.reason else "missing"


def coverage(content: Content) -> Mapping[str, tuple[Carried, ...]]:
    """By source, every listed statement in the order of its list."""
    rules: dict[str, list[str]] = {}
    for rule in content.rules:
        for entry in rule.inventory:
            rules.setdefault(entry, []).append(rule.id)
    rows = _rows(content)
    return {
        source: tuple(
            Carried(
                entry,
                kind,
                tuple(rules.get(entry, ())),
                tuple(rows.get(entry, ())),
                content.not_implemented[entry].reason if entry in content.not_implemented else None,
            )
            for entry, kind in listed.items()
        )
        for source, listed in content.inventory.items()
    }


def _rows(content: Content) -> Mapping[str, list[str]]:
    rows: dict[str, list[str]] = {}
    for table in (content.evidence, content.definitions, content.differences):
        for key, row in table.items():
            for entry in row.inventory:
                rows.setdefault(entry, []).append(key)
    return rows


def uncovered(content: Content) -> Iterator[str]:
    """Statements that nothing carries and nothing excuses, and names of statements that no list has."""
    found = {one.entry: one for listed in coverage(content).values() for one in listed}
    for one in found.values():
        if one.how == "missing":
            yield f"{one.entry}: no rule or table carries it and not_implemented.yaml does not list it."
        elif one.reason and (one.rules or one.rows):
            yield f"{one.entry}: is carried and yet listed in not_implemented.yaml."
    named = {entry for rule in content.rules for entry in rule.inventory} | set(_rows(content))
    for entry in sorted((named | set(content.not_implemented)) - set(found)):
        yield f"{entry}: no list in inventory/ has such an entry."
