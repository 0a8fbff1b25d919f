"""Used tokens: remembered as long as they could be used, also by many threads, and while the store is away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from service.hooks.trust.replay import MemoryReplayGuard, SteadyReplayGuard

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_token_is_new_once_until_it_would_be_too_old_anyway() -> None:
    now = [START]
    guard = MemoryReplayGuard(lambda: now[0])
    assert guard.first_use("a", "1", START + MINUTE)
    assert not guard.first_use("a", "1", START + MINUTE)
    assert guard.first_use("b", "1", START + MINUTE)
    assert guard.first_use("a", "2", START + MINUTE)
    now[0] = START + MINUTE - timedelta(seconds=1)
    assert not guard.first_use("a", "1", START + MINUTE)
    now[0] = START + MINUTE
    assert guard.first_use("a", "1", START + 2 * MINUTE)


def test_memory_is_bounded() -> None:
    guard = MemoryReplayGuard(lambda: START, most=3)
    for number in range(4):
        assert guard.first_use("a", str(number), START + (number + 1) * MINUTE)
    assert not guard.first_use("a", "3", START + 4 * MINUTE)
    assert guard.first_use("a", "0", START + MINUTE)  # ended first, so it was forgotten


def test_of_many_at_once_one_is_first() -> None:
    guard = MemoryReplayGuard(lambda: START)
    with ThreadPoolExecutor(16) as pool:
        firsts = list(pool.map(lambda _: guard.first_use("a", "1", START + MINUTE), range(200)))
    assert firsts.count(True) == 1


class Store:
    """A store that other processes use too, and that can go away."""

    def __init__(self) -> None:
        self.used: set[tuple[str, str]] = set()
        self.away = False

    def first_use(self, issuer: str, jti: str, expires: datetime) -> bool:
        if self.away:
            raise OSError("disk full")
        new = (issuer, jti) not in self.used
        self.used.add((issuer, jti))
        return new


def test_two_processes_share_a_store() -> None:
    store = Store()
    first, second = (SteadyReplayGuard(store, MemoryReplayGuard(lambda: START)) for _ in range(2))
    assert first.first_use("a", "1", START + MINUTE)
    assert not second.first_use("a", "1", START + MINUTE)


def test_while_the_store_is_away_each_process_remembers_for_itself() -> None:
    store = Store()
    guard = SteadyReplayGuard(store, MemoryReplayGuard(lambda: START))
    assert guard.first_use("a", "before", START + MINUTE)
    store.away = True
    assert guard.first_use("a", "1", START + MINUTE)
    assert not guard.first_use("a", "1", START + MINUTE)
    assert not guard.first_use("a", "before", START + MINUTE)
    store.away = False
    assert not guard.first_use("a", "1", START + MINUTE)
    assert guard.first_use("a", "2", START + MINUTE)
