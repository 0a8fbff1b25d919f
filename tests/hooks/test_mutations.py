"""Damaged requests: never a fault of the service, and never a failure that looks like "there is none"."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from service.hooks.contract import KeyState
from tests.hooks.support import CONDITION, EMPTY_BUNDLE, OBSERVATION, Recorder, app_of, body, post, searchset

VALID = body(
    extension={"com.example": {"a": [1]}},
    prefetch={
        "patient": body()["prefetch"]["patient"],
        "conditions": {"resourceType": "Bundle", "type": "batch-response", "entry": [{"resource": searchset(CONDITION)}]},
        "observations": searchset(OBSERVATION, {**OBSERVATION, "id": "o2"}, next_url="https://ehr.example.org/2", total=9),
    },
)  # fmt: skip
ODD: list[Any] = [None, "", "x", 0, -1, 1.5, True, [], {}, [[]], [None], {"resourceType": "Bundle"}, EMPTY_BUNDLE]
Path = tuple[str | int, ...]


def paths(value: Any, at: Path = ()) -> list[Path]:
    """The places of everything inside a JSON value."""
    found: list[Path] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in items:
        found += [(*at, name), *paths(child, (*at, name))]
    return found


def apply(request: Any, path: Path, delete: bool, value: Any) -> None:
    """Take out or replace one place, if an earlier change left it."""
    for step in path[:-1]:
        try:
            request = request[step]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1]
    if isinstance(request, dict) and delete:
        request.pop(last, None)
    elif (isinstance(request, dict) and isinstance(last, str)) or (
        isinstance(request, list) and isinstance(last, int) and last < len(request)
    ):
        request[last] = copy.deepcopy(value)


PATHS = paths(VALID)
CHANGES = st.lists(st.tuples(st.sampled_from(PATHS), st.booleans(), st.sampled_from(ODD)), min_size=1, max_size=4)
ENGINE = Recorder()
APP = app_of(ENGINE)


def says_none(value: Any) -> bool:
    """Whether a prefetch value says, in the words of the protocol, that there is nothing: null, or a Bundle of a search
    that has no entries, no next page and no higher count; also inside a Bundle."""
    if value is None:
        return True
    if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
        return False
    total, entries = value.get("total"), value.get("entry")
    if isinstance(total, int) and total > 0 and not isinstance(total, bool):
        return False
    if isinstance(value.get("link"), list) and any(
        isinstance(x, dict) and x.get("relation") == "next" for x in value["link"]
    ):
        return False
    return entries in (None, []) or (
        isinstance(entries, list) and all(isinstance(e, dict) and says_none(e.get("resource", 0)) for e in entries)
    )  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(CHANGES)
def test_damaged_requests(changes: list[tuple[Path, bool, Any]]) -> None:
    request = copy.deepcopy(VALID)
    for path, delete, value in changes:
        apply(request, path, delete, value)
    ENGINE.asked.clear()
    response = post(APP, request)
    assert response.status_code in (200, 400, 412)
    if response.status_code != 200:
        assert response.json["resourceType"] == "OperationOutcome"
        assert ENGINE.asked == []
        return
    sent = request.get("prefetch") or {}
    for key, found in ENGINE.keys.items():
        if found.state is KeyState.EMPTY:
            assert key in sent
            assert says_none(sent[key])
        if key not in sent:
            assert found.state is KeyState.ABSENT
        if found.state is KeyState.PROVIDED:
            assert found.resources


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes(data: bytes) -> None:
    assert post(APP, data).status_code == 400
