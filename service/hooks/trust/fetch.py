"""Fetching the keys of a client from the address that was registered for it.

Addresses come from the clients file and never from a token. Still an answer is not trusted: no redirect leaves the
origin, size and time are limited, and nothing of it is quoted.
"""

from __future__ import annotations

import threading
from http.client import HTTPException
from typing import Any
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError

from service.hooks.connections import Reachable
from service.hooks.exchange import new_session
from service.hooks.lifeline import Lifeline, Unreachable
from service.hooks.servers import origin_of
from service.hooks.trust.clients import may_fetch
from service.hooks.wire import Unreadable, parse

TIMEOUT_S = 2.0  # of silence
DEADLINE_S = 4.0  # for all of it
MAX_BYTES = 512_000
_REDIRECTS = 3
_CHUNK = 65536
_LATE = "no answer in time"
# Registered by the site, so that it may be anywhere but where no server is meant (link-local: keys of cloud machines).
_ANYWHERE = Reachable.of(("0.0.0.0/0", "::/0"))


class Unfetched(Exception):
    """Keys could not be fetched. The message says why without quoting the answer."""


def fetch_document(url: str, verify: bool | str = True) -> Any:
    """GET a JSON document.

    Args:
        verify: check TLS certificates, or a file of authorities to trust.

    Raises:
        Unfetched: not reachable, not in time, too large, redirected elsewhere, not 200 or not JSON.
    """
    origin = origin_of(url)
    if origin is None:
        raise Unfetched("not an address that can be fetched")
    lifeline = Lifeline(origin, DEADLINE_S, _LATE)
    # Time-outs of sockets bound the silence between two bytes: headers that drip are ended by cutting the socket.
    watch = threading.Timer(DEADLINE_S, lifeline.cut)
    watch.daemon = True
    watch.start()
    try:
        with new_session(_ANYWHERE, 1, verify) as session, lifeline.exchange():
            return _follow(session, url, lifeline)
    finally:
        watch.cancel()


def _follow(session: requests.Session, url: str, lifeline: Lifeline) -> Any:
    for _ in range(_REDIRECTS + 1):
        body, location = _get(session, url, lifeline)
        if location is None:
            try:
                return parse(body)
            except Unreadable:
                raise Unfetched("the answer is not JSON") from None
        onward = _join(url, location)
        if origin_of(onward) != lifeline.origin or not may_fetch(onward):
            raise Unfetched("the address redirects to another server, which is not followed")
        url = onward
    raise Unfetched("too many redirects")


def _get(session: requests.Session, url: str, lifeline: Lifeline) -> tuple[bytes, str | None]:
    """The body, or where the answer redirects to."""
    headers = {"Accept": "application/jwk-set+json, application/json;q=0.9", "Accept-Encoding": "identity"}
    try:
        wait = min(TIMEOUT_S, lifeline.left())
        with session.get(url, headers=headers, timeout=wait, allow_redirects=False, stream=True) as answer:
            if answer.is_redirect:
                return b"", answer.headers["Location"]
            if answer.status_code != 200:
                raise Unfetched(f"the answer has status {answer.status_code}")
            if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
                raise Unfetched("the answer is packed, which was not asked for")
            return _body(answer, lifeline), None
    except (Unreachable, requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
        raise Unfetched(_why(error, lifeline)) from None


def _why(error: Exception, lifeline: Lifeline) -> str:
    if isinstance(error, requests.Timeout) or not lifeline.remaining():
        return _LATE
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS certificate was not accepted"
    return f"no connection ({error if isinstance(error, Unreachable) else type(error).__name__})"


def _body(answer: requests.Response, lifeline: Lifeline) -> bytes:
    found = bytearray()
    while piece := answer.raw.read1(_CHUNK, decode_content=False):  # as bytes arrive: a dripping body has a deadline
        found += piece
        if len(found) > MAX_BYTES:
            raise Unfetched(f"the answer is larger than {MAX_BYTES} bytes")
        lifeline.left()
    lifeline.left()  # a socket that was cut looks like the end of an answer
    return bytes(found)


def _join(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return ""
