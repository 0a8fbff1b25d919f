"""The synthetic patients are valid FHIR R4, whole (a story and expectations beside each) and coherent in their dates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.bundle import Bundle

from fhir_examples.request import story_in

EXAMPLES = Path(__file__).resolve().parents[1] / "fhir_examples"
PATIENTS = sorted(EXAMPLES.glob("*.json"))
REQUESTS = sorted((EXAMPLES / "requests").glob("*.json"))
ORDERS = sorted(path for path in (EXAMPLES / "orders").glob("*.json") if not path.stem.endswith(".record"))
STORIES = sorted(EXAMPLES.rglob("*.yaml"))
REASONS = {
    "not-provided", "record-empty", "fetch-failed", "incomplete", "stale", "unit", "implausible", "unreadable",
    "undated", "conflicting", "set-aside", "not-decided", "judgement",
}  # fmt: skip
DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?=T\d|$)")


def name(path: Path) -> str:
    return path.relative_to(EXAMPLES).with_suffix("").as_posix()


@cache
def load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


@cache
def story(path: Path) -> Any:
    return story_in(path.with_suffix(".yaml"))


def resources(bundle: Any) -> list[Any]:
    return [entry["resource"] for entry in bundle["entry"]]


def strings(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)
    elif isinstance(node, str):
        yield node


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_there_are_examples() -> None:
    assert len(PATIENTS) >= 27
    assert {name(p) for p in REQUESTS} == {
        "requests/prefetch-null",
        "requests/prefetch-failed",
        "requests/prefetch-missing-key",
    }


def test_every_example_has_its_story_and_every_story_its_example() -> None:
    assert {name(p) for p in (*PATIENTS, *REQUESTS, *ORDERS)} == {name(p) for p in STORIES}


def test_the_table_of_the_readme_names_every_example_with_its_story() -> None:
    rows = dict(re.findall(r"^\| \[([^\]]+)\]\([^)]+\) \| (.+) \|$", (EXAMPLES / "README.md").read_text("utf-8"), re.M))
    assert rows == {name(p): story(p)["story"] for p in (*PATIENTS, *REQUESTS)}


@pytest.mark.parametrize("path", PATIENTS, ids=name)
def test_bundle_is_valid_fhir(path: Path) -> None:
    bundle = Bundle.model_validate(load(path))
    assert bundle.type == "collection"


@pytest.mark.parametrize("path", PATIENTS, ids=name)
def test_patient_is_one_and_plainly_synthetic(path: Path) -> None:
    patients = [r for r in resources(load(path)) if r["resourceType"] == "Patient"]
    assert len(patients) == 1
    assert patients[0]["name"][0]["family"] == "Example"
    assert re.fullmatch(r"Patient-\d+", patients[0]["name"][0]["given"][0])
    assert patients[0]["meta"]["tag"][0]["code"] == "HTEST"


@pytest.mark.parametrize("path", PATIENTS, ids=name)
def test_ids_are_unique_and_references_resolve(path: Path) -> None:
    found = resources(load(path))
    own = [f"{r['resourceType']}/{r['id']}" for r in found]
    assert len(own) == len(set(own))
    patient = next(r["id"] for r in found if r["resourceType"] == "Patient")
    for resource in found:
        for reference in references(resource):
            if reference.startswith("#"):
                assert reference[1:] in {c["id"] for c in resource["contained"]}
            elif not reference.startswith("Patient/"):
                assert reference in own
            elif reference != f"Patient/{patient}":
                assert path.stem == "other-patients-resource-mixed-in"


@pytest.mark.parametrize("path", PATIENTS, ids=name)
def test_dates_lie_between_birth_and_the_day_of_judgement(path: Path) -> None:
    as_of = story(path)["as_of"]
    found = resources(load(path))
    birth = date.fromisoformat(next(r["birthDate"] for r in found if r["resourceType"] == "Patient"))
    dates = [date.fromisoformat(day[0]) for r in found for text in strings(r) if (day := DAY.match(text))]
    assert dates
    assert all(birth <= day <= as_of for day in dates)


@pytest.mark.parametrize("path", PATIENTS, ids=name)
def test_periods_do_not_end_before_they_start(path: Path) -> None:
    for resource in resources(load(path)):
        for key in ("effectivePeriod", "performedPeriod"):
            period = resource.get(key, {})
            if "end" in period:
                assert period["start"] <= period["end"], f"{resource['resourceType']}/{resource['id']}"


@pytest.mark.parametrize("path", PATIENTS, ids=name)
def test_story_says_what_must_be_read_and_what_the_cards_must_do(path: Path) -> None:
    said = story(path)
    assert set(said) <= {"story", "source", "invented", "note", "as_of", "facts", "unknown", "expect"}
    assert said["story"].strip()
    assert isinstance(said["as_of"], date)
    assert said["facts"]
    assert set(said.get("unknown", {}).values()) <= REASONS
    assert not set(said["facts"]) & set(said.get("unknown", {}))
    expect = said["expect"]
    assert set(expect) == {"silent", "offers", "not_offered", "asks", "warns"}
    assert not set(expect["offers"]) & set(expect["not_offered"])
    if expect["silent"]:
        assert not any(expect[key] for key in ("offers", "not_offered", "asks", "warns"))
    if "source" in said:
        assert said["invented"]


@pytest.mark.parametrize("path", PATIENTS, ids=name)
def test_stated_age_is_that_of_the_birth_date(path: Path) -> None:
    said = story(path)
    birth = date.fromisoformat(next(r["birthDate"] for r in resources(load(path)) if r["resourceType"] == "Patient"))
    as_of = said["as_of"]
    assert said["facts"]["age_years"] == as_of.year - birth.year - ((as_of.month, as_of.day) < (birth.month, birth.day))


@pytest.mark.parametrize("path", REQUESTS, ids=name)
def test_request_is_a_patient_view_call_with_valid_prefetch(path: Path) -> None:
    body = load(path)
    assert body["hook"] == "patient-view"
    UUID(body["hookInstance"])
    assert body["context"]["patientId"] == body["prefetch"]["patient"]["id"]
    assert body["context"]["userId"].startswith("Practitioner/")
    for value in body["prefetch"].values():
        if value is not None:
            get_fhir_model_class(value["resourceType"]).model_validate(value)


@pytest.mark.parametrize("path", REQUESTS, ids=name)
def test_expected_key_states_are_those_of_the_request(path: Path) -> None:
    body, expect = load(path), story(path)["expect"]
    assert story(path)["story"].strip()
    if expect["status"] == 412:
        assert expect["missing"]
        assert not set(expect["missing"]) & set(body["prefetch"])
        return
    assert expect["status"] == 200
    states = {}
    for key, value in body["prefetch"].items():
        if value is None or (value["resourceType"] == "Bundle" and not value.get("entry")):
            states[key] = "empty"
        else:
            states[key] = "failed" if value["resourceType"] == "OperationOutcome" else "provided"
    assert states == expect["key_states"]
