"""What a check is, and what comes of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from service.conformance.run import Run

Problems: TypeAlias = Iterator[str]
"""The problems a check finds, each a short line that says where and what; none if all is well."""


class Skip(Exception):
    """A check that cannot be made here. The message says why."""


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One black-box check.

    ``says``: what holds if it passes. ``basis``: where it comes from if no numbered requirement asks for it.
    """

    name: str
    says: str
    basis: str
    run: Callable[[Run], Problems]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a check. ``words``: its problems, why it was skipped, or what was noted; empty if it just passed."""

    check: Check
    outcome: Outcome
    words: tuple[str, ...] = ()


class Checks(dict[str, Check]):
    """Checks by name, in the order they are made."""

    def add(self, says: str, basis: str = "") -> Callable[[Callable[[Run], Problems]], Callable[[Run], Problems]]:
        """Decorator: a function ``card_summary`` becomes the check ``card-summary``."""

        def register(function: Callable[[Run], Problems]) -> Callable[[Run], Problems]:
            name = function.__name__.replace("_", "-")
            if name in self:
                raise ValueError(f"two checks are called {name}")
            self[name] = Check(name, says, basis, function)
            return function

        return register


CHECKS = Checks()
check = CHECKS.add
