"""Prefetch templates: finding and filling ``{{...}}`` tokens (CDS Hooks 2.0, "Prefetch tokens")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

_TOKEN = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_USER = {
    "userPractitionerId": "Practitioner",
    "userPractitionerRoleId": "PractitionerRole",
    "userPatientId": "Patient",
    "userRelatedPersonId": "RelatedPerson",
}
USER_TOKENS = frozenset(_USER)


def tokens(template: str) -> tuple[str, ...]:
    """The tokens of a template, as written between the braces."""
    return tuple(_TOKEN.findall(template))


def render(template: str, context: Mapping[str, Any]) -> str | None:
    """The query with every token filled in and percent-encoded; None where a token has no value in this context."""
    values: dict[str, str] = {}
    for token in tokens(template):
        value = _value(token, context)
        if value is None:
            return None
        values[token] = quote(value, safe="")
    return _TOKEN.sub(lambda match: values[match[1]], template)


def reference(value: object) -> tuple[str | None, str]:
    """Type and id of ``Type/id``, also behind a server's address; the type is None for a bare id."""
    parts = str(value).strip().rstrip("/").split("/")
    if len(parts) >= 2 and parts[-2].isalpha() and parts[-2][0].isupper():
        return parts[-2], parts[-1]
    return None, parts[-1]


def _value(token: str, context: Mapping[str, Any]) -> str | None:
    if token in _USER:
        kind, identifier = reference(context.get("userId", ""))
        return identifier if kind == _USER[token] else None
    place, _, name = token.partition(".")
    value = context.get(name) if place == "context" else None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | str) and value != "":
        return str(value)
    return None
