"""What is told of a service whenever its metrics are asked for: whether it is ready, with which content, what time it has."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator

from service import __version__
from service.rules.rule import Content
from service.watch import catalogue as of
from service.watch.catalogue import Metric

Told = tuple[Metric, tuple[str, ...], float]


def state(
    content: Content | None, time_limit: float, ready: Callable[[], bool], store: Callable[[], str]
) -> Callable[[], Iterable[Told]]:
    """What to tell.

    Args:
        content: what answers; None for a service that has none.
        ready: whether it could answer.
        store: "reachable", "unreachable" or "none".
    """
    loaded = time.time()
    constant: list[Told] = [
        (of.BUILD, (__version__, platform.python_version()), 1),
        (of.TIME_LIMIT, (), time_limit),
        (of.LOADED, (), loaded),
    ]
    if content is not None:
        constant.append((of.CONTENT, (content.digest,), 1))
        constant += _editions(content)

    def told() -> Iterator[Told]:
        yield from constant
        yield of.CLOCK, (), time.time()
        word = store()
        yield of.READY, (), float(ready() and word != "unreachable")
        if word != "none":
            yield of.REACHABLE, (), float(word == "reachable")

    return told


def _editions(content: Content) -> Iterator[Told]:
    for edition in content.policy.editions:
        for rank, source in enumerate(edition.sources, 1):
            yield of.EDITION, (edition.topic, edition.population, source, str(rank)), 1
