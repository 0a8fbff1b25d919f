"""Reading what prefetch left out from the client's FHIR server, within limits (CDS Hooks 2.0, "FHIR Resource Access").

Here: what may be asked, all keys at once, page by page, until all is there or a limit is reached. Nothing raises; what
could not be read becomes a reason. A token lives as long as the call and is neither stored nor logged.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

from service.hooks.connections import Reachable
from service.hooks.contract import KeyState, Prefetched
from service.hooks.exchange import Ask, Exchange, Refused, new_session
from service.hooks.lifeline import Lifeline, Unreachable
from service.hooks.prefetch import Page, read_page, settle
from service.hooks.scopes import Leave, Scopes
from service.hooks.servers import AllowedServers, Base, parse_place
from service.hooks.watching import UNWATCHED, Watch
from service.hooks.wire import Unreadable, parse

_NO_POST = frozenset({405, 501})
_NO_SEARCH = frozenset({400, 404, 405, 501})
_MOST_PAGES_BY_ID = 5
_MOST_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """``deadline``: seconds for all reads of one call. ``timeout``: seconds of silence of a server. ``max_pages``
    and ``max_bytes``: for one prefetch key, unpacked. ``max_call_bytes``: for all keys of a call. ``at_once``:
    questions of one call at the same time. ``verify``: check TLS certificates, or a file of authorities to trust.
    ``page_size``: resources to ask for on one page (``_count``), 0 to leave it to the server.
    ``post``: search with POST, which keeps patient ids out of the logs of servers; else with GET. ``networks``: where
    servers may be besides public addresses."""

    deadline: float = 2.0
    timeout: float = 2.0
    max_pages: int = 20
    max_bytes: int = 20_000_000
    max_call_bytes: int = 50_000_000
    at_once: int = 8
    page_size: int = 250
    verify: bool | str = True
    post: bool = False
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One key to read. ``query`` is relative to the base. ``first``: a page that came already, whose next to follow.
    ``limited``: why even all pages of the query are not all there is. ``by_id``: a search for single resources, in which
    a server that passes over ``_id`` brings its whole stock; so only few pages are read."""

    key: str
    query: str
    expected: frozenset[str] = frozenset()
    first: Page | None = None
    limited: str | None = None
    by_id: bool = False


class FhirClient:
    """What a process keeps between calls: limits, the servers it may read, open connections."""

    def __init__(self, servers: AllowedServers, limits: Limits, watch: Watch = UNWATCHED):
        self.servers, self.limits, self.watch = servers, limits, watch
        self.session = new_session(Reachable.of(limits.networks), limits.at_once, limits.verify)
        self._no_post: set[tuple[str, str]] = set()
        self._no_search: set[tuple[str, str]] = set()

    def reader(
        self, base: str, token: str | None, scope: object = None, expires_in: float | None = None
    ) -> FhirReader | None:
        """A reader for one call, whose time starts now; None where this server may not be read.

        Args:
            base: the server's base address. token: the bearer token, None for a server that needs none.
            scope, expires_in: what the token may read, and seconds until it is worthless, as far as stated.
        """
        area = self.servers.area(base, token)
        return FhirReader(self, base, area, token, Scopes.of(scope), expires_in) if area is not None else None

    def takes_post(self, base: str, kind: str) -> bool:
        """Whether a search may be tried with POST."""
        return self.limits.post and (base, kind) not in self._no_post

    def refused_post(self, base: str, kind: str) -> None:
        """Remember that this server has no POST search for a type."""
        if len(self._no_post) < _MOST_REMEMBERED:
            self._no_post.add((base, kind))

    def takes_ids(self, base: str, kind: str) -> bool:
        """Whether a search of a type by ``_id`` may be tried."""
        return (base, kind) not in self._no_search

    def refused_ids(self, base: str, kind: str) -> None:
        """Remember that this server has no such search."""
        if len(self._no_search) < _MOST_REMEMBERED:
            self._no_search.add((base, kind))


