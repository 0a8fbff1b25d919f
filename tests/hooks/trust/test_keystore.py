"""Keys kept and renewed: rotation, withdrawal, outages, floods of unknown kids, many threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from service.hooks.trust.keystore import FRESH_S, PAUSE_S, STALE_S, KeyStore
from service.hooks.trust.sign import public_part
from service.hooks.trust.verify import Refused
from tests.hooks.trust.support import JWKS, Keys, Trust, bearer, claims, client_of, key_of, trust

NEW = key_of(kid="k2")


def passes(found: Trust, key: Any, **header: Any) -> bool:
    try:
        found.verifier.verify(bearer(claims(), key, **header), "/cds-services")
    except Refused as refused:
        if "(kid)" not in str(refused):
            raise
        return False
    return True


def test_keys_are_fetched_once_while_they_are_fresh() -> None:
    found = trust()
    assert found.keys.asked == []
    for found.ticks in (0.0, 1.0, FRESH_S - 1):
        assert passes(found, key_of())
    assert found.keys.asked == [JWKS]
    found.ticks = FRESH_S
    assert passes(found, key_of())
    assert len(found.keys.asked) == 2


def test_rotation_a_new_key_is_found_at_once_and_the_old_one_is_gone() -> None:
    found = trust()
    assert passes(found, key_of())
    found.keys.publish(NEW)
    found.ticks = PAUSE_S
    assert passes(found, NEW)
    assert not passes(found, key_of())


def test_rotation_with_both_keys_published() -> None:
    found = trust()
    assert passes(found, key_of())
    found.keys.publish(key_of(), NEW)
    found.ticks = PAUSE_S
    assert passes(found, NEW)
    assert passes(found, key_of())


def test_a_withdrawn_key_is_forgotten_without_a_new_one_being_used() -> None:
    found = trust()
    assert passes(found, key_of())
    found.keys.publish(NEW)
    found.ticks = FRESH_S - 1
    assert passes(found, key_of())
    found.ticks = FRESH_S
    assert not passes(found, key_of())


def test_an_outage_is_bridged_for_a_time() -> None:
    found = trust()
    assert passes(found, key_of())
    published = found.keys.published.pop(JWKS)
    found.ticks = STALE_S - 1
    assert passes(found, key_of())
    found.ticks = STALE_S
    assert not passes(found, key_of())
    found.keys.published[JWKS] = published
    found.ticks = STALE_S + PAUSE_S
    assert passes(found, key_of())


def test_why_keys_are_not_there_is_told_in_the_log_reason() -> None:
    found = trust()
    found.keys.published.clear()
    with pytest.raises(Refused, match=r"keys cannot be read: no connection \(Refused\)"):
        found.verifier.verify(bearer(), "/cds-services")


def test_unknown_kids_do_not_flood_the_client() -> None:
    found = trust()
    assert passes(found, key_of())
    for number in range(50):
        assert not passes(found, {**NEW, "kid": f"x{number}"})
    assert len(found.keys.asked) == 1
    found.ticks = PAUSE_S
    for number in range(50):
        assert not passes(found, {**NEW, "kid": f"x{number}"})
    assert len(found.keys.asked) == 2
    assert passes(found, key_of())


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"keys": {}}, {"keys": [None, 5, {"kty": "EC"}]}, {"keys": [{}] * 101}, {"keys": [dict(key_of())]}],
)
def test_documents_that_give_no_key(document: Any) -> None:
    found = trust()
    found.keys.published[JWKS] = document
    assert not passes(found, key_of())


def test_one_bad_key_does_not_spoil_the_others() -> None:
    found = trust()
    found.keys.published[JWKS] = {"keys": [{"kty": "oct", "kid": "s", "k": "AA"}, public_part(key_of()), 5]}
    assert passes(found, key_of())


def test_a_kid_that_two_keys_have_is_no_name() -> None:
    found = trust()
    found.keys.published[JWKS] = {"keys": [public_part(key_of()), {**public_part(NEW), "kid": "k1"}]}
    assert not passes(found, key_of())


def test_a_jku_limits_the_search_to_its_own_keys() -> None:
    second = "https://ehr.example.org/second"
    found = trust(client_of(jwks_urls=[JWKS, second]))
    found.keys.publish(NEW, url=second)
    assert passes(found, NEW, jku=second)
    assert passes(found, NEW)
    assert not passes(found, NEW, jku=JWKS)


def test_many_threads_fetch_once_and_those_with_a_stale_key_do_not_wait() -> None:
    keys, ticks, gate, waiting = Keys(), [0.0], threading.Event(), threading.Event()
    keys.publish(key_of())

    def slow(url: str) -> Any:
        waiting.set()
        assert gate.wait(10)
        return keys(url)

    store = KeyStore(slow, lambda: ticks[0])
    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(store.find, JWKS, "k1") for _ in range(8)]
        assert waiting.wait(10)
        gate.set()
        assert all(run.result(10) for run in runs)
        assert len(keys.asked) == 1
        ticks[0] = FRESH_S
        gate.clear()
        waiting.clear()
        renewing = pool.submit(store.find, JWKS, "k1")
        assert waiting.wait(10)
        assert store.find(JWKS, "k1") is not None  # returns while the other still fetches
        assert not renewing.done()
        gate.set()
        assert renewing.result(10)
    assert len(keys.asked) == 2
