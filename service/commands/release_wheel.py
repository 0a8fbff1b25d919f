"""The wheel of a commit: built from what is committed and nothing else, the same bytes wherever it is built."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

PACKAGES = ("service", "cards", "fhir_examples")
# Committed below the packages and of no use to a service: pages for people
_LEFT_OUT = (".md", ".gitignore")
_ALWAYS = ("cards/releases.json", "cards/policy.yaml", "service/record/data/terminology.json")


class NotBuilt(OSError):
    """A wheel that could not be built. The message holds the last words of the builder."""


def git(root: Path, *words: str) -> str:
    """What git says of a checkout.

    Raises:
        NotBuilt: git refused.
    """
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise NotBuilt(f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def build(root: Path, into: Path, commit: str = "HEAD") -> Path:
    """Build the wheel of a commit with the build tools that are installed here; no network.

    Files left from earlier builds or not committed cannot get into it. The times in it are that of the commit, or
    SOURCE_DATE_EPOCH.

    Raises:
        NotBuilt: no such commit, or the build failed.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or git(root, "log", "-1", "--format=%ct", commit).strip()
    packed = subprocess.run(  # noqa: S603
        ["git", "-C", str(root), "archive", "--format=tar", commit],  # noqa: S607
        capture_output=True, check=True,
    )  # fmt: skip
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="allcue-wheel-") as folder:
        source = Path(folder) / "source"
        with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
            archive.extractall(source, filter="data")
        for path in source.rglob("*"):  # the rights in a wheel are those of the files, which another umask changes
            path.chmod(0o755 if path.is_dir() else 0o644)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--no-build-isolation", "--no-cache-dir", "--wheel-dir", str(Path(folder) / "out"), str(source)]  # fmt: skip
        environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch, "PYTHONHASHSEED": "0"}
        done = subprocess.run(  # noqa: S603
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, umask=0o022
        )
        if done.returncode:
            raise NotBuilt(f"the wheel cannot be built: {done.stderr.strip()[-600:]}")
        (made,) = (Path(folder) / "out").glob("*.whl")
        target = into / made.name
        target.write_bytes(made.read_bytes())
    return target


def contents_problems(wheel: Path, root: Path, commit: str = "HEAD") -> list[str]:
    """What is in a wheel and not committed, or committed below the packages and not in it, or not the same."""
    listed = git(root, "ls-tree", "-r", "-z", "--name-only", commit, *PACKAGES).split("\0")
    committed = {name for name in listed if name}
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    problems = [f"in the wheel, but not committed: {name}" for name in sorted(inside - committed)]
    missing = sorted(name for name in committed - inside if not name.endswith(_LEFT_OUT))
    problems += [f"committed, but not in the wheel: {name}" for name in missing]
    # the content is read as .yaml and .md: all of it must be there
    said = sorted(name for name in committed - inside if name.startswith("cards/") and name != "cards/README.md")
    problems += [f"content that is not in the wheel: {name}" for name in said if name not in missing]
    return problems + [f"not in the wheel: {name}" for name in _ALWAYS if name not in inside]
