"""JSON limits and the cleaning of answers."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.hooks.wire import Unreadable, clean, dump, parse
from tests.hooks.support import CARD, Recorder, app_of, body, post

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "yz"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)


def empties(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(child in (None, "") or child == [] or child == {} for child in children) + sum(map(empties, children))


@given(st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4))
def test_nothing_empty_is_left(response: dict[str, Any]) -> None:
    cleaned, removed = clean(response, keep=frozenset())
    assert empties(cleaned) == 0
    assert (empties(response) == 0) == (cleaned == response)
    assert bool(removed) == (cleaned != response)


def test_clean_keeps_values_and_says_what_went() -> None:
    response = {"cards": [], "a": {"b": [None, {"c": ""}]}, "no": False, "zero": 0, "more": ({"x": 1},)}
    cleaned, removed = clean(response)
    assert cleaned == {"cards": [], "no": False, "zero": 0, "more": [{"x": 1}]}
    assert removed == ["a.b[1].c", "a.b[0]", "a.b[1]", "a.b", "a"]


def test_a_null_that_holds_the_place_of_an_extension_stays() -> None:
    name = {"given": [None, "Ann"], "_given": [{"extension": [{"url": "x", "valueCode": "y"}]}, None]}
    assert clean(name) == (name, [])


def test_answer_has_no_empty_values() -> None:
    card = {**CARD, "detail": "", "links": [], "source": {"label": "A source", "url": None, "topic": {}}}
    assert post(app_of(Recorder({"cards": [card], "systemActions": None})), body()).json == {"cards": [CARD]}


def test_silence_is_an_empty_list() -> None:
    assert post(app_of(Recorder({"cards": []})), body()).data == b'{"cards":[]}'


def test_dump_writes_what_engines_return() -> None:
    value = MappingProxyType({"a": Decimal("1.5"), "b": ("x",)})
    assert orjson.loads(dump(value)) == {"a": 1.5, "b": ["x"]}
    with pytest.raises(TypeError):
        dump({"a": object()})


@given(JSON)
def test_parse_reads_back(value: Any) -> None:
    assert parse(dump(value)) == value


def test_more_objects_than_are_read_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A FHIR server or an address of keys may send them too."""
    monkeypatch.setattr("service.hooks.wire.MOST_NODES", 10)
    assert parse(b'{"a":[1,2,[],[]]}')
    with pytest.raises(Unreadable, match="more objects and arrays"):
        parse(b"[" + b"[]," * 10 + b"[]]")
