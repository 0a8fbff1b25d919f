"""``allcue validate``: findings of the R4B models, and what Allcue sets aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fhir_examples.request import FOLDER, names
from service.cli import main
from service.validation import NO_TYPE, NOT_COMPARED, R4_TYPE, SAME, validate

OBSERVATION = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "WBC"}}


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["validate", *map(str, words)])


def written(folder: Path, value: Any) -> Path:
    file = folder / "input.json"
    file.write_text(value if isinstance(value, str) else json.dumps(value))
    return file


@pytest.mark.parametrize("name", names())
def test_the_examples_have_no_findings(name: str) -> None:
    assert validate(json.loads((FOLDER / f"{name}.json").read_text())).findings == ()


@pytest.mark.parametrize("path", sorted((FOLDER / "requests").glob("*.json")), ids=lambda path: path.stem)
def test_of_a_request_prefetch_and_context_are_checked(path: Path) -> None:
    found = validate(json.loads(path.read_text()))
    assert found.checked > 0
    assert found.findings == ()


@pytest.mark.parametrize(
    ("raw", "where", "element", "problem", "note"),
    [
        ({"resourceType": "Observation", "status": "final"}, "", "code", "is missing", SAME),
        (OBSERVATION | {"code": {"text": None}}, "", "code.text", "is null, which FHIR allows in arrays only", SAME),
        (OBSERVATION | {"colour": 1}, "", "colour", "is no element there (Observation)", SAME),
        (OBSERVATION | {"category": {}}, "", "category", "must be an array", SAME),
        (OBSERVATION | {"valueQuantity": {"value": "many"}}, "", "valueQuantity.value", "does not match", SAME),
        (OBSERVATION | {"meta": []}, "", "meta", "must be an object", SAME),
        (OBSERVATION | {"contained": [{"resourceType": "Foo"}]}, "", "", "cannot be checked", SAME),
        ({"resourceType": "MedicinalProduct"}, "", "", "R4B has no such type any more", R4_TYPE),
        ({"resourceType": "MedicationOrder"}, "", "", "of no type that FHIR R4B has", NO_TYPE),
        ({"resourceType": "Basic", "colour": 1}, "", "colour", "is no element there", NOT_COMPARED),
        ({"resourceType": 3}, "", "", "is no FHIR resource", ""),
        ({"observations": OBSERVATION | {"colour": 1}}, "observations", "colour", "is no element", SAME),
        ({"prefetch": {"observations": 7}}, "prefetch.observations", "", "is no FHIR resource", ""),
        ({"hook": "x", "context": {"draftOrders": OBSERVATION | {"colour": 1}}}, "context.draftOrders", "colour", "is no", SAME),
    ],
)  # fmt: skip
def test_a_finding_says_where_and_what(raw: Any, where: str, element: str, problem: str, note: str) -> None:
    found = validate(raw).findings
    row = next((one for one in found if (one.where, one.element) == (where, element)), None)
    assert row is not None, found
    assert problem in row.problem
    assert row.note == note


def test_resources_of_bundles_are_checked_each_by_itself() -> None:
    inner = {"resourceType": "Bundle", "type": "nonsense type", "entry": [{"resource": OBSERVATION | {"id": "a_b"}}, 3]}
    found = validate(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inner}, {"resource": OBSERVATION}]}
    )
    assert found.checked == 4
    assert {row.where for row in found.findings} == {"entry[0].resource", "entry[0].resource.entry[0].resource"}
    assert any(row.resource == "Observation/a_b" and row.element == "id" for row in found.findings)


@pytest.mark.parametrize(
    "raw", [None, 3, "x", [], {}, {"prefetch": {"a": None}}, {"resourceType": "Bundle", "entry": {}}]
)
def test_anything_can_be_looked_at(raw: Any) -> None:
    assert validate(raw).checked >= 0


def test_the_command_tells_findings_and_what_is_set_aside(tmp_path: Path) -> None:
    wrong = OBSERVATION | {"status": "entered-in-error", "colour": "red"}
    patient = {"resourceType": "Patient", "id": "p"}
    file = written(tmp_path, {"resourceType": "Bundle", "type": "collection",
                              "entry": [{"resource": patient}, {"resource": wrong}]})  # fmt: skip
    done = run(file)
    assert done.exit_code == 1
    assert "3 checked, 1 findings" in done.output
    assert "Observation/o.colour: is no element there (Observation) (same in R4) at entry[1].resource" in done.output
    assert "set aside: Observation/o: status entered-in-error" in done.output
    told = json.loads(run(file, "--json").output)
    assert told["findings"][0]["element"] == "colour"
    assert told["set_aside"] == [{"resource": "Observation/o", "reason": "status entered-in-error"}]


def test_a_good_file_ends_well_and_an_unreadable_one_is_told(tmp_path: Path) -> None:
    assert run(FOLDER / "german-record.json").exit_code == 0
    broken = run(written(tmp_path, "{"))
    assert broken.exit_code == 2
    assert "is not JSON" in broken.output
    assert run(written(tmp_path, [])).exit_code == 2


def test_fhir_without_a_patient_is_checked_all_the_same(tmp_path: Path) -> None:
    done = run(written(tmp_path, {"foo": OBSERVATION | {"colour": 1}}))
    assert done.exit_code == 1
    assert "holds no patient that Allcue can read" in done.output
