"""What somebody may try with a launch, and that it leads nowhere."""

from __future__ import annotations

import logging
import time
import uuid

import pytest

from service.smart.launch.pending import cookie_name
from service.smart.session import Opened, Seal
from tests.ehr.authorization import smart_ehr
from tests.smart.conftest import Registered
from tests.smart.launching import BASE, SECRET, Browser, admit, public, query_of

NAME = "Synthetic Patient-4 Example"


def other_browser(browser: Browser) -> Browser:
    return Browser(browser.client.application.test_client(), browser.ehr)


def test_a_server_that_is_not_registered_is_never_asked(browser: Browser) -> None:
    """Whatever is said of it: no request leaves the service (SSRF)."""
    with smart_ehr() as foreign:
        public(foreign)
        answer = browser.client.get("/smart/launch", query_string={"iss": foreign.iss, "launch": "x"})
        assert answer.status_code == 403
        assert foreign.fhir.origin not in answer.text
        assert not foreign.seen
        assert not foreign.fhir.asked


@pytest.mark.parametrize(
    "change",
    [
        lambda iss: f"{iss}/../admin",
        lambda iss: f"{iss}/%2e%2e/x",
        lambda iss: f"{iss}?x=1",
        lambda iss: f"{iss}#x",
        lambda iss: f"{iss}/deeper",
        lambda iss: iss.removesuffix("/fhir"),
        lambda iss: iss.replace("http://", "http://user@"),
        lambda iss: iss.replace("127.0.0.1", "127.1"),
        lambda iss: iss.replace("http:", "https:"),
        lambda iss: iss.replace("/fhir", "\\fhir"),
        lambda iss: f"{iss}\n",
        lambda iss: "file:///etc/passwd",
        lambda iss: "http://169.254.169.254/latest",
        lambda iss: "x" * 5000,
    ],
)
def test_an_address_that_is_only_like_a_registered_one(browser: Browser, change: object) -> None:
    asked = len(browser.ehr.fhir.asked)
    wrong = change(browser.ehr.iss)  # type: ignore[operator]
    answer = browser.client.get("/smart/launch", query_string={"iss": wrong, "launch": "x"})
    assert answer.status_code in (400, 403)
    assert len(browser.ehr.fhir.asked) == asked


def test_the_same_server_with_a_slash_at_its_end_is_the_same(browser: Browser) -> None:
    begun = browser.client.get(
        "/smart/launch", query_string={"iss": f"{browser.ehr.iss}/", "launch": browser.ehr.launch("p1")}
    )
    assert query_of(begun.headers["Location"])["aud"] == browser.ehr.iss


@pytest.mark.parametrize("query", ["", "iss=x", "launch=x", "iss=a&iss=b&launch=c", "launch=a&launch=b"])
def test_half_a_launch(browser: Browser, query: str) -> None:
    more = f"&iss={browser.ehr.iss}" if query.startswith("launch=a") else ""
    assert browser.client.get(f"/smart/launch?{query}{more}").status_code == 400


def test_nobody_is_sent_elsewhere(browser: Browser) -> None:
    """Open redirect: where the browser goes follows from the registration alone."""
    begun = browser.launch(redirect_uri="https://evil.example.org", next="https://evil.example.org", state="mine")
    assert begun.headers["Location"].startswith(f"{browser.ehr.fhir.origin}/auth/authorize?")
    asked = query_of(begun.headers["Location"])
    assert asked["redirect_uri"] == f"{BASE}/smart/callback"
    assert asked["state"] != "mine"
    back = f"{browser.authorize(begun)}&redirect=https://evil.example.org"
    assert browser.client.get(back).headers["Location"].startswith("/smart/p/")


def test_a_callback_that_nobody_began(browser: Browser) -> None:
    for query in (
        "",
        "?state=x&code=y",
        "?code=y",
        "?state=&code=y",
        f"?state={'x' * 5000}&code=y",
        "?state=a&state=b",
    ):
        answer = browser.client.get(f"/smart/callback{query}")
        assert answer.status_code == 400
        assert "This login is over" in answer.text


def test_the_code_of_another_browser_opens_nothing(browser: Browser) -> None:
    """An attacker logs in and has the victim's browser end it (login CSRF, session fixation); or takes the victim's
    address with code and state to a browser of their own."""
    attacker = other_browser(browser)
    admit(browser.ehr, patient="theirs")
    address = attacker.authorize(attacker.launch(patient="theirs"))
    assert browser.client.get(address).status_code == 400
    own = browser.launch()
    mixed = attacker.authorize(attacker.launch(patient="theirs"))
    code = query_of(f"{BASE}{mixed}")["code"]
    answer = browser.client.get(
        "/smart/callback", query_string={"state": query_of(own.headers["Location"])["state"], "code": code}
    )
    assert answer.status_code == 502  # the verifier is this browser's, the code's challenge is not
    assert "invalid_grant" in answer.text


def test_a_callback_counts_once(browser: Browser) -> None:
    address = browser.authorize(browser.launch())
    assert browser.client.get(address).status_code == 303
    again = browser.client.get(address)
    assert again.status_code == 400
    assert len(browser.ehr.tokens) == 1


def test_a_denied_login_is_over_too(browser: Browser) -> None:
    browser.ehr.deny = "access_denied"
    address = browser.authorize(browser.launch())
    assert browser.client.get(address).status_code == 403
    assert browser.client.get(address).status_code == 400


def test_a_login_that_took_too_long(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = browser.launch()
    address = browser.authorize(begun)
    cookie = begun.headers["Set-Cookie"].partition(";")[0]
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 601)
    late = browser.client.application.test_client(use_cookies=False)
    assert late.get(address, headers={"Cookie": cookie}).status_code == 400
    monkeypatch.setattr(time, "time", lambda: now() + 30)
    assert late.get(address, headers={"Cookie": cookie}).status_code == 303


