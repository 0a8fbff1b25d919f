"""Searching long texts: patterns that look ahead over the rest of a text take the square of its length.

Up to a length that no name, finding or clause of a real report reaches, a text is searched as it is; what is longer, in
overlapping pieces. So the time grows with the length and not with its square, whoever wrote the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 1000  # characters searched at once
_STEP = LONGEST // 2


def holds(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a pattern is in a text.

    >>> holds(re.compile("b"), "a" * 5000 + "b")
    True
    """
    if len(text) <= LONGEST:
        return pattern.search(text) is not None
    return next(matches(pattern, text), None) is not None


def matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Where a pattern is in a text; of a long one, what lies where pieces overlap may come twice."""
    if len(text) <= LONGEST:
        yield from pattern.finditer(text)
        return
    for at in range(0, len(text), _STEP):
        yield from pattern.finditer(text, at, at + LONGEST)
