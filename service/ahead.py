"""Run-ahead: what order-select worked out is used again at order-sign when nothing changed.

What was worked out is kept under a keyed hash of everything it rests on: the resources that came and how complete each
kind of them is, the draft orders, the day, the content and the site. One changed value, draft or rule gives another
hash, and everything is worked out anew. Kept in the memory of one process for some minutes, never written anywhere.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import orjson

T = TypeVar("T")
KEPT_SECONDS = 900.0
KEPT_MOST = 32
_KEY_BYTES = 32


class Ahead(Generic[T]):
    """Results by the hash of what they rest on; the oldest go first. Safe to share between threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic):
        self._now = now
        self._secret = secrets.token_bytes(_KEY_BYTES)  # so that a hash in a log says nothing outside this process
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def digest(self, parts: Iterable[object]) -> str:
        """The hash of some JSON values, in which the order of the members of an object does not count.

        Raises:
            TypeError: a part that is no JSON.
        """
        made = hashlib.blake2b(key=self._secret, digest_size=16)
        for part in parts:
            written = orjson.dumps(part, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
            made.update(len(written).to_bytes(8, "big"))
            made.update(written)
        return made.hexdigest()

    def get(self, digest: str) -> T | None:
        """What was kept under a hash, unless it is too old."""
        with self._lock:
            self._forget()
            kept = self._kept.get(digest)
            return kept[1] if kept is not None else None

    def keep(self, digest: str, result: T) -> None:
        """Keep a result."""
        with self._lock:
            self._forget()
            self._kept[digest] = (self._now(), result)
            self._kept.move_to_end(digest)
            while len(self._kept) > KEPT_MOST:
                self._kept.popitem(last=False)

    def _forget(self) -> None:
        """Let go of everything that is too old, also of what nobody asks for again; the oldest stand first."""
        now = self._now()
        while self._kept and now - next(iter(self._kept.values()))[0] > KEPT_SECONDS:
            self._kept.popitem(last=False)
