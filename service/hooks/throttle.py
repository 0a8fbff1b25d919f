"""How often one client may call: token buckets in the memory of one process, 429 with Retry-After beyond them.

A client is who the trust layer found (``g.client``), otherwise the address of the connection. Each worker process
counts by itself: the share of a client over all is the rate times the workers. A limit over several machines belongs
into the proxy before them.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address

from flask import Flask, g, request

from service.hooks.browser import PUBLIC
from service.hooks.errors import HookError, Issue
from service.hooks.ports import RateLimiter

_MOST = 10_000  # clients remembered; the one that was silent longest is forgotten first


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
