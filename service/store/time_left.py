"""How long a thread may go on asking a database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_here = threading.local()


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Whatever this thread asks of PostgreSQL inside the block is over after some seconds."""
    around = getattr(_here, "until", None)
    _here.until = time.monotonic() + seconds
    try:
        yield
    finally:
        _here.until = around


def left() -> float | None:
    """Seconds left in the block; None outside of any."""
    until = getattr(_here, "until", None)
    return None if until is None else until - time.monotonic()
