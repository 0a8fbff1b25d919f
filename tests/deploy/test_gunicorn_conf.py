"""deploy/gunicorn/gunicorn.conf.py: the options of ``allcue serve``, and a gunicorn that really runs by it."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.clients import CALL, FEEDBACK, Account, ask, call_body, clients, feedback_body, until
from bench.served import ROOT, Running, free_port
from service.commands.serve import OPTIONS
from service.watch import folder
from tests.watch.support import Samples, samples_in, total

FILE = ROOT / "deploy" / "gunicorn" / "gunicorn.conf.py"
WAIT_S = 120.0


def test_it_has_the_options_of_allcue_serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for name in (folder.FOLDER, "_COUNTED_IN"):  # what the file sets goes with the test
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    told = runpy.run_path(str(FILE))
    worker = OPTIONS["worker_class"]
    assert told["worker_class"] == f"{worker.__module__}.{worker.__qualname__}"
    others = {name: value for name, value in OPTIONS.items() if name != "worker_class"}
    assert {name: told.get(name) for name in others} == others
    assert told["bind"] == "127.0.0.1:8000"


@contextmanager
def gunicorn(place: Path, **more: str) -> Iterator[Running]:
    """gunicorn with this configuration; its log in ``place``."""
    port = free_port()
    known = {name: value for name, value in os.environ.items() if not name.startswith("ALLCUE_")}
    environ = {**known, "PYTHONPATH": str(ROOT), "ALLCUE_PORT": str(port), "WEB_CONCURRENCY": "2", **more}
    environ["ALLCUE_DATABASE_URL"] = f"sqlite:///{place / 'allcue.db'}"
    command = [sys.executable, "-m", "gunicorn", "-c", str(FILE), "service.wsgi:app"]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, cwd=place, stdout=log, stderr=log)
        found = Running(port, process)
        try:
            found.wait()
            yield found
        finally:
            process.terminate()
            process.wait(60)


def metrics(service: Running) -> Samples:
    with urllib.request.urlopen(f"http://127.0.0.1:{service.port}/metrics") as answer:
        return samples_in(answer.read().decode())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux to find the workers")
@pytest.mark.parametrize("named", [True, False])
def test_its_workers_count_into_one_and_its_lines_are_those_of_the_service(tmp_path: Path, named: bool) -> None:
    more = {folder.FOLDER: str(tmp_path / "counts")} if named else {}
    with gunicorn(tmp_path, TMPDIR=str(tmp_path), ALLCUE_RATE_LIMIT="0", **more) as service:
        for turn in (1, 2):
            for _ in range(6):
                assert ask(service.port, CALL, call_body())[0] == 200
            until(lambda told=turn: total(metrics(service), "allcue_calls_total", status="200") == 6 * told, WAIT_S)  # type: ignore[misc]
            before = set(service.workers())
            service.process.send_signal(signal.SIGHUP)
            until(lambda was=before: len(now := set(service.workers())) == 2 and not now & was, WAIT_S)  # type: ignore[misc]
        found = metrics(service)
        assert total(found, "allcue_calls_total", status="200") == 12, "those of workers that ended are kept"
        assert total(found, "allcue_reloads_total", result="ok") == 2
        until(lambda: total(metrics(service), "allcue_workers") == 2, WAIT_S)
    assert len(list(tmp_path.glob("allcue-metrics-*"))) == 0
    assert (tmp_path / "counts").is_dir() == named
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {"gunicorn.error", "allcue.calls"} <= {line["logger"] for line in lines}


def test_it_answers_and_ends_without_losing_feedback(tmp_path: Path) -> None:
    with gunicorn(tmp_path) as service:
        status, told = ask(service.port, CALL, call_body())
        assert (status, bool(told["cards"])) == (200, True)
        assert ask(service.port, FEEDBACK, feedback_body(told["cards"][0]["uuid"]))[0] == 200
    assert service.process.returncode == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux to find the workers")
def test_sighup_brings_new_content_and_keeps_the_old_where_it_is_bad(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs" / "site-example", tmp_path / "site")
    file = tmp_path / "site" / "site.yaml"

    def text(service: Running) -> str:
        status, told = ask(service.port, CALL, call_body())
        assert status == 200
        return str(told["cards"])

    def hang_up(service: Running) -> None:
        before = set(service.workers())
        service.process.send_signal(signal.SIGHUP)
        until(lambda: len(now := set(service.workers())) == 2 and not now & before, WAIT_S)

    account: Account
    with gunicorn(
        tmp_path, ALLCUE_SITE_CONTENT=str(tmp_path / "site"), ALLCUE_AS_OF="2026-03-02", ALLCUE_RATE_LIMIT="0"
    ) as service:
        assert "pager 4711" in text(service)
        with clients(service.port, 2) as account:
            until(lambda: account.calls[200] > 2, WAIT_S)
            file.write_text(file.read_text().replace("pager 4711", "pager 0815"))
            hang_up(service)
        assert (account.lost, account.unreached, account.refused) == (0, 0, {})
        assert "pager 0815" in text(service)
        file.write_text("name: [\n")
        hang_up(service)
        assert "pager 0815" in text(service)
        log = (tmp_path / "log").read_text()
        assert "not reloaded, what was served before goes on" in log
        assert "site.yaml:" in log
