"""Tokens that were used, remembered until they would be refused for their age."""

from __future__ import annotations

import heapq
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from service.hooks.ports import ReplayGuard

log = logging.getLogger("allcue.trust")
MOST = 200_000  # about 40 MB; at 50 calls a second and five minutes there are 15 000


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryReplayGuard:
    """A `ReplayGuard` of one process: right for tests and for a server with one worker.

    ``most``: when more tokens are alive, those that end first are forgotten.
    """

    def __init__(self, now: Callable[[], datetime] = _now, most: int = MOST):
        self._now = now
        self._most = most
        self._used: set[tuple[str, str]] = set()
        self._by_end: list[tuple[datetime, str, str]] = []
        self._lock = threading.Lock()

    def first_use(self, issuer: str, jti: str, expires: datetime) -> bool:
        with self._lock:
            now = self._now()
            while self._by_end and (self._by_end[0][0] <= now or len(self._by_end) >= self._most):
                _, *gone = heapq.heappop(self._by_end)
                self._used.discard((gone[0], gone[1]))
            if (issuer, jti) in self._used:
                return False
            self._used.add((issuer, jti))
            heapq.heappush(self._by_end, (expires, issuer, jti))
            return True


class SteadyReplayGuard:
    """A `ReplayGuard` that goes on without its store: while the store fails, each process remembers for itself.

    A token could then be used once for each process. It is still one that a registered client signed, for this
    endpoint and these minutes; refusing every call until the store is back would cost patients more.
    """

    def __init__(self, store: ReplayGuard, own: ReplayGuard | None = None):
        self._store = store
        self._own = own or MemoryReplayGuard()

    def first_use(self, issuer: str, jti: str, expires: datetime) -> bool:
        if not self._own.first_use(issuer, jti, expires):
            return False
        try:
            return self._store.first_use(issuer, jti, expires)
        except OSError as error:
            log.error("used tokens cannot be stored (%s): remembered by this process only", type(error).__name__)
            return True
