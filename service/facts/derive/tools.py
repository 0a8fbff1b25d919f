"""Small tools for derivations: three-valued comparisons of facts, and facts that say what they follow from."""

from __future__ import annotations

from collections.abc import Iterable

from service.facts.model import Fact, Facts, Interval, Provenance, TokenSet, Value, known


def follows(name: str, value: Value, facts: Facts, *reasons: str, note: str | None = None) -> Fact:
    """A fact that follows from others; it keeps where those were read."""
    came_from = [p for reason in reasons for p in facts[reason].provenance[:1]]
    derived = Provenance(", ".join(reasons), inferred=True, note=note)
    return known(name, value, *came_from, derived)


def number(facts: Facts, name: str) -> Interval | None:
    """A numeric fact as bounds."""
    value = facts.value(name)
    if isinstance(value, Interval):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Interval(float(value), float(value))
    return None


def at_least(facts: Facts, name: str, limit: float) -> bool | None:
    bounds = number(facts, name)
    return None if bounds is None else bounds.at_least(limit)


def more_than(facts: Facts, name: str, limit: float) -> bool | None:
    bounds = number(facts, name)
    return None if bounds is None else bounds.more_than(limit)


def less_than(facts: Facts, name: str, limit: float) -> bool | None:
    bounds = number(facts, name)
    return None if bounds is None else bounds.less_than(limit)


def token_set(facts: Facts, name: str) -> TokenSet | None:
    value = facts.value(name)
    return value if isinstance(value, TokenSet) else None


def includes(facts: Facts, name: str, *tokens: str) -> bool | None:
    found = token_set(facts, name)
    return None if found is None else found.includes_any(tokens)


def flag(facts: Facts, name: str) -> bool | None:
    value = facts.value(name)
    return value if isinstance(value, bool) else None


def word(facts: Facts, name: str) -> str | None:
    value = facts.value(name)
    return value if isinstance(value, str) else None


def band(bounds: Interval, bands: Iterable[tuple[float, float, str]]) -> str | None:
    """The one band [low, high) that holds the whole of a number, or ``None`` where it may be in several."""
    for low, high, name in bands:
        if bounds.at_least(low) and bounds.less_than(high):
            return name
    return None
