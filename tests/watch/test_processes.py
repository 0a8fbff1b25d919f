"""Real processes: several workers count into one, a reload takes nothing back, and each line of the log is JSON."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.clients import CALL, FEEDBACK, ask, call_body, feedback_body, until
from bench.served import Running, running
from service import __version__
from service.watch import folder
from tests.watch.support import Samples, samples_in, total

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux to find the workers")
WAIT_S = 120.0


@dataclass
class Site:
    service: Running
    folder: Path

    def metrics(self) -> Samples:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.service.port}/metrics") as answer:
            return samples_in(answer.read().decode())

    def lines(self) -> list[str]:
        return (self.folder / "log").read_text(encoding="utf-8").splitlines()

    def hang_up(self) -> None:
        before = set(self.service.workers())
        os.kill(self.service.process.pid, signal.SIGHUP)
        until(lambda: len(self.service.workers()) == 2 and not before & set(self.service.workers()), WAIT_S)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    place = tmp_path_factory.mktemp("watch")
    environ = {"ALLCUE_RATE_LIMIT": "0", "ALLCUE_AS_OF": "2026-03-02", "TMPDIR": str(place)}
    with (place / "log").open("wb") as log, running(environ, 2, log) as service:
        yield Site(service, place)
    assert list(place.glob("allcue-metrics-*")) == [], "the folder is gone with the service"


def test_workers_count_into_one_and_a_reload_takes_nothing_back(site: Site) -> None:
    for turn in (1, 2, 3):
        for _ in range(6):  # more than one connection, so that both workers have some
            assert ask(site.service.port, CALL, call_body())[0] == 200
        assert ask(site.service.port, FEEDBACK, feedback_body(f"card-{turn}"))[0] == 200
        until(lambda told=turn: total(site.metrics(), "allcue_calls_total", status="200") == 6 * told, WAIT_S)  # type: ignore[misc]
        until(lambda told=turn: total(site.metrics(), "allcue_feedback_total") == told, WAIT_S)  # type: ignore[misc]
        site.hang_up()
        found = site.metrics()
        assert total(found, "allcue_calls_total", status="200") == 6 * turn
        assert total(found, "allcue_call_seconds_count") == 6 * turn
        assert total(found, "allcue_reloads_total", result="ok") == turn
    until(lambda: total(site.metrics(), "allcue_workers") == 2, WAIT_S)
    until(lambda: total(site.metrics(), "allcue_worker_starts_total") == 8, WAIT_S)
    found = site.metrics()
    processes = {dict(labels)["pid"] for name, labels in found if name == "allcue_worker_resident_bytes"}
    assert processes == {str(worker) for worker in site.service.workers()}
    (kept,) = site.folder.glob("allcue-metrics-*")
    assert len(list(kept.glob("counter_*.db"))) == 4, "first process, two workers, and all that ended"


def test_a_worker_that_is_killed_leaves_what_it_counted(site: Site) -> None:
    before = total(site.metrics(), "allcue_calls_total")
    assert ask(site.service.port, CALL, call_body())[0] == 200
    until(lambda: total(site.metrics(), "allcue_calls_total") == before + 1, WAIT_S)
    gone = site.service.workers()
    for worker in gone:
        os.kill(worker, signal.SIGKILL)
    until(lambda: len(site.service.workers()) == 2 and not set(gone) & set(site.service.workers()), WAIT_S)
    until(lambda: ask(site.service.port, CALL, call_body())[0] == 200, WAIT_S)
    until(lambda: total(site.metrics(), "allcue_calls_total") == before + 2, WAIT_S)


def test_every_line_of_the_log_is_json(site: Site) -> None:
    said, *lines = site.lines()
    assert said.startswith("Allcue serves")  # for who started it, on standard output
    found = [json.loads(line) for line in lines]
    for line in found:
        assert {"time", "level", "logger", "message", "version", "process"} <= line.keys()
        assert line["version"] == __version__
        assert line["time"].endswith("Z")
    assert {"gunicorn.error", "allcue.calls", "allcue.reload"} <= {line["logger"] for line in found}
    calls = [line for line in found if line.get("event") == "call"]
    assert all(line["request_id"] and line["content"] for line in calls)


def test_files_of_ended_processes_become_one(tmp_path: Path) -> None:
    from prometheus_client.mmap_dict import MmapedDict

    for process, count in ((7, 3.0), (8, 4.0), (9, 5.0)):
        for name in ("counter", "gauge_liveall", "gauge_livesum"):
            file = MmapedDict(str(tmp_path / f"{name}_{process}.db"))
            file.write_value("key", count, 0.0)
            file.close()
        folder.ended(tmp_path, process)
    assert [file.name for file in tmp_path.glob("*.db")] == ["counter_0.db"]
    assert [row[1] for row in MmapedDict.read_all_values_from_file(str(tmp_path / "counter_0.db"))] == [12.0]
    folder.ended(tmp_path, 10)  # one that counted nothing


def test_a_folder_that_is_named_is_emptied_and_stays(tmp_path: Path) -> None:
    named = tmp_path / "counts"
    environ = {folder.FOLDER: str(named)}
    assert folder.claim(environ) == named
    (named / "counter_1.db").write_bytes(b"old")
    folder.claim(environ)
    assert list(named.iterdir()) == []
    folder.release(named, environ)
    assert named.is_dir()
