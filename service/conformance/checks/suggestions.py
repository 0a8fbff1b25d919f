"""Suggestions and actions (CDS Hooks 2.0 "Suggestion", "Action")."""

from __future__ import annotations

import re

from service.conformance.checks.shapes import is_text, shown, where_sent, wrong
from service.conformance.model import Problems, Skip, check
from service.conformance.run import Placed, Run

_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
TYPES = ("create", "update", "delete")


@check("every suggestion has a label")
def suggestion_label(run: Run) -> Problems:
    yield from wrong(run.parts("suggestions"), "label", "text", is_text, True)


@check("uuid of a suggestion, where sent, is text and not used twice on a card")
def suggestion_uuid(run: Run) -> Problems:
    yield from where_sent(run.parts("suggestions"), "uuid", "text", is_text)
    for at, card in run.cards():
        rows = card.get("suggestions")
        ids = [row["uuid"] for row in rows if isinstance(row, dict) and "uuid" in row] if isinstance(rows, list) else []
        if len(set(map(str, ids))) != len(ids):
            yield f"{at}: two suggestions share a uuid"


@check("isRecommended, where sent, is true or false")
def suggestion_recommended(run: Run) -> Problems:
    yield from where_sent(run.parts("suggestions"), "isRecommended", "true or false", lambda v: isinstance(v, bool))


@check("under at-most-one no more than one suggestion is recommended (cds-resp-1)")
def one_recommended(run: Run) -> Problems:
    if not any("isRecommended" in row for _, row in run.parts("suggestions")):
        raise Skip("isRecommended: none came")
    for at, card in run.cards():
        rows = card.get("suggestions")
        many = [r for r in rows if isinstance(r, dict) and r.get("isRecommended")] if isinstance(rows, list) else []
        if len(many) > 1 and card.get("selectionBehavior") == "at-most-one":
            yield f"{at}: {len(many)} suggestions are recommended under at-most-one"


@check("actions, where sent, is an array")
def suggestion_actions(run: Run) -> Problems:
    yield from where_sent(run.parts("suggestions"), "actions", "an array", lambda value: isinstance(value, list))


@check("actionSelectionBehavior, where sent, is all, any or at-most-one (cds-resp-7)", "cds-resp-7")
def action_selection_behavior(run: Run) -> Problems:
    found = [(at, row) for at, row in run.parts("suggestions") if "actionSelectionBehavior" in row]
    if not found:
        raise Skip("actionSelectionBehavior: none came")
    good = lambda value: value in ("all", "any", "at-most-one")  # noqa: E731
    yield from wrong(found, "actionSelectionBehavior", "all, any or at-most-one", good, True)


@check("the type of an action is create, update or delete")
def action_type(run: Run) -> Problems:
    good = lambda value: isinstance(value, str) and value in TYPES  # noqa: E731
    yield from wrong(run.actions(), "type", "create, update or delete", good, True)


@check("every action of a suggestion has a description (cds-resp-5)")
def action_description(run: Run) -> Problems:
    found = [(at, action) for at, action in run.actions() if "suggestions" in at]
    yield from wrong(found, "description", "text", is_text, True)


@check("resource, where sent, is a FHIR resource")
def action_resource(run: Run) -> Problems:
    for at, action in run.actions():
        if "resource" in action and not _is_resource(action["resource"]) and action.get("type") != "delete":
            yield f"{at}.resource is {shown(action['resource'])}: an object with resourceType"


@check("a create brings the new resource")
def create_resource(run: Run) -> Problems:
    for at, action in _of(run, "create"):
        if not _is_resource(action.get("resource")):
            yield f"{at}: create without a resource"


@check("an update brings the whole resource, with its id")
def update_resource(run: Run) -> Problems:
    for at, action in _of(run, "update"):
        resource = action.get("resource")
        if not isinstance(resource, dict) or not _is_resource(resource):
            yield f"{at}: update without a resource"
        elif not is_text(resource.get("id")):
            yield f"{at}: update of a resource without id"


@check("a delete names what to delete in resourceId and holds no resource (cds-resp-2)")
def delete_resource_id(run: Run) -> Problems:
    for at, action in _of(run, "delete"):
        found = action.get("resourceId")
        if not isinstance(found, str) or not _REFERENCE.fullmatch(found):
            yield f"{at}.resourceId is {shown(found)}: a reference such as MedicationRequest/1"
        if "resource" in action:
            yield f"{at}: delete with a resource"


@check("resourceId, where sent, is text")
def action_resource_id(run: Run) -> Problems:
    found = [(at, action) for at, action in run.actions() if "resourceId" in action]
    if not found:
        raise Skip("resourceId: none came")
    yield from wrong(found, "resourceId", "text", is_text, True)


@check("what is updated or deleted came with the call", "a client can only change what it knows")
def action_target_known(run: Run) -> Problems:
    some = False
    for called in run.called:
        known = str(called.request)
        for i, card in enumerate(called.cards):
            for at, action in _card_actions(card):
                if action.get("type") == "delete" and isinstance(action.get("resourceId"), str):
                    some = True
                    if repr(action["resourceId"].rsplit("/", 1)[-1]) not in known:
                        yield f"{called.place} cards[{i}]{at}: {shown(action['resourceId'])} was not in the call"
    if not some:
        raise Skip("delete: none came")


def _card_actions(card: object) -> list[Placed]:
    rows = card.get("suggestions") if isinstance(card, dict) else None
    found: list[Placed] = []
    for i, row in enumerate(rows if isinstance(rows, list) else ()):
        actions = row.get("actions") if isinstance(row, dict) else None
        for j, action in enumerate(actions if isinstance(actions, list) else ()):
            if isinstance(action, dict):
                found.append((f".suggestions[{i}].actions[{j}]", action))
    return found


def _of(run: Run, kind: str) -> list[Placed]:
    found = [(at, action) for at, action in run.actions() if action.get("type") == kind]
    if not found:
        raise Skip(f"{kind}: none came")
    return found


def _is_resource(value: object) -> bool:
    return isinstance(value, dict) and is_text(value.get("resourceType"))
