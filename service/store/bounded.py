"""Connections to PostgreSQL that give up in time, whatever the server does.

A server that is stopped in its steps (SIGSTOP, a frozen machine or disk) goes on acknowledging packets in its kernel, so
neither TCP nor the server's own ``statement_timeout`` end a wait for it. Here the waiting side counts.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import psycopg

from service.store.time_left import left


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed, and raises OperationalError, where an answer does not come within the block's time."""

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **named: Any) -> Any:
        """Wait for the server as ever, and look at the clock each time there is no news (ten times a second)."""
        return super().wait(self._watched(gen), *args, **named)

    def _watched(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        try:
            asked = next(gen)
            while True:
                ready = yield asked
                asked = gen.send(ready)
                if (seconds := left()) is not None and seconds <= 0:
                    self.pgconn.finish()  # what the server still does for it is undone when it finds the client gone
                    raise psycopg.OperationalError("no answer in time")
        except StopIteration as end:
            return end.value


def connect(*args: Any, **named: Any) -> BoundedConnection:
    """Connect, unless there is no time for it.

    Raises:
        psycopg.OperationalError: not connected; ``connect_timeout`` is kept besides.
    """
    if (seconds := left()) is not None and seconds <= 0:
        raise psycopg.OperationalError("no time left to connect")
    return BoundedConnection.connect(*args, **named)
