"""Kleene's three-valued logic. ``None`` is unknown; it is never "no".

| a     | b     | a and b | a or b |        | a     | not a |
|-------|-------|---------|--------|        |-------|-------|
| True  | True  | True    | True   |        | True  | False |
| True  | None  | None    | True   |        | None  | None  |
| True  | False | False   | True   |        | False | True  |
| None  | None  | None    | None   |
| None  | False | False   | None   |
| False | False | False   | False  |
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

Truth: TypeAlias = bool | None


def all_of(values: Iterable[Truth]) -> Truth:
    """Kleene AND: one False decides; otherwise one unknown leaves it open.

    >>> all_of([True, None, False])
    False
    >>> all_of([True, None]) is None
    True
    """
    unknown = False
    for value in values:
        if value is False:
            return False
        unknown = unknown or value is None
    return None if unknown else True


def any_of(values: Iterable[Truth]) -> Truth:
    """Kleene OR: one True decides; otherwise one unknown leaves it open.

    >>> any_of([False, None, True])
    True
    """
    unknown = False
    for value in values:
        if value is True:
            return True
        unknown = unknown or value is None
    return None if unknown else False


def negate(value: Truth) -> Truth:
    """Kleene NOT.

    >>> negate(None) is None
    True
    """
    return None if value is None else not value
