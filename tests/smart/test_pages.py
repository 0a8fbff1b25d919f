"""The frame of the pages: who may see them, what they carry, and what they never carry."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from fhir_examples import request as examples
from service.settings import Settings
from service.smart.views.registry import VIEWS
from tests.apps import app_of, client_of

LOCAL = Settings(database_url="")
HERE = re.compile(r"/smart/p/[A-Za-z0-9_-]{22}/")


def opened(client: FlaskClient, example: str = "relapsed-ph-positive-t315i") -> str:
    """The path of a new session for an example."""
    answer = client.post("/demo/chart", data={"example": example})
    assert answer.status_code == 303
    where = str(answer.headers["Location"])
    assert HERE.fullmatch(where)
    return where


@pytest.fixture
def client() -> FlaskClient:
    return client_of(LOCAL)


def test_every_page_is_shown_in_both_languages(client: FlaskClient) -> None:
    where = opened(client)
    for view in VIEWS:
        if view.name == "rule":
            continue
        for language in ("en", "de"):
            answer = client.get(f"{where}{view.name}?lang={language}")
            assert answer.status_code == 200, view.name
            assert answer.mimetype == "text/html"
            assert f'<html lang="{language}">' in answer.text
            assert "Synthetic Patient-4 Example" in answer.text


def test_the_session_leads_to_the_chart(client: FlaskClient) -> None:
    where = opened(client)
    assert client.get(where).headers["Location"] == f"{where}chart"


def test_pages_carry_a_policy_without_inline_scripts_and_are_not_kept(client: FlaskClient) -> None:
    answer = client.get(f"{opened(client)}chart")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>(?!\s*</script>)|\sstyle=|\son\w+=", answer.text)


def test_no_browser_sees_the_session_of_another(client: FlaskClient) -> None:
    where = opened(client)
    stranger = app_of(LOCAL).test_client()
    answer = stranger.get(f"{where}chart")
    assert answer.status_code == 401
    assert "This session is over" in answer.text
    assert "Synthetic" not in answer.text


def test_two_sessions_of_one_browser_do_not_mix(client: FlaskClient) -> None:
    one, other = opened(client), opened(client, "german-record")
    first, second = client.get(f"{one}chart").text, client.get(f"{other}chart").text
    assert first.count("Synthetic Patient-4 Example") == 1
    assert "Synthetic Patient-4 Example" not in second


def test_cookies_are_for_one_path_and_not_for_scripts(client: FlaskClient) -> None:
    answer = client.post("/demo/chart", data={"example": "german-record"})
    where = answer.headers["Location"]
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert f"Path={where}" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def test_behind_tls_cookies_may_be_used_in_a_frame_and_only_with_tls() -> None:
    settings = Settings(
        database_url="",
        open_mode=True,
        demo=True,
        public_base_url="https://cds.example.org/allcue",
        site_secret="s" * 32,
    )
    answer = client_of(settings).post("/demo/chart", data={"example": "german-record"})
    assert answer.headers["Location"].startswith("/allcue/smart/p/")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert "Secure" in cookie
    assert "SameSite=None" in cookie
    assert "Partitioned" in cookie
    assert "Path=/allcue/smart/p/" in cookie


@pytest.mark.parametrize("name", ["not-a-leukemia-patient", "nothing-but-a-patient"])
def test_a_patient_without_all_gets_no_advice_on_any_page(client: FlaskClient, name: str) -> None:
    where = opened(client, name)
    for view in VIEWS:
        if view.listed:
            assert client.get(f"{where}{view.name}").status_code == 200, view.name


def test_every_example_has_a_chart(client: FlaskClient) -> None:
    for name in examples.names():
        assert client.get(f"{opened(client, name)}chart").status_code == 200, name


@pytest.mark.parametrize("path", ["nothing", "chart.html", "../chart", "card.json"])
def test_there_are_no_other_pages(client: FlaskClient, path: str) -> None:
    assert client.get(f"{opened(client)}{path}").status_code == 404


def test_static_files_may_be_kept_and_pages_of_errors_may_not(client: FlaskClient) -> None:
    with client.get("/smart/static/allcue.css") as kept:
        assert "max-age" in kept.headers["Cache-Control"]
        assert kept.mimetype == "text/css"
    assert client.get("/smart/static/none.css").headers["Cache-Control"] == "no-store"
    assert client.get("/smart/static/../session.py").status_code == 404


def test_the_demo_is_off_beyond_this_machine_unless_switched_on() -> None:
    assert client_of(Settings(database_url="", open_mode=True)).get("/demo").status_code == 404
    assert client_of(Settings(database_url="", open_mode=True, demo=True)).get("/demo").status_code == 200
    assert client_of(Settings(database_url="", demo=False)).get("/demo").status_code == 404


def test_the_language_is_remembered_and_says_nothing_else(client: FlaskClient) -> None:
    where = opened(client)
    (cookie,) = client.get(f"{where}chart?lang=de").headers.getlist("Set-Cookie")
    assert cookie.startswith("allcue-language=de;")
    assert '<html lang="de">' in client.get(f"{where}chart").text
    client.get(f"{where}chart?lang=en")
    assert not client.get(f"{where}chart?lang=xx").headers.getlist("Set-Cookie")


def test_a_form_is_taken_whole_or_not_at_all(client: FlaskClient) -> None:
    where = opened(client)
    many = {f"fact:x{number}": "" for number in range(300)}
    whole = client.post(f"{where}missing", data={**many, "fact:donor_available": "yes"})
    assert whole.status_code == 200
    assert "supposed here" in whole.text
    more = {f"fact:x{number}": "" for number in range(501)}
    assert client.post(f"{where}missing", data=more).status_code == 413
