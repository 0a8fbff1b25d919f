"""Signed requests: algorithms, fresh tokens, keys that change."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from service.hooks.trust.sign import new_key
from tests.ehr.client import Ehr
from tests.ehr.conftest import Clinic

PATIENT = "relapsed-ph-positive-t315i"
TRIES = 60  # the service looks for new keys at most every 10 seconds


def known(ehr: Ehr) -> bool:
    """Whether the service comes to accept the key, within some tries."""
    for _ in range(TRIES):
        if ehr.send("").status_code == 200:
            return True
        time.sleep(0.5)
    return False


@pytest.fixture
def own(clinic: Clinic) -> Ehr:
    """The client with its first key, which is published again afterwards."""
    return replace(clinic.ehr, outbox={}, templates={})


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_discovery_call_and_feedback_signed_with(algorithm: str, clinic: Clinic, own: Ehr) -> None:
    own.key = new_key(algorithm, f"of-{algorithm}")
    own.publish(clinic.ehr.key, own.key)
    assert known(own)
    card = own.call("patient-view", clinic.admit(PATIENT))[0]
    own.overridden("patient-view", card, "cds-suboptimal-context")
    own.report()


def test_a_token_is_good_for_one_request_and_one_address(own: Ehr) -> None:
    address = f"{own.service}/cds-services"
    once = own.token(address)
    assert [own.send("", token=once).status_code for _ in range(2)] == [200, 401]
    for audience in (f"{address}/allcue-patient-view", "https://elsewhere.example.org/cds-services", own.service):
        refused = own.send("", token=own.token(audience))
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert "aud" not in refused.text


def test_keys_are_rotated(clinic: Clinic, own: Ehr) -> None:
    """A new key is published, used, and the old one withdrawn: nothing is told to the service but the JWK Set."""
    old, new = own.key, new_key("ES384", "second")
    assert own.send("").status_code == 200
    own.publish(old, new)
    own.key = new
    assert known(own)
    try:
        own.publish(new)
        own.key = new_key("ES384", "unpublished")
        assert own.send("").status_code == 401
        own.key = old
        for _ in range(TRIES):
            if own.send("").status_code == 401:
                break
            own.key = new_key("ES384", "unpublished too")
            own.send("")
            own.key = old
            time.sleep(0.5)
        else:
            pytest.fail("the withdrawn key is still good")
    finally:
        clinic.ehr.publish(clinic.ehr.key)
    assert known(clinic.ehr)
