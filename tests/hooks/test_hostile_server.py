"""FHIR servers that misbehave: nothing they do outlasts the deadline, fills the memory or passes for an answer."""

from __future__ import annotations

import gzip
import json
import logging
import ssl
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.hooks.contract import KeyState, Prefetched
from service.hooks.fhir_access import FhirClient, Limits, Wanted
from service.hooks.servers import AllowedServers
from tests.hooks.fhir_server import faster_than
from tests.hooks.hostile import Act, Hostile, drip, flood, hostile, ok, say
from tests.hooks.support import CONDITION, searchset
from tests.tls import certificate as write_certificate

S = KeyState
TOKEN = "token-of-this-call"
LIMITS = Limits(deadline=0.6, timeout=5.0, max_bytes=200_000)
SECRET = b"Maria Muster"
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GOOD = ok(json.dumps(searchset(CONDITION)).encode())
ZEROS = gzip.compress(bytes(50_000_000))
ENDLESS = zlib.compressobj(9, zlib.DEFLATED, 31)
BLOCKS = ENDLESS.compress(b"") + ENDLESS.flush(zlib.Z_FULL_FLUSH)


@pytest.fixture(autouse=True)
def no_thread_is_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Also a read that was given up ends, and none writes the token to a log."""
    with caplog.at_level(logging.DEBUG):
        yield
    for thread in threading.enumerate():
        if thread.name.startswith("fhir"):
            thread.join(3.0)
            assert not thread.is_alive()
    assert TOKEN not in caplog.text
    assert SECRET.decode() not in caplog.text
    assert "patient=p1" not in caplog.text


def read(server: Hostile, limits: Limits = LIMITS, query: str = "Condition?patient=p1") -> Prefetched:
    reader = FhirClient(AllowedServers.of([server.url]), limits).reader(server.url, TOKEN)
    assert reader is not None
    return reader.read([Wanted("conditions", query, frozenset({"Condition"}))])["conditions"]


MISBEHAVIOUR: dict[str, tuple[Act, str]] = {
    "silence": (drip(b"", b""), "time"),
    "status line drips": (drip(b"HTTP/1.1 2", b"0"), "time"),
    "headers drip": (drip(HEAD + b"X: ", b"x"), "time"),
    "headers without end": (flood(HEAD, b"X: " + SECRET + b"\r\n"), "connection failed"),
    "a header without end": (flood(HEAD + b"X: ", SECRET), "connection failed"),
    "interim answers without end": (drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "time"),
    "body drips": (drip(HEAD + b"Content-Length: 100000\r\n\r\n[", b"1,"), "time"),
    "chunks drip": (drip(CHUNKED, b"1\r\n \r\n"), "time"),
    "trailers drip": (drip(CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: y\r\n"), "time"),
    "body without end": (flood(HEAD + b"\r\n", b" " * 65536), "too large"),
    "chunks without end": (flood(CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n"), "too large"),
    "chunk of a size that is no number": (say(CHUNKED + SECRET + b"\r\n"), "connection failed"),
    "bomb": (say(ok(ZEROS, "Content-Encoding: gzip")), "too large"),
    "bomb of many parts": (say(ok(gzip.compress(b" " * 60_000) * 4, "Content-Encoding: gzip")), "too large"),
    "bomb in a bomb": (say(ok(gzip.compress(ZEROS), "Content-Encoding: gzip, gzip")), "not asked for"),
    "packed blocks of nothing without end": (
        flood(HEAD + b"Content-Encoding: gzip\r\n\r\n" + BLOCKS, b"\x00\x00\x00\xff\xff" * 2000), "too large",
    ),
    "unknown packing": (say(ok(b"{}", "Content-Encoding: br")), "not asked for"),
    "packing cut off": (say(ok(gzip.compress(b"{}")[:-6], "Content-Encoding: gzip")), "cut off"),
    "body cut off": (say(HEAD + b"Content-Length: 5000\r\n\r\n" + GOOD.partition(b"\r\n\r\n")[2][:-1]), "connection failed"),
    "closes at once": (lambda used, _: used.close(), "connection failed"),
    "no HTTP": (say(b"SSH-2.0-OpenSSH_9.2 " + SECRET + b"\r\n"), "connection failed"),
    "HTTP/0.9": (say(b"<html>" + SECRET), "connection failed"),
    "status out of range": (say(b"HTTP/1.1 99999 X\r\n\r\n"), "connection failed"),
    "headers that are none": (say(HEAD + SECRET + b"\r\nno header\r\n\r\n"), ""),
    "redirect elsewhere": (say(b"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:1/\r\n\r\n"), "status 307"),
    "redirect with a body without end": (
        flood(b"HTTP/1.1 302 X\r\nLocation: /fhir/x\r\nContent-Type: application/json\r\n\r\n", b" " * 65536), "status 302",
    ),
    "redirect to a file": (say(b"HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\n\r\n"), "status 302"),
    "deep JSON": (say(ok(b"[" * 100_000)), "not valid JSON"),
    "not UTF-8": (say(ok(b'{"resourceType": "\xff"}')), "not valid JSON"),
    "XML": (say(ok(b"<Bundle/>")), "not valid JSON"),
    "JSON that is no FHIR": (say(ok(b'{"name": "' + SECRET + b'"}')), "without resourceType"),
    "refuses with the patient in its words": (
        say(b"HTTP/1.1 403 " + SECRET + b"\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n" + SECRET), "status 403",
    ),
    "refuses and drips its reason": (
        drip(b"HTTP/1.1 403 X\r\nContent-Type: application/fhir+json\r\nContent-Length: 900\r\n\r\n", b" "), "",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("act", "words"), MISBEHAVIOUR.values(), ids=MISBEHAVIOUR.keys())
def test_misbehaviour_is_a_stated_failure(act: Act, words: str) -> None:
    with hostile(act) as server, faster_than(LIMITS.deadline + 3.0):
        found = read(server)
    assert (found.state, found.resources) == (S.FAILED, ())
    assert words in (found.detail or "")
    assert SECRET.decode() not in (found.detail or "")


def test_a_large_answer_is_read_within_limits() -> None:
    with hostile(
        say(ok(gzip.compress(GOOD.partition(b"\r\n\r\n")[2] + b" " * 100_000), "Content-Encoding: gzip"))
    ) as it:
        assert read(it, Limits(deadline=5.0, max_bytes=200_000)).state is S.PROVIDED


def test_limit_for_all_answers_of_a_call() -> None:
    with hostile(say(GOOD)) as server:
        limits = Limits(deadline=5.0, max_call_bytes=len(GOOD) * 2, at_once=1)
        reader = FhirClient(AllowedServers.of([server.url]), limits).reader(server.url, TOKEN)
        assert reader is not None
        found = reader.read([Wanted(str(i), f"Condition?patient={i}") for i in range(4)])
    states = [found[str(i)].state for i in range(4)]
    assert states[0] is S.PROVIDED
    assert states[-1] is S.FAILED
    assert "together" in (found["3"].detail or "")


def test_a_connection_closed_before_the_answer_is_tried_again() -> None:
    def once(used: object, server: Hostile) -> None:
        if len(server.heads) > 1:
            say(GOOD)(used, server)  # type: ignore[arg-type]

    with hostile(once) as server:
        assert read(server, Limits(deadline=5.0)).state is S.PROVIDED
        assert len(server.heads) == 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate with its key for a host that is not 127.0.0.1, signed by itself."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    write_certificate(path, "ehr.example.org", "localhost")
    return path


@pytest.mark.parametrize(
    ("trusted", "host", "state"),
    [(False, "localhost", S.FAILED), (True, "localhost", S.PROVIDED), (True, "127.0.0.1", S.FAILED)],
    ids=["unknown authority", "trusted", "another name"],
)
def test_certificates(certificate: Path, trusted: bool, host: str, state: KeyState) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with hostile(say(GOOD), tls) as server:
        server.url = server.url.replace("127.0.0.1", host)
        found = read(server, Limits(deadline=5.0, verify=str(certificate) if trusted else True))
        assert found.state is state
        if state is S.FAILED:
            assert found.detail == "the FHIR server could not be read: its TLS certificate was not accepted"
            assert server.heads == []  # nothing was sent, and so no token


def test_a_tls_handshake_that_drips() -> None:
    with hostile(say(b"")) as server, faster_than(LIMITS.deadline + 3.0):
        server.url = server.url.replace("http:", "https:")
        assert read(server).state is S.FAILED
