"""Cohorts for the tests: example patients as Bulk Data folders, each as often as it is wanted, under ids of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.dataset

from tests.test_examples import bundle

Raw = dict[str, Any]
LEUKEMIA, OTHER = "relapsed-ph-positive-t315i", "not-a-leukemia-patient"


def resources(name: str, as_id: str) -> list[Raw]:
    """The resources of an example patient, who is given another id."""
    rows = [entry["resource"] for entry in bundle(name)["entry"]]
    own = next(row["id"] for row in rows if row["resourceType"] == "Patient")
    text = json.dumps(rows).replace(f'"Patient/{own}"', f'"Patient/{as_id}"')
    found: list[Raw] = json.loads(text)
    for row in found:
        row["id"] = as_id if row["resourceType"] == "Patient" else f"{as_id}-{row['id']}"
    return found


def lines(rows: Iterable[Raw]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def write(folder: Path, rows: Iterable[Raw]) -> Path:
    """One file per resource type, as servers export."""
    folder.mkdir(parents=True, exist_ok=True)
    by_type: dict[str, list[Raw]] = {}
    for row in rows:
        by_type.setdefault(row["resourceType"], []).append(row)
    for kind, own in by_type.items():
        (folder / f"{kind}.ndjson").write_text(lines(own), encoding="utf-8")
    return folder


def table(output: Path, name: str) -> list[Raw]:
    """All rows of a table of a run."""
    found: list[Raw] = pyarrow.dataset.dataset(output / f"{name}.parquet", format="parquet").to_table().to_pylist()
    return found


def aside(output: Path) -> list[Raw]:
    """What a run set aside."""
    return [json.loads(line) for line in (output / "set-aside.ndjson").read_text().splitlines()]
