"""What watches a service, put together from settings and the standard variables of OpenTelemetry."""

from __future__ import annotations

import os

from service.settings import Settings
from service.watch.watch import Watching


def open_watch(settings: Settings, *, waits: bool = False) -> Watching | None:
    """What counts and traces; None where the settings want neither.

    Args:
        waits: for a process that is to be forked: nothing is counted before ``Watching.begin``.
    """
    from service.watch.tracing import tracing_of

    tracing = tracing_of(os.environ)
    if not settings.metrics:
        return Watching(None, tracing) if tracing is not None else None
    from service.watch.meters import Meters  # with a library that takes its time, and looks at the environment

    return Watching(Meters(), tracing, waits=waits)
