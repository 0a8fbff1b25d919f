"""Redis: token ids, what it is told, how it fails, and how it is reached."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from service.hooks.ports import ReplayGuard
from service.hooks.throttle import SharedLimit
from service.store.database import Database, StoreUnavailable
from service.store.rates import RedisBuckets
from service.store.remote import PREFIX, RedisServer, read_redis
from service.store.replay import RedisTokens, TokensWithStandIn, UsedTokens
from service.store.schema import upgrade
from tests.store.redis_server import RedisProcess
from tests.store.sharing import SLOW, Alone, later, until, works
from tests.tls import certificate, tls_before


def test_an_id_is_used_once_and_goes_with_its_token(redis: RedisProcess, server: RedisServer) -> None:
    guard = RedisTokens(server)
    assert guard.first_use("https://ehr.example.org", "id", later())
    assert not guard.first_use("https://ehr.example.org", "id", later())
    assert guard.first_use("another", "id", later())
    assert guard.first_use("ehrid", "", later())
    assert guard.first_use("ehr", "\0 ünïcode" + "x" * 100_000, later())
    assert guard.first_use("ehr", "over", later(-400)), "it is refused for its age, not here"
    with redis.client() as client:
        keys = client.keys("*")
        assert len(keys) == 5
        for key in keys:
            assert key.startswith(f"{PREFIX}jti:"), key
            assert "ehr" not in key
            assert 0 < client.pttl(key) <= 360_000
    with pytest.raises(ValueError, match="aware"):
        guard.first_use("ehr", "id", datetime(2026, 1, 1))  # noqa: DTZ001


def test_of_threads_at_once_exactly_one_is_first(server: RedisServer) -> None:
    guard = RedisTokens(server)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: guard.first_use("ehr", "id", later()), range(100)))
    assert found.count(True) == 1


def test_shares_are_hashed_and_forgotten_once_they_are_full(redis: RedisProcess, server: RedisServer) -> None:
    RedisBuckets(server, 2.0, 10).take("address 192.0.2.1", 0)
    with redis.client() as client:
        (key,) = client.keys("*")
        assert key.startswith(f"{PREFIX}rate:")
        assert "192.0.2.1" not in key
        assert 5000 < client.pttl(key) <= 6000


def test_over_a_socket_of_the_machine(redis: RedisProcess) -> None:
    server = RedisServer(redis.socket_url, seconds=10)
    assert RedisTokens(server).first_use("ehr", "id", later())
    server.close()


def test_killed_and_back(redis: RedisProcess, server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "allcue.shared")
    alone = Alone()
    limit, tokens = SharedLimit(RedisBuckets(server, SLOW, 1), alone), RedisTokens(server)
    assert limit.allow("a")
    redis.kill()
    try:
        assert all(limit.allow("b") for _ in range(20)), "no call is refused for that"
        with pytest.raises(StoreUnavailable):
            tokens.first_use("ehr", "id", later())
    finally:
        redis.start()
    assert alone.asked == 20
    until(lambda: works(lambda: tokens.first_use("ehr", "id", later())))
    assert limit.allow("c")
    assert not limit.allow("c")
    assert alone.asked == 20
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2, said
    assert "each process counts by itself" in said[0]
    assert said[1] == "rate limits are shared again"


def test_a_restart_between_two_calls_costs_none_of_them(redis: RedisProcess, server: RedisServer) -> None:
    tokens = RedisTokens(server)
    assert tokens.first_use("ehr", "before", later())
    redis.kill()
    redis.start()
    assert tokens.first_use("ehr", "after", later())  # connections and scripts are made anew


def test_a_server_that_hangs_holds_one_caller_for_a_moment_and_nobody_after_it(redis: RedisProcess) -> None:
    """By counts, not by time: in one rest a single caller asks."""
    server = RedisServer(redis.url, seconds=0.2, rest=3600)
    asked = []
    script = server.script("return 1")
    run = type(script).__call__

    def counted(*args: object, **named: object) -> object:
        asked.append(1)
        return run(script, *args, **named)  # type: ignore[arg-type]

    alone = Alone()
    limit = SharedLimit(RedisBuckets(server, 1.0, 1), alone)
    limit._shared._lend = counted  # type: ignore[attr-defined]
    with redis.hanging():
        assert all(limit.allow("a") for _ in range(50))
        assert all(limit.allow("b") for _ in range(50))
    assert (len(asked), alone.asked) == (1, 100)
    server.close()


def test_a_wrong_password_says_so_without_it(redis: RedisProcess) -> None:
    server = RedisServer(redis.url.replace("all-cue", "wrong"), rest=0)
    with pytest.raises(StoreUnavailable, match="AuthenticationError") as caught:
        RedisTokens(server).first_use("ehr", "id", later())
    assert "wrong" not in str(caught.value)
    assert all(SharedLimit(RedisBuckets(server, SLOW, 1), Alone()).allow("a") for _ in range(3))
    server.close()


def test_while_redis_is_away_the_database_stands_in_and_is_heard_until_its_tokens_have_ended(
    redis: RedisProcess, server: RedisServer, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'allcue.db'}")
    upgrade(database)
    clock = [time.time()]
    guards: list[ReplayGuard] = [
        TokensWithStandIn(RedisTokens(server), UsedTokens(database), lambda: clock[0]) for _ in range(2)
    ]
    one, other = guards
    assert one.first_use("ehr", "before", later())
    redis.kill()
    try:
        assert one.first_use("ehr", "while", later())
        assert not other.first_use("ehr", "while", later())
        assert other.first_use("ehr", "also", later())
    finally:
        redis.start()
    until(lambda: works(lambda: RedisTokens(server).first_use("ehr", "probe", later())))
    assert not one.first_use("ehr", "also", later()), "Redis has never heard of it"
    clock[0] += 301
    assert one.first_use("ehr", "new", later(600))
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM used_tokens").scalar() == 2
    database.close()


def test_an_answer_that_was_lost_is_the_same_when_asked_again(server: RedisServer) -> None:
    tokens = RedisTokens(server)
    first = tokens._first
    assert [first(keys=["allcue:jti:x"], args=["nonce", 1000]) for _ in range(2)] == [1, 1]
    assert first(keys=["allcue:jti:x"], args=["other", 1000]) == 0


def test_a_certificate_that_nobody_vouches_for_is_refused(redis: RedisProcess, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.pem", tmp_path / "bad.pem"
    for path in (good, bad):
        certificate(path)
    with tls_before(redis.port, good) as port:
        address = redis.url.replace("redis:", "rediss:").replace(str(redis.port), str(port))
        trusting = RedisServer(f"{address}?ssl_ca_certs={good}", seconds=10)
        assert RedisTokens(trusting).first_use("ehr", "id", later())
        trusting.close()
        for other in (
            address,
            f"{address}?ssl_ca_certs={bad}",
            f"{address.replace('127.0.0.1', 'localhost')}?ssl_ca_certs={good}",
        ):
            server = RedisServer(other, seconds=10)
            with pytest.raises(StoreUnavailable):
                RedisTokens(server).first_use("ehr", "other", later())
            server.close()


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://localhost", "must be like"),
        ("redis://", "names no host"),
        ("redis://localhost:x", "no number"),
        ("redis://localhost/main", "no number"),
        ("unix://run/redis.sock", "from the root"),
        ("rediss://localhost?ssl_cert_reqs=none", "ssl_cert_reqs"),
        ("rediss://localhost?ssl_ca_certs=/none/such", "no such file"),
        ("redis://:hunter2@localhost?timeout=1", "option timeout"),
    ],
)
def test_bad_addresses_say_what_is_allowed(address: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        read_redis(address)
    assert "hunter2" not in str(caught.value)
