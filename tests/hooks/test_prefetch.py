"""Prefetch values: every state on the wire, and that no failure looks like "there is none"."""

from __future__ import annotations

from typing import Any

import pytest

from service.hooks.contract import KeyState, Prefetched
from service.hooks.prefetch import read_page, settle
from tests.hooks.support import (
    CONDITION,
    EMPTY_BUNDLE,
    OBSERVATION,
    OUTCOME,
    PATIENT,
    Recorder,
    app_of,
    body,
    issue_of,
    post,
    searchset,
)

S = KeyState
WARNING = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "processing"}]}
HELD_BACK = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "suppressed"}]}
ODD_OUTCOME = {"resourceType": "OperationOutcome", "issue": "none"}
NEXT = "https://ehr.example.org/fhir?page=2"
O2 = {**OBSERVATION, "id": "o2"}


def bundle(**members: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", **members}


def with_outcome(outcome: dict[str, Any], *resources: Any) -> dict[str, Any]:
    found = searchset(*resources)
    found["entry"].append({"resource": outcome, "search": {"mode": "outcome"}})
    return found


VALUES: dict[str, tuple[Any, KeyState, int, str]] = {
    "null": (None, S.EMPTY, 0, ""),
    "search without entries": (EMPTY_BUNDLE, S.EMPTY, 0, ""),
    "search with an empty array": ({**EMPTY_BUNDLE, "entry": []}, S.EMPTY, 0, ""),
    "Bundle without type or entries": (bundle(), S.EMPTY, 0, ""),
    "search that found": (searchset(OBSERVATION, O2, total=2), S.PROVIDED, 2, ""),
    "collection": (bundle(type="collection", entry=[{"resource": OBSERVATION}]), S.PROVIDED, 1, ""),
    "Bundle without type": (bundle(entry=[{"resource": OBSERVATION}]), S.PROVIDED, 1, ""),
    "OperationOutcome": (OUTCOME, S.FAILED, 0, "error exception"),
    "OperationOutcome as a warning": (WARNING, S.FAILED, 0, "warning processing"),
    "OperationOutcome without issues": (ODD_OUTCOME, S.FAILED, 0, "without issues"),
    "only an outcome entry of an error": (with_outcome(OUTCOME), S.FAILED, 0, "error exception"),
    "outcome entry of an error beside results": (with_outcome(OUTCOME, OBSERVATION), S.PARTIAL, 1, "error exception"),
    "outcome entry: no results": (with_outcome(WARNING), S.EMPTY, 0, ""),
    "outcome entry: a remark beside results": (with_outcome(WARNING, OBSERVATION), S.PROVIDED, 1, ""),
    "outcome entry: something held back": (with_outcome(HELD_BACK, OBSERVATION), S.PARTIAL, 1, "suppressed"),
    "outcome entry: all held back": (with_outcome(HELD_BACK), S.FAILED, 0, "suppressed"),
    "outcome entry unreadable": (with_outcome(ODD_OUTCOME), S.FAILED, 0, "without issues"),
    "first of more pages": (searchset(OBSERVATION, next_url=NEXT), S.PARTIAL, 1, "first page"),
    "empty first of more pages": (searchset(next_url=NEXT), S.PARTIAL, 0, "first page"),
    "next page without address": (
        bundle(entry=[{"resource": OBSERVATION}], link={"relation": "next"}), S.PARTIAL, 1, "first page",
    ),
    "fewer than counted": (searchset(OBSERVATION, total=3), S.PARTIAL, 1, "3 matches, 1"),
    "counted but not sent": ({**EMPTY_BUNDLE, "total": 4}, S.FAILED, 0, "4 matches, 0"),
    "odd total": (searchset(OBSERVATION, total="many"), S.PROVIDED, 1, ""),
    "entry without resource": (bundle(entry=[{"fullUrl": "x"}]), S.FAILED, 0, "without a resource"),
    "entry is no object": (bundle(entry=[None, {"resource": OBSERVATION}]), S.PARTIAL, 1, "without a resource"),
    "resource without type": (searchset({"id": "x"}, OBSERVATION), S.PARTIAL, 1, "without resourceType"),
    "entry is no array": (bundle(entry={"resource": OBSERVATION}), S.FAILED, 0, "no array"),
    "batch response without entries": (bundle(type="batch-response"), S.FAILED, 0, "no search"),
    "Bundle whose type is an array": (bundle(type=[]), S.FAILED, 0, "no search"),
    "Bundle in a Bundle": (bundle(type="batch-response", entry=[{"resource": searchset(O2)}]), S.PROVIDED, 1, ""),
    "empty Bundle in a Bundle": (bundle(type="batch-response", entry=[{"resource": EMPTY_BUNDLE}]), S.EMPTY, 0, ""),
    "paged Bundle in a Bundle": (searchset(searchset(O2, next_url=NEXT)), S.PARTIAL, 1, "further pages"),
    "counting Bundle in a Bundle": (searchset(searchset(O2, total=2)), S.PARTIAL, 1, "further pages"),
    "Bundle two deep": (searchset(searchset(searchset(O2))), S.FAILED, 0, "inside a Bundle"),
    "unreadable Bundle in a Bundle": (searchset(bundle(entry=1), O2), S.PARTIAL, 1, "inside a Bundle"),
    "included resources do not count": (
        bundle(type="searchset", total=2, entry=[
            {"resource": OBSERVATION, "search": {"mode": "match"}}, {"resource": PATIENT, "search": {"mode": "include"}},
        ]), S.PARTIAL, 2, "2 matches, 1",
    ),
    "lone resource for a search": (OBSERVATION, S.PARTIAL, 1, "lone resource"),
    "other types only": (searchset(CONDITION), S.FAILED, 0, "no Observation"),
    "lone resource of another type": (PATIENT, S.FAILED, 0, "no Observation"),
    "empty object": ({}, S.FAILED, 0, "without resourceType"),
    "object without type": ({"entry": []}, S.FAILED, 0, "without resourceType"),
    "type is a number": ({"resourceType": 1}, S.FAILED, 0, "without resourceType"),
    "string": ("{}", S.FAILED, 0, "not a string"),
    "array": ([OBSERVATION], S.FAILED, 0, "not an array"),
    "number": (1.5, S.FAILED, 0, "not a number"),
    "boolean": (False, S.FAILED, 0, "not a boolean"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "state", "count", "words"), VALUES.values(), ids=VALUES.keys())
def test_state_of_a_value(value: Any, state: KeyState, count: int, words: str) -> None:
    engine = Recorder()
    prefetch = {"patient": PATIENT, "observations": value}
    assert post(app_of(engine), body(prefetch=prefetch)).status_code == 200
    found = engine.keys["observations"]
    assert (found.state, len(found.resources), len(found.full_urls)) == (state, count, count)
    assert words in (found.detail or "")
    assert (found.detail is None) == (state in (S.PROVIDED, S.EMPTY))


def test_key_that_was_not_sent_is_absent() -> None:
    engine = Recorder()
    assert post(app_of(engine), body(prefetch={"patient": PATIENT})).status_code == 200
    assert engine.states == {"patient": S.PROVIDED, "conditions": S.ABSENT, "observations": S.ABSENT}


def test_resources_keep_their_place_and_address() -> None:
    found = settle("k", "Observation?x", [read_page(bundle(entry=[
        {"resource": OBSERVATION, "fullUrl": "urn:uuid:1"}, {"resource": O2, "fullUrl": 5},
    ]))], frozenset())  # fmt: skip
    assert found == Prefetched("k", S.PROVIDED, (OBSERVATION, O2), ("urn:uuid:1", None))


def test_a_broken_later_page_makes_a_key_partial() -> None:
    found = settle("k", "Observation?x", [read_page(searchset(OBSERVATION)), read_page(OUTCOME)], frozenset())
    assert (found.state, len(found.resources)) == (S.PARTIAL, 1)


def test_outcome_text_is_not_passed_on() -> None:
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "x y", "diagnostics": "Ann"}],
    }
    assert settle("k", "Patient/1", [read_page(outcome)], frozenset()).detail == (
        "an OperationOutcome came instead (error ?)"
    )


@pytest.mark.parametrize(
    ("prefetch", "words"),
    [
        (None, "was not sent"),
        ({}, "was not sent"),
        ({"patient": OUTCOME}, "error exception"),
        ({"patient": "x"}, "not a string"),
        ({"patient": OBSERVATION}, "no Patient"),
    ],
)
def test_required_key_that_cannot_be_had(prefetch: Any, words: str) -> None:
    engine = Recorder()
    response = post(app_of(engine), body(prefetch=prefetch))
    assert response.status_code == 412
    issue = issue_of(response)
    assert issue["code"] == "processing"
    assert issue["expression"] == ["CDSHooksRequest.prefetch.patient"]
    assert words in issue["diagnostics"]
    assert "Patient/{{context.patientId}}" in issue["diagnostics"]
    assert len(response.json["issue"]) == 1  # the other keys are not required
    assert engine.asked == []


@pytest.mark.parametrize("value", [None, PATIENT, searchset(PATIENT)])
def test_required_key_that_is_known_is_enough(value: Any) -> None:
    assert post(app_of(), body(prefetch={"patient": value})).status_code == 200
