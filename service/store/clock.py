"""The time by which things are forgotten: a clock of the machine that jumps ahead must not take them away for good."""

from __future__ import annotations

import time
from collections.abc import Callable


def steady(
    wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
) -> Callable[[], float]:
    """Seconds since 1970, never more than have passed since this process began to count.

    Set ahead and back again, the machine's clock would otherwise have used token ids deleted that are good once more,
    or all traces. Where it was behind and is set right, things are kept longer until the next start.
    """
    ahead = wall() - monotonic()
    return lambda: min(wall(), ahead + monotonic())
