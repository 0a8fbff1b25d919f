"""A synthetic cohort on disk: the same bytes for the same seed, in parts or whole, valid, tagged, and told of in a report."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from service.cli import main
from service.population.synthesis.cohort import Plan, synthetic
from service.population.synthesis.resources import TYPES
from service.population.synthesis.writing import NotEmpty, write
from service.validation import validate

DAY = date(2026, 6, 30)
PLAN = Plan(seed=4, as_of=DAY, without_all=0.1)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for kind in TYPES for line in (folder / f"{kind}.ndjson").read_text("utf-8").splitlines()]


def test_the_same_seed_makes_the_same_bytes_and_another_other_patients(tmp_path: Path) -> None:
    for name, plan in (("one", PLAN), ("two", PLAN), ("three", Plan(5, DAY, 0.1))):
        write(plan, tmp_path / name, 12)
    one, two, three = (files(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert all(one[f"{kind}.ndjson"] != three[f"{kind}.ndjson"] for kind in ("Patient", "Condition", "Observation"))


def test_a_cohort_made_in_parts_is_the_cohort(tmp_path: Path) -> None:
    write(PLAN, tmp_path / "whole", 20)
    write(PLAN, tmp_path / "first", 7)
    write(PLAN, tmp_path / "second", 13, first=8)
    whole, first, second = (files(tmp_path / name) for name in ("whole", "first", "second"))
    for kind in TYPES:
        name = f"{kind}.ndjson"
        assert whole[name] == first[name] + second[name], kind


def test_compressed_files_hold_the_same_and_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    write(PLAN, tmp_path / "plain", 6)
    for name in ("zipped", "again"):
        write(PLAN, tmp_path / name, 6, zipped=True)
    zipped = files(tmp_path / "zipped")
    assert zipped == files(tmp_path / "again")
    for kind in TYPES:
        assert gzip.decompress(zipped[f"{kind}.ndjson.gz"]) == (tmp_path / "plain" / f"{kind}.ndjson").read_bytes()
    listed = json.loads(zipped["manifest.json"])["output"]
    assert {row["url"] for row in listed} == {name for name in zipped if name.endswith(".gz")}


def test_the_manifest_counts_what_is_there(tmp_path: Path) -> None:
    write(PLAN, tmp_path, 15)
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert manifest["transactionTime"].startswith(DAY.isoformat())
    assert not manifest["requiresAccessToken"]
    found = Counter(resource["resourceType"] for resource in lines(tmp_path))
    assert {row["type"]: row["count"] for row in manifest["output"]} == {kind: found[kind] for kind in TYPES}
    assert found["Patient"] == 15


def test_every_resource_is_tagged_as_test_data_and_has_its_own_id_and_patient(tmp_path: Path) -> None:
    write(PLAN, tmp_path, 15)
    made = lines(tmp_path)
    assert all("HTEST" in [tag["code"] for tag in resource["meta"]["tag"]] for resource in made)
    ids = [resource["id"] for resource in made]
    assert len(set(ids)) == len(ids)
    people = {resource["id"] for resource in made if resource["resourceType"] == "Patient"}
    for resource in made:
        if resource["resourceType"] == "Patient":
            assert "Synthetic" in resource["name"][0]["text"]
        else:
            owner = resource.get("subject") or resource["patient"]
            assert owner["reference"].removeprefix("Patient/") in people
    assert "made up" in (tmp_path / "README.md").read_text("utf-8")


def test_every_resource_is_valid() -> None:
    checked: Counter[str] = Counter()
    for number in range(1, 201):
        for resource in synthetic(PLAN, number).resources:
            found = validate(resource).findings
            assert not found, (number, found)
            checked[resource["resourceType"]] += 1
    assert set(checked) == set(TYPES)


def test_memory_does_not_grow_with_the_cohort(tmp_path: Path) -> None:
    write(PLAN, tmp_path / "warm", 60)
    peaks = []
    for count in (40, 400):
        tracemalloc.start()
        write(PLAN, tmp_path / str(count), count)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]  # ten times the patients


def test_patients_without_all_are_among_them_as_asked() -> None:
    plan = Plan(2, DAY, without_all=0.5)
    truths = [synthetic(plan, number).truth for number in range(1, 201)]
    assert 70 < sum(not truth.has_all for truth in truths) < 130
    assert all(synthetic(Plan(2, DAY), number).truth.has_all for number in range(1, 60))


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(NotEmpty, match="is not empty"):
        write(PLAN, tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("plan", "told"), [((1, date(2011, 1, 1), 0.0), "begins on 2012-01-01"), ((1, DAY, 1.5), "is no share")]
)
def test_what_cannot_be_made_is_told(plan: tuple[int, date, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Plan(*plan)


def test_the_command_prints_what_was_asked_and_obtained(tmp_path: Path) -> None:
    where = ["--output", str(tmp_path / "cohort"), "--as-of", DAY.isoformat()]
    shown = CliRunner().invoke(main, ["population", "synthesize", "25", *where])
    assert shown.exit_code == 0, shown.output
    assert "25 synthetic patients, 25 with ALL" in shown.output
    report = json.loads((tmp_path / "cohort" / "report.json").read_text("utf-8"))
    assert (report["seed"], report["as_of"], report["from"], report["patients"]) == (1, DAY.isoformat(), 1, 25)
    assert all(bool(row["source"]) != bool(row["assumed"]) for row in report["frequencies"])
    again = CliRunner().invoke(main, ["population", "synthesize", "25", *where])
    assert again.exit_code == 2
    assert "is not empty" in again.output
    early = CliRunner().invoke(
        main, ["population", "synthesize", "1", "--output", str(tmp_path / "no"), "--as-of", "2010-01-01"]
    )
    assert early.exit_code == 2
    assert "2012-01-01" in early.output
