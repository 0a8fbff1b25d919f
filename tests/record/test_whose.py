"""Whose a resource is, told by merged patients, identifiers, contained resources; and dates of other notations."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.record.dates import parse_when
from tests.record.record_support import ICD, coded, condition, reasons, record, wbc

FOREIGN = "belongs to another patient"
Json = dict[str, Any]


def patient(own: str = "p", **more: Any) -> Json:
    return {"resourceType": "Patient", "id": own, **more}


def link(kind: str, other: str) -> list[Json]:
    return [{"type": kind, "other": {"reference": f"Patient/{other}"}}]


NEW, OLD = patient(link=link("replaces", "old")), patient("old", link=link("replaced-by", "p"))
OLDS = wbc(subject={"reference": "Patient/old"})


@pytest.mark.parametrize(
    ("patients", "asked", "kept"),
    [
        pytest.param([NEW], "p", 1, id="the new record names the old"),
        pytest.param([patient(), OLD], "p", 1, id="the old record names the new"),
        pytest.param([NEW, OLD], None, 1, id="of both the one that is left"),
        pytest.param([patient(link=link("seealso", "old"))], "p", 0, id="see also is not the same"),
        pytest.param([patient(link=link("replaces", "other"))], "p", 0, id="another was replaced"),
        pytest.param(
            [patient(link=[None, 3, {"type": "replaces", "other": "Patient/old"}])], "p", 1, id="misshapen links"
        ),
        pytest.param([patient("old", link=link("replaces", "p"))], "p", 0, id="the other way round"),
        pytest.param(
            [
                patient(),
                patient("between", link=link("replaced-by", "p")),
                patient("old", link=link("replaced-by", "between")),
            ],
            "p",
            1,
            id="merged twice",
        ),
        pytest.param([patient(link=link("replaced-by", "old")), OLD], "p", 1, id="merged in a circle"),
    ],
)
def test_merged_patients(patients: list[Json], asked: str | None, kept: int) -> None:
    found = record(*patients, OLDS, patient_id=asked)
    assert len(found.entries) == kept
    assert found.patient_id == "p"


def test_a_merged_patient_known_by_its_url() -> None:
    found = record(("urn:uuid:1", patient()), ("urn:uuid:2", OLD), wbc(subject={"reference": "urn:uuid:2"}))
    assert len(found.entries) == 1


MRN = {"system": "urn:oid:1.2.3", "value": "17"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"subject": {"identifier": MRN}}, None, id="own identifier"),
        pytest.param({"subject": {"identifier": {**MRN, "value": "18"}}}, FOREIGN, id="another's identifier"),
        pytest.param({"subject": {"identifier": {"system": "urn:other", "value": "18"}}}, None, id="of a system unknown here"),
        pytest.param({"subject": {"identifier": {"value": "18"}}}, None, id="without system"),
        pytest.param({"subject": {"identifier": "18"}}, None, id="misshapen identifier"),
        pytest.param({"subject": {"type": "Group"}}, "is about a Group, not the patient", id="typed"),
        pytest.param({"subject": {"type": "Patient"}}, None, id="typed as patient"),
        pytest.param(
            {"subject": {"reference": "#d"}, "contained": [{"resourceType": "RelatedPerson", "id": "d"}]},
            "is about a RelatedPerson, not the patient", id="contained donor",
        ),
        pytest.param(
            {"subject": {"reference": "#p"}, "contained": [{"resourceType": "Patient", "id": "p"}]}, None, id="contained"
        ),
    ],
)  # fmt: skip
def test_links_without_a_reference_to_follow(change: Json, reason: str | None) -> None:
    found = record(patient(identifier=[MRN]), wbc(**change))
    assert reasons(found) == ([reason] if reason else [])


def test_a_modifier_that_is_not_understood_keeps_a_resource_out() -> None:
    modified = condition(coded(ICD, "C91.00"), modifierExtension=[{"url": "urn:x", "valueBoolean": True}])
    assert reasons(record(modified)) == ["carries a modifier that is not understood"]
    assert reasons(record(modified | {"modifierExtension": []})) == []


@pytest.mark.parametrize(
    ("timing", "start", "end"),
    [
        ({"event": ["2025-05-03", "2025-05-01"]}, "2025-05-01", "2025-05-03"),
        ({"event": "2025-05-01"}, "2025-05-01", "2025-05-01"),
        ({"repeat": {"boundsPeriod": {"start": "2025-04-01", "end": "2025-04-28"}}}, "2025-04-01", "2025-04-28"),
        ({"event": ["soon"], "repeat": {"boundsPeriod": {"start": "2025-04"}}}, "2025-04", None),
        ({"repeat": 3}, None, None),
    ],
)
def test_results_dated_by_a_timing(timing: Json, start: str | None, end: str | None) -> None:
    (entry,) = record(wbc(when=None, effectiveTiming=timing)).entries
    assert (entry.when and entry.when.text, entry.until and entry.until.text) == (start, end)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20240131", date(2024, 1, 31)),
        ("20240131083000", date(2024, 1, 31)),
        ("20240131083000.123+0100", date(2024, 1, 31)),
        ("31.01.2024", date(2024, 1, 31)),
        ("1. 2.2024", date(2024, 2, 1)),
        ("0001-01-01", date(1, 1, 1)),
    ],
)
def test_dates_of_one_meaning_only(text: str, day: date) -> None:
    found = parse_when(text)
    assert found is not None
    assert (found.start, found.end, found.text) == (day, day, text)


@pytest.mark.parametrize(
    "text", ["20241345", "31.02.2024", "01/02/2024", "2024131", "0000-01-01", "2024-13-45", "202401"]
)
def test_dates_of_none_or_two_meanings(text: str) -> None:
    assert parse_when(text) is None


@given(st.from_regex(r"\d{1,4}[-./ ]?\d{1,2}[-./ ]?\d{1,14}([T+.]\d{0,6})?", fullmatch=True) | st.text())
def test_any_text_is_an_interval_or_none(text: str) -> None:
    found = parse_when(text)
    assert found is None or (found.start <= found.end and found.text == text)
