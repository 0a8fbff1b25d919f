"""JSON on the wire: reading a body within limits, cleaning an answer, writing it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from flask import Response

# Three bytes make an empty array of 56 or more, and making millions of them costs many seconds (garbage collection).
MOST_NODES = 1_000_000


class Unreadable(ValueError):
    """A body that is not usable JSON. The message never quotes the body."""


def brackets(body: bytes) -> int:
    """How many objects and arrays a JSON text can hold at most, told without reading it; a few are only text."""
    return body.count(b"{") + body.count(b"[")


def parse(body: bytes) -> Any:
    """Read a JSON text in UTF-8, with or without a byte order mark.

    Raises:
        Unreadable: not JSON (with line and column where known), more objects and arrays than `MOST_NODES`, or nested
            deeper than the parser's limit of 1024 levels. Nothing that reads a body recurses into it, so no smaller limit is needed.
    """
    text = body.removeprefix(b"\xef\xbb\xbf")
    if not text[:1].strip() and not text.strip():
        raise Unreadable("the body is empty")
    if len(text) > MOST_NODES and brackets(text) > MOST_NODES:
        raise Unreadable("the body holds more objects and arrays than are read")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unreadable(
            f"the body is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None


def clean(response: Mapping[str, Any], keep: frozenset[str] = frozenset({"cards"})) -> tuple[dict[str, Any], list[str]]:
    """The response without null, "", [] and {}, which CDS Hooks forbids ("Use of JSON"), and the paths of what went.

    ``keep``: names at the top that may be an empty array. False and 0 are values. In FHIR a null inside an array
    holds the place of a primitive whose extension stands in the array beside it (``given`` and ``_given``): it stays.
    """
    if not any(_holds_empty(value) for name, value in response.items() if name not in keep or value):
        return dict(response), []  # nearly always: looking costs a fraction of rewriting
    removed: list[str] = []
    found = _clean(response, "", removed)
    for name in keep:
        if name in response and name not in found:
            found[name] = []
            removed.remove(name)
    return found, removed


def _holds_empty(value: Any) -> bool:
    """Whether a value is empty or holds an empty one anywhere."""
    if isinstance(value, str):
        return not value
    if isinstance(value, Mapping):
        return not value or any(map(_holds_empty, value.values()))
    if isinstance(value, list | tuple):
        return not value or any(map(_holds_empty, value))
    return value is None


def _clean(value: Any, path: str, removed: list[str]) -> Any:
    if isinstance(value, Mapping):
        found = {}
        for name, child in value.items():
            at = f"{path}.{name}" if path else name
            if isinstance(child, list | tuple) and (name[:1] == "_" or f"_{name}" in value):
                kept: Any = list(child)
            else:
                kept = _clean(child, at, removed)
            if _is_empty(kept):
                removed.append(at)
            else:
                found[name] = kept
        return found
    if isinstance(value, list | tuple):
        items = [_clean(child, f"{path}[{i}]", removed) for i, child in enumerate(value)]
        removed.extend(f"{path}[{i}]" for i, item in enumerate(items) if _is_empty(item))
        return [item for item in items if not _is_empty(item)]
    return value


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def dump(value: Any) -> bytes:
    """JSON in UTF-8."""
    return orjson.dumps(value, default=_default)


def reply(value: Any, status: int = 200) -> Response:
    """An ``application/json`` answer."""
    return Response(dump(value), status=status, mimetype="application/json")


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
