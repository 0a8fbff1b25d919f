"""What several checks ask of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from service.conformance.model import Skip


def is_text(value: Any) -> bool:
    """A string that says something."""
    return isinstance(value, str) and bool(value.strip())


def is_url(value: Any) -> bool:
    """An absolute http(s) address."""
    if not is_text(value) or any(c.isspace() for c in value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def shown(value: Any) -> str:
    """A value for a report: short, and of long text only the length, since it may be about a patient."""
    if isinstance(value, str):
        return repr(value) if len(value) <= 40 else f"text of {len(value)} characters"
    return {bool: str(value), int: str(value), dict: "an object", list: "an array"}.get(type(value), "nothing")


def wrong(found: Iterable[tuple[str, dict[str, Any]]], name: str, want: str, good: Any, needed: bool) -> Iterator[str]:
    """A line for every object whose member is not good, or not there though needed."""
    for at, holder in found:
        if name not in holder:
            if needed:
                yield f"{at}.{name} is missing: {want}"
        elif not good(holder[name]):
            yield f"{at}.{name} is {shown(holder[name])}: {want}"


def where_sent(found: Iterable[tuple[str, dict[str, Any]]], name: str, want: str, good: Any) -> Iterator[str]:
    """A line for every object whose optional member is not good. Raises Skip if none has it."""
    having = [(at, holder) for at, holder in found if name in holder]
    if not having:
        raise Skip(f"{name}: none came")
    yield from wrong(having, name, want, good, False)


def empties(value: Any, at: str = "", keep: bool = False) -> Iterator[str]:
    """The places of null, "", [] and {}. ``keep``: an empty list is in order here.

    A null beside an array of extensions of the same name holds a place in FHIR (``given`` and ``_given``).
    """
    if isinstance(value, dict):
        if not value:
            yield at
        for name, child in value.items():
            if isinstance(child, list) and child and (name[:1] == "_" or f"_{name}" in value):
                continue
            yield from empties(child, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        if not value and not keep:
            yield at
        for i, child in enumerate(value):
            yield from empties(child, f"{at}[{i}]")
    elif value is None or value == "":
        yield at
