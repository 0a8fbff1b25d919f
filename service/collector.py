"""Memory at the start of a service: Python's garbage collector, and the pools of the C library.

Reading content makes millions of objects, none of which is garbage. The collector looks through all of them time and
again, which takes longer than to make them, so that it waits while a service is built. What stays as long as the process
is then taken out of its sight: it is not looked through while requests are answered, and pages of memory that workers
share are not written to for that reason.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_M_ARENA_MAX = -8  # malloc.h of glibc
_ARENAS = 2


@contextmanager
def paused() -> Iterator[None]:
    """No collection inside the block; afterwards as before, also if it fails."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def settle() -> None:
    """Look no more through what there is: to be called before a pause ends, since the collector begins with all of it.

    What is garbage already stays too: about 1 MB after a start, and a collection would take a tenth of the time of one.
    """
    gc.freeze()


def few_pools() -> None:
    """Have threads share pools of memory. Each answer has a thread of its own (`service.hooks.deadline`), and glibc would
    give threads up to eight pools a core, of which each keeps what was once needed: about 7 MB a worker. As
    ``MALLOC_ARENA_MAX=2`` in the environment does; elsewhere than with glibc this does nothing.
    """
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
    except (AttributeError, OSError, TypeError):  # another C library, or none by that name
        return


def settle_anew() -> None:
    """The same once something else took the place of what there was, which is let go of."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
