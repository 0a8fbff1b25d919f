"""What is trusted: discovery, call and feedback addresses, the forms of claims, algorithms by key, browsers' preflights."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from service.hooks.caller import ANYBODY, current
from service.hooks.trust.keys import ALGORITHMS
from tests.hooks.support import Recorder, app_of, body, post
from tests.hooks.trust.support import (
    DISCOVERY,
    ISS,
    JWKS,
    NOW,
    bearer,
    claims,
    client_of,
    given_keys,
    key_of,
    trust,
)

CALL = f"{DISCOVERY}/view"


def test_discovery_and_call() -> None:
    engine = Recorder()
    client = trust().app(engine).test_client()
    assert client.get("/cds-services", headers={"Authorization": bearer()}).json["services"]
    headers = {"Authorization": bearer(claims(CALL))}
    assert client.post("/cds-services/view", json=body(), headers=headers).json["cards"]
    assert len(engine.asked) == 1


def test_feedback_has_an_address_of_its_own() -> None:
    found = trust().verifier
    assert found.verify(bearer(claims(f"{CALL}/feedback")), "/cds-services/view/feedback").client == "ehr"


@pytest.mark.parametrize(
    ("audience", "path"),
    [
        (DISCOVERY, "/cds-services"),
        ([DISCOVERY], "/cds-services"),
        (["https://other.example.org", DISCOVERY], "/cds-services"),
        (f"{DISCOVERY}/", "/cds-services/"),
        (f"{DISCOVERY}/", "/cds-services"),
        (f"{DISCOVERY}//view", "/cds-services//view"),  # a client that was given the discovery address with a slash
        (CALL, "/cds-services/view/"),
    ],
)
def test_forms_of_aud(audience: Any, path: str) -> None:
    assert trust().verifier.verify(bearer(claims(audience)), path).client == "ehr"


def test_a_further_audience_is_good_for_its_client_everywhere() -> None:
    typed = "https://old-name.example.org"  # by hand, at the EHR
    found = trust(client_of(audiences=[typed])).verifier
    for path in ("/cds-services", "/cds-services/view"):
        assert found.verify(bearer(claims(typed)), path).client == "ehr"


def test_aud_is_not_compared_with_what_a_request_says_of_itself() -> None:
    client = trust().app().test_client()
    headers = {"Authorization": bearer(claims("https://evil.example.net/cds-services"))}
    evil = {"X-Forwarded-Host": "evil.example.net", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example.net"}
    answer = client.get("/cds-services", base_url="https://evil.example.net", headers={**headers, **evil})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "more",
    [
        {"iat": NOW - 300, "exp": NOW - 59},
        {"iat": NOW + 60, "exp": NOW + 300},
        {"nbf": NOW + 60},
        {"nbf": NOW - 300},
        {"iat": NOW - 3300, "exp": NOW + 300},
        {"exp": NOW + 299.5},
        {"sub": "client", "extension": {"org.example": 1}},
    ],
    ids=["expired within leeway", "future within leeway", "nbf within leeway", "nbf past", "an hour", "half", "more"],
)
def test_times_and_further_claims(more: dict[str, Any]) -> None:
    assert trust().verifier.verify(bearer(claims(**more)), "/cds-services").client == "ehr"


def test_a_used_token_is_remembered_until_leeway_is_over() -> None:
    asked: list[tuple[str, str, float]] = []

    class Guard:
        def first_use(self, issuer: str, jti: str, expires: Any) -> bool:
            asked.append((issuer, jti, expires.timestamp()))
            return True

    trust(replay=Guard()).verifier.verify(bearer(claims(jti="j1")), "/cds-services")
    assert asked == [(ISS, "j1", NOW + 300 + 60)]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_that_can_be_registered(algorithm: str) -> None:
    key = key_of(algorithm, f"key-{algorithm}")
    found = trust(client_of(algorithms=[algorithm], **given_keys(key))).verifier
    assert found.verify(bearer(key=key), "/cds-services").client == "ehr"


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_the_recommended_algorithms_need_no_registration(algorithm: str) -> None:
    key = key_of(algorithm, f"key-{algorithm}")
    found = trust()
    found.keys.publish(key)
    assert found.verifier.verify(bearer(key=key, jku=JWKS), "/cds-services").client == "ehr"


def test_kids_are_opaque() -> None:
    key = {**key_of(), "kid": "a+b/c=,d e"}
    assert trust(client_of(**given_keys(key))).verifier.verify(bearer(key=key), "/cds-services").client == "ehr"


def test_keys_of_the_file_are_not_fetched_and_the_jku_must_still_be_listed() -> None:
    found = trust(client_of(**given_keys(key_of())))
    assert found.verifier.verify(bearer(jku=JWKS), "/cds-services").client == "ehr"
    assert found.keys.asked == []


@pytest.mark.parametrize("header", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_in_any_case(header: str) -> None:
    token = bearer().removeprefix("Bearer ")
    assert trust().verifier.verify(f"{header} {token}", "/cds-services").client == "ehr"


@pytest.mark.parametrize("path", ["/cds-services", "/cds-services/view", "/cds-services/view/feedback"])
def test_a_preflight_needs_no_token(path: str) -> None:
    headers = {"Origin": "https://ehr.example.org", "Access-Control-Request-Method": "POST"}
    answer = trust().app().test_client().options(path, headers=headers)
    assert answer.status_code != 401
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_a_refusal_can_be_read_by_a_browser() -> None:
    answer = trust().app().test_client().get("/cds-services", headers={"Origin": "https://ehr.example.org"})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, "*")


@pytest.mark.parametrize("path", ["/", "/health", "/ready"])
def test_operations_need_no_token(path: str) -> None:
    assert trust().app().test_client().get(path).status_code == 200


def test_who_calls_is_known_to_what_answers_and_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    seen = []

    def engine(invocation: Any) -> dict[str, Any]:
        seen.append(current())
        return {"cards": []}

    own = client_of(profile="epic", fhir_servers=["https://ehr.example.org/fhir"])
    client = trust(own).app(engine).test_client()
    headers = {"Authorization": bearer(claims(CALL, tenant="t1"))}
    with caplog.at_level(logging.INFO, "allcue"):
        assert client.post("/cds-services/view", json=body(), headers=headers).status_code == 200
    (caller,) = seen
    assert (caller.client, caller.issuer, caller.tenant, caller.profile) == ("ehr", ISS, "t1", "epic")
    assert caller.servers is not None
    assert caller.servers.may_read("https://ehr.example.org/fhir", "t")
    assert not caller.servers.may_read("https://elsewhere.example.org/fhir", "t")
    assert json.loads(caplog.records[-1].getMessage())["client"] == "ehr"
    assert headers["Authorization"].split(".")[2] not in caplog.text


def test_open_mode_knows_nobody() -> None:
    seen = []

    def engine(invocation: Any) -> dict[str, Any]:
        seen.append(current())
        return {"cards": []}

    assert post(app_of(engine), body()).status_code == 200
    assert seen == [ANYBODY]
