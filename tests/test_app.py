"""The application: trust, operations and how it is put together."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service import __version__
from service.app import create_app
from service.settings import Settings, SettingsError
from service.watch.logs import log_to_stderr
from tests.hooks.support import VIEW, Recorder, app_of, body, issue_of, post

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "settings",
    [Settings(host="0.0.0.0"), Settings(open_mode=False)],
    ids=["other machines", "closed"],
)
def test_it_does_not_start_without_knowing_who_calls(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="client trust is not configured"):
        app_of(settings=settings)


def test_engine_and_services_belong_together() -> None:
    with pytest.raises(ValueError, match="belong together"):
        create_app(Settings(), decide=Recorder())
    with pytest.raises(ValueError, match="belong together"):
        create_app(Settings(), services=[VIEW])


CALLERS = [
    ({"REMOTE_ADDR": "127.0.0.1"}, {}, 200),
    ({"REMOTE_ADDR": "::1"}, {}, 200),
    ({"REMOTE_ADDR": "10.0.0.7"}, {}, 403),
    ({"REMOTE_ADDR": ""}, {}, 403),
    ({"REMOTE_ADDR": "127.0.0.1"}, {"X-Forwarded-For": "10.0.0.7"}, 403),
    ({"REMOTE_ADDR": "127.0.0.1"}, {"Forwarded": "for=10.0.0.7"}, 403),
]


@pytest.mark.parametrize(("environ", "headers", "status"), CALLERS)
def test_open_by_loopback_serves_this_machine_only(
    environ: dict[str, str], headers: dict[str, str], status: int
) -> None:
    response = post(app_of(), body(), environ_overrides=environ, headers=headers)
    assert response.status_code == status
    if status == 403:
        assert issue_of(response)["code"] == "forbidden"
    assert post(app_of(settings=Settings(open_mode=True)), body(), environ_overrides=environ).status_code == 200
    assert app_of().test_client().get("/health", environ_overrides=environ, headers=headers).status_code == 200


def test_operations() -> None:
    client = app_of(settings=Settings(public_base_url="https://cds.example.org/allcue")).test_client()
    assert client.get("/health").json == {"status": "ok"}
    assert client.get("/ready").json == {"status": "ready", "content": "loaded", "store": "none"}
    home = client.get("/").json
    assert (home["name"], home["version"]) == ("Allcue", __version__)
    assert home["links"]["cds-services"] == "https://cds.example.org/allcue/cds-services"


def test_landing_links_lead_somewhere() -> None:
    client = app_of().test_client()
    for link in client.get("/").json["links"].values():
        assert client.get(link).status_code == 200


def test_applications_share_nothing() -> None:
    first, second = Recorder(), Recorder({"cards": []})
    assert post(app_of(first), body()).json["cards"]
    assert post(app_of(second), body()).json == {"cards": []}
    assert (len(first.asked), len(second.asked)) == (1, 1)


def test_the_time_of_a_call_is_aware() -> None:
    engine = Recorder()
    post(app_of(engine), body())
    assert engine.asked[0].received_at.utcoffset() is not None


def test_log_lines_go_to_standard_error_once(capsys: pytest.CaptureFixture[str]) -> None:
    root, own = logging.getLogger(), logging.getLogger("allcue")
    before, level = list(root.handlers), own.level
    try:
        log_to_stderr("json")
        log_to_stderr("json")
        post(app_of(), body())
    finally:
        root.handlers[:] = before
        own.setLevel(level)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["status"] == 200


def test_wsgi_refuses_settings_it_must_not_serve() -> None:
    environ = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "ALLCUE_OPEN": "0"}
    found = subprocess.run(
        [sys.executable, "-c", "import service.wsgi"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert "client trust is not configured" in found.stderr
