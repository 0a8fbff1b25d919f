"""What the processes of a service count together: used tokens and the shares of clients, in Redis or in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.hooks.ports import RateLimiter, ReplayGuard
from service.hooks.throttle import SharedLimit, TokenBuckets
from service.settings import Settings
from service.store.database import Database
from service.store.rates import WAIT_S, PostgresBuckets, RedisBuckets
from service.store.remote import RedisServer
from service.store.replay import RedisTokens, TokensWithStandIn

if TYPE_CHECKING:
    from service.kept import Kept


class Sharing:
    """Chooses the place: Redis where the settings name one, else the database."""

    def __init__(self, settings: Settings, kept: Kept | None):
        self._settings, self._kept = settings, kept
        self._redis = RedisServer(settings.redis_url) if settings.redis_url else None

    def replay(self) -> ReplayGuard | None:
        """Where used tokens are remembered; None: nowhere beyond each process."""
        kept = self._kept.replay if self._kept is not None else None
        if self._redis is None:
            return kept
        tokens = RedisTokens(self._redis)
        return tokens if kept is None else TokensWithStandIn(tokens, kept)

    def limiter(self) -> RateLimiter:
        """What counts calls. SQLite is not asked: it has one writer at a time, which feedback should not wait for."""
        rate, burst = self._settings.rate, self._settings.burst
        own = TokenBuckets(rate, burst)
        if self._redis is not None:
            return SharedLimit(RedisBuckets(self._redis, rate, burst), own)
        if self._kept is None or self._kept.database.is_sqlite:
            return own
        # With connections of its own: the others may wait longer than a call should for this.
        database = Database(self._settings.database_url, wait=WAIT_S)
        return SharedLimit(PostgresBuckets(database, rate, burst), own)
