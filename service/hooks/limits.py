"""How large a call may be besides its bytes: depth, objects, resources, entries, lengths of strings.

Looked at once, after parsing and before anything reads what was parsed, without recursion. What is refused says which
limit and which setting; the value itself is never quoted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.hooks.errors import HookError, Issue
from service.hooks.wire import brackets

# base64Binary may be as long as the body (FHIR R4, "Data Types"): documents are carried in it, and none is read whole.
_BINARY = frozenset({"data"})


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """What one body may hold.

    ``depth``: objects and arrays within each other; FHIR as it is sent stays below 30. ``nodes``: objects and arrays.
    ``resources``: objects with a ``resourceType``. ``entries``: members of one array, such as the entries of a Bundle.
    ``string``: characters of one string; base64 ``data`` is limited by the body alone.
    """

    depth: int = 100
    nodes: int = 300_000
    resources: int = 10_000
    entries: int = 10_000
    string: int = 100_000


class Meter:
    """Holds the parts of one body against its limits, one after the other. Not safe to share between threads."""

    def __init__(self, limits: BodyLimits):
        self._limits = limits
        self._nodes = self._resources = 0

    def take(self, value: Any, size: int) -> None:
        """Count one more part.

        Args:
            size: its bytes; one that is shorter than the longest string allowed needs no look at its strings.

        Raises:
            HookError: 422 for depth, 413 for the others.
        """
        if problem := self.find(value, size):
            raise HookError(problem[0], problem[1])

    def find(self, value: Any, size: int) -> tuple[int, Issue] | None:
        """The status and issue of the first limit that the parts so far and this one are beyond; None if within all."""
        limits = self._limits
        level = [value] if isinstance(value, dict | list) else []
        depth = 0
        look = size > limits.string
        while level:
            depth += 1
            self._nodes += len(level)
            if depth > limits.depth:
                return 422, _beyond("structure", f"nested deeper than {limits.depth} levels", "MAX_DEPTH")
            if self._nodes > limits.nodes:
                return 413, _beyond("too-costly", f"of more than {limits.nodes} objects and arrays", "MAX_NODES")
            below = []
            for part in level:
                if type(part) is dict:
                    if "resourceType" in part:
                        self._resources += 1
                    below += [child for child in part.values() if type(child) is dict or type(child) is list]
                else:
                    if len(part) > limits.entries:
                        words = f"with an array of more than {limits.entries} entries"
                        return 413, _beyond("too-costly", words, "MAX_ENTRIES")
                    below += [child for child in part if type(child) is dict or type(child) is list]
                if look and _has_long(part, limits.string):
                    words = f"with a string of more than {limits.string} characters"
                    return 413, _beyond("too-long", words, "MAX_STRING")
            if self._resources > limits.resources:
                return 413, _beyond("too-costly", f"of more than {limits.resources} resources", "MAX_RESOURCES")
            level = below
        return None


def check(value: Any, size: int, limits: BodyLimits) -> None:
    """Refuse a parsed body that is beyond a limit.

    Args:
        size: of the body in bytes.

    Raises:
        HookError: 422 for depth, 413 for the others.
    """
    Meter(limits).take(value, size)


def check_unread(body: bytes, limits: BodyLimits) -> None:
    """Refuse a body that cannot be within the limit of objects and arrays before the work of reading it is done.

    Raises:
        HookError: 413. Twice the limit, since brackets may stand in texts too.
    """
    most = 2 * limits.nodes
    if len(body) > most and brackets(body) > most:
        raise HookError(413, _beyond("too-costly", f"of more than {limits.nodes} objects and arrays", "MAX_NODES"))


def find(value: Any, size: int, limits: BodyLimits) -> tuple[int, Issue] | None:
    """The status and issue of the first limit that a JSON value is beyond; None if it is within all."""
    return Meter(limits).find(value, size)


def _has_long(part: Mapping[str, Any] | list[Any], most: int) -> bool:
    if isinstance(part, list):
        return any(type(child) is str and len(child) > most for child in part)
    return any(
        len(name) > most or (type(child) is str and len(child) > most and name not in _BINARY)
        for name, child in part.items()
    )


def _beyond(code: str, words: str, setting: str) -> Issue:
    return Issue(code, f"The request body is {words}; this service accepts no more (ALLCUE_{setting}).")
