"""What of a body is of its one call alone: the ``hookInstance`` and the access token. All the rest may come again."""

from __future__ import annotations

import re
from dataclasses import dataclass

_INSTANCE, _ACCESS = b'"hookInstance"', b'"fhirAuthorization"'
_UUID = re.compile(rb'\s*:\s*"([0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})"')
_FLAT = re.compile(rb"\s*:\s*(\{[^{}]{0,20000}\})")  # as it is always sent; any other is not cut out


@dataclass(frozen=True, slots=True)
class Cut:
    """A body without what is of its call alone. ``rest``: the pieces around it. ``access``: the text of
    ``fhirAuthorization``, unread; None if there is none."""

    rest: tuple[bytes, ...]
    hook_instance: str
    access: bytes | None


def cut(body: bytes) -> Cut | None:
    """Take a body apart without reading it; None where that cannot be done.

    Of two bodies whose pieces are the same, either both are JSON of the same meaning but for what was cut out, or none
    is: the pieces end at the same quotes and braces, and what stands between is a plain string and one object.
    """
    name = body.find(_INSTANCE)
    instance = _UUID.match(body, name + len(_INSTANCE)) if name >= 0 else None
    if instance is None:
        return None
    spans = [instance.span(1)]
    name = body.find(_ACCESS)
    access = _FLAT.match(body, name + len(_ACCESS)) if name >= 0 else None
    if access is not None:
        spans = sorted([*spans, access.span(1)])
    pieces, end = [], 0
    for start, stop in spans:
        if start < end:  # one within the other
            return None
        pieces.append(body[end:start])
        end = stop
    return Cut((*pieces, body[end:]), instance[1].decode().lower(), access[1] if access is not None else None)


def is_plain(body: bytes) -> bool:
    """Whether each of what is cut out is named once in a body, so that it is what was found."""
    return body.count(_INSTANCE) == 1 and body.count(_ACCESS) <= 1
