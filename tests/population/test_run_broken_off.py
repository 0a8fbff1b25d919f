"""A run that is broken off goes on where it was: real processes, really killed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from service.population.rows import TABLES
from service.population.running.journal import Journal, NotThisRun
from tests.population.cohort import LEUKEMIA, resources, table, write

PATIENTS = 16
LONG = 600.0  # seconds: no measure of speed, so that what hangs ends


OPTIONS = ["--as-of", "2026-03-01", "--partitions", "12", "--processes", "2"]
# The command with a journal that waits after its first partition: so that it is stopped in the middle, however fast or slow the
# machine is. Once it was interrupted it goes on.
WAITING = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # what is started in the background of a shell ignores it
from service.cli import main
from service.population.running.journal import Journal

add, waits = Journal.add, True

def add_and_wait(journal, row):
    global waits
    add(journal, row)
    if "partition" in row and waits:
        waits = False
        time.sleep(3600)

Journal.add = add_and_wait
main(sys.argv[1:], prog_name="allcue")
"""


def command(tmp_path: Path, output: str, *more: str) -> list[str]:
    return [sys.executable, "-m", "service.cli", *arguments(tmp_path, output), *more]


def arguments(tmp_path: Path, output: str) -> list[str]:
    return ["population", "run", "--input", str(tmp_path / "in"), "--output", str(tmp_path / output), *OPTIONS]


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    write(tmp_path / "in", [row for number in range(PATIENTS) for row in resources(LEUKEMIA, f"p{number}")])
    return tmp_path


def started(cohort: Path) -> subprocess.Popen[str]:
    """A run of which one partition is done and that waits."""
    process = subprocess.Popen([sys.executable, "-c", WAITING, *arguments(cohort, "out")], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)  # fmt: skip
    journal = cohort / "out" / ".work" / "journal.ndjson"
    while process.poll() is None:
        if journal.is_file() and '"partition"' in journal.read_text():
            return process
        time.sleep(0.05)
    raise AssertionError(f"no partition was done: {process.communicate()[0]}")


def children_of(process: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


def is_there(process: int) -> bool:
    """Whether a process runs; one that ended and that nobody waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def done(cohort: Path) -> set[int]:
    begun = Journal(cohort / "out").begun()
    assert begun is not None
    assert not begun.finished
    return set(begun.partitions)


def test_after_kill_9_it_goes_on_and_says_the_same(cohort: Path) -> None:
    process = started(cohort)
    workers = children_of(process.pid)
    process.kill()
    process.communicate()
    assert workers
    end = time.monotonic() + LONG
    while any(map(is_there, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(is_there, workers)), "its processes end with it"
    before = done(cohort)
    assert before
    files = {n: cohort / "out" / "verdicts.parquet" / f"part-{n:05d}.parquet" for n in before}
    times = {number: file.stat().st_mtime_ns for number, file in files.items()}

    refused = subprocess.run([*command(cohort, "out"), "--region", "EU"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "region: US then, EU now" in refused.stderr

    again = subprocess.run(command(cohort, "out"), capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert f"{PATIENTS} patients on 2026-03-01" in again.stdout
    assert {number: file.stat().st_mtime_ns for number, file in files.items()} == times, "what was done stays done"
    whole = subprocess.run(command(cohort, "whole"), capture_output=True, text=True, check=False)
    assert whole.returncode == 0, whole.stderr
    for name in TABLES:
        assert table(cohort / "out", name) == table(cohort / "whole", name)
    first, second = (json.loads((cohort / name / "summary.json").read_text()) for name in ("out", "whole"))
    assert first == second
    assert not (cohort / "out" / ".work").exists()
    assert not list((cohort / "out").rglob("*.part"))


def test_ctrl_c_leaves_what_can_be_taken_up(cohort: Path) -> None:
    process = started(cohort)
    with pytest.raises(NotThisRun, match="another run is writing here"), Journal(cohort / "out").held():
        pass
    os.kill(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=LONG)
    assert process.returncode == 130, said
    assert "the same command goes on from here" in said
    assert done(cohort)
    again = subprocess.run(command(cohort, "out"), capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert len(table(cohort / "out", "patients")) == PATIENTS


def test_a_journal_whose_last_line_was_cut_off_is_read(cohort: Path) -> None:
    output = cohort / "out"
    output.mkdir()
    journal = Journal(output)
    journal.forget()
    journal.begin({"as_of": "2026-03-01"})
    journal.add({"partition": 1})
    with (output / ".work" / "journal.ndjson").open("a") as stream:
        stream.write('\n{"partition": 2, "ro')
    journal.add({"partition": 3})
    found = journal.begun()
    assert found is not None
    assert set(found.partitions) == {1, 3}


def test_a_run_that_is_stopped_while_it_is_emptied_can_be_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is stopped: never a journal or a summary that tells of tables that are gone, nor a folder that is refused."""
    for stop in range(1, 20):
        output = tmp_path / str(stop)
        output.mkdir()
        journal, steps = Journal(output), 0
        journal.begin({"as_of": "2026-03-01"})
        journal.add({"partition": 1})
        (output / "summary.json").touch()
        (output / "patients.parquet").mkdir()

        def stopping(do: Any, at: int = stop) -> Any:
            def step(*args: Any, **more: Any) -> Any:
                nonlocal steps
                steps += 1
                if steps >= at:
                    raise KeyboardInterrupt
                return do(*args, **more)

            return step

        with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
            for name in ("unlink", "rename"):
                patch.setattr(Path, name, stopping(getattr(Path, name)))
            patch.setattr(shutil, "rmtree", stopping(shutil.rmtree))
            journal.forget()
        found = journal.begun()
        if not (output / "patients.parquet").is_dir():
            assert found is None or not (found.partitions or found.finished)
        if steps < stop:
            assert found is None
            return
    raise AssertionError("it was never emptied")
