"""A service that starts while its store is away or locked becomes whole by itself, and tells how it is."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.app import create_app
from service.cli import main
from service.commands import serve
from service.kept import Kept, open_store
from service.services import SERVICES
from service.settings import Settings
from service.store import reach
from service.store.database import Database, StoreUnavailable
from service.store.reach import Reach
from service.store.schema import state, upgrade
from service.store.traces import Traces
from service.store.writer import PURGE_S, TraceWriter
from tests.store.postgres import Server
from tests.store.support import MOMENT, item, trace

NOW = int(MOMENT.timestamp())


def test_a_file_that_was_locked_at_the_start_is_upgraded_when_first_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "allcue.db"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with caplog.at_level(logging.INFO, "allcue.store"):
        kept = open_store(Settings(database_url=f"sqlite:///{file}"))
        with pytest.raises(StoreUnavailable):
            kept.feedback.record("view", "ehr", [item()])
        kept.writer.remember([trace()])
        assert not kept.reach.is_reachable()
        other.execute("ROLLBACK")
        assert _recorded(kept) == 1
    assert state(kept.database).usable
    assert kept.writer.flush(20), "the trace waited"
    assert "the store cannot be used now" in caplog.text
    assert caplog.text.count("the store can be used\n") == 1
    other.close()
    kept.writer.close()
    kept.database.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_server_that_was_away_at_the_start_is_used_when_it_is_back_and_upgraded(
    empty: Database, url: str, postgres: Server
) -> None:
    empty.close()
    postgres.stop()
    try:
        kept = open_store(Settings(database_url=url))
        with pytest.raises(StoreUnavailable):
            kept.feedback.record("view", "ehr", [item()])
    finally:
        postgres.start()
    with pytest.raises(StoreUnavailable, match=r"allcue db upgrade|a moment ago"):
        kept.feedback.record("view", "ehr", [item()])
    upgrade(empty)
    assert _recorded(kept) == 1
    kept.database.close()


def _recorded(kept: Kept) -> int:
    """How many entries are new, once the database is asked again: after a slow failure not for some seconds."""
    for _ in range(200):
        try:
            return kept.feedback.record("view", "ehr", [item()]).new
        except StoreUnavailable:
            time.sleep(0.1)
    raise AssertionError("it is still away")


def test_of_threads_at_once_one_prepares(database: Database) -> None:
    begun: list[int] = []

    def prepare(_: Database) -> None:
        begun.append(1)
        time.sleep(0.05)

    other = Database(database.url.render_as_string(hide_password=False), prepare=prepare)
    threads = [threading.Thread(target=Traces(other).of, args=("a",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert begun == [1]
    other.close()


@pytest.mark.parametrize("word", ["reachable", "unreachable", "none"])
def test_ready_tells_of_the_store_and_whoever_needs_none_asks_without(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "PATIENCE_S", 20.0)  # however busy the machine is
    addresses = {"reachable": f"sqlite:///{tmp_path}/allcue.db", "unreachable": "postgresql://u:p@127.0.0.1:9/d"}
    app = create_app(Settings(database_url=addresses.get(word, "")), lambda _: {"cards": []}, SERVICES)
    answer = app.test_client().get("/ready")
    status = "not ready" if word == "unreachable" else "ready"
    told = {"content": "loaded", "store": word}
    assert (answer.status_code, answer.json) == (200 if status == "ready" else 503, {"status": status, **told})
    for asked, expected in (("required", answer.status_code), ("optional", 200), ("optionl", 400)):
        assert app.test_client().get(f"/ready?store={asked}").status_code == expected
    assert app.test_client().get("/ready?store=optional").json == {"status": "ready", **told}


def test_reach_waits_for_no_database_and_asks_it_with_one_thread() -> None:
    gate, asked = threading.Event(), []

    class Slow:
        def reading(self) -> object:
            asked.append(1)
            gate.wait(20)
            raise StoreUnavailable

    clock = [0.0]
    found = Reach(Slow(), lambda: clock[0], patience=0.01)  # type: ignore[arg-type]
    assert not found.is_reachable()
    assert not found.is_reachable()
    assert asked == [1]
    gate.set()


def test_what_was_found_counts_for_some_seconds(database: Database) -> None:
    clock = [0.0]
    fickle = Fickle(database.url.render_as_string(hide_password=False))
    found = Reach(fickle, lambda: clock[0], patience=20)
    assert found.is_reachable()
    fickle.is_away = True
    assert found.is_reachable()
    clock[0] += reach.FRESH_S
    assert not found.is_reachable()
    fickle.close()


class Fickle(Database):
    """A database that can be taken away."""

    is_away = False

    @contextmanager
    def _told(self, seconds: float, behind: bool = False) -> Iterator[None]:
        if self.is_away:
            raise StoreUnavailable("away")
        with super()._told(seconds, behind):
            yield


def test_what_is_too_old_goes_by_itself_though_no_card_is_shown(database: Database) -> None:
    clock = [0.0]
    Traces(database).save([trace("old")], NOW - 31 * 86400)
    writer = TraceWriter(database, keep_days=30, now=lambda: NOW, clock=lambda: clock[0])
    writer.remember([])  # an answer without cards
    _until_gone(database, "old")
    Traces(database).save([trace("older")], NOW - 32 * 86400)
    clock[0] += PURGE_S + 1
    _until_gone(database, "older")
    writer.close()


def _until_gone(database: Database, card: str) -> None:
    for _ in range(2000):
        if not Traces(database).of(card):
            return
        time.sleep(0.01)
    raise AssertionError(f"{card} is still there")


def test_a_database_that_is_away_costs_no_tidying_thread(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    fickle = Fickle(database.url.render_as_string(hide_password=False))
    fickle.is_away = True
    writer = TraceWriter(fickle, keep_days=30, now=lambda: NOW, pause=0.02)
    with caplog.at_level(logging.ERROR, "allcue.store"):
        writer.remember([])
        for _ in range(2000):
            if "cannot be deleted now" in caplog.text:
                break
            time.sleep(0.01)
    assert "cannot be deleted now" in caplog.text
    fickle.is_away = False
    writer.remember([trace("new")])
    assert writer.flush(20)
    writer.close()
    assert Traces(database).of("new")
    fickle.close()


def test_who_has_no_home_is_told_that_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(Exception):
        pass

    def run(self: object) -> None:
        raise Stopped

    monkeypatch.setattr(serve._Server, "run", run)
    said: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    handler = Handler()
    logging.getLogger("allcue").addHandler(handler)
    try:
        environment = {"HOME": "", "XDG_STATE_HOME": "", "ALLCUE_DATABASE_URL": ""}
        CliRunner().invoke(main, ["serve"], env=environment)
    finally:
        logging.getLogger("allcue").removeHandler(handler)
    assert len([line for line in said if line.startswith("no store: ")]) == 1
