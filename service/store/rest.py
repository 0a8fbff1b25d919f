"""A rest for what did not answer: one caller at a time finds out whether it is back, the others need not wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.store.database import StoreUnavailable

REST_S = 3.0


class Rest:
    """Lets callers through, but after a failure for some seconds nobody, and then one."""

    def __init__(self, what: str, seconds: float = REST_S, now: Callable[[], float] = time.monotonic):
        self._what, self._seconds, self._now = what, seconds, now
        self._lock = threading.Lock()
        self._until = float("-inf")

    @contextmanager
    def around(self) -> Iterator[None]:
        """The block that asks. Raises StoreUnavailable: it failed a moment ago, or in the block itself."""
        with self._lock:
            if self._until != float("-inf"):
                if self._now() < self._until:
                    raise StoreUnavailable(f"{self._what} was away a moment ago")
                self._until = self._now() + self._seconds  # this caller tries, the others go on resting
        try:
            yield
        except StoreUnavailable:
            self._until = self._now() + self._seconds
            raise
        self._until = float("-inf")
