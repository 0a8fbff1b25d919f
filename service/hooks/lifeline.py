"""The time of one call's reads, and the means to end them: a deadline that no single answer can stretch.

Socket timeouts only bound the silence between two bytes, so a server that drips would outlast any of them. Whoever waits
for the reads therefore cuts their sockets when time is up, whatever they are in the middle of.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_here = threading.local()


class Unreachable(Exception):
    """One answer could not be had. The text is a reason without patient values; ``kind`` one word for who counts."""

    def __init__(self, words: str, kind: str = "connection"):
        self.kind = kind
        super().__init__(words)


class Lifeline:
    """Bounds the exchanges of one call with one server.

    ``origin``: scheme, host and port, the only ones to connect to. ``seconds``: from now until all must be over.
    ``late``: the reason told where time is up.
    """

    def __init__(self, origin: tuple[str, str, int], seconds: float, late: str = "the time limit was reached"):
        self.origin = origin
        self.late = late
        self._expires = time.monotonic() + seconds
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._sockets: dict[int, set[socket.socket]] = {}

    def left(self) -> float:
        """Seconds left. Raises Unreachable when there are none."""
        left = self._expires - time.monotonic()
        if left <= 0 or self._over.is_set():
            raise Unreachable(self.late, "timeout")
        return left

    def remaining(self) -> float:
        """Seconds left, 0 when there are none."""
        return max(0.0, self._expires - time.monotonic())

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the end."""
        self._over.wait(min(seconds, self.remaining()))

    def cut(self) -> None:
        """End everything that still runs."""
        with self._lock:
            self._over.set()
            for sockets in self._sockets.values():
                for held in sockets:
                    _shut(held)

    def hold(self, used: socket.socket) -> None:
        """A socket this thread reads from; it is cut with the rest."""
        with self._lock:
            self._sockets.setdefault(threading.get_ident(), set()).add(used)
            if self._over.is_set():
                _shut(used)

    @contextmanager
    def exchange(self) -> Iterator[None]:
        """Sockets that this thread uses inside the block belong to this call."""
        _here.lifeline = self
        try:
            yield
        finally:
            _here.lifeline = None
            with self._lock:
                self._sockets.pop(threading.get_ident(), None)


def current() -> Lifeline:
    """The lifeline of the exchange that this thread is in. Raises Unreachable outside of any."""
    found = getattr(_here, "lifeline", None)
    if not isinstance(found, Lifeline):
        raise Unreachable("it was asked outside of a call")
    return found


def _shut(used: socket.socket) -> None:
    # Not SSLSocket.shutdown: that takes the TLS state away from under the thread that reads.
    with suppress(OSError):
        socket.socket.shutdown(used, socket.SHUT_RDWR)
