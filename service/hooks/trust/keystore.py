"""Fetched keys, kept and renewed: a new key is found when a token names it, a withdrawn one is soon forgotten."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.hooks.trust.fetch import Unfetched, fetch_document
from service.hooks.trust.keys import Key, UnusableKey, read_keys
from service.hooks.watching import UNWATCHED, Watch

log = logging.getLogger("allcue.trust")
FRESH_S = 600  # a key that its client withdrew is accepted no longer than this
STALE_S = 4 * 3600  # or this, while its address cannot be read
PAUSE_S = 10  # between two fetches of one address, whatever tokens ask for


@dataclass(slots=True)
class _Kept:
    """Keys of one address. Times in monotonic seconds; None: never."""

    keys: Mapping[str, Key] = field(default_factory=dict)
    fetched: float | None = None
    tried: float | None = None
    trouble: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def key(self, kid: str, now: float, age: float) -> Key | None:
        """The key, if it was fetched at most ``age`` seconds ago."""
        fresh = self.fetched is not None and now - self.fetched < age
        return self.keys.get(kid) if fresh else None


class KeyStore:
    """Keys by address and kid.

    ``fetch``: reads the JSON document at an address, or raises Unfetched.
    """

    def __init__(
        self,
        fetch: Callable[[str], Any] = fetch_document,
        clock: Callable[[], float] = time.monotonic,
        watch: Watch = UNWATCHED,
    ) -> None:
        self._fetch, self._watch = fetch, watch
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def find(self, url: str, kid: str) -> Key | None:
        """The key of an address, fetched if it is not known or no longer fresh; None if there is none."""
        with self._lock:
            kept = self._kept.setdefault(url, _Kept())
        now = self._clock()
        if key := kept.key(kid, now, FRESH_S):
            return key
        stale = kept.key(kid, now, STALE_S)
        if kept.lock.acquire(blocking=stale is None):  # with a stale key at hand, one thread renews and none waits
            try:
                if self._may_try(kept):
                    self._renew(url, kept)
            finally:
                kept.lock.release()
        return kept.key(kid, self._clock(), STALE_S)

    def trouble(self, url: str) -> str | None:
        """Why the last fetch of an address failed; None if it did not."""
        kept = self._kept.get(url)
        return kept.trouble if kept else None

    def _may_try(self, kept: _Kept) -> bool:
        return kept.tried is None or self._clock() - kept.tried >= PAUSE_S

    def _renew(self, url: str, kept: _Kept) -> None:
        kept.tried = self._clock()
        try:
            keys, refused = read_keys(self._fetch(url))
        except (Unfetched, UnusableKey) as error:
            self._watch.fetched_keys("unusable" if isinstance(error, UnusableKey) else "unreachable")
            kept.trouble = str(error)
            log.warning("keys of %s cannot be read: %s", url, error)
            return
        self._watch.fetched_keys("ok")
        # The time of the request, not of the answer: a slow answer must not make a key live longer.
        kept.keys, kept.fetched, kept.trouble = keys, kept.tried, None
        log.info("keys of %s: %d read, %d refused%s", url, len(keys), len(refused), "".join(f"; {r}" for r in refused))
