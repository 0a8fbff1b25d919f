"""Reading what prefetch left out from the client's FHIR server, within limits (CDS Hooks 2.0, "FHIR Resource Access").

Only the caller decides whether a server may be read. Here: no redirects, pages on the same origin only, a time limit
for each answer and one for all, caps on pages and bytes. Nothing raises; what could not be read becomes a reason.
The token lives as long as the reader and is neither stored nor logged.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError

from service.hooks.contract import Prefetched
from service.hooks.prefetch import Page, read_page, settle
from service.hooks.servers import origin_of
from service.hooks.wire import Unreadable, parse

_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Limits:
    """``deadline``: seconds for all reads of one call. ``timeout``: seconds of silence of a server. ``max_pages``
    and ``max_bytes``: for one prefetch key. ``verify``: check TLS certificates, or a file of authorities to trust."""

    deadline: float = 4.0
    timeout: float = 3.0
    max_pages: int = 20
    max_bytes: int = 20_000_000
    at_once: int = 6
    verify: bool | str = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """One key to read. ``query`` is relative to the base. ``first``: a page that came already, whose next to follow."""

    key: str
    query: str
    expected: frozenset[str] = frozenset()
    first: Page | None = None


class _Unreachable(Exception):
    """One answer could not be had. The text is a reason without patient values."""


class FhirReader:
    """Reads from one FHIR server during one call.

    ``base``: the server's base address. ``token``: the bearer token, None for a server that needs none.
    """

    def __init__(self, base: str, token: str | None, limits: Limits):
        self._base = base.rstrip("/") + "/"
        self._origin = origin_of(base)
        self._limits = limits
        self._headers = {"Accept": "application/fhir+json, application/json;q=0.9"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._expires = 0.0

    def read(self, wanted: Sequence[Wanted]) -> Mapping[str, Prefetched]:
        """Read all at once; has an answer for every key within the deadline."""
        self._expires = time.monotonic() + self._limits.deadline
        session = self._session()
        pool = ThreadPoolExecutor(min(self._limits.at_once, len(wanted)), thread_name_prefix="fhir")
        try:
            running = {item.key: pool.submit(self._key, session, item) for item in wanted}
            wait(running.values(), timeout=self._limits.deadline)
            return {item.key: self._result(item, running[item.key]) for item in wanted}
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            session.close()

    def _result(self, item: Wanted, run: Future[Prefetched]) -> Prefetched:
        unread = "not read within the time limit"
        if run.done() and not run.cancelled():
            error = run.exception()
            if error is None:
                return run.result()
            unread = f"reading failed unexpectedly ({type(error).__name__})"
        return _settle(item, [item.first] if item.first else [], unread)

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # no proxies, no .netrc: the token goes to the allowed server and nowhere else
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.verify = self._limits.verify
        return session

    def _key(self, session: requests.Session, item: Wanted) -> Prefetched:
        pages = [item.first] if item.first else []
        seen: set[str] = set()
        left = self._limits.max_bytes
        url = self._base + item.query
        if item.first:
            url = _join(self._base, item.first.next_url or "")
        while True:
            if trouble := self._refuse(url, seen, len(pages)):
                return _settle(item, pages, trouble)
            seen.add(url)
            try:
                body = self._get(session, url, left)
                page = _page(parse(body))
            except (_Unreachable, Unreadable) as error:
                return _settle(item, pages, f"the FHIR server could not be read: {error}")
            left -= len(body)
            pages.append(page)
            if page.next_url is None:
                return _settle(item, pages)
            if not page.next_url:
                return _settle(item, pages, "the link to the next page has no address")
            url = _join(url, page.next_url)

    def _refuse(self, url: str, seen: set[str], count: int) -> str | None:
        if origin_of(url) != self._origin:
            return "the next page is on another server, which is not read"
        if url in seen:
            return "the next page is one that was read before"
        if count >= self._limits.max_pages:
            return f"more than {self._limits.max_pages} pages"
        return None

    def _get(self, session: requests.Session, url: str, max_bytes: int) -> bytes:
        left = self._expires - time.monotonic()
        if left <= 0:
            raise _Unreachable("the time limit was reached")
        try:
            with session.get(
                url, headers=self._headers, timeout=min(self._limits.timeout, left), allow_redirects=False, stream=True
            ) as answer:
                if answer.status_code != 200:
                    raise _Unreachable(f"it answered with status {answer.status_code}")
                return self._body(answer, max_bytes)
        except requests.Timeout:
            raise _Unreachable("it did not answer in time") from None
        except requests.exceptions.SSLError:
            raise _Unreachable("its TLS certificate was not accepted") from None
        except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
            raise _Unreachable(f"no connection ({type(error).__name__})") from None

    def _body(self, answer: requests.Response, max_bytes: int) -> bytes:
        # Piece by piece as bytes arrive: a server that drips must not outlast the deadline.
        found = bytearray()
        while piece := answer.raw.read1(_CHUNK, decode_content=True):
            found += piece
            if len(found) > max_bytes:
                raise _Unreachable("its answer is too large")
            if time.monotonic() > self._expires:
                raise _Unreachable("the time limit was reached")
        return bytes(found)


def _page(answer: Any) -> Page:
    """A server's answer. Null says "none" only in prefetch, where the protocol gives it that meaning."""
    return read_page(answer) if answer is not None else Page(broken="the FHIR server answered null")


def _join(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:
        return ""


def _settle(item: Wanted, pages: list[Page], unread: str | None = None) -> Prefetched:
    return settle(item.key, item.query, pages or [Page(broken=unread)], item.expected, unread)
