"""What can go wrong in a Bulk Export, in words for the person who runs it. Messages hold no token, key or patient value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_LONGEST = 200
_MOST_ISSUES = 3


class ExportProblem(Exception):
    """An export that cannot go on. The folder keeps what is whole, and the same command goes on from there."""


class Refused(ExportProblem):
    """The server answered with a status that means no. ``codes``: issue codes of its OperationOutcome."""

    def __init__(self, status: int, message: str, codes: tuple[str, ...] = ()):
        self.status, self.codes = status, codes
        super().__init__(message)


class LinkExpired(ExportProblem):
    """A file of the manifest can no more be had."""


class Passing(ExportProblem):
    """What may be over when it is tried again. ``wait``: seconds after which the server wants to be asked."""

    def __init__(self, message: str, wait: float | None = None):
        self.wait = wait
        super().__init__(message)


def clean(text: object) -> str:
    """A server's words on one line, short, without what looks like a token."""
    words = " ".join(str(text).split())
    printable = "".join(sign if sign.isprintable() else "?" for sign in _TOKEN.sub("(token)", words))
    return printable if len(printable) <= _LONGEST else printable[: _LONGEST - 3] + "..."


def issues(outcome: object) -> Iterator[tuple[str, str, str]]:
    """Severity, code and words of each issue of an OperationOutcome; nothing for anything else."""
    if not isinstance(outcome, Mapping) or outcome.get("resourceType") != "OperationOutcome":
        return
    found = outcome.get("issue")
    for issue in found if isinstance(found, list) else ():
        if isinstance(issue, Mapping):
            details = issue.get("details")
            text = details.get("text") if isinstance(details, Mapping) else None
            words = issue.get("diagnostics") or text or ""
            yield clean(issue.get("severity", "?")), clean(issue.get("code", "?")), clean(words)


def told(body: Any) -> str:
    """What an error's body says: of an OperationOutcome its issues, of OAuth its error and description; may be empty."""
    found = list(issues(body))
    if found:
        parts = [f"{severity} {code}{': ' + words if words else ''}" for severity, code, words in found[:_MOST_ISSUES]]
        more = len(found) - _MOST_ISSUES
        return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")
    if isinstance(body, Mapping) and isinstance(body.get("error"), str):
        description = body.get("error_description")
        return clean(body["error"]) + (f": {clean(description)}" if description else "")
    return ""
