"""Asking servers that a site registered for small documents. They are not trusted for that: no redirect is followed here,
size and time are limited, connections go to checked addresses, and nothing that was answered is quoted.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException

import requests
from urllib3.exceptions import HTTPError

from service.hooks.connections import Reachable
from service.hooks.exchange import new_session
from service.hooks.lifeline import Lifeline, Unreachable
from service.hooks.servers import origin_of

_CHUNK = 65536
_LATE = "no answer in time"


class Unfetched(Exception):
    """A document could not be fetched. The message says why without quoting the answer."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """``silence``: seconds between two bytes. ``deadline``: seconds for all of it. ``max_bytes``: of one answer."""

    silence: float
    deadline: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Answer:
    """``body``: empty for statuses that were not wanted. ``location``: where a redirect leads; None if it is none."""

    status: int
    body: bytes
    location: str | None = None


class Line:
    """Asks one origin until the deadline; made by `line_to`."""

    def __init__(self, session: requests.Session, lifeline: Lifeline, bounds: Bounds):
        self._session, self._lifeline, self._bounds = session, lifeline, bounds

    @property
    def origin(self) -> tuple[str, str, int]:
        return self._lifeline.origin

    def ask(
        self,
        url: str,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None = None,
        wanted: Collection[int] = (200,),
    ) -> Answer:
        """GET, or POST a form.

        Args:
            wanted: the statuses whose bodies are read.

        Raises:
            Unfetched: not reachable, not in time, too large, or packed.
        """
        sent = {"Accept-Encoding": "identity", "User-Agent": "allcue", **headers}
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            wait = min(self._bounds.silence, self._lifeline.left())
            with self._session.request(
                "GET" if form is None else "POST",
                url,
                headers=sent,
                data=None if form is None else dict(form),
                timeout=wait,
                allow_redirects=False,
                stream=True,
            ) as answer:
                if answer.is_redirect:
                    return Answer(answer.status_code, b"", answer.headers["Location"])
                if answer.status_code not in wanted:
                    return Answer(answer.status_code, b"")
                if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
                    raise Unfetched("the answer is packed, which was not asked for")
                return Answer(answer.status_code, self._body(answer))
        except (Unreachable, requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
            raise Unfetched(self._why(error)) from None

    def _why(self, error: Exception) -> str:
        if isinstance(error, requests.Timeout) or not self._lifeline.remaining():
            return _LATE
        if isinstance(error, requests.exceptions.SSLError):
            return "the TLS certificate was not accepted"
        return f"no connection ({error if isinstance(error, Unreachable) else type(error).__name__})"

    def _body(self, answer: requests.Response) -> bytes:
        found = bytearray()
        while piece := answer.raw.read1(
            _CHUNK, decode_content=False
        ):  # as bytes arrive: a dripping body has a deadline
            found += piece
            if len(found) > self._bounds.max_bytes:
                raise Unfetched(f"the answer is larger than {self._bounds.max_bytes} bytes")
            self._lifeline.left()
        self._lifeline.left()  # a socket that was cut looks like the end of an answer
        return bytes(found)


@contextmanager
def line_to(url: str, bounds: Bounds, reachable: Reachable, verify: bool | str = True) -> Iterator[Line]:
    """A line to the origin of an address, and to no other, cut at the deadline.

    Args:
        verify: check TLS certificates, or a file of authorities to trust.

    Raises:
        Unfetched: no address that can be fetched.
    """
    origin = origin_of(url)
    if origin is None:
        raise Unfetched("not an address that can be fetched")
    lifeline = Lifeline(origin, bounds.deadline, _LATE)
    # Time-outs of sockets bound the silence between two bytes: headers that drip are ended by cutting the socket.
    watch = threading.Timer(bounds.deadline, lifeline.cut)
    watch.daemon = True
    watch.start()
    try:
        with new_session(reachable, 1, verify) as session, lifeline.exchange():
            yield Line(session, lifeline, bounds)
    finally:
        watch.cancel()
