"""``allcue population run --input URL``: exported, judged, and gone on with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from tests.population.bulk.server import Bulk, Told, lines, serving
from tests.test_examples import bundle

NAME = "relapsed-ph-positive-t315i"


@pytest.fixture
def bulk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bulk]:
    monkeypatch.setattr("service.population.bulk.course.time.sleep", lambda _: None)
    rows = [entry["resource"] for entry in bundle(NAME)["entry"]]
    kinds = sorted({row["resourceType"] for row in rows})
    files = {f"{kind}.x": lines(*(row for row in rows if row["resourceType"] == kind)) for kind in kinds}
    with serving(Bulk(files, types=(*kinds, "Procedure", "DiagnosticReport"))) as found:
        yield found


def run(given: str, output: Path, *more: str) -> Result:
    arguments = [
        "population",
        "run",
        "--input",
        given,
        "--output",
        str(output),
        "--as-of",
        "2026-03-01",
        "--processes",
        "1",
    ]
    return CliRunner().invoke(main, [*arguments, "--partitions", "1", *more])


def summary(output: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((output / "summary.json").read_text())
    return found


def test_a_server_is_exported_and_judged_as_the_folder_would_be(bulk: Bulk, tmp_path: Path) -> None:
    found = run(bulk.base, tmp_path / "out")
    assert found.exit_code == 0, found.output
    assert "unknown for every patient" in found.stderr
    assert summary(tmp_path / "out")["patients"] == {"all": 1, "with_all": 1, "deceased": 0, "judged": 1}
    # What was asked for and of which nothing came is none; what the server does not offer is unknown
    provided = summary(tmp_path / "out")["provided"]
    assert isinstance(provided, list)
    assert {"Procedure", "Observation"} <= set(provided)
    assert "AdverseEvent" not in provided
    again = run(str(tmp_path / "out" / "export"), tmp_path / "again")
    assert again.exit_code == 0, again.output
    assert summary(tmp_path / "again") == summary(tmp_path / "out")
    bulk.asked.clear()
    assert run(bulk.base, tmp_path / "out").exit_code == 0
    assert not bulk.asked


def test_without_a_whole_export_nothing_is_judged(bulk: Bulk, tmp_path: Path) -> None:
    bulk.faults["Observation.x"] += [Told(410)]
    found = run(bulk.base, tmp_path / "out")
    assert found.exit_code == 1
    assert "--restart" in found.stderr
    assert not (tmp_path / "out" / "summary.json").exists()
    unfinished = run(str(tmp_path / "out" / "export"), tmp_path / "other")
    assert unfinished.exit_code == 2
    assert "not whole" in unfinished.stderr


def test_what_the_server_could_not_export_is_unknown_of_every_type(bulk: Bulk, tmp_path: Path) -> None:
    issue = [{"severity": "error", "code": "exception"}]
    bulk.files["OperationOutcome.e"] = lines({"resourceType": "OperationOutcome", "issue": issue})
    patients = {"type": "Patient", "url": f"{bulk.url}/files/Patient.x"}
    conditions = {"type": "Condition", "url": f"{bulk.url}/files/Condition.x"}
    bulk.manifest["output"] = [patients, conditions]
    bulk.manifest["error"] = [{"type": "OperationOutcome", "url": f"{bulk.url}/files/OperationOutcome.e"}]
    assert run(bulk.base, tmp_path / "out").exit_code == 0
    assert summary(tmp_path / "out")["provided"] == []
