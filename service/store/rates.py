"""The shares of clients in what all processes share: one token bucket a client, in Redis or in PostgreSQL.

Both do the same in one step of the server, by the server's clock: fill the bucket by what time has brought and what is
given back, and lend an eighth of it, or one call where little is left. So a client far from its limit costs a question
now and then, and one at its limit is counted call by call, wherever its calls arrive.

Own scripts, since libraries that are kept up (``limits`` 5.8) know windows but no bucket with a burst and a rate, take one
call at a time, and count by the clocks of the machines that ask.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Double, bindparam, case, cast, extract, func, literal

from service.store.database import Database
from service.store.remote import RedisServer
from service.store.rest import Rest
from service.store.tables import RATES

PART = 8  # of a bucket that one process is lent at most
WAIT_S = 0.25  # for PostgreSQL: no call waits longer for its rate limit
TIDY_S = 600.0  # seconds between two clearings of clients that are silent
MOST_S = 30 * 86400  # that a bucket is remembered, however slowly it fills

_LEND = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local rate, burst, back = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'calls', 'at')
local calls, at = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
calls = math.min(burst, calls + math.max(0, now - at) * rate + back)
local lent = 0
if calls >= 1 then lent = math.max(1, math.floor(calls / tonumber(ARGV[4]))) end
calls = calls - lent
redis.call('HSET', KEYS[1], 'calls', string.format('%.17g', calls), 'at', string.format('%.17g', now))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return {lent, string.format('%.17g', calls)}
"""


@dataclass(frozen=True, slots=True)
class Lent:
    """Calls that a process may answer, or the seconds until there is one; ``service.hooks.ports.Lease``."""

    calls: int
    wait: float = 0.0


def _hashed(client: str) -> str:
    return hashlib.sha256(client.encode()).hexdigest()


def _full_after(rate: float, burst: int) -> float:
    """Seconds after which a bucket is full again, so that it may be forgotten."""
    return min(burst / rate, MOST_S)


def _lease(lent: float, left: float, rate: float) -> Lent:
    return Lent(int(lent), 0.0 if lent else max(0.0, 1 - left) / rate)


class RedisBuckets:
    """Implements the port ``SharedBuckets``: ``burst`` calls at once, ``rate`` a second in the long run."""

    def __init__(self, server: RedisServer, rate: float, burst: int):
        self._server, self._rate, self._burst = server, rate, burst
        self._keep = math.ceil(_full_after(rate, burst) * 1000) + 1000
        self._lend = server.script(_LEND)

    def take(self, client: str, back: int) -> Lent:
        """As the port says; StoreUnavailable where Redis does not answer."""
        key = f"rate:{_hashed(client)}"
        lent, left = self._server.run(self._lend, key, self._rate, self._burst, back, PART, self._keep)
        return _lease(lent, float(left), self._rate)


class PostgresBuckets:
    """The same over a table that is in no log of the server: after a crash all buckets are full."""

    def __init__(self, database: Database, rate: float, burst: int, clock: Callable[[], float] = time.monotonic):
        """``database``: with a short wait, see WAIT_S."""
        self._database, self._rate, self._burst, self._clock = database, rate, burst, clock
        self._rest = Rest("the database")
        self._tidied = clock()
        self._lend = self._lending()  # made once, not for each call

    def take(self, client: str, back: int) -> Lent:
        """As the port says; StoreUnavailable where the database does not answer."""
        with self._rest.around(), self._database.transaction() as connection:
            lent, calls = connection.execute(self._lend, {"who": _hashed(client), "back": float(back)}).one()
            if self._clock() - self._tidied > TIDY_S:
                self._tidied = self._clock()
                connection.execute(RATES.delete().where(RATES.c.at < _now() - _full_after(self._rate, self._burst)))
        return _lease(lent, calls, self._rate)

    def _lending(self) -> Any:
        """One statement, so that the row is locked for no more than its time on the server."""
        first = max(1, self._burst // PART)
        insert = self._database.insert(RATES).values(
            caller=bindparam("who"), calls=self._burst - first, at=_now(), lent=first
        )
        filled = func.least(
            float(self._burst),
            RATES.c.calls
            + func.greatest(literal(0.0), _now() - RATES.c.at) * self._rate
            + bindparam("back", type_=Double),
        )
        lent = case((filled >= 1, func.greatest(literal(1.0), func.floor(filled / PART))), else_=literal(0.0))
        changed = {"calls": filled - lent, "at": _now(), "lent": lent}
        upsert = insert.on_conflict_do_update(index_elements=[RATES.c.caller], set_=changed)
        return upsert.returning(RATES.c.lent, RATES.c.calls)


def _now() -> Any:
    # Not clock_timestamp(), which would be another each time it is written; of now() all in a transaction agree.
    return cast(extract("epoch", func.now()), Double)
