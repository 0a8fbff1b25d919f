"""How often one client may call: token buckets, 429 with Retry-After beyond them.

A client is who the trust layer found (``g.client``), otherwise the address of the connection. Where Redis or PostgreSQL
is configured, all processes of a service count together; else each counts by itself, and the share of a client over all
is the rate times the processes.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address

from flask import Flask, g, request

from service.hooks.browser import PUBLIC
from service.hooks.errors import HookError, Issue
from service.hooks.ports import RateLimiter, SharedBuckets

log = logging.getLogger("allcue.shared")
_MOST = 10_000  # clients remembered; the one that was silent longest is forgotten first
LEASE_S = 1.0  # that a process may keep calls it took from a shared bucket


class TokenBuckets:
    """Shares of clients: ``burst`` calls at once, ``rate`` a second in the long run. Safe to share between threads."""

    def __init__(self, rate: float, burst: int, now: Callable[[], float] = time.monotonic):
        self._rate, self._burst, self._now = rate, burst, now
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client -> (tokens left, when)

    def allow(self, client: str) -> bool:
        """Take one token of the client's; False if there is none."""
        with self._lock:
            now = self._now()
            left, since = self._buckets.pop(client, (float(self._burst), now))
            left = min(float(self._burst), left + max(0.0, now - since) * self._rate)
            allowed = left >= 1
            self._buckets[client] = (left - 1 if allowed else left, now)
            if len(self._buckets) > _MOST:
                self._buckets.popitem(last=False)
            return allowed

    def __len__(self) -> int:
        return len(self._buckets)


class SharedLimit:
    """Shares of clients that all processes count together.

    Calls are taken from the shared bucket some at a time and kept for a second, so that most calls of a busy client ask
    nobody; what was not made goes back. A refusal is kept too, until there is a call again: who calls far too often does
    not reach what all share. In any time of T seconds at most ``burst + rate * (T + LEASE_S)`` calls are let through.

    While the shared bucket cannot be reached each process counts by itself: advice is not refused for that.
    """

    def __init__(self, shared: SharedBuckets, own: RateLimiter, now: Callable[[], float] = time.monotonic):
        self._shared, self._own, self._now = shared, own, now
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[int, float]] = OrderedDict()  # client -> (calls left; 0: refused, until)
        self._alone = False

    def allow(self, client: str) -> bool:
        """Use up one call of the client's; False if there is none."""
        with self._lock:
            calls, until = self._held.pop(client, (0, float("-inf")))
            if self._now() < until:
                if calls != 1:
                    self._held[client] = (max(0, calls - 1), until)
                return calls > 0
        try:
            lease = self._shared.take(client, calls)
        except OSError as error:
            if not self._alone:
                self._alone = True
                log.error("rate limits are not shared now, each process counts by itself: %s", error)
            return self._own.allow(client)
        if self._alone:
            self._alone = False
            log.info("rate limits are shared again")
        self._hold(client, lease.calls, lease.wait)
        return lease.calls > 0

    def _hold(self, client: str, calls: int, wait: float) -> None:
        """Keep what is left of a lease after this call, or that there was none."""
        with self._lock:
            now = self._now()
            before, until = self._held.pop(client, (0, float("-inf")))  # of another thread that asked meanwhile
            left = max(0, calls - 1) + (before if now < until else 0)
            if left or not calls:
                self._held[client] = (left, now + (LEASE_S if left else min(wait, LEASE_S)))
            if len(self._held) > _MOST:
                self._held.popitem(last=False)

    def __len__(self) -> int:
        return len(self._held)


def place_of(address: str | None) -> str:
    """Where a call comes from: an IPv4 address, the /64 network of an IPv6 one, of which whoever has one has all (RFC 6177).

    Some proxies tell the port too, which is another for each connection.

    >>> place_of("2001:db8::7"), place_of("::ffff:10.0.0.1"), place_of("10.0.0.1:5312"), place_of("[2001:db8::7]:80")
    ('2001:db8::/64', '10.0.0.1', '10.0.0.1', '2001:db8::/64')
    """
    text = (address or "").partition("%")[0]
    text = text[1:].partition("]")[0] if text.startswith("[") else text
    text = text.partition(":")[0] if text.count(":") == 1 else text
    try:
        found = ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found)


def install(app: Flask, limiter: RateLimiter, rate: float) -> None:
    """Refuse calls beyond a client's share with 429.

    To be installed after what finds out who calls. Health, readiness and preflights are not counted.

    Args:
        rate: calls a second that a client has; tells it when to come again.
    """
    wait = max(1, math.ceil(1 / rate))

    def check() -> None:
        if request.method == "OPTIONS" or request.path in PUBLIC:
            return
        client = g.get("client")
        who = f"client {client}" if client is not None else f"address {place_of(request.remote_addr)}"
        if not limiter.allow(who):
            words = f"Too many calls: a client may call {rate:g} times a second (ALLCUE_RATE_LIMIT)."
            raise HookError(429, Issue("throttled", words), retry_after=wait)

    app.before_request(check)
