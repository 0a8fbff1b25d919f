"""A real Spark on this machine: the same files as the run in processes, row by row, and nothing lost on the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from service.population.asking import Asking
from service.population.rows import TABLES
from service.population.running.journal import NotThisRun
from service.population.running.run import OnSpark, Run, run
from service.population.spark import session
from service.population.spark.session import NoSpark, SparkFailed
from service.population.spark.tasks import OtherVersion, Reading
from tests.test_examples import bundle

DAY = date(2026, 3, 1)
NAMES = ("relapsed-ph-positive-t315i", "not-a-leukemia-patient", "new-t-all-adult")
java = shutil.which("java") is not None or "JAVA_HOME" in os.environ
pytestmark = [
    pytest.mark.skipif(not java, reason="NOTICE: no Java 17 or newer on the PATH or in JAVA_HOME: Spark is not tried"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # sockets that py4j leaves to the collector
    pytest.mark.filterwarnings("ignore:.*pandas:FutureWarning"),
]
ON_SPARK = OnSpark("local[2]")


def renamed(name: str, as_id: str) -> list[dict[str, Any]]:
    rows = [entry["resource"] for entry in bundle(name)["entry"]]
    own = next(row["id"] for row in rows if row["resourceType"] == "Patient")
    found: list[dict[str, Any]] = json.loads(json.dumps(rows).replace(f'"Patient/{own}"', f'"Patient/{as_id}"'))
    for row in found:
        row["id"] = as_id if row["resourceType"] == "Patient" else f"{as_id}-{row['id']}"
    return found


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Patients in files by type, with a Medication that is shared, a patient who was merged, and lines that are none."""
    folder = tmp_path_factory.mktemp("cohort")
    rows = [row for at in range(3) for name in NAMES for row in renamed(name, f"{name[:12]}-{at}")]
    kept = NAMES[0][:12]
    merged = next(row for row in rows if row["id"] == f"{kept}-1")
    merged["link"] = [{"other": {"reference": f"Patient/{kept}-0"}, "type": "replaced-by"}]
    rows.append({"resourceType": "Medication", "id": "m", "code": {"text": "blinatumomab"}})
    rows.append({"resourceType": "MedicationStatement", "id": "s", "status": "active", "subject": {"reference": f"Patient/{kept}-0"},
                 "medicationReference": {"reference": "Medication/m"}, "effectiveDateTime": "2026-02-01"})  # fmt: skip
    for kind in {row["resourceType"] for row in rows}:
        own = [json.dumps(row) for row in rows if row["resourceType"] == kind]
        (folder / f"{kind}.ndjson").write_text("\n".join(own) + "\n")
    with (folder / "Observation.ndjson").open("a") as stream:
        stream.write('{"cut off\n[]\n{"resourceType": "Observation", "id": "nobody"}\n')
        stream.write(json.dumps(next(row for row in rows if row["resourceType"] == "Observation")) + "\n")
    return folder


def asked(folder: Path, output: Path, spark: OnSpark | None = ON_SPARK) -> Run:
    # Files in parts of 20 kB: as large ones are read
    return Run(folder, output, Asking(), DAY, processes=1, partitions=3, span=20_000, spark=spark)


def tables(output: Path) -> dict[str, Any]:
    return {
        name: [pyarrow.parquet.read_table(file) for file in sorted((output / f"{name}.parquet").glob("*.parquet"))]
        for name in TABLES
    }


