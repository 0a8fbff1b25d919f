"""Work in a process of its own, so that the memory it takes is given back when it is done."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress


def done_apart(work: Callable[[], bytes]) -> bytes | None:
    """What ``work`` gives, made in a child of this process; None if it failed there, or no child can be made safely.

    Memory that Python took for many small objects goes back to the system only with the process. The child must not
    log, nor use what other threads of this process may hold, so that no child is made where there are any.
    """
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return None
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        return None
    if child == 0:
        _work(work, reading, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        found = pipe.read()
    with suppress(ChildProcessError):  # somebody who waits for any child was told already
        os.waitpid(child, 0)
    return found or None


def _work(work: Callable[[], bytes], reading: int, writing: int) -> None:
    """The life of the child. Always 0: a server that waits for any child takes another number for a sign of its own."""
    try:
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(work())
    finally:
        os._exit(0)
