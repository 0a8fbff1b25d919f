"""What a launch opened is sealed: nobody reads it, nobody changes it, and no session opens another."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.smart.session import Opened, Seal, TooLarge, from_cookies, new_sid, to_cookies

OPENED = Opened("patient-1", "https://fhir.example.org/r4", "token-of-the-ehr", "patient/*.rs", 1_900_000_000, "uuid")
SHIFT = 3600


@pytest.mark.parametrize("size", [0, 10, 3000, 9000])
def test_comes_back_as_it_was(size: int) -> None:
    seal, sid = Seal("s" * 32), new_sid()
    opened = Opened("p", token="t" * size)
    assert from_cookies(seal, sid, to_cookies(seal, sid, opened), SHIFT) == opened


def test_another_process_with_the_same_secret_opens_it_and_no_other() -> None:
    sid = new_sid()
    cookies = to_cookies(Seal("s" * 32), sid, OPENED)
    assert from_cookies(Seal("s" * 32), sid, cookies, SHIFT) == OPENED
    assert from_cookies(Seal("x" * 32), sid, cookies, SHIFT) is None
    assert from_cookies(Seal(), sid, cookies, SHIFT) is None


def test_says_nothing_of_what_it_holds() -> None:
    sid = new_sid()
    text = json.dumps(to_cookies(Seal(), sid, OPENED))
    assert not [word for word in ("patient-1", "token-of-the-ehr", "fhir.example.org") if word in text]


def test_a_token_that_does_not_fit_is_refused() -> None:
    with pytest.raises(TooLarge, match="too large"):
        to_cookies(Seal(), new_sid(), Opened("p", token="t" * 30_000))


def test_a_missing_or_swapped_piece_opens_nothing() -> None:
    seal, sid = Seal(), new_sid()
    cookies = to_cookies(seal, sid, Opened("p", token="t" * 9000))
    names = sorted(cookies)
    assert len(names) > 2
    for name in names:
        assert from_cookies(seal, sid, {n: v for n, v in cookies.items() if n != name}, SHIFT) is None
    swapped = {**cookies, names[0]: cookies[names[1]], names[1]: cookies[names[0]]}
    assert from_cookies(seal, sid, swapped, SHIFT) is None


def test_the_cookies_of_one_session_open_no_other() -> None:
    seal, one, other = Seal(), new_sid(), new_sid()
    assert from_cookies(seal, other, to_cookies(seal, one, OPENED), SHIFT) is None


def test_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seal, sid = Seal(), new_sid()
    cookies = to_cookies(seal, sid, OPENED)
    now = __import__("time").time
    monkeypatch.setattr("cryptography.fernet.time.time", lambda: now() + SHIFT + 1)
    assert from_cookies(seal, sid, cookies, SHIFT) is None


@given(st.text(max_size=40), st.dictionaries(st.text(max_size=40), st.text(max_size=60), max_size=3))
def test_any_nonsense_opens_nothing(sid: str, cookies: dict[str, str]) -> None:
    assert from_cookies(Seal(), sid, cookies, SHIFT) is None


@pytest.mark.parametrize("value", [{}, {"patient": "p"}, {"patient": "p", "admin": True}])
def test_something_else_under_the_same_seal_is_no_session(value: dict[str, object]) -> None:
    seal, sid = Seal(), new_sid()
    assert from_cookies(seal, sid, {f"allcue-{sid}-0": seal.close(value)}, SHIFT) is None
