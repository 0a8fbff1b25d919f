"""The locks say exactly what is installed, within the ranges; what ships is what needs to run and nothing more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from service.commands.release_lock import (
    LOCK,
    RUN_LOCK,
    LockProblems,
    lock_problems,
    read_lock,
    runtime_closure,
)

ROOT = Path(__file__).resolve().parents[2]
PROJECT = '[project]\ndependencies = ["click>=8.1,<9", "psycopg[binary]>=3.2"]\n[project.optional-dependencies]\ndev = ["pytest>=8"]\n'
PINS = "click==8.1.7\npsycopg[binary]==3.2.1\npsycopg-binary==3.2.1\npytest==8.3.0\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / LOCK).write_text(PINS)
    return tmp_path


def test_the_locks_of_this_checkout() -> None:
    assert lock_problems(ROOT) == []


def test_a_good_lock(checkout: Path) -> None:
    assert lock_problems(checkout) == []


def test_lines_of_a_lock(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text(
        "# made by hand\nclick==8.1.7 \\\n    --hash=sha256:aa11 \\\n    --hash=sha256:bb22\n    # via flask\n"
        "Typing_Extensions==4.1 ; python_version < '3.12'\n"
    )
    pins = read_lock(tmp_path / LOCK)
    assert set(pins) == {"click", "typing-extensions"}
    assert pins["click"].hashes == (("sha256", "aa11"), ("sha256", "bb22"))


@pytest.mark.parametrize(
    "line",
    [
        "click",
        "click>=8",
        "click~=8.1",
        "click @ https://example.org/click.whl",
        "-e .",
        "--index-url https://x",
        "-r a",
    ],
)
def test_what_is_not_pinned_is_told(checkout: Path, line: str) -> None:
    (checkout / LOCK).write_text(f"pytest==8.3.0\n{line}\n")
    with pytest.raises(LockProblems, match=rf"{LOCK}:2: .* pins no version"):
        read_lock(checkout / LOCK)
    assert "pins no version" in lock_problems(checkout)[0]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("click==8.1.7", "click==9.0.0", "click 9.0.0 is not within <9,>=8.1"),
        ("pytest==8.3.0\n", "", "pytest of pyproject.toml is not in it"),
        ("pytest==8.3.0", "pytest==8.3.0\npytest==8.3.1", "pinned twice"),
    ],
)
def test_a_lock_that_does_not_fit(checkout: Path, old: str, new: str, says: str) -> None:
    (checkout / LOCK).write_text(PINS.replace(old, new))
    assert says in "\n".join(lock_problems(checkout))


def test_the_lock_for_running_is_the_tested_part_of_the_other(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    closure = runtime_closure(tmp_path)
    lines = [f"{found.name}=={found.version}" for found in closure.values()]
    everything = [f"{pin.name}=={pin.version}" for pin in read_lock(ROOT / LOCK).values()]
    (tmp_path / LOCK).write_text("\n".join(everything))
    (tmp_path / RUN_LOCK).write_text("\n".join(lines))
    own = [problem for problem in lock_problems(tmp_path) if problem.startswith(RUN_LOCK)]
    assert own == []
    without = [line for line in lines if not line.startswith("Werkzeug==")]
    (tmp_path / RUN_LOCK).write_text("\n".join([*without, "pytest==1.0"]))
    said = "\n".join(lock_problems(tmp_path))
    assert "werkzeug is needed to run and is not in it" in said
    assert "pytest is not needed to run" in said
    assert "pytest 1.0, but requirements.lock has" in said


def test_what_runs_needs_no_test_tools() -> None:
    closure = runtime_closure(ROOT)
    assert {"flask", "werkzeug", "psycopg-binary", "fhir-core", "mako"} <= set(closure), (
        "also through extras and others"
    )
    assert not set(closure) & {"pytest", "ruff", "mypy", "hypothesis", "cyclonedx-python-lib"}
    assert all(need in closure for found in closure.values() for need in found.needs)
