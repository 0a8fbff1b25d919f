"""Whether the database can be reached, told at once: it is tried beside the answer, not within it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import text

from service.store.database import Database, StoreUnavailable

FRESH_S = 5.0  # how long what was found counts
PATIENCE_S = 0.3  # that who asks waits for a new finding


class Reach:
    """Tries a database, at most once in some seconds and with one thread, however many ask and however long it takes."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic, patience: float | None = None):
        self._database, self._clock, self._patience = database, clock, PATIENCE_S if patience is None else patience
        self._lock = threading.Lock()
        self._trying: threading.Thread | None = None
        self._found, self._at = False, float("-inf")

    def is_reachable(self) -> bool:
        """What was found last; what takes longer than the patience counts as not reachable until it is known."""
        with self._lock:
            if self._clock() - self._at < FRESH_S:
                return self._found
            if self._trying is None or not self._trying.is_alive():
                self._trying = threading.Thread(target=self._try, name="allcue-reach", daemon=True)
                self._trying.start()
            trying = self._trying
        trying.join(self._patience)
        with self._lock:
            return self._found and self._clock() - self._at < FRESH_S

    def _try(self) -> None:
        try:
            with self._database.reading() as connection:
                connection.execute(text("SELECT 1 FROM alembic_version"))
            found = True
        except StoreUnavailable:
            found = False
        with self._lock:
            self._found, self._at = found, self._clock()
