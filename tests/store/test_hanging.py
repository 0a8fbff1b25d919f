"""A PostgreSQL server that goes on taking packets and never answers (SIGSTOP), under connections that are open."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.store.database import Database, StoreUnavailable
from service.store.feedback import FeedbackStore, Suppressions
from service.store.schema import upgrade
from tests.store.postgres import Server
from tests.store.support import item

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux to find the server's processes"),
]


@contextmanager
def hanging(server: Server) -> Iterator[None]:
    assert server.process is not None
    first = server.process.pid
    pids = [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_nobody_waits_for_good_and_it_is_used_again(url: str, postgres: Server) -> None:
    """The test ends at all: without a limit on this side both would wait for as long as the server hangs."""
    database = Database(url, wait=1.0, away=0.2)
    upgrade(database)
    store, silenced = FeedbackStore(database), Suppressions(database)
    store.record("view", "ehr", [item("before")])
    with hanging(postgres):
        with pytest.raises(StoreUnavailable):
            store.record("view", "ehr", [item("while")])
        with pytest.raises(StoreUnavailable, match="away a moment ago"):
            silenced.of("ehr", "patient")
    while True:
        try:
            saved = store.record("view", "ehr", [item("before"), item("while"), item("after")])
            break
        except StoreUnavailable:
            continue
    assert saved.new in (1, 2)  # what was refused may have arrived; it counts once
    assert silenced.of("ehr", "patient") == {}
    database.close()
