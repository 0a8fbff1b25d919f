"""What the actions of a suggestion do to the list of drafts, and how orders are named."""

from __future__ import annotations

from typing import Any

import pytest

from service.smart.demo.drafts import Change, applied, named, title_of


def draft(name: str, text: str = "dasatinib") -> dict[str, Any]:
    return {"resourceType": "MedicationRequest", "id": name, "medicationCodeableConcept": {"text": text}}


def test_create_gives_an_id_that_is_free() -> None:
    new = {"resourceType": "ServiceRequest", "code": {"text": "HLA typing"}}
    drafts, changes = applied([draft("draft-1"), draft("draft-3")], [{"type": "create", "resource": new}])
    assert [row["id"] for row in drafts] == ["draft-1", "draft-3", "draft-2"]
    assert changes == [Change("created", "HLA typing")]
    assert "id" not in new, "what came is not changed"


def test_update_replaces_in_place() -> None:
    drafts, changes = applied([draft("a"), draft("b")], [{"type": "update", "resource": draft("a", "ponatinib")}])
    assert [title_of(row) for row in drafts] == ["ponatinib", "dasatinib"]
    assert changes == [Change("updated", "ponatinib")]


@pytest.mark.parametrize("reference", ["MedicationRequest/a", "https://f.example/r4/MedicationRequest/a", "a"])
def test_delete_takes_out_by_any_form_of_the_reference(reference: str) -> None:
    drafts, changes = applied([draft("a"), draft("b")], [{"type": "delete", "resourceId": reference}])
    assert [row["id"] for row in drafts] == ["b"]
    assert changes == [Change("deleted", "dasatinib")]


def test_what_is_not_in_the_list_is_said_and_changes_nothing() -> None:
    before = [draft("a"), "no resource", {"resourceType": "Medication"}]
    actions = [
        {"type": "delete", "resourceId": "ServiceRequest/a"},
        {"type": "update", "resource": draft("z")},
        {"type": "?"},
    ]
    drafts, changes = applied(before, actions)
    assert drafts == before
    assert [change.kind for change in changes] == ["not found", "not found"]


def test_all_actions_of_a_suggestion_are_done_in_their_order() -> None:
    actions = [
        {"type": "create", "resource": draft("n", "ponatinib")},
        {"type": "delete", "resourceId": "MedicationRequest/a"},
    ]
    assert [row["id"] for row in applied([draft("a")], actions)[0]] == ["n"]


@pytest.mark.parametrize(
    ("order", "title"),
    [
        ({"resourceType": "ServiceRequest", "code": {"coding": [{"code": "1", "display": "FISH"}]}}, "FISH"),
        ({"resourceType": "MedicationRequest", "medicationReference": {"reference": "Medication/1"}}, "Medication/1"),
        ({"resourceType": "MedicationRequest", "medicationCodeableConcept": {"coding": [3]}}, "MedicationRequest"),
        (None, "?"),
    ],
)
def test_titles(order: Any, title: str) -> None:
    assert title_of(order) == title


def test_an_id_that_came_is_kept() -> None:
    assert named([], {"resourceType": "X", "id": "own"})["id"] == "own"
