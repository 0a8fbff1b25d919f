"""Numbers known only within bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A number known only within bounds. Open ends are excluded: ``Interval(0, 1e-4, high_open=True)`` is < 0.0001.

    >>> Interval(0, 1e-4, high_open=True).less_than(1e-4)
    True
    >>> Interval(17, 18).at_least(18) is None
    True
    """

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def less_than(self, x: float) -> bool | None:
        if self.high < x or (self.high == x and self.high_open):
            return True
        if self.low >= x:
            return False
        return None

    def at_most(self, x: float) -> bool | None:
        if self.high <= x:
            return True
        if self.low > x or (self.low == x and self.low_open):
            return False
        return None

    def at_least(self, x: float) -> bool | None:
        known = self.less_than(x)
        return None if known is None else not known

    def more_than(self, x: float) -> bool | None:
        known = self.at_most(x)
        return None if known is None else not known

    def equals(self, x: float) -> bool | None:
        if self.low == self.high == x and not (self.low_open or self.high_open):
            return True
        if self.less_than(x) or self.more_than(x):
            return False
        return None

    def __str__(self) -> str:
        if math.isinf(self.low):
            return f"{'<' if self.high_open else '<='}{self.high:g}"
        if math.isinf(self.high):
            return f"{'>' if self.low_open else '>='}{self.low:g}"
        return f"{self.low:g} to {'<' if self.high_open else ''}{self.high:g}"
