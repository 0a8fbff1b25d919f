"""Token ids that were used, across processes and machines: one step of the server decides who was first.

They are in Redis where it is configured, else in the database, which also stands in while Redis is away.
"""

from __future__ import annotations

import hashlib
import logging
import math
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from service.store.clock import steady
from service.store.database import Database, StoreUnavailable
from service.store.remote import RedisServer
from service.store.tables import USED_TOKENS

log = logging.getLogger("allcue.shared")
TIDY_S = 600  # seconds between two clearings of expired ids
LONGER_S = 60  # that Redis keeps an id beyond its end: its clock may run faster

# Redis answers a step that was done twice, since its first answer was lost, as it did the first time.
_FIRST = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0
"""


def _hashed(issuer: str, jti: str, expires: datetime) -> str:
    """Hashed, since an id may be of any length, and each part with its length, so that no two pairs are alike.

    Raises:
        ValueError: ``expires`` is not aware.
    """
    if expires.tzinfo is None:
        raise ValueError("expires must be aware of its time zone")
    parts = (issuer.encode(), jti.encode())
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).hexdigest()


class _Guard(Protocol):
    def first_use(self, issuer: str, jti: str, expires: datetime) -> bool: ...


class UsedTokens:
    """Implements the port ``ReplayGuard``."""

    def __init__(self, database: Database, now: Callable[[], float] | None = None):
        self._database, self._now = database, now or steady()
        self._tidied = self._now()
        # What comes back says who was first: drivers do not agree on how many rows they count. Made once, not for each call
        self._insert = database.insert(USED_TOKENS).on_conflict_do_nothing().returning(USED_TOKENS.c.token)

    def first_use(self, issuer: str, jti: str, expires: datetime) -> bool:
        """Whether this call is the first to present the id; of several at the same moment exactly one is.

        Args:
            expires: aware; the id is forgotten some time after.

        Raises:
            ValueError: ``expires`` is not aware.
            StoreUnavailable: it could not be told.
        """
        token = _hashed(issuer, jti, expires)
        row = {"token": token, "expires": int(expires.timestamp()) + 1}
        now = self._now()
        with self._database.transaction() as connection:
            is_first = connection.execute(self._insert, row).first() is not None
            if now - self._tidied > TIDY_S:
                self._tidied = now
                connection.execute(USED_TOKENS.delete().where(USED_TOKENS.c.expires < int(now)))
        return is_first


class RedisTokens:
    """Implements the port ``ReplayGuard``. An id goes by itself once its token has expired."""

    def __init__(self, server: RedisServer, now: Callable[[], float] | None = None):
        self._server, self._now = server, now or steady()
        self._first = server.script(_FIRST)

    def first_use(self, issuer: str, jti: str, expires: datetime) -> bool:
        """As ``UsedTokens.first_use``."""
        key = f"jti:{_hashed(issuer, jti, expires)}"
        kept = math.ceil((max(0.0, expires.timestamp() - self._now()) + LONGER_S) * 1000)
        return bool(self._server.run(self._first, key, secrets.token_hex(8), kept))


class TokensWithStandIn:
    """Used tokens in one place, and in another while the first is away.

    When the first is back, both are asked until the last token has expired that only the stand-in knows.
    """

    def __init__(self, first: _Guard, second: _Guard, now: Callable[[], float] | None = None):
        self._first, self._second, self._now = first, second, now or steady()
        self._away, self._both_until = False, float("-inf")

    def first_use(self, issuer: str, jti: str, expires: datetime) -> bool:
        """As ``UsedTokens.first_use``; StoreUnavailable where neither could tell."""
        try:
            is_first = self._first.first_use(issuer, jti, expires)
        except StoreUnavailable as error:
            if not self._away:
                self._away = True
                log.error("used tokens are kept in the database now: %s", error)
            self._both_until = max(self._both_until, expires.timestamp())
            return self._second.first_use(issuer, jti, expires)
        if self._away:
            self._away = False
            log.info("used tokens are kept in Redis again")
        if not is_first or self._now() >= self._both_until:
            return is_first
        try:
            return self._second.first_use(issuer, jti, expires)
        except StoreUnavailable:
            return True
