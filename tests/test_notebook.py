"""The notebook runs from beginning to end, and what is stored of it is what it shows."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import nbformat
import pytest

from docs.notebook import NOTEBOOKS, PARAMETERS, ROOT, executed, stored
from service.commands.population_synthesize import synthesize

pytest.importorskip("pyarrow")
pytest.importorskip("matplotlib")
LARGEST = 500_000  # bytes
RUN = """
import sys
from pathlib import Path
from docs.notebook import executed, stored
path, folder, kept = map(Path, sys.argv[1:4])
given = {"PATIENTS": 12, **({"COHORT": sys.argv[4]} if sys.argv[4:] else {})}
kept.write_text(stored(executed(path, folder, given)), encoding="utf-8")
"""


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_with_a_small_cohort(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    kept, folder = tmp_path / "shown.ipynb", tmp_path / "folder"
    folder.mkdir()
    # apart from the tests: the client of the kernel leaves sockets to the garbage collector, which warns of them
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(path), str(folder), str(kept)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = nbformat.read(kept, as_version=4)
    outputs = [output for cell in code(found) for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    drawn = sum("image/png" in output.get("data", {}) for output in outputs)
    assert drawn == sum("plt.show()" in cell.source for cell in code(found))
    assert "12 patients on" in "".join(output.get("text", "") for output in outputs)
    nbformat.validate(found)
    assert str(tmp_path) not in stored(found)


def test_a_cohort_of_ones_own_need_not_look_like_a_synthetic_one(tmp_path: Path) -> None:
    """Compressed files with numbers, resources of nobody, patients without ALL, dates that are only a year."""
    bulk, folder, kept = tmp_path / "bulk", tmp_path / "folder", tmp_path / "shown.ipynb"
    folder.mkdir()
    synthesize(bulk, 9, 1, 4, date(2026, 3, 2), 0.34, zipped=False)
    ill = json.loads((bulk / "report.json").read_text())["with_all"]
    assert 0 < ill < 9
    for file in sorted(bulk.glob("*.ndjson")):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for row in rows:
            if row["resourceType"] == "Patient":
                row["birthDate"] = row["birthDate"][:4]
            if row["resourceType"] == "Condition" and row["clinicalStatus"]["coding"][0]["code"] == "relapse":
                row["onsetDateTime"] = row["onsetDateTime"][:7]
        text = "\n".join(map(json.dumps, rows))
        (bulk / f"{file.stem}.000.ndjson.gz").write_bytes(gzip.compress(text.encode()))
        file.unlink()
    (bulk / "manifest.json").unlink()
    (bulk / "Medication.000.ndjson").write_text(
        '{"resourceType": "Medication", "id": "m", "code": {"text": "imatinib"}}'
    )
    command = [sys.executable, "-c", RUN, str(NOTEBOOKS[0]), str(folder), str(kept), str(bulk)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    cells = code(nbformat.read(kept, as_version=4))
    (table,) = (
        output["data"]["text/plain"]
        for cell in cells
        if "pd.crosstab(induction" in cell.source
        for output in cell.outputs
    )
    assert table.splitlines()[-1].split()[-1] == str(ill), "patients with ALL, and nothing else"


def test_every_plot_has_its_table() -> None:
    """A cell that draws ends with the figures that it draws."""
    for path in NOTEBOOKS:
        for cell in code(nbformat.read(path, as_version=4)):
            if "plt.show()" in cell.source:
                kinds = [key for output in cell.outputs for key in output.get("data", {})]
                assert {"image/png", "text/html"} <= set(kinds), cell.source[:80]


def test_what_is_stored_is_whole_small_and_tells_nothing_of_a_machine() -> None:
    for path in NOTEBOOKS:
        text = path.read_text(encoding="utf-8")
        assert len(text) < LARGEST
        found = nbformat.reads(text, as_version=4)
        nbformat.validate(found)
        cells = code(found)
        assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run python -m docs.notebook"
        assert not [output for cell in cells for output in cell.outputs if output.get("name") == "stderr"]
        assert not re.search(r"/(?:home|root|tmp|work|Users)/", text)
        assert "execution" not in json.dumps([cell.metadata for cell in cells])
        assert stored(found) == text
        assert any(PARAMETERS in cell.metadata.get("tags", ()) for cell in cells)


def test_a_value_that_is_no_parameter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'PATIENT' is no parameter of cohort\.ipynb"):
        executed(NOTEBOOKS[0], tmp_path, {"PATIENT": 1})
    assert os.listdir(tmp_path) == []
