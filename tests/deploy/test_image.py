"""deploy/docker: the Dockerfile is sound, and its steps, done here without Docker, end in a service that runs as an
unprivileged user from a tree that nobody may write to."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench.clients import CALL, FEEDBACK, ask, call_body, feedback_body, until
from bench.served import ROOT, free_port

FILE = ROOT / "deploy" / "docker" / "Dockerfile"
Step = tuple[str, str]
AS_ROOT = os.geteuid() == 0
OTHER = ("setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", "--no-new-privs", "--bounding-set=-all")
PINNED = re.compile(r"^([\w.-]+)==(\S+)", flags=re.M)


def steps() -> list[Step]:
    """The instructions with their words, comments left out and lines joined."""
    text = re.sub(r"^\s*#.*\n", "", FILE.read_text(encoding="utf-8"), flags=re.M)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(name.upper(), rest.strip()) for line in lines if line.strip() for name, _, rest in [line.partition(" ")]]


def of(name: str) -> list[str]:
    return [words for step, words in steps() if step == name]


def environment() -> dict[str, str]:
    """What the last stage sets."""
    return dict(pair.split("=", 1) for pair in of("ENV")[-1].split())


def test_the_linter_finds_nothing() -> None:
    program = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([program, "--failure-threshold", "style", FILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_ends_as_a_numbered_user_in_exec_form_with_a_health_check() -> None:
    assert [words for name, words in steps() if name == "USER"] == ["10001:10001"]
    for name in ("ENTRYPOINT", "CMD"):
        (words,) = of(name)
        assert words.startswith("["), f"{name} in a shell: SIGTERM would not reach the service"
    (check,) = of("HEALTHCHECK")
    assert "CMD [" in check
    assert "curl" not in check
    assert of("STOPSIGNAL") == ["SIGTERM"]
    assert steps().index(("USER", "10001:10001")) > max(
        i for i, step in enumerate(steps()) if step[0] in ("RUN", "COPY")
    )


def test_the_base_is_one_release_and_nothing_secret_is_given() -> None:
    (base,) = [words for words in of("ARG") if words.startswith("PYTHON_IMAGE=")]
    assert re.search(r"python:3\.11\.\d+-slim-\w+$", base)
    assert all(words.startswith("${PYTHON_IMAGE} AS ") for words in of("FROM"))
    for name in ("ARG", "ENV", "LABEL"):
        assert not re.search(r"PASSWORD|SECRET|TOKEN|DATABASE_URL", " ".join(of(name)), flags=re.I)
    assert not of("ADD")


def test_the_build_gets_what_it_copies_and_no_more() -> None:
    lines = Path(f"{FILE}.dockerignore").read_text().splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "*"
    given = {line[1:] for line in lines if line.startswith("!")}
    assert {
        "pyproject.toml",
        "requirements-run.lock",
        "requirements.lock",
        "service",
        "cards",
        "fhir_examples",
    } <= given
    assert not given & {".git", "tests", "deploy", ".venv"}
    assert all((ROOT / name).exists() for name in given)


def test_the_lock_of_the_image_is_that_of_the_tests_without_what_only_tests_need() -> None:
    whole = dict(PINNED.findall((ROOT / "requirements.lock").read_text()))
    run = dict(PINNED.findall((ROOT / "requirements-run.lock").read_text()))
    assert {name: pin for name, pin in run.items() if whole.get(name) != pin} == {}
    project = (ROOT / "pyproject.toml").read_text().split("dependencies = [")[1].split("\n]")[0]
    named = {re.sub("[._]", "-", name.lower()) for name in re.findall(r'^\s+"([\w.-]+)', project, flags=re.M)}
    assert len(named) > 10
    assert named - set(run) == set()
    assert not {"pytest", "ruff", "mypy", "playwright", "kubernetes-validate"} & set(run)


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """A tree as the image has it: the wheel and the pinned dependencies, copied from here, and nothing else; read-only."""
    with TemporaryDirectory(prefix="allcue-image-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        wheel = (
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            folder,
        )
        subprocess.run([*wheel, ROOT], check=True, cwd=folder)
        tree = folder / "allcue"
        venv.create(tree, with_pip=False)
        site = next(tree.glob("lib/python3*/site-packages"))
        for name, _ in PINNED.findall((ROOT / "requirements-run.lock").read_text()):
            one = distribution(name)
            for top in {file.parts[0] for file in one.files or () if file.parts[0] not in ("..", "__pycache__")}:
                source, target = Path(str(one.locate_file(top))), site / top
                if source.is_dir():
                    shutil.copytree(source, target, dirs_exist_ok=True)
                elif source.is_file():
                    shutil.copy(source, target)
        (found,) = folder.glob("allcue-*.whl")
        pip = (sys.executable, "-m", "pip", "--python", str(tree / "bin" / "python"), "install", "--quiet", "--no-deps")
        subprocess.run([*pip, "--no-index", found], check=True, env=clean(), cwd=folder)
        if (ROOT / "service" / "commands" / "content_compile.py").exists():
            told = {**clean(), "ALLCUE_CACHE_DIR": str(tree / "cache")}
            subprocess.run([tree / "bin" / "allcue", "content", "compile"], check=True, env=told, cwd=folder)
        subprocess.run(["chmod", "-R", "a-w,a+rX", tree], check=True)
        try:
            yield tree
        finally:
            subprocess.run(["chmod", "-R", "u+w", tree], check=True)


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ALLCUE", "XDG"))}


def well(check: list[str], environ: dict[str, str]) -> bool:
    """What the health check says."""
    return subprocess.run(check, env=environ, capture_output=True, check=False).returncode == 0


def test_what_the_image_starts_serves_from_a_tree_nobody_may_write_to(installed: Path) -> None:
    folder, port = installed.parent, free_port()
    state, scratch = folder / "state", folder / "tmp"
    for each in (state / "allcue", scratch):
        each.mkdir(parents=True)
        if AS_ROOT:
            os.chown(each, 10001, 10001)
    environ = {**clean(), **environment(), "HOME": "/nonexistent", "TMPDIR": str(scratch), "XDG_STATE_HOME": str(state)}
    environ["PATH"] = f"{installed / 'bin'}:{os.environ['PATH']}"
    environ.pop("ALLCUE_CACHE_DIR", None)
    if (installed / "cache").exists():
        environ["ALLCUE_CACHE_DIR"] = str(installed / "cache")
    environ["ALLCUE_OPEN"] = "1"
    entry, words = (re.findall(r'"([^"]*)"', of(name)[0]) for name in ("ENTRYPOINT", "CMD"))
    words[words.index("--port") + 1] = str(port)
    command = [*(OTHER if AS_ROOT else ()), str(installed / "bin" / entry[0]), *words]
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environ, cwd=state / "allcue", stdout=out, stderr=out)
    try:
        check = re.findall(r'"((?:[^"\\]|\\.)*)"', of("HEALTHCHECK")[0].partition("CMD")[2])
        check = [str(installed / "bin" / "python"), *(word.replace("8000", str(port)) for word in check[1:])]
        until(
            lambda: process.poll() is not None or well(check, environ),
            120,
        )
        assert process.poll() is None, log.read_text()
        status, told = ask(port, CALL, call_body())
        assert status == 200
        assert told["cards"]
        assert ask(port, FEEDBACK, feedback_body(told["cards"][0]["uuid"]))[0] == 200, "the volume is not written to"
        if AS_ROOT:
            assert Path(f"/proc/{process.pid}").stat().st_uid == 10001
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()
    assert (state / "allcue" / "allcue.db").is_file()
    assert not well(check, environ), "the check says well of nothing"
