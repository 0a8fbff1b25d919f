"""Texts without runs of one sign that no reader needs: thousands of blanks, a ruler of dashes, an endless bracket.

Patterns of many readers allow blanks in several places, so that a long run of them costs the square of its length or more.
Squeezed once where a record is built, no reader meets them.
"""

from __future__ import annotations

import re
from typing import Any

_SHORT = 40  # characters of a text that cannot do harm
_DEPTH = 40  # levels of a resource that are looked through; no reader goes as deep
_BLANKS, _SIGNS = 8, 32  # longest runs that stay as they are
_RUN = re.compile(rf"\s{{{_BLANKS + 1},}}|(\S)\1{{{_SIGNS},}}")
# The same told from afar, ten times as fast: whoever opens a chart waits for every sign of it to be looked at, and next to
# no text has a run. Every run of signs has two neighbors among each 16th sign of the text.
_RUN_OF_BLANKS = re.compile(rf"\s\s{{{_BLANKS},}}")
_STEP, _TWICE = _SIGNS // 2, re.compile(r"(\S)\1")


def squeezed_text(text: str) -> str:
    """A text with its long runs cut; a run of blanks stays a break of line or paragraph where it held one.

    >>> squeezed_text("WBC 3.2" + " " * 100 + "final" + "-" * 100)
    'WBC 3.2  final--------------------------------'
    """
    if len(text) <= _SHORT or not (_RUN_OF_BLANKS.search(text) or _TWICE.search(text[::_STEP])):
        return text
    return _RUN.sub(_cut, text)


def _cut(run: re.Match[str]) -> str:
    if run[1] is not None:
        return run[0][:_SIGNS]
    return "\n" * min(run[0].count("\n"), 2) or "  "


def squeezed_resource(resource: Any) -> Any:
    """A resource with its texts squeezed but for its narrative, which is most of what is sent and which no reader looks at."""
    if type(resource) is not dict or type(resource.get("text")) is not dict:
        return squeezed(resource)
    read = {key: part for key, part in resource.items() if key != "text"}
    new = squeezed(read)
    return resource if new is read else {**new, "text": resource["text"]}


def squeezed(value: Any, depth: int = _DEPTH) -> Any:
    """A part of a resource with its texts squeezed; itself where there was nothing to squeeze."""
    kind = type(value)
    if kind is str:
        return squeezed_text(value) if len(value) > _SHORT else value
    if not depth:
        return value
    changed: Any = None
    if kind is dict:
        for key, part in value.items():
            inner = type(part)
            if (inner is str and len(part) > _SHORT) or inner is dict or inner is list:
                new = squeezed(part, depth - 1)
                if new is not part and new != part:
                    changed = changed or dict(value)
                    changed[key] = new
    elif kind is list:
        for at, part in enumerate(value):
            new = squeezed(part, depth - 1)
            if new is not part and new != part:
                changed = changed or list(value)
                changed[at] = new
    return value if changed is None else changed
