"""deploy/systemd: a unit that systemd takes and finds well closed; and gunicorn tells it when the service is there."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from bench.served import ROOT, running
from service.settings import Settings

UNIT = ROOT / "deploy" / "systemd" / "allcue.service"
ANALYZE = shutil.which("systemd-analyze")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that is here."""
    made = tmp_path / "allcue.service"
    made.write_text(UNIT.read_text().replace("/opt/allcue/bin/allcue", "/bin/true"))
    return made


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze (Debian: systemd)")
def test_systemd_takes_it(unit: Path) -> None:
    command = [str(ANALYZE), "verify", "--man=no", "--recursive-errors=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("ProtectHome=yes", "ProtectHomes=yes"))
    assert "ProtectHomes" in subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze (Debian: systemd)")
def test_systemd_finds_it_well_closed(unit: Path) -> None:
    command = [str(ANALYZE), "security", "--offline=true", "--no-pager", "--threshold=15", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr or "unknown option" in done.stderr.lower():
        pytest.skip("this systemd-analyze looks at no file that is not installed")
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_it_waits_for_answers_and_reloads_by_a_signal() -> None:
    told = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if re.match(r"\w+=", line))
    assert told["Type"] == "notify"
    assert told["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert told["KillMode"] == "mixed"
    assert int(told["TimeoutStopSec"]) > 30 + 3


def test_the_service_tells_systemd_once_it_takes_calls(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(tmp_path / "notify"))
        notified.settimeout(60)
        with running({"NOTIFY_SOCKET": str(tmp_path / "notify"), "ALLCUE_DATABASE_URL": "none"}) as service:
            assert b"READY=1" in notified.recv(1024)
            socket.create_connection(("127.0.0.1", service.port), 5).close()


def test_the_example_settings_are_taken(tmp_path: Path) -> None:
    (tmp_path / "clients.yaml").write_text("clients: []\n")
    lines = (UNIT.parent / "allcue.env.example").read_text().replace("/etc/allcue", str(tmp_path)).splitlines()
    settings = Settings.from_env(dict(line.split("=", 1) for line in lines if line and not line.startswith("#")))
    assert (settings.proxies, settings.is_open) == (1, False)
