"""Completing prefetch from a FHIR server over HTTP: what is read, what is refused, and what failures turn into."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from service.hooks import errors
from service.hooks.blueprint import cds_services
from service.hooks.contract import KeyState
from service.hooks.fhir_access import Limits
from service.hooks.servers import AllowedServers
from service.settings import Settings
from tests.hooks.fhir_server import Answer, FakeFhir, fake_fhir, faster_than
from tests.hooks.support import (
    CONDITION,
    EMPTY_BUNDLE,
    OBSERVATION,
    OUTCOME,
    PATIENT,
    VIEW,
    Recorder,
    app_of,
    body,
    issue_of,
    post,
    searchset,
)

S = KeyState
TOKEN = "token-of-this-call"
CONDITIONS = "Condition?patient=p1"
OBSERVATIONS = "Observation?patient=p1&code=http://loinc.org%7C6690-2"
O2 = {**OBSERVATION, "id": "o2"}
LIMITS = Limits(deadline=2.0, timeout=1.0)


@pytest.fixture
def fhir() -> Iterator[FakeFhir]:
    with fake_fhir() as server:
        server.answers = {
            "Patient/p1": Answer(PATIENT),
            CONDITIONS: Answer(searchset(CONDITION)),
            OBSERVATIONS: Answer(EMPTY_BUNDLE),
        }
        yield server


def call(
    server: FakeFhir, prefetch: Any = None, limits: Limits = LIMITS, curious: bool = True, **more: Any
) -> tuple[Any, Recorder]:
    """A call with this server and a token, of a service that allows it."""
    engine = Recorder(curious=curious)
    listed = (server.url, server.url.replace("http:", "https:"))
    settings = Settings(open_mode=True, fhir_servers=listed, fhir=limits)
    authorization = {"access_token": TOKEN, "token_type": "Bearer"}
    request = body(prefetch=prefetch, **{"fhirServer": server.url, "fhirAuthorization": authorization, **more})
    return post(app_of(engine, settings), request), engine


def test_missing_keys_are_read_with_the_token(fhir: FakeFhir) -> None:
    response, engine = call(fhir)
    assert response.status_code == 200
    assert engine.states == {"patient": S.PROVIDED, "conditions": S.PROVIDED, "observations": S.EMPTY}
    assert engine.keys["patient"].resources == (PATIENT,)
    assert fhir.paths == sorted(["/fhir/Patient/p1", f"/fhir/{CONDITIONS}", f"/fhir/{OBSERVATIONS}"])
    for _, headers in fhir.asked:
        assert headers["Authorization"] == f"Bearer {TOKEN}"
        assert headers["Accept"].startswith("application/fhir+json")
    assert engine.asked[0].fhir_server == fhir.url


def test_what_the_engine_does_not_ask_for_is_not_read(fhir: FakeFhir) -> None:
    """A patient of whom the required keys tell that there is nothing to say costs the server one request."""
    response, engine = call(fhir, {}, curious=False)
    assert response.status_code == 200
    assert fhir.paths == ["/fhir/Patient/p1"]
    assert engine.states["observations"] is S.EMPTY
    assert len(fhir.paths) == 3


def test_only_what_is_missing_is_read(fhir: FakeFhir) -> None:
    _, engine = call(fhir, {"patient": PATIENT, "conditions": None})
    assert fhir.paths == [f"/fhir/{OBSERVATIONS}"]
    assert engine.states["conditions"] is S.EMPTY  # null is an answer


@pytest.mark.parametrize(
    "sent", [OUTCOME, "x", searchset(OBSERVATION), searchset(CONDITION, total=2), searchset(CONDITION, next_url="")]
)
def test_what_came_as_an_error_or_incomplete_is_read_again(fhir: FakeFhir, sent: Any) -> None:
    _, engine = call(fhir, {"patient": PATIENT, "conditions": sent, "observations": None})
    assert fhir.paths == [f"/fhir/{CONDITIONS}"]
    assert engine.states["conditions"] is S.PROVIDED


def test_an_incomplete_key_is_kept_where_reading_fails(fhir: FakeFhir) -> None:
    fhir.answers[CONDITIONS] = Answer(OUTCOME, 500)
    _, engine = call(fhir, {"patient": PATIENT, "conditions": searchset(CONDITION, total=2), "observations": None})
    found = engine.keys["conditions"]
    assert (found.state, found.resources) == (S.PARTIAL, (CONDITION,))
    assert "2 matches" in (found.detail or "")
    assert "status 500" in (found.detail or "")


FAILURES: dict[str, tuple[Answer, str]] = {
    "401": (Answer(OUTCOME, 401), "status 401"),
    "403": (Answer(OUTCOME, 403), "status 403"),
    "404": (Answer(OUTCOME, 404), "status 404"),
    "500": (Answer(b"oops", 500), "status 500"),
    "204": (Answer(b"", 204), "status 204"),
    "redirect": (Answer(b"", 302, {"Location": "/fhir/Patient/p1"}), "status 302"),
    "OperationOutcome with status 200": (Answer(OUTCOME), "OperationOutcome"),
    "HTML": (Answer(b"<html>"), "not valid JSON"),
    "nothing": (Answer(b""), "empty"),
    "null": (Answer(b"null"), "answered null"),
    "array": (Answer(b"[]"), "an array"),
    "broken compression": (Answer(b"not gzip", headers={"Content-Encoding": "gzip"}), "not be unpacked"),
    "too deep": (Answer(b"[" * 2000 + b"]" * 2000), "depth limit"),
}


@pytest.mark.parametrize(("answer", "words"), FAILURES.values(), ids=FAILURES.keys())
def test_failures_are_failures(fhir: FakeFhir, answer: Answer, words: str) -> None:
    fhir.answers[CONDITIONS] = answer
    response, engine = call(fhir)
    assert response.status_code == 200
    found = engine.keys["conditions"]
    assert (found.state, found.resources) == (S.FAILED, ())
    assert words in (found.detail or "")
    assert len(fhir.asked) == 3  # a redirect is not followed
    assert engine.states["patient"] is S.PROVIDED


def test_required_key_that_cannot_be_read(fhir: FakeFhir) -> None:
    fhir.answers["Patient/p1"] = Answer(OUTCOME, 403)
    response, engine = call(fhir)
    assert response.status_code == 412
    assert "status 403" in issue_of(response)["diagnostics"]
    assert TOKEN not in response.text
    assert engine.asked == []


def test_compressed_answers_are_read(fhir: FakeFhir) -> None:
    packed = gzip.compress(json.dumps(searchset(CONDITION)).encode())
    fhir.answers[CONDITIONS] = Answer(packed, headers={"Content-Encoding": "gzip"})
    assert call(fhir)[1].keys["conditions"].resources == (CONDITION,)


def pages(fhir: FakeFhir, *urls: str) -> None:
    """Answer observations with pages; each but the last links to the next of ``urls``."""
    links: list[str | None] = [*urls, None]
    for place, link in zip([OBSERVATIONS, *urls], links, strict=True):
        resource = {**OBSERVATION, "id": place[-3:].replace("?", "")}
        fhir.answers[place.removeprefix(fhir.url + "/")] = Answer(searchset(resource, next_url=link, total=len(links)))


def test_pages_on_the_same_origin_are_followed(fhir: FakeFhir) -> None:
    pages(fhir, f"{fhir.url}/page?2", f"{fhir.url}/page?3")
    found = call(fhir)[1].keys["observations"]
    assert (found.state, len(found.resources), found.detail) == (S.PROVIDED, 3, None)


def test_relative_page_link(fhir: FakeFhir) -> None:
    pages(fhir, "page?2")
    assert call(fhir)[1].states["observations"] is S.PROVIDED


def test_pages_of_a_sent_first_page_are_followed(fhir: FakeFhir) -> None:
    fhir.answers["page?2"] = Answer(searchset(O2))
    first = searchset(OBSERVATION, next_url=f"{fhir.url}/page?2")
    _, engine = call(fhir, {"patient": PATIENT, "conditions": None, "observations": first})
    assert engine.keys["observations"].resources == (OBSERVATION, O2)
    assert engine.states["observations"] is S.PROVIDED
    assert fhir.paths == ["/fhir/page?2"]


def test_pages_elsewhere_are_not_followed(fhir: FakeFhir) -> None:
    with fake_fhir() as other:
        other.answers["page?2"] = Answer(searchset(O2))
        pages(fhir, f"{other.url}/page?2")
        found = call(fhir)[1].keys["observations"]
        assert (found.state, len(found.resources)) == (S.PARTIAL, 1)
        assert "another server" in (found.detail or "")
        first = searchset(OBSERVATION, next_url=f"{other.url}/page?2")
        _, engine = call(fhir, {"patient": PATIENT, "observations": first})
        assert engine.states["observations"] is S.PARTIAL
        assert other.asked == []


PAGE_TROUBLES: dict[str, tuple[Answer, str]] = {
    "fails": (Answer(OUTCOME, 500), "status 500"),
    "is an outcome": (Answer(OUTCOME), "OperationOutcome"),
    "loops": (Answer(searchset(O2, next_url="page?2")), "read before"),
    "links nowhere": (Answer(searchset(O2, next_url="")), "no address"),
    "links to no address": (Answer(searchset(O2, next_url="http://[")), "another server"),
}


@pytest.mark.parametrize(("answer", "words"), PAGE_TROUBLES.values(), ids=PAGE_TROUBLES.keys())
def test_a_later_page_that_cannot_be_had(fhir: FakeFhir, answer: Answer, words: str) -> None:
    fhir.answers[OBSERVATIONS] = Answer(searchset(OBSERVATION, next_url="page?2"))
    fhir.answers["page?2"] = answer
    found = call(fhir)[1].keys["observations"]
    assert found.state is S.PARTIAL
    assert found.resources[0] == OBSERVATION
    assert words in (found.detail or "")


@pytest.mark.parametrize(("most", "state"), [(3, S.PROVIDED), (2, S.PARTIAL)])
def test_page_cap(fhir: FakeFhir, most: int, state: KeyState) -> None:
    pages(fhir, f"{fhir.url}/page?2", f"{fhir.url}/page?3")
    assert call(fhir, limits=replace(LIMITS, max_pages=most))[1].states["observations"] is state


def test_size_cap_holds_for_all_pages_of_a_key(fhir: FakeFhir) -> None:
    pages(fhir, f"{fhir.url}/page?2")
    one = len(fhir.answers[OBSERVATIONS].data)
    assert call(fhir, limits=replace(LIMITS, max_bytes=one - 1))[1].states["observations"] is S.FAILED
    assert call(fhir, limits=replace(LIMITS, max_bytes=one + 10))[1].states["observations"] is S.PARTIAL
    assert call(fhir, limits=replace(LIMITS, max_bytes=one * 2))[1].states["observations"] is S.PROVIDED


def test_size_cap_counts_what_is_unpacked(fhir: FakeFhir) -> None:
    packed = gzip.compress(b'"' + b"x" * 3_000_000 + b'"')
    fhir.answers[CONDITIONS] = Answer(packed, headers={"Content-Encoding": "gzip"})
    found = call(fhir, limits=replace(LIMITS, max_bytes=100_000))[1].keys["conditions"]
    assert "too large" in (found.detail or "")


SLOW = {"silent": Answer(searchset(CONDITION), wait=5), "drips": Answer(searchset(CONDITION), drip=0.05)}


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW.keys())
def test_deadline(fhir: FakeFhir, answer: Answer) -> None:
    fhir.answers[CONDITIONS] = answer
    with faster_than(2.0):
        response, engine = call(fhir, limits=Limits(deadline=0.4, timeout=3.0))
    assert response.status_code == 200
    assert engine.states == {"patient": S.PROVIDED, "conditions": S.FAILED, "observations": S.EMPTY}
    assert "time" in (engine.keys["conditions"].detail or "")


def test_deadline_while_following_pages_keeps_the_first(fhir: FakeFhir) -> None:
    fhir.answers["page?2"] = Answer(searchset(O2), wait=5)
    first = searchset(OBSERVATION, next_url=f"{fhir.url}/page?2")
    _, engine = call(fhir, {"patient": PATIENT, "observations": first}, Limits(deadline=0.3, timeout=3.0))
    assert engine.keys["observations"].resources == (OBSERVATION,)
    assert engine.states["observations"] is S.PARTIAL


def test_a_connection_that_is_not_tls_is_not_trusted(fhir: FakeFhir) -> None:
    server = fhir.url.replace("http:", "https:")
    found = call(fhir, {"patient": PATIENT}, fhirServer=server)[1].keys["conditions"]
    assert (found.state, found.detail) == (
        S.FAILED,
        "the FHIR server could not be read: no TLS connection could be made",
    )
    assert fhir.asked == []


def test_time_is_up_before_a_page_is_asked_for(fhir: FakeFhir) -> None:
    fhir.answers[OBSERVATIONS] = Answer(searchset(OBSERVATION, next_url="page?2"), wait=0.25)
    fhir.answers["page?2"] = Answer(searchset(O2), wait=0.25)
    with faster_than(1.5):
        found = call(fhir, limits=Limits(deadline=0.4, timeout=3.0))[1].keys["observations"]
    assert found.state in (S.PARTIAL, S.FAILED)


def test_server_that_is_not_there() -> None:
    with fake_fhir() as server:
        pass
    response, engine = call(server, {"patient": PATIENT})
    assert response.status_code == 200
    assert engine.states["conditions"] is S.FAILED


def test_loopback_server_may_be_read_without_token_in_open_mode(fhir: FakeFhir) -> None:
    engine = Recorder()
    post(app_of(engine, Settings(fhir=LIMITS)), body(prefetch=None, fhirServer=fhir.url))
    assert engine.states["patient"] is S.PROVIDED
    assert "Authorization" not in fhir.asked[0][1]


@pytest.mark.parametrize(
    ("path", "token", "read"),
    [("/", True, True), ("/fhir", True, True), ("/other", True, False), ("/fhi", True, False), ("/", False, False)],
)
def test_only_allowed_servers_are_read_and_only_with_a_token(
    fhir: FakeFhir, path: str, token: bool, read: bool
) -> None:
    engine = Recorder()
    app = Flask(__name__)
    errors.install(app)
    allowed = AllowedServers.of([fhir.url.removesuffix("/fhir") + path])
    app.register_blueprint(cds_services([VIEW], engine, allowed, LIMITS))
    authorization = {"access_token": TOKEN} if token else None
    request = body(prefetch={"patient": PATIENT}, fhirServer=fhir.url, fhirAuthorization=authorization)
    assert post(app, request).status_code == 200
    assert engine.states["conditions"] is (S.PROVIDED if read else S.ABSENT)
    assert bool(fhir.asked) is read


def test_an_unexpected_fault_of_reading_is_a_failure(fhir: FakeFhir, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr("service.hooks.fhir_access.parse", fail)
    found = call(fhir, {"patient": PATIENT})[1].keys["conditions"]
    assert (found.state, found.detail) == (S.FAILED, "reading failed unexpectedly (KeyError)")


def test_tokens_without_value_leave_a_key_absent(fhir: FakeFhir) -> None:
    engine = Recorder()
    service = replace(VIEW, prefetch={"patient": "Patient/{{userPatientId}}"}, required=frozenset(), resource_types={})
    post(app_of(engine, Settings(fhir=LIMITS), [service]), body(prefetch=None, fhirServer=fhir.url))
    assert engine.states == {"patient": S.ABSENT}
    assert fhir.asked == []


def test_cookies_are_not_carried_from_page_to_page(fhir: FakeFhir) -> None:
    pages(fhir, f"{fhir.url}/page?2")
    fhir.answers[OBSERVATIONS] = replace(fhir.answers[OBSERVATIONS], headers={"Set-Cookie": "a=b; Path=/"})
    assert call(fhir)[1].states["observations"] is S.PROVIDED
    assert all("Cookie" not in headers for _, headers in fhir.asked)


def test_environment_sends_the_token_nowhere_else(fhir: FakeFhir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert call(fhir)[1].states["patient"] is S.PROVIDED


def test_token_is_never_logged(fhir: FakeFhir, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        call(fhir)
    assert caplog.records
    assert TOKEN not in caplog.text
