"""What is of one call alone is cut out of a body, and nothing else."""

from __future__ import annotations

import json
import uuid
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.hooks.cut import cut, is_plain

FIRST, SECOND = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
TEXT = st.text(max_size=12) | st.sampled_from(['"hookInstance": "', '"fhirAuthorization":{', "}", '"', "\\", FIRST])
MORE = st.dictionaries(TEXT, TEXT | st.dictionaries(TEXT, TEXT, max_size=2), max_size=4)


def written(instance: str, access: dict[str, str] | None, before: Any, after: Any) -> bytes:
    told = {"fhirAuthorization": access} if access is not None else {}
    return json.dumps({"before": before, "hookInstance": instance, "after": after, **told}).encode()


@given(
    before=MORE,
    after=MORE,
    one=st.none() | st.just({"a": "1"}),
    other=st.none() | st.just({"access_token": "x", "b": "2"}),
)
def test_bodies_that_differ_only_in_what_is_cut_out_have_the_same_rest(
    before: Any, after: Any, one: Any, other: Any
) -> None:
    bodies = [written(FIRST, one, before, after), written(SECOND, other, before, after)]
    parts = [cut(body) for body in bodies]
    if not all(map(is_plain, bodies)) or None in parts:
        return
    assert [part.hook_instance for part in parts if part] == [FIRST, SECOND]
    same = parts[0] is not None and parts[1] is not None and parts[0].rest == parts[1].rest
    assert same == ((one is None) == (other is None))


@given(
    one=st.binary(max_size=40),
    other=st.binary(max_size=40),
    access=st.sampled_from([b"{}", b'{"a":"}"}', b"{", b'{"a":1}']),
)
def test_the_same_rest_means_the_same_but_for_what_was_cut_out(one: bytes, other: bytes, access: bytes) -> None:
    first = b'{"hookInstance":"' + FIRST.encode() + b'","fhirAuthorization":{"a":2},"x":"' + one + b'"}'
    second = b'{"hookInstance":"' + SECOND.encode() + b'","fhirAuthorization":' + access + b',"x":"' + other + b'"}'
    parts = cut(first), cut(second)
    if parts[0] is None or parts[1] is None or parts[0].rest != parts[1].rest or not is_plain(first):
        return
    try:
        told = orjson.loads(first)
        orjson.loads(parts[1].access or b"{}")
    except orjson.JSONDecodeError:
        return
    assert orjson.loads(second) == {**told, "hookInstance": SECOND, "fhirAuthorization": orjson.loads(access)}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"hookInstance": 5}',
        b'{"hookInstance": "x"}',
        b'{"hookInstance"',
        b'{"hookInstance": "' + FIRST.encode(),
    ],
)
def test_what_has_no_usable_instance_is_left_whole(body: bytes) -> None:
    assert cut(body) is None


def test_an_authorization_that_is_not_flat_stays_where_it_is() -> None:
    body = b'{"hookInstance": "' + FIRST.encode() + b'", "fhirAuthorization": {"a": {"b": 1}}}'
    found = cut(body)
    assert found is not None
    assert found.access is None
    assert b"fhirAuthorization" in b"".join(found.rest)
