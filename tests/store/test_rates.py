"""The shares of clients in Redis and PostgreSQL: real servers, several processes, and their failures."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.hooks.ports import SharedBuckets
from service.hooks.throttle import SharedLimit, TokenBuckets
from service.store.database import Database
from service.store.rates import PART, PostgresBuckets, RedisBuckets
from service.store.schema import upgrade
from tests.store.postgres import Server
from tests.store.redis_server import RedisProcess
from tests.store.sharing import SLOW, Alone
from tests.store.test_hanging import hanging

ROOT = Path(__file__).resolve().parents[2]
_PROCESS = """
import sys
from datetime import UTC, datetime
from service.hooks.throttle import SharedLimit, TokenBuckets
from service.store.database import Database
from service.store.rates import PostgresBuckets, RedisBuckets
from service.store.remote import RedisServer
from service.store.replay import RedisTokens
url, burst = sys.argv[1], int(sys.argv[2])
class Nothing:
    def allow(self, client):
        raise AssertionError("the server was not reached")
if url.startswith("redis"):
    server = RedisServer(url, seconds=20)
    tokens, buckets = RedisTokens(server), RedisBuckets(server, 1e-9, burst)
else:
    tokens, buckets = None, PostgresBuckets(Database(url, wait=20), 1e-9, burst)
limit = SharedLimit(buckets, Nothing(), now=lambda: 0.0)  # leases do not run out
print("ready", flush=True)
sys.stdin.readline()
print(sum(limit.allow("client ehr") for _ in range(2 * burst)))
print(sum(tokens.first_use("ehr", f"id-{i}", datetime(2036, 3, 2, tzinfo=UTC)) for i in range(50)) if tokens else 0)
"""

Made = Callable[[float, int], SharedBuckets]


@pytest.fixture(params=["redis", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def made(request: pytest.FixtureRequest) -> Iterator[Made]:
    """Makes buckets, each as another process would."""
    opened: list[Database] = []

    def in_postgres(rate: float, burst: int) -> SharedBuckets:
        opened.append(Database(url, wait=10))
        return PostgresBuckets(opened[-1], rate, burst)

    if request.param == "redis":
        server = request.getfixturevalue("server")
        yield lambda rate, burst: RedisBuckets(server, rate, burst)
        return
    url = fresh(request.getfixturevalue("postgres"))
    yield in_postgres
    for database in opened:
        database.close()


def fresh(postgres: Server) -> str:
    """The address of a database with tables and without buckets."""
    database = Database(postgres.url)
    upgrade(database)
    with database.transaction() as connection:
        connection.exec_driver_sql("TRUNCATE rates, used_tokens")
    database.close()
    return postgres.url


def _two_processes(url: str, burst: int) -> tuple[int, int]:
    """Two processes at one moment: calls that were let through, and first uses of fifty ids."""
    command = [sys.executable, "-c", _PROCESS, url, str(burst)]
    both = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    found = []
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in both:
        found.append([int(line) for line in process.communicate(timeout=120)[0].split()])
    return sum(one[0] for one in found), sum(one[1] for one in found)


def test_two_processes_share_ids_and_a_burst_in_redis(redis: RedisProcess) -> None:
    assert _two_processes(redis.url, 40) == (40, 50)


@pytest.mark.postgresql
def test_two_processes_share_a_burst_in_postgresql(postgres: Server) -> None:
    assert _two_processes(fresh(postgres), 40)[0] == 40


def test_a_small_bucket_is_counted_call_by_call_wherever_they_arrive(made: Made) -> None:
    one, other = (SharedLimit(made(SLOW, PART - 1), TokenBuckets(SLOW, 1)) for _ in range(2))
    assert [one.allow("a"), other.allow("a")] * 3 == [True] * 6
    assert [limit.allow("a") for limit in (one, other) * 3] == [True] * 5 + [False]
    assert not one.allow("a")
    assert one.allow("b"), "another client has its own share"


def test_a_bucket_fills_by_the_clock_of_the_server(made: Made) -> None:
    buckets = made(20.0, 1)
    assert buckets.take("a", 0).calls == 1
    refused = buckets.take("a", 0)
    assert refused.calls == 0 or refused.wait == 0  # a slow machine may have waited for the next call
    assert 0 <= refused.wait <= 1 / 20
    time.sleep(0.06)
    assert buckets.take("a", 0).calls == 1


def test_a_busy_client_asks_now_and_then_and_what_it_did_not_use_goes_back(made: Made) -> None:
    clock, asked = [0.0], []
    buckets = made(SLOW, 800)

    class Counted:
        def take(self, client: str, back: int) -> object:
            asked.append(back)
            return buckets.take(client, back)

    limit = SharedLimit(Counted(), TokenBuckets(SLOW, 1), lambda: clock[0])  # type: ignore[arg-type]
    assert all(limit.allow("a") for _ in range(100))
    assert asked == [0]
    assert limit.allow("a")
    assert asked == [0, 0]
    clock[0] = 2.0  # the lease has run out
    assert limit.allow("a")
    assert asked == [0, 0, 86]
    assert sum(limit.allow("a") for _ in range(2000)) == 800 - 102


def test_a_refused_client_does_not_reach_the_server_until_there_is_a_call_again() -> None:
    clock, asked = [0.0], []

    class Empty:
        def take(self, client: str, back: int) -> object:
            asked.append(clock[0])
            return type("Lent", (), {"calls": 0, "wait": 0.25})

    limit = SharedLimit(Empty(), Alone(), lambda: clock[0])  # type: ignore[arg-type]
    assert not any(limit.allow("a") for _ in range(50))
    clock[0] = 0.24
    assert not limit.allow("a")
    clock[0] = 0.26
    assert not limit.allow("a")
    assert asked == [0.0, 0.26]


def test_threads_that_ask_at_one_moment_lose_no_lease(made: Made) -> None:
    limit = SharedLimit(made(SLOW, 100), TokenBuckets(SLOW, 1), lambda: 0.0)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: limit.allow("a"), range(400))) == 100


def test_clients_are_forgotten_in_the_end() -> None:
    class Full:
        def take(self, client: str, back: int) -> object:
            return type("Lent", (), {"calls": 9, "wait": 0.0})

    limit = SharedLimit(Full(), Alone())  # type: ignore[arg-type]
    for number in range(10_100):
        limit.allow(str(number))
    assert len(limit) == 10_000


@pytest.mark.postgresql
def test_a_database_that_hangs_costs_no_call(postgres: Server) -> None:
    database = Database(fresh(postgres), wait=1.0)
    alone = Alone()
    limit = SharedLimit(PostgresBuckets(database, SLOW, 5), alone)
    assert limit.allow("a")
    with hanging(postgres):
        assert all(limit.allow("b") for _ in range(50))
    assert alone.asked == 50
    database.close()
