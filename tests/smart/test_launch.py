"""SMART launches from their beginning to the chart, over real HTTP: every way to authenticate, and every trouble on the way."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests

from service.settings import Settings
from service.smart.launch.request import challenge
from tests.apps import app_of, client_of
from tests.ehr.authorization import Client, SmartEhr, smart_ehr
from tests.smart.conftest import Registered
from tests.smart.launching import BASE, CALLBACK, Browser, admit, public, query_of

NAME = "Synthetic Patient-4 Example"
V1 = "patient/Observation.read"
V2 = "patient/Observation.rs"


def test_an_ehr_launch_opens_the_chart_of_its_patient(browser: Browser) -> None:
    where = browser.open()
    page = browser.client.get(f"{where}chart")
    assert page.status_code == 200
    assert NAME in page.text
    assert browser.client.get(where).headers["Location"] == f"{where}chart"


def test_what_is_asked_of_the_authorization_server(browser: Browser) -> None:
    launch = browser.ehr.launch("p1")
    asked = query_of(browser.launch(launch).headers["Location"])
    assert asked["launch"] == launch
    assert (asked["aud"], asked["redirect_uri"], asked["client_id"]) == (browser.ehr.iss, CALLBACK, "allcue")
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    scopes = asked["scope"].split()
    assert scopes[:2] == ["launch", "patient/Patient.rs"]
    assert {"patient/Condition.rs", V2, "patient/Medication.rs", "patient/AdverseEvent.rs"} <= set(scopes)
    assert not [scope for scope in scopes if scope.startswith(("openid", "fhirUser", "offline", "online", "user/"))]
    assert not [scope for scope in scopes if scope.endswith(("cruds", ".*", "write", ".u", ".c"))]
    again = query_of(browser.launch().headers["Location"])
    assert not {again["state"], again["code_challenge"]} & {asked["state"], asked["code_challenge"]}


def test_the_code_is_exchanged_once_and_with_its_verifier(browser: Browser) -> None:
    browser.open()
    (asked,), (form,) = browser.ehr.seen, browser.ehr.tokens
    assert challenge(form["code_verifier"]) == asked["code_challenge"]
    assert len(form["code_verifier"]) >= 43
    assert (form["redirect_uri"], form["client_id"]) == (CALLBACK, "allcue")


def test_a_standalone_launch_from_the_start_page(browser: Browser) -> None:
    page = browser.client.get("/smart/")
    assert "City Hospital" in page.text
    assert '<a href="/smart/start/0">' in page.text
    browser.ehr.picks = "p1"
    begun = browser.client.get("/smart/start/0")
    asked = query_of(begun.headers["Location"])
    assert "launch" not in asked
    assert asked["scope"].split()[0] == "launch/patient"
    where = browser.back(begun).headers["Location"]
    assert NAME in browser.client.get(f"{where}chart").text
    assert browser.client.get("/smart/start/7").status_code == 403


def test_with_a_secret(registrations: Registered) -> None:
    other = Browser(registrations.app.test_client(), registrations.secret)
    assert NAME in other.client.get(f"{other.open()}chart").text
    assert "client_id" not in registrations.secret.tokens[-1]


def test_with_a_wrong_secret_the_server_refuses(registrations: Registered) -> None:
    other = Browser(registrations.app.test_client(), registrations.secret)
    right = registrations.secret.clients["allcue-two"]
    registrations.secret.clients["allcue-two"] = Client(CALLBACK, secret="another")
    try:
        answer = other.back(other.launch())
    finally:
        registrations.secret.clients["allcue-two"] = right
    assert answer.status_code == 502
    assert "status 400 (invalid_client)" in answer.text
    assert "script" not in answer.text


def test_with_a_signed_assertion(registrations: Registered) -> None:
    other = Browser(registrations.app.test_client(), registrations.key)
    for _ in range(2):  # each with an id of its own
        assert NAME in other.client.get(f"{other.open()}chart").text
    (key,) = other.client.get("/smart/jwks.json").json["keys"]
    assert key == registrations.jwk


def test_a_server_of_the_first_version_is_asked_for_its_scopes() -> None:
    """A fresh app, as what a server said is kept for some minutes."""
    with smart_ehr() as ehr:
        ehr.configuration = lambda found: {**found, "capabilities": ["launch-ehr", "permission-v1"]}
        ehr.clients["allcue"] = Client(CALLBACK)
        admit(ehr)
        own = Browser(client_of(Settings(database_url="")), ehr)
        begun = own.launch()
        assert V1 in query_of(begun.headers["Location"])["scope"].split()
        assert ".rs" not in query_of(begun.headers["Location"])["scope"]
        assert NAME in own.client.get(f"{own.back(begun).headers['Location']}chart").text


def test_on_this_machine_any_server_of_it_may_launch_without_registration() -> None:
    with smart_ehr() as ehr:
        public(ehr)
        admit(ehr)
        own = Browser(client_of(Settings(database_url="")), ehr)
        assert NAME in own.client.get(f"{own.open()}chart").text
        assert "No system is registered here" in own.client.get("/smart/").text
        named = own.client.get("/smart/launch", query_string={"iss": "https://ehr.example.org/r4", "launch": "x"})
        assert named.status_code == 403
        rebound = own.client.get(
            "/smart/launch", query_string={"iss": ehr.iss, "launch": "x"}, headers={"Host": "elsewhere.example.org"}
        )
        assert rebound.status_code == 400


def test_the_address_may_have_a_path_before_it() -> None:
    settings = Settings(database_url="", public_base_url="http://localhost/allcue")
    with smart_ehr() as ehr:
        ehr.clients["allcue"] = Client("http://localhost/allcue/smart/callback")
        admit(ehr)
        own = Browser(app_of(settings).test_client(use_cookies=False), ehr)
        begun = own.launch()
        assert "Path=/allcue/smart/callback" in begun.headers["Set-Cookie"]
        back = requests.get(begun.headers["Location"], allow_redirects=False, timeout=30).headers["Location"]
        assert back.startswith("http://localhost/allcue/smart/callback?")
        cookie = begun.headers["Set-Cookie"].partition(";")[0]
        # A proxy takes the path away, so the app is called without it while browsers keep cookies for it.
        opened = own.client.get(back.removeprefix("http://localhost/allcue"), headers={"Cookie": cookie})
        assert opened.headers["Location"].startswith("/allcue/smart/p/")


TROUBLES: list[tuple[str, Callable[[SmartEhr], None], int, str]] = [
    ("denied", lambda ehr: setattr(ehr, "deny", "access_denied"), 403, "Access was not given"),
    ("other error", lambda ehr: setattr(ehr, "deny", "invalid_scope"), 502, "invalid_scope"),
    ("made-up error", lambda ehr: setattr(ehr, "deny", "<b>x</b>"), 502, "an unknown error"),
    ("no patient", lambda ehr: setattr(ehr, "token", lambda t: {**t, "patient": None}), 502, "No patient was given"),
    ("odd patient", lambda ehr: setattr(ehr, "token", lambda t: {**t, "patient": "../x"}), 502, "no FHIR id"),
    ("dots", lambda ehr: setattr(ehr, "token", lambda t: {**t, "patient": ".."}), 502, "no FHIR id"),
    ("mac", lambda ehr: setattr(ehr, "token", lambda t: {**t, "token_type": "mac"}), 502, "token_type is not Bearer"),
    (
        "no token",
        lambda ehr: setattr(ehr, "token", lambda t: {**t, "access_token": ""}),
        502,
        "access_token is missing",
    ),
    ("line", lambda ehr: setattr(ehr, "token", lambda t: {**t, "access_token": "a\r\nX: y"}), 502, "access_token is"),
    ("over", lambda ehr: setattr(ehr, "token", lambda t: {**t, "expires_in": 0}), 502, "expires_in is no number"),
    (
        "no time",
        lambda ehr: setattr(ehr, "token", lambda t: {**t, "expires_in": "soon"}),
        502,
        "expires_in is no number",
    ),
    ("scope", lambda ehr: setattr(ehr, "token", lambda t: {**t, "scope": ["x"]}), 502, "scope is no list"),
    ("list", lambda ehr: setattr(ehr, "token", lambda t: [t]), 502, "not a JSON object"),
    ("no JSON", lambda ehr: setattr(ehr, "token", lambda t: b"<html>"), 502, "not a JSON object"),
    ("fails", lambda ehr: ehr.status.update({"/auth/token": 503}), 502, "token endpoint: status 503"),
    ("redirects", lambda ehr: ehr.status.update({"/auth/token": 307}), 502, "token endpoint: status 307"),
    ("large", lambda ehr: setattr(ehr, "token", lambda t: {**t, "x": "x" * 300_000}), 502, "larger than"),
    ("token large", lambda ehr: setattr(ehr, "token", lambda t: {**t, "access_token": "x" * 16_000}), 502, "too large"),
]


@pytest.mark.parametrize(("change", "status", "words"), [row[1:] for row in TROUBLES], ids=[row[0] for row in TROUBLES])
def test_a_login_that_fails_says_why(
    browser: Browser, change: Callable[[SmartEhr], None], status: int, words: str
) -> None:
    change(browser.ehr)
    answer = browser.back(browser.launch())
    assert answer.status_code == status, answer.text
    assert words in answer.text
    assert "<b>" not in answer.text
    assert answer.mimetype == "text/html"
    assert "frame-ancestors" in answer.headers["Content-Security-Policy"]


CONFIGURATIONS: list[tuple[Any, int, str]] = [
    ({"code_challenge_methods_supported": ["plain"]}, 502, "must name S256"),
    ({"code_challenge_methods_supported": None}, 502, "must name S256"),
    ({"token_endpoint": "http://ehr.example.org/token"}, 502, "token_endpoint of smart-configuration is not an https"),
    ({"authorization_endpoint": "javascript:alert(1)"}, 502, "authorization_endpoint of smart-configuration"),
    ({"authorization_endpoint": "https://user@elsewhere.example.org/"}, 502, "no usable address"),
    ({"authorization_endpoint": None}, 502, "no usable address"),
    ({"token_endpoint": "https://169.254.169.254/latest"}, 502, "machine that only it can mean"),
]


@pytest.mark.parametrize(("change", "status", "words"), CONFIGURATIONS)
def test_a_server_that_cannot_be_logged_in_to(change: dict[str, Any], status: int, words: str) -> None:
    with smart_ehr() as ehr:
        ehr.configuration = lambda found: {**found, **change}
        answer = Browser(client_of(Settings(database_url="")), ehr).launch()
    assert answer.status_code == status
    assert words in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [(404, None, "No login is possible"), (500, None, "does not answer"), (200, b"<html>", "not a JSON object")],
)
def test_a_server_without_smart(status: int, body: Any, words: str) -> None:
    with smart_ehr() as ehr:
        ehr.status["/fhir/.well-known/smart-configuration"] = status
        ehr.configuration = lambda found: body if body is not None else found
        assert words in Browser(client_of(Settings(database_url="")), ehr).launch().text


def test_a_server_that_is_gone() -> None:
    with smart_ehr() as ehr:
        pass
    answer = Browser(client_of(Settings(database_url="")), ehr).launch()
    assert answer.status_code == 502
    assert "does not answer" in answer.text


def test_what_a_server_said_is_not_asked_again_for_each_launch(browser: Browser) -> None:
    browser.open()
    browser.ehr.configuration = lambda found: {}
    browser.open()


def read_again(browser: Browser, where: str) -> Any:
    return browser.client.post(f"{where}chart", data={"anew": "1"})


@pytest.mark.parametrize(
    ("path", "status", "answered", "words"),
    [
        ("/fhir/Patient/p1", 401, 401, "access to the record has expired"),
        ("/fhir/Patient/p1", 403, 403, "may not be read"),
        ("/fhir/Patient/p1", 404, 404, "The patient is not there"),
        ("/fhir/Patient/p1", 410, 404, "The patient is not there"),
        ("/fhir/Condition", 404, 502, "could not be read"),
        ("/fhir/Condition", 503, 502, "does not answer"),
        ("/fhir/Condition", 401, 401, "access to the record has expired"),
    ],
)
def test_a_server_that_changes_its_mind(browser: Browser, path: str, status: int, answered: int, words: str) -> None:
    where = browser.open()
    assert browser.client.get(f"{where}chart").status_code == 200
    browser.ehr.status[path] = status
    answer = read_again(browser, where)
    assert (answer.status_code, words in answer.text) == (answered, True), answer.text
    assert NAME not in answer.text


def test_a_token_that_ends_ends_the_pages_too(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that are still in memory."""
    browser.ehr.lifetime = 60
    where = browser.open()
    assert browser.client.get(f"{where}chart").status_code == 200
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 61)
    answer = browser.client.get(f"{where}chart")
    assert answer.status_code == 401
    assert "has expired" in answer.text


