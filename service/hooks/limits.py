"""How large a call may be besides its bytes: depth, objects, resources, entries, lengths of strings.

Looked at once, after parsing and before anything reads the body, without recursion: about a twentieth of the time of
the cheapest answer. What is refused says which limit and which setting; the value itself is never quoted.
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


def check(value: Any, size: int, limits: BodyLimits) -> None:
    """Refuse a parsed body that is beyond a limit.

    Args:
        size: bytes of the body; a body that is shorter than the longest string allowed needs no look at its strings.

    Raises:
        HookError: 422 for depth, 413 for the others.
    """
    if problem := find(value, size, limits):
        status, issue = problem
        raise HookError(status, issue)


def check_unread(body: bytes, limits: BodyLimits) -> None:
    """Refuse a body that cannot be within the limit of objects and arrays before the work of reading it is done.

    Raises:
        HookError: 413. Twice the limit, since brackets may stand in texts too.
    """
    if brackets(body) > 2 * limits.nodes:
        raise HookError(413, _beyond("too-costly", f"of more than {limits.nodes} objects and arrays", "MAX_NODES"))


def find(value: Any, size: int, limits: BodyLimits) -> tuple[int, Issue] | None:
    """The status and issue of the first limit that a JSON value is beyond; None if it is within all."""
    level = [value] if isinstance(value, dict | list) else []
    depth = nodes = resources = 0
    look = size > limits.string
    while level:
        depth += 1
        nodes += len(level)
        if depth > limits.depth:
            return 422, _beyond("structure", f"nested deeper than {limits.depth} levels", "MAX_DEPTH")
        if nodes > limits.nodes:
            return 413, _beyond("too-costly", f"of more than {limits.nodes} objects and arrays", "MAX_NODES")
        for part in level:
            if type(part) is list:
                if len(part) > limits.entries:
                    words = f"with an array of more than {limits.entries} entries"
                    return 413, _beyond("too-costly", words, "MAX_ENTRIES")
            elif "resourceType" in part:
                resources += 1
            if look and _has_long(part, limits.string):
                words = f"with a string of more than {limits.string} characters"
                return 413, _beyond("too-long", words, "MAX_STRING")
        if resources > limits.resources:
            return 413, _beyond("too-costly", f"of more than {limits.resources} resources", "MAX_RESOURCES")
        level = [
            child
            for part in level
            for child in (part.values() if type(part) is dict else part)
            if type(child) is dict or type(child) is list
        ]
    return None


def _has_long(part: Mapping[str, Any] | list[Any], most: int) -> bool:
    if isinstance(part, list):
        return any(type(child) is str and len(child) > most for child in part)
    return any(
        len(name) > most or (type(child) is str and len(child) > most and name not in _BINARY)
        for name, child in part.items()
    )


def _beyond(code: str, words: str, setting: str) -> Issue:
    return Issue(code, f"The request body is {words}; this service accepts no more (ALLCUE_{setting}).")
