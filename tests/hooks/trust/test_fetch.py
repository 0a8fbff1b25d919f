"""Fetching keys over HTTP from servers that behave, fail and attack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from service.hooks.trust import fetch
from service.hooks.trust.fetch import Unfetched, fetch_document
from tests.hooks.fhir_server import Answer, FakeFhir, fake_fhir

SET = {"keys": []}


@pytest.fixture
def server() -> Iterator[FakeFhir]:
    with fake_fhir() as found:
        yield found


def test_a_document(server: FakeFhir) -> None:
    server.answers["jwks"] = Answer(SET)
    assert fetch_document(f"{server.url}/jwks") == SET
    ((_, headers),) = server.asked
    assert "Authorization" not in headers


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(SET, 404), "status 404"),
        (Answer(SET, 500), "status 500"),
        (Answer(b"<html>"), "not JSON"),
        (Answer(b""), "not JSON"),
        (Answer(b"[" * 2000), "not JSON"),
        (Answer(b" " * 600_000), "larger than"),
        (Answer(SET, wait=5), "no answer in time"),
        (Answer(SET, headers={"Content-Encoding": "gzip"}), "no connection"),
        (Answer(b"", 302, {"Location": "http://169.254.169.254/latest/meta-data"}), "another server"),
        (Answer(b"", 302, {"Location": "http://localhost:1/jwks"}), "another server"),
        (Answer(b"", 302, {"Location": "file:///etc/passwd"}), "another server"),
        (Answer(b"", 302, {"Location": "http://[bad"}), "no connection"),
        (Answer(b"", 301, {"Location": "jwks"}), "too many redirects"),
    ],
)
def test_answers_that_are_no_use(server: FakeFhir, answer: Answer, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "TIMEOUT_S", 0.5)
    server.answers["jwks"] = answer
    with pytest.raises(Unfetched, match=words):
        fetch_document(f"{server.url}/jwks")


def test_a_dripping_server_meets_the_deadline(server: FakeFhir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "DEADLINE_S", 0.5)
    server.answers["jwks"] = Answer(b" " * 1000, drip=0.1)
    with pytest.raises(Unfetched, match="no answer in time"):
        fetch_document(f"{server.url}/jwks")


def test_a_redirect_on_the_same_server_is_followed(server: FakeFhir) -> None:
    server.answers["old"] = Answer(b"", 302, {"Location": "/fhir/new"})
    server.answers["new"] = Answer(SET)
    assert fetch_document(f"{server.url}/old") == SET


def test_nobody_answers() -> None:
    with fake_fhir() as gone:
        url = gone.url
    with pytest.raises(Unfetched, match="no connection"):
        fetch_document(f"{url}/jwks")


def test_proxies_and_passwords_of_the_environment_are_not_used(
    server: FakeFhir, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.answers["jwks"] = Answer(SET)
    assert fetch_document(f"{server.url}/jwks") == SET
    assert "Authorization" not in server.asked[0][1]
