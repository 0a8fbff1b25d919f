"""``allcue population concordance`` as people run it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fhir_examples.request import FOLDER
from service.cli import main
from service.record.build import READ
from tests.population.past.course import Course, ponatinib_2016, tisagenlecleucel_2016

DAY = ("--as-of", "2026-06-01")


def asked(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["population", "concordance", *map(str, args)], catch_exceptions=False)


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "decisions.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def ndjson(folder: Path, *courses: Course) -> Path:
    folder.mkdir()
    by_type: dict[str, list[str]] = {}
    for course in courses:
        for row in course.rows:
            own = {**row, "id": row["id"] if row["resourceType"] == "Patient" else f"{course.name}-{row['id']}"}
            by_type.setdefault(row["resourceType"], []).append(json.dumps(own))
    manifest = {"request": f"https://ehr.example.org/$export?_type={','.join(sorted(READ | {'Patient'}))}",
                "output": [{"type": kind, "url": f"https://ehr.example.org/{kind}.ndjson"} for kind in by_type]}  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    for kind, lines in by_type.items():
        (folder / f"{kind}.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_bulk_data_and_bundles_give_the_same_decisions(tmp_path: Path) -> None:
    courses = (ponatinib_2016(), tisagenlecleucel_2016())
    bulk = ndjson(tmp_path / "bulk", *courses)
    files = []
    for course in courses:
        files.append(tmp_path / f"{course.name}.json")
        files[-1].write_text(json.dumps(course.bundle), encoding="utf-8")
    one = asked("--input", bulk, "--output", tmp_path / "one", *DAY, "--processes", "1")
    assert one.exit_code == 0, one.output
    two = asked("--input", files[0], "--input", files[1], "--output", tmp_path / "two", *DAY, "--processes", "2")
    assert two.exit_code == 0, two.output
    assert one.output.splitlines()[0] == two.output.splitlines()[0]
    rows = [sorted(map(str, table(tmp_path / name))) for name in ("one", "two")]
    assert rows[0] == rows[1]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [
        "decisions.csv", "report.html", "set-aside.ndjson",
    ]  # fmt: skip


def test_a_source_that_is_named_judges_every_decision(tmp_path: Path) -> None:
    example = FOLDER / "relapsed-ph-positive-t315i.json"
    assert asked("--input", example, "--output", tmp_path, *DAY, "--source", "nccn-2015").exit_code == 0
    rows = table(tmp_path)
    assert [row["edition"] for row in rows if row["relation"] == "named"] == ["nccn-2015"]
    assert {row["relation"] for row in rows} == {"of the day", "named", "later"}


def test_what_cannot_be_read_is_set_aside_and_told(tmp_path: Path) -> None:
    bulk = ndjson(tmp_path / "bulk", ponatinib_2016())
    with (bulk / "Condition.ndjson").open("a", encoding="utf-8") as stream:
        stream.write('{"resourceType": "Condition"\n')
    (tmp_path / "no.json").write_text("[]", encoding="utf-8")
    done = asked("--input", bulk, tmp_path / "no.json", "--output", tmp_path / "out", *DAY)
    assert done.exit_code == 1
    assert "set aside: is not JSON (1)" in done.output
    aside = [json.loads(line) for line in (tmp_path / "out" / "set-aside.ndjson").read_text().splitlines()]
    assert {(row["file"], row.get("line")) for row in aside} == {("Condition.ndjson", 4), ("no.json", None)}
    assert "no.json" not in (tmp_path / "out" / "report.html").read_text().partition("<main>")[2]
    assert table(tmp_path / "out")


def test_no_cell_is_taken_for_a_formula(tmp_path: Path) -> None:
    course = ponatinib_2016()
    course.rows[0]["id"] = "=cmd|calc"
    for row in course.rows[1:]:
        row["subject"] = {"reference": "Patient/=cmd|calc"}
    course.drug("blinatumomab", "2017-01-02", note=[{"text": "@SUM(1)"}])
    file = tmp_path / "x.json"
    file.write_text(json.dumps(course.bundle), encoding="utf-8")
    assert asked("--input", file, "--output", tmp_path / "out", *DAY).exit_code == 0
    cells = [value for row in table(tmp_path / "out") for value in row.values()]
    assert cells
    assert not [value for value in cells if value.startswith(("=", "+", "@", "\t", "\r"))]


@pytest.mark.parametrize(("args", "status", "says"), [
    (("--input", "nowhere"), 2, "no such file or folder. Allowed"),
    (("--input", str(FOLDER), "--source", "nccn-1999"), 2, "is not a source. Allowed"),
    ((), 2, "Missing option '--input'"),
])  # fmt: skip
def test_bad_input_is_named(tmp_path: Path, args: tuple[str, ...], status: int, says: str) -> None:
    done = asked(*args, "--output", tmp_path / "out")
    assert done.exit_code == status
    assert says in done.output


def test_an_output_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    done = asked("--input", FOLDER / "german-record.json", "--output", tmp_path / "out")
    assert done.exit_code == 2
    assert "out" in done.output
