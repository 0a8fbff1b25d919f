"""Python's garbage collector at the start of a service.

Reading content makes millions of objects, none of which is garbage. The collector looks through all of them time and
again, which takes longer than to make them, so that it waits while a service is built. What stays as long as the process
is then taken out of its sight: it is not looked through while requests are answered, and pages of memory that workers
share are not written to for that reason.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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


def settle_anew() -> None:
    """The same once something else took the place of what there was, which is let go of."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
