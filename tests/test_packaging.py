"""A wheel installed elsewhere serves the same content as the checkout, with the production server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from pathlib import Path

import pytest

from service.content import read_content
from service.services import HOOK_NAMES

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; the dependencies are borrowed from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
    ]
    subprocess.run([*build, str(ROOT)], check=True, cwd=folder)
    (wheel,) = folder.glob("allcue-*.whl")
    target = folder / "environment"
    venv.create(target, with_pip=False)
    python = target / "bin" / "python"
    libraries = next(p for p in sys.path if p.endswith("site-packages"))
    site = next(target.glob("lib/python3*/site-packages"))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)], check=True
    )
    # Behind the wheel on the path, and without this environment's editable install.
    (site / "dependencies.py").write_text(f"import sys\nsys.path.append({libraries!r})\n")
    (site / "dependencies.pth").write_text("import dependencies\n")
    return python


def run(python: Path, code: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "ALLCUE"))}
    done = subprocess.run(
        [python, "-c", code], check=True, capture_output=True, text=True, cwd=python.parent, env=environment
    )
    return done.stdout.strip()


def test_the_wheel_holds_the_same_content(installed: Path) -> None:
    place, digest = run(installed, "import service.content as c; print(c.__file__, c.read_content().digest)").split()
    assert not place.startswith(str(ROOT))
    assert digest == read_content().digest


def test_the_wheel_holds_the_data_of_profiles_and_conformance(installed: Path) -> None:
    code = (
        "from datetime import date; from service.conformance.examples import shipped; "
        "from service.conformance.requirements import requirements; from service.hooks.profiles import profiles; "
        "print(len(requirements()), len(shipped(date(2026, 3, 2))), len(profiles()))"
    )
    assert run(installed, code) == "120 3 6"


def test_the_wheel_serves(installed: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "ALLCUE"))}
    environment["ALLCUE_DATABASE_URL"] = f"sqlite:///{installed.parent / 'state' / 'allcue.db'}"
    command = [installed, "-m", "service.cli", "serve", "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(
        command, cwd=installed.parent, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/cds-services", timeout=5) as answer:
                    found = json.load(answer)
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("the server did not start")
        assert [service["hook"] for service in found["services"]] == list(HOOK_NAMES)
    finally:
        process.terminate()
        process.wait(20)
