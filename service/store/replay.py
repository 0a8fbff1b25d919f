"""Token ids that were used, across processes and machines: the insert decides who was first."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from service.store.clock import steady
from service.store.database import Database
from service.store.tables import USED_TOKENS

TIDY_S = 600  # seconds between two clearings of expired ids


class UsedTokens:
    """Implements the port ``ReplayGuard``."""

    def __init__(self, database: Database, now: Callable[[], float] | None = None):
        self._database, self._now = database, now or steady()
        self._tidied = self._now()

    def first_use(self, issuer: str, jti: str, expires: datetime) -> bool:
        """Whether this call is the first to present the id; of several at the same moment exactly one is.

        Args:
            expires: aware; the id is forgotten some time after.

        Raises:
            ValueError: ``expires`` is not aware.
            StoreUnavailable: it could not be told.
        """
        if expires.tzinfo is None:
            raise ValueError("expires must be aware of its time zone")
        # Hashed, since an id may be of any length, and each part with its length, so that no two pairs are alike.
        parts = (issuer.encode(), jti.encode())
        token = hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).hexdigest()
        row = {"token": token, "expires": int(expires.timestamp()) + 1}
        now = self._now()
        with self._database.transaction() as connection:
            insert = self._database.insert(USED_TOKENS).values(row).on_conflict_do_nothing()
            # What comes back says who was first: drivers do not agree on how many rows they count.
            is_first = connection.execute(insert.returning(USED_TOKENS.c.token)).first() is not None
            if now - self._tidied > TIDY_S:
                self._tidied = now
                connection.execute(USED_TOKENS.delete().where(USED_TOKENS.c.expires < int(now)))
        return is_first