@pytest.fixture(scope="module")
def outputs(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    base = tmp_path_factory.mktemp("outputs")
    run(asked(cohort, base / "processes", None))
    with warnings.catch_warnings():  # fixtures do not know the marks of their tests
        warnings.simplefilter("ignore", ResourceWarning)
        run(asked(cohort, base / "spark"))
    return base / "processes", base / "spark"


def test_every_row_is_that_of_the_run_in_processes(outputs: tuple[Path, Path]) -> None:
    here, there = map(tables, outputs)
    for name in TABLES:
        assert len(here[name]) == len(there[name]) == 3
        for one, other in zip(here[name], there[name], strict=True):
            assert one.schema.equals(other.schema, check_metadata=True)
            assert one.to_pylist() == other.to_pylist(), name
    assert sum(table.num_rows for table in there["verdicts"]) > 1000


def test_what_is_set_aside_and_counted_is_the_same(outputs: tuple[Path, Path]) -> None:
    for name in ("summary.json", "set-aside.ndjson"):
        assert (outputs[0] / name).read_text() == (outputs[1] / name).read_text()
    found = json.loads((outputs[1] / "summary.json").read_text())
    assert found["set_aside"] == {
        "is not JSON": 1,
        "is no JSON object": 1,
        "names no patient": 1,
        "the same resource twice": 1,
    }
    assert found["patients"]["all"] == 8  # of nine, one was merged into another
    assert sorted(p.name for p in outputs[1].iterdir()) == sorted(p.name for p in outputs[0].iterdir())


def test_a_run_of_one_engine_is_not_gone_on_with_by_the_other(cohort: Path, outputs: tuple[Path, Path]) -> None:
    with pytest.raises(NotThisRun, match="engine: processes then, spark now"):
        run(asked(cohort, outputs[0]))


def test_a_run_that_was_stopped_goes_on_with_the_partitions_that_are_left(
    cohort: Path, outputs: tuple[Path, Path], tmp_path: Path
) -> None:
    output = tmp_path / "out"
    output.mkdir()
    shutil.copytree(outputs[1], output, dirs_exist_ok=True)
    (output / "summary.json").unlink()
    done = {
        "partition": 1,
        "rows": {},
        "patients": {"all": 1},
        "outcomes": {},
        "errors": {},
        "aside": {},
        "questions": {},
    }
    (output / ".work").mkdir()
    (output / ".work" / "partition-00001.done").write_text(json.dumps(done))
    (output / ".work" / "aside-00001.ndjson").touch()
    kept = output / "verdicts.parquet" / "part-00001.parquet"
    before = kept.stat().st_mtime_ns
    run(asked(cohort, output))
    assert kept.stat().st_mtime_ns == before
    assert (output / "verdicts.parquet" / "part-00000.parquet").stat().st_mtime_ns > before
    assert not (output / ".work").exists()


def test_a_spark_that_does_not_start_is_told_in_one_line(cohort: Path, tmp_path: Path, capfd: Any) -> None:
    with pytest.raises(SparkFailed, match=r"Spark gave up .*log is .*spark\.log"):
        run(asked(cohort, tmp_path / "out", OnSpark("no-such-master")))
    assert "Exception" not in capfd.readouterr().err


def test_a_worker_of_another_version_is_refused() -> None:
    with pytest.raises(OtherVersion, match=r"has Allcue .*, the machine that began the run 0\.0\.0"):
        list(Reading("0.0.0")([]))


def test_without_java_or_the_library_it_says_what_to_install(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(session.shutil, "which", lambda _: None)
    with pytest.raises(NoSpark, match="Java 17"):
        run(asked(cohort, tmp_path / "out"))
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(NoSpark, match=r"pip install 'allcue\[population,spark\]'"):
        run(asked(cohort, tmp_path / "out2"))


def test_ctrl_c_ends_spark_and_says_how_to_go_on(cohort: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    # What is started in the background of a shell ignores Ctrl-C.
    begin = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from service.cli import main; main()"
    )
    command = [sys.executable, "-c", begin, "population", "run", "--input", str(cohort), "--output", str(output),
               "--as-of", str(DAY), "--engine", "spark", "--master", "local[1]", "--partitions", "12"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    begun = time.monotonic()
    while not list(output.glob(".work/part-*.done")) and process.poll() is None and time.monotonic() - begun < 120:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert (process.returncode, said.strip()) == (
        130,
        "Stopped. What is done is kept: the same command goes on from here.",
    )
    assert not (output / "summary.json").exists()