def test_a_lifetime_that_is_not_told_or_is_text(browser: Browser) -> None:
    browser.ehr.lifetime = None
    assert browser.client.get(f"{browser.open()}chart").status_code == 200
    browser.ehr.token = lambda found: {**found, "expires_in": "300"}
    assert browser.client.get(f"{browser.open()}chart").status_code == 200


def test_a_patient_given_as_a_reference(browser: Browser) -> None:
    assert browser.client.get(f"{browser.open(patient='Patient/p1')}chart").status_code == 200


def test_scopes_that_were_not_granted_are_not_asked_for(browser: Browser) -> None:
    browser.ehr.token = lambda found: {**found, "scope": "launch patient/Patient.rs patient/Condition.rs"}
    browser.ehr.fhir.asked.clear()
    page = browser.client.get(f"{browser.open()}chart")
    assert page.status_code == 200
    assert "Not all of the record could be read" in page.text
    assert not [path for path in browser.ehr.fhir.asked if "/Observation" in path]
    browser.ehr.token = lambda found: {**found, "scope": "launch patient/Observation.rs"}
    refused = browser.client.get(f"{browser.open()}chart")
    assert refused.status_code == 403
    assert "does not cover Patient" in refused.text


CARD = str(uuid.uuid4())


@pytest.mark.parametrize(("told", "queried"), [({"appContext": CARD}, {}), ({}, {"appContext": CARD})])
def test_a_launch_from_a_card_opens_its_page(browser: Browser, told: dict[str, str], queried: dict[str, str]) -> None:
    where = browser.open(launch=browser.ehr.launch("p1", **told), **queried)
    assert browser.client.get(where).headers["Location"] == f"{where}card"


def test_pages_speak_the_language_of_the_browser(browser: Browser) -> None:
    answer = browser.client.get("/smart/", headers={"Accept-Language": "de-DE,de;q=0.9"})
    assert '<html lang="de">' in answer.text


def test_behind_tls_the_cookie_of_a_launch_may_stand_in_a_frame() -> None:
    settings = Settings(database_url="", public_base_url="https://cds.example.org/allcue")
    with smart_ehr() as ehr:
        cookie = Browser(client_of(settings), ehr).launch().headers["Set-Cookie"]
    for part in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/allcue/smart/callback", "Max-Age=600"):
        assert part in cookie


def test_frames_are_allowed_where_the_site_says() -> None:
    settings = Settings(database_url="", smart_frames=("https://ehr.example.org",))
    policy = client_of(settings).get("/smart/").headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://ehr.example.org" in policy
    assert policy.count(";") == client_of(Settings(database_url="")).get("/smart/").headers[
        "Content-Security-Policy"
    ].count(";")
    assert BASE not in policy
