"""Fetching the keys of a client from the address that was registered for it.

Addresses come from the clients file and never from a token. Still an answer is not trusted: no redirect leaves the
origin, size and time are limited, and nothing of it is quoted.
"""

from __future__ import annotations

import time
from http.client import HTTPException
from typing import Any
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError

from service.hooks.servers import origin_of
from service.hooks.trust.clients import may_fetch
from service.hooks.wire import Unreadable, parse

TIMEOUT_S = 2.0  # of silence
DEADLINE_S = 4.0  # for all of it
MAX_BYTES = 512_000
_REDIRECTS = 3
_CHUNK = 65536


class Unfetched(Exception):
    """Keys could not be fetched. The message says why without quoting the answer."""


def fetch_document(url: str, verify: bool | str = True) -> Any:
    """GET a JSON document.

    Args:
        verify: check TLS certificates, or a file of authorities to trust.

    Raises:
        Unfetched: not reachable, not in time, too large, redirected elsewhere, not 200 or not JSON.
    """
    expires = time.monotonic() + DEADLINE_S
    with requests.Session() as session:
        session.trust_env = False
        session.verify = verify
        for _ in range(_REDIRECTS + 1):
            body, location = _get(session, url, expires)
            if location is None:
                try:
                    return parse(body)
                except Unreadable:
                    raise Unfetched("the answer is not JSON") from None
            onward = _join(url, location)
            if origin_of(onward) != origin_of(url) or not may_fetch(onward):
                raise Unfetched("the address redirects to another server, which is not followed")
            url = onward
    raise Unfetched("too many redirects")


def _get(session: requests.Session, url: str, expires: float) -> tuple[bytes, str | None]:
    """The body, or where the answer redirects to."""
    left = expires - time.monotonic()
    if left <= 0:
        raise Unfetched("no answer in time")
    headers = {"Accept": "application/jwk-set+json, application/json;q=0.9", "Accept-Encoding": "identity"}
    try:
        with session.get(
            url, headers=headers, timeout=min(TIMEOUT_S, left), allow_redirects=False, stream=True
        ) as answer:
            if answer.is_redirect:
                return b"", answer.headers["Location"]
            if answer.status_code != 200:
                raise Unfetched(f"the answer has status {answer.status_code}")
            return _body(answer, expires), None
    except requests.Timeout:
        raise Unfetched("no answer in time") from None
    except requests.exceptions.SSLError:
        raise Unfetched("the TLS certificate was not accepted") from None
    except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
        raise Unfetched(f"no connection ({type(error).__name__})") from None


def _body(answer: requests.Response, expires: float) -> bytes:
    found = bytearray()
    while piece := answer.raw.read1(_CHUNK, decode_content=True):  # as bytes arrive: a dripping server has a deadline
        found += piece
        if len(found) > MAX_BYTES:
            raise Unfetched(f"the answer is larger than {MAX_BYTES} bytes")
        if time.monotonic() > expires:
            raise Unfetched("no answer in time")
    return bytes(found)


def _join(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return ""