class FhirReader:
    """Reads from one FHIR server during one call; the deadline holds for all that it reads."""

    def __init__(
        self, client: FhirClient, base: str, area: Base, token: str | None, scopes: Scopes, expires_in: float | None
    ):
        self._client, self._area, self._scopes = client, area, scopes
        self._base = base.rstrip("/") + "/"
        limits = client.limits
        outlives = expires_in is None or expires_in > limits.deadline
        seconds = limits.deadline if outlives else (expires_in or 0.0)
        late = "the time limit was reached" if outlives else "the access token expired"
        self._lifeline = Lifeline(area.origin, seconds, late)
        self._exchange = Exchange(client.session, token, self._lifeline, limits.timeout, client.watch)
        self._bytes_left = limits.max_call_bytes
        self._lock = threading.Lock()

    def searches_by_id(self, kind: str) -> bool:
        """Whether this server may take a search of a type by ``_id``; it refused none so far."""
        return self._client.takes_ids(self._base, kind)

    def read(self, wanted: Sequence[Wanted]) -> Mapping[str, Prefetched]:
        """Read all at once; has an answer for every key within the deadline."""
        leave = {item.key: self._scopes.leave(item.query) for item in wanted}
        allowed = [item for item in wanted if leave[item.key].refused is None]
        found = {item.key: _not_asked(item, leave[item.key]) for item in wanted if leave[item.key].refused}
        if not allowed:
            return found
        pool = ThreadPoolExecutor(min(self._client.limits.at_once, len(allowed)), thread_name_prefix="fhir")
        try:
            running = {  # each with the context of the call, for what is logged and traced
                item.key: pool.submit(copy_context().run, self._key, item, leave[item.key].limited) for item in allowed
            }
            late = wait(running.values(), timeout=self._lifeline.remaining()).not_done
            found.update({item.key: self._result(item, running[item.key]) for item in allowed})
            if late:
                self._lifeline.cut()
            return found
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _result(self, item: Wanted, run: Future[Prefetched]) -> Prefetched:
        unread = f"not read: {self._lifeline.late}"
        if run.done() and not run.cancelled():
            error = run.exception()
            if error is None:
                return run.result()
            unread = f"reading failed unexpectedly ({type(error).__name__})"
        return _settle(item, [item.first] if item.first else [], unread)

    def _key(self, item: Wanted, limited: str | None) -> Prefetched:
        pages = [item.first] if item.first else []
        seen: set[str] = set()
        left = self._client.limits.max_bytes
        url = self._base + self._sized(item.query)
        if item.first:
            url = _join(self._base, item.first.next_url or "")
        status: int | None = None
        while True:
            if trouble := self._refuse(item, url, seen, len(pages)):
                return replace(_settle(item, pages, trouble, limited), status=status)
            seen.add(url)
            try:
                status = None
                body = self._ask(url, left, first=not pages)
                status = 200
                self._count(len(body))
                page = _page(parse(body))
            except (Unreachable, Unreadable) as error:
                if item.by_id and isinstance(error, Refused) and error.status in _NO_SEARCH:
                    self._client.refused_ids(self._base, item.query.partition("?")[0])
                status = error.status if isinstance(error, Refused) else status
                found = _settle(item, pages, f"the FHIR server could not be read: {error}", limited)
                return replace(found, status=status)
            left -= len(body)
            pages.append(page)
            if not page.next_url:
                unread = None if page.next_url is None else "the link to the next page has no address"
                return replace(_settle(item, pages, unread, limited), status=status)
            url = _join(url, page.next_url)

    def _sized(self, query: str) -> str:
        """A search with the page size: servers that are not asked give 10 or 20, and each page costs its time."""
        size = self._client.limits.page_size
        return f"{query}&_count={size}" if size and "?" in query and "_count=" not in query else query

    def _refuse(self, item: Wanted, url: str, seen: set[str], count: int) -> str | None:
        place = parse_place(url)
        if place is None or place.origin != self._area.origin:
            return "the next page is on another server, which is not read"
        if not self._area.covers(place):
            return "the next page is outside of the addresses that may be read"
        if url in seen:
            return "the next page is one that was read before"
        most = min(self._client.limits.max_pages, _MOST_PAGES_BY_ID if item.by_id else self._client.limits.max_pages)
        if count >= most:
            return f"more than {most} pages"
        return None

    def _ask(self, url: str, max_bytes: int, *, first: bool) -> bytes:
        path, searched, form = url.partition("?")
        kind = path.rpartition("/")[2]
        if not (first and searched and self._client.takes_post(self._base, kind)):
            return self._exchange.read(Ask(url), max_bytes)
        try:
            return self._exchange.read(Ask(f"{path}/_search", form), max_bytes)
        except Refused as refusal:
            if refusal.status not in _NO_POST:
                raise
        self._client.refused_post(self._base, kind)
        return self._exchange.read(Ask(url), max_bytes)

    def _count(self, size: int) -> None:
        with self._lock:
            self._bytes_left -= size
            if self._bytes_left < 0:
                raise Unreachable("its answers together are too large", "too-large")


def _page(answer: Any) -> Page:
    """A server's answer. Null says "none" only in prefetch, where the protocol gives it that meaning."""
    return read_page(answer) if answer is not None else Page(broken="the FHIR server answered null")


def _join(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:
        return ""


def _not_asked(item: Wanted, leave: Leave) -> Prefetched:
    if item.first is not None:
        return _settle(item, [item.first], leave.refused)
    return Prefetched(item.key, KeyState.ABSENT, detail=f"not asked for: {leave.refused}")


def _settle(item: Wanted, pages: list[Page], unread: str | None, limited: str | None = None) -> Prefetched:
    why = "; ".join(filter(None, (item.limited, limited))) or None
    return settle(item.key, item.query, pages or [Page(broken=unread)], item.expected, unread, why)
