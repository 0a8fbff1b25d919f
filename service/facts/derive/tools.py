"""Small tools for derivations: three-valued comparisons of facts, and facts that say what they follow from."""

from __future__ import annotations

import math
from collections.abc import Iterable

from service.facts.model import Fact, Facts, Interval, Provenance, TokenSet, Value, known


def follows(name: str, value: Value, facts: Facts, *reasons: str, note: str | None = None) -> Fact:
    """A fact that follows from others; it keeps where those were read."""
    came_from = [p for reason in reasons for p in facts[reason].provenance[:1]]
    derived = Provenance(", ".join(reasons) or note or name, inferred=True, note=note)
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


def at_most(facts: Facts, name: str, limit: float) -> bool | None:
    bounds = number(facts, name)
    return None if bounds is None else bounds.at_most(limit)


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


def says(facts: Facts, name: str, wanted: str) -> bool | None:
    """Whether a category is the wanted one; ``None`` while it is unknown."""
    found = word(facts, name)
    return None if found is None else found == wanted


def all_of(*answers: bool | None) -> bool | None:
    """Three-valued "and": one "no" settles it, otherwise one unknown leaves it open."""
    if False in answers:
        return False
    return None if None in answers else True


def any_of(*answers: bool | None) -> bool | None:
    """Three-valued "or": one "yes" settles it, otherwise one unknown leaves it open."""
    if True in answers:
        return True
    return None if None in answers else False


def band(bounds: Interval, bands: Iterable[tuple[float, float, str]]) -> str | None:
    """The one band [low, high) that holds the whole of a number, or ``None`` where it may be in several."""
    for low, high, name in bands:
        if bounds.at_least(low) and bounds.less_than(high):
            return name
    return None


def span(low: float, high: float) -> float | Interval:
    """A number where both bounds are the same, otherwise the bounds."""
    return low if low == high else Interval(low, high)


def whole(bounds: Interval) -> tuple[float, float]:
    """The lowest and the highest completed count (years, months) within bounds; never below zero.

    >>> whole(Interval(17.9, 18, high_open=True))
    (17.0, 17.0)
    """
    low = math.floor(bounds.low) if bounds.low > 0 else 0
    if bounds.low_open and low == bounds.low:
        low += 1
    if math.isinf(bounds.high):
        return float(low), math.inf
    high = math.ceil(bounds.high) - 1 if bounds.high_open else math.floor(bounds.high)
    return float(low), float(max(high, 0))
