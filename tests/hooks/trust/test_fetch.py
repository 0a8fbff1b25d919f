"""Fetching keys over HTTP from servers that behave, fail and attack."""

from __future__ import annotations

import socket
import threading
import time
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
        (Answer(SET, headers={"Content-Encoding": "gzip"}), "is packed"),
        (Answer(b"", 302, {"Location": "http://169.254.169.254/latest/meta-data"}), "another server"),
        (Answer(b"", 302, {"Location": "http://localhost:1/jwks"}), "another server"),
        (Answer(b"", 302, {"Location": "file:///etc/passwd"}), "another server"),
        (Answer(b"", 302, {"Location": "http://[bad"}), "another server"),
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


DRIPS = {
    "status line": (b"", b"H"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "size of a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
}


@pytest.mark.parametrize(("first", "then"), DRIPS.values(), ids=DRIPS.keys())
def test_what_drips_before_a_body_meets_the_deadline(
    first: bytes, then: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server goes on until it is left: without a deadline the fetch would not end."""
    monkeypatch.setattr(fetch, "DEADLINE_S", 0.5)
    was_left = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            one, _ = listening.accept()
            with one:
                try:
                    one.sendall(first)
                    for _ in range(400):
                        one.sendall(then)
                        time.sleep(0.05)
                except OSError:
                    was_left.set()

        server = threading.Thread(target=drip, daemon=True)
        server.start()
        with pytest.raises(Unfetched, match="no answer in time"):
            fetch_document(f"http://127.0.0.1:{listening.getsockname()[1]}/jwks")
        server.join()
    assert was_left.is_set(), "the server was heard to its end"


def test_a_name_that_leads_to_where_clouds_keep_their_keys_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Unfetched, match="its name leads to an address"):
        fetch_document("https://ehr.example.org/jwks")


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
