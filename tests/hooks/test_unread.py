"""A body in parts: what is read of it, when, and that nothing unusable is taken for JSON."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.hooks.errors import HookError
from service.hooks.limits import BodyLimits
from service.hooks.unread import split
from tests.hooks.support import app_of, body, issue_of, post

LIMITS = BodyLimits()
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(prefetch=st.dictionaries(st.text(), VALUES, max_size=5), context=VALUES, more=VALUES, ascii_only=st.booleans())
def test_the_parts_are_what_the_whole_would_be(prefetch: Any, context: Any, more: Any, *, ascii_only: bool) -> None:
    text = json.dumps({"more": more, "context": context, "prefetch": prefetch, "hook": "h"}, ensure_ascii=ascii_only)
    try:
        raw = text.encode()
        whole = orjson.loads(raw)
    except (UnicodeEncodeError, orjson.JSONDecodeError):  # lone surrogates
        return
    found = split(raw, LIMITS)
    assert found.members == {"hook": "h", "context": whole["context"]}
    assert found.prefetch is not None
    assert dict(found.prefetch) == whole["prefetch"]


@given(raw=st.binary(max_size=60) | st.text(alphabet='{}[]":,\\\\ eE+-.0123tfnu"hpcx', max_size=40).map(str.encode))
def test_nothing_is_taken_that_is_no_json_object(raw: bytes) -> None:
    try:
        whole = orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        whole = None
    if isinstance(whole, dict):
        split(raw, LIMITS)
        return
    with pytest.raises(HookError) as refused:
        split(raw, LIMITS)
    assert refused.value.status == 400


@pytest.mark.parametrize("value", ["[1]", "7", '"x"', "null", "true"])
def test_a_prefetch_that_is_no_object_is_left_to_the_check_of_the_envelope(value: str) -> None:
    found = split(b'{"prefetch":' + value.encode() + b"}", LIMITS)
    assert found.prefetch is None


def test_of_a_name_that_comes_twice_the_last_counts() -> None:
    found = split(b'{"prefetch":{"a":1},"prefetch":{"b":2,"b":3}}', LIMITS)
    assert found.prefetch is not None
    assert dict(found.prefetch) == {"b": 3}


def test_what_nobody_asks_for_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []

    def parse(text: bytes) -> Any:
        read.append(text)
        return orjson.loads(text)

    monkeypatch.setattr("service.hooks.unread.parse", parse)
    assert post(app_of(lambda _: {"cards": []}), body()).status_code == 200
    assert any(b"Patient" in text for text in read)
    assert not any(b"Observation" in text for text in read)


def test_the_place_of_an_error_is_that_in_the_whole_body() -> None:
    raw = b'{"prefetch":\n {"a": [\n 1e999]}}'
    found = split(raw, LIMITS)
    assert found.prefetch is not None
    with pytest.raises(HookError) as refused:
        found.prefetch["a"]
    assert "line 3" in refused.value.issues[0].diagnostics


def test_what_is_unusable_is_told_even_if_nobody_asks_for_it() -> None:
    raw = json.dumps(body()).encode().replace(b'"Observation"', b'"Obs\xffervation"')
    response = app_of().test_client().post("/cds-services/view", data=raw, content_type="application/json")
    assert response.status_code == 400
    assert issue_of(response)["code"] == "structure"