def test_two_tabs_log_in_at_once(browser: Browser) -> None:
    admit(browser.ehr, "german-record", "p2")
    one, two = browser.launch(), browser.launch(patient="p2")
    second, first = browser.back(two).headers["Location"], browser.back(one).headers["Location"]
    assert NAME in browser.client.get(f"{first}chart").text
    assert NAME not in browser.client.get(f"{second}chart").text
    assert browser.client.get(f"{second}chart").status_code == 200


def cookies_of(browser: Browser, where: str) -> dict[str, str]:
    """The cookies of a session by name."""
    found = {}
    for cookie in browser.client._cookies.values():  # type: ignore[attr-defined]
        if cookie.path == where:
            found[cookie.key] = cookie.value
    return found


def test_the_cookie_of_one_session_opens_no_other(browser: Browser) -> None:
    admit(browser.ehr, "german-record", "p2")
    one, two = browser.open(), browser.open(patient="p2")
    (value,) = cookies_of(browser, one).values()
    (name,) = cookies_of(browser, two)
    bare = browser.client.application.test_client(use_cookies=False)
    assert bare.get(f"{two}chart", headers={"Cookie": f"{name}={value}"}).status_code == 401
    assert bare.get(f"{one}chart", headers={"Cookie": f"{name}={value}"}).status_code == 401


def test_a_session_is_no_launch_and_a_launch_no_session(browser: Browser) -> None:
    """They are sealed for different purposes under the one secret."""
    begun = browser.launch()
    value = begun.headers["Set-Cookie"].partition(";")[0].partition("=")[2]
    assert Seal(SECRET, "launch").open(value, 600) is not None
    assert Seal(SECRET).open(value, 600) is None
    session = Seal(SECRET).close(
        {"state": "s", "verifier": "v", "iss": browser.ehr.iss, "scope": "", "redirect": "", "card": ""}
    )
    bare = browser.client.application.test_client(use_cookies=False)
    answer = bare.get("/smart/callback?state=s&code=c", headers={"Cookie": f"{cookie_name('s')}={session}"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "context",
    [
        "x",
        "<script>alert(1)</script>",
        "../../card",
        "0b56b156-2971-4b08-ac13-51913b1e9f8e\r\nSet-Cookie: a=b",
        {"card": "x"},
        ["x"],
        5,
        "",
        "0" * 36,
        None,
    ],
)
def test_an_app_context_that_is_no_card(browser: Browser, context: object) -> None:
    where = browser.open(launch=browser.ehr.launch("p1", appContext=context))
    assert browser.client.get(where).headers["Location"] == f"{where}chart"
    assert browser.client.get(f"{where}card").status_code == 200


def test_an_app_context_of_the_query_that_is_no_card(browser: Browser) -> None:
    where = browser.open(appContext="<script>alert(1)</script>")
    assert browser.client.get(where).headers["Location"] == f"{where}chart"


def test_the_answer_must_name_its_server_where_that_says_so() -> None:
    """Mix-up of authorization servers (RFC 9207)."""
    from service.settings import Settings
    from tests.apps import client_of

    with smart_ehr() as ehr:
        public(ehr)
        admit(ehr)
        named = {"issuer": ehr.fhir.origin, "authorization_response_iss_parameter_supported": True}
        ehr.configuration = lambda found: {**found, **named}
        own = Browser(client_of(Settings(database_url="")), ehr)
        for iss, status in (("", 502), ("&iss=https://evil.example.org", 502), (f"&iss={ehr.fhir.origin}", 303)):
            assert own.client.get(f"{own.authorize(own.launch())}{iss}").status_code == status


def test_nothing_of_a_launch_stands_in_logs_or_addresses(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "allcue")
    card = str(uuid.uuid4())
    begun = browser.launch(launch=browser.ehr.launch("p1", appContext=card))
    address = browser.authorize(begun)
    opened = browser.client.get(address)
    browser.client.get(f"{opened.headers['Location']}chart")
    browser.ehr.status["/fhir/Patient/p1"] = 403
    browser.client.post(f"{opened.headers['Location']}chart", data={"anew": "1"})
    (token,) = browser.ehr.ends.keys() - {""} if len(browser.ehr.ends) == 1 else (list(browser.ehr.ends)[-1],)
    told = caplog.text + opened.headers["Location"]
    form = browser.ehr.tokens[-1]
    assert "no page: refused" in told
    for secret in (
        token,
        form["code"],
        form["code_verifier"],
        query_of(begun.headers["Location"])["state"],
        "p1 ",
        "/p1",
        card,
    ):
        assert secret not in told


def test_what_comes_of_a_launch_is_never_kept_by_browsers_or_sent_on(browser: Browser) -> None:
    begun = browser.launch()
    opened = browser.back(begun)
    for answer in (begun, opened, browser.client.get("/smart/"), browser.client.get("/smart/callback?state=x")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_token_leaves_only_for_its_server(registrations: Registered, browser: Browser) -> None:
    """A sealed session names the server it was made for; a server taken out of the file is no longer read."""
    sid = "A" * 22
    sealed = Seal(SECRET).close(
        {**{name: getattr(Opened("p1"), name) for name in Opened.__dataclass_fields__}, "sid": sid}
        | {"base": "https://ehr.elsewhere.example.org/r4", "token": "t"}
    )
    bare = registrations.app.test_client(use_cookies=False)
    answer = bare.get(f"/smart/p/{sid}/chart", headers={"Cookie": f"allcue-{sid}-0={sealed}"})
    assert answer.status_code == 403
