"""What the tests of shared ids and shares have in common."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from service.store.database import StoreUnavailable

SLOW = 1e-9  # calls a second: nothing comes back while a test runs


def later(seconds: float = 300) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


class Alone:
    """What counts while the shared bucket is away."""

    def __init__(self) -> None:
        self.asked = 0

    def allow(self, client: str) -> bool:
        self.asked += 1
        return True


def works(done: Callable[[], object]) -> bool:
    try:
        done()
    except StoreUnavailable:
        return False
    return True


def until(ready: Callable[[], bool]) -> None:
    for _ in range(3000):
        if ready():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")
