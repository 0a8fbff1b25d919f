"""Fetching the keys of a client from the address that was registered for it.

Addresses come from the clients file and never from a token. Still an answer is not trusted: no redirect leaves the
origin, size and time are limited, and nothing of it is quoted.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from service.hooks.connections import Reachable
from service.hooks.documents import Bounds, Line, Unfetched, line_to
from service.hooks.servers import origin_of
from service.hooks.trust.clients import may_fetch
from service.hooks.wire import Unreadable, parse

__all__ = ["Unfetched", "fetch_document"]
TIMEOUT_S = 2.0  # of silence
DEADLINE_S = 4.0  # for all of it
MAX_BYTES = 512_000
_REDIRECTS = 3
_ACCEPT = {"Accept": "application/jwk-set+json, application/json;q=0.9"}
# Registered by the site, so that it may be anywhere but where no server is meant (link-local: keys of cloud machines).
_ANYWHERE = Reachable.of(("0.0.0.0/0", "::/0"))


def fetch_document(url: str, verify: bool | str = True) -> Any:
    """GET a JSON document.

    Args:
        verify: check TLS certificates, or a file of authorities to trust.

    Raises:
        Unfetched: not reachable, not in time, too large, redirected elsewhere, not 200 or not JSON.
    """
    with line_to(url, Bounds(TIMEOUT_S, DEADLINE_S, MAX_BYTES), _ANYWHERE, verify) as line:
        return _follow(line, url)


def _follow(line: Line, url: str) -> Any:
    for _ in range(_REDIRECTS + 1):
        answer = line.ask(url, _ACCEPT)
        if answer.location is None:
            if answer.status != 200:
                raise Unfetched(f"the answer has status {answer.status}")
            try:
                return parse(answer.body)
            except Unreadable:
                raise Unfetched("the answer is not JSON") from None
        onward = _join(url, answer.location)
        if origin_of(onward) != line.origin or not may_fetch(onward):
            raise Unfetched("the address redirects to another server, which is not followed")
        url = onward
    raise Unfetched("too many redirects")


def _join(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return ""
