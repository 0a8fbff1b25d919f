"""Requests damaged at random against the whole service: never a 5xx, and never silence because something failed."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_examples.request import names, request_of
from service.settings import Settings
from tests.apps import app_of
from tests.test_examples import PATH, bundle, story

Raw = dict[str, Any]
GARBAGE: tuple[Any, ...] = (
    None,
    "",
    0,
    -1.5,
    True,
    [],
    {},
    "garbage",
    [None],
    {"a": {"b": []}},
    "9" * 50,
    {"value": "NaN"},
)
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
FAILURES: tuple[Any, ...] = (
    OUTCOME,
    "not a resource",
    17,
    {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": OUTCOME, "search": {"mode": "outcome"}}]},
    {"resourceType": "Bundle", "type": "searchset", "total": 3, "link": [{"relation": "next", "url": "http://x/y"}]},
    {"resourceType": "Bundle", "entry": "no list"},
    {},
)
SPEAKING = [name for name in names() if not story(name)["expect"].get("silent")]


def app() -> Flask:
    return app_of(Settings())


@cache
def sent(name: str) -> str:
    return json.dumps(request_of(bundle(name), name))


def post(body: Any) -> tuple[int, Raw]:
    found = app().test_client().post(PATH, data=json.dumps(body), content_type="application/json")
    return found.status_code, json.loads(found.data)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, child in inner for place in ((*path, key), *places(child, (*path, key)))]


def damage(request: Raw, place: tuple[Any, ...], value: Any) -> None:
    *way, last = place
    here: Any = request
    for step in way:
        here = here[step]
    if value == "delete":
        here.pop(last)
    else:
        here[last] = copy.deepcopy(value)  # further damage may go into it


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(names()), st.data())
def test_a_damaged_request_is_answered(name: str, data: st.DataObject) -> None:
    request = json.loads(sent(name))
    for _ in range(data.draw(st.integers(1, 4))):
        found = places(request)
        if not found:
            break
        place = data.draw(st.sampled_from(found))
        damage(request, place, data.draw(st.sampled_from(("delete", *GARBAGE))))
    status, body = post(request)
    assert status < 500, body
    assert ("cards" in body) == (status == 200)


@pytest.mark.parametrize("key", list(request_of(bundle(SPEAKING[0]), SPEAKING[0])["prefetch"]))
@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_a_failure_is_never_answered_with_silence(key: str, failure: Any) -> None:
    """Of a patient who gets cards, each key in turn fails: the answer is a 412 or says something."""
    for name in SPEAKING[::8]:
        request = json.loads(sent(name))
        request["prefetch"][key] = failure
        status, body = post(request)
        assert status in (200, 412), body
        assert status == 412 or body["cards"], f"{name} without {key} was answered with silence"
