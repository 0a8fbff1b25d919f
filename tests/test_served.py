"""The service as it is run, against clients that send slowly, never end, or send no HTTP.

No times are asserted: a test waits as long as it takes and fails by the others not being answered at all.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.served import served
from fhir_examples.request import names, request_of
from service.commands.serve import THREADS
from service.hooks.browser import SECURITY
from tests.test_examples import PATH, bundle

BODY = json.dumps(request_of(bundle(names()[0]), names()[0])).encode()
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
SECRET = "planted-secret-4411"
LIMIT = {"ALLCUE_REQUEST_LIMIT_S": "2"}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with LOG.at(tmp_path_factory).open("wb") as log, served(LIMIT, log=log) as found:
        yield found


class LOG:
    """Where the service of these tests writes."""

    path: Path

    @classmethod
    def at(cls, factory: pytest.TempPathFactory) -> Path:
        cls.path = factory.mktemp("served") / "log"
        return cls.path


def ask(port: int) -> int:
    """A whole call by somebody else: its status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", PATH, BODY, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def connected(port: int, data: bytes) -> socket.socket:
    found = socket.create_connection(("127.0.0.1", port), 120)
    found.sendall(data)
    return found


def answered(one: socket.socket) -> bytes:
    """All that comes until the service closes the connection."""
    found = b""
    try:
        while piece := one.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    one.close()
    return found


SLOW = {
    "nothing": b"",
    "the beginning of a request line": b"POST /cds",
    "headers without end": HEAD + b"X-A: 1\r\n",
    "no body": HEAD + b"Content-Length: 5000\r\n\r\n",
    "half a body": HEAD + b"Content-Length: 5000\r\n\r\n" + BODY[:2000],
    "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n400\r\n{",
}


@pytest.mark.parametrize("data", SLOW.values(), ids=SLOW.keys())
def test_slow_clients_hold_up_nobody_for_good(data: bytes, port: int) -> None:
    """Twice as many of them as there are threads; another client is answered, and they are let go."""
    slow = [connected(port, data) for _ in range(2 * THREADS)]
    assert ask(port) == 200
    for one in slow:
        told = answered(one)
        assert not told or told.startswith(b"HTTP/1.1 408"), told


def test_a_dripping_body_ends(port: int) -> None:
    """A byte now and then does not win more time."""
    one = connected(port, HEAD + b"Content-Length: 5000\r\n\r\n")
    one.settimeout(0.2)
    told = b""
    for _ in range(600):
        try:
            one.sendall(b" ")
            told = one.recv(65536)
            break
        except TimeoutError:
            continue
        except OSError:
            break
    else:
        pytest.fail("the service goes on reading")
    one.close()
    assert not told or told.startswith(b"HTTP/1.1 408"), told


def test_who_does_not_take_the_answer_holds_up_nobody(port: int) -> None:
    whole = HEAD + f"Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    deaf = [connected(port, whole) for _ in range(2 * THREADS)]
    assert ask(port) == 200
    for one in deaf:
        one.close()


NO_HTTP = {
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + SECRET.encode() + b"\r\n\r\n",
    "ANSI in the path": f"GET /\x1b[31m{SECRET}\x1b[0m HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "header without name": f"GET / HTTP/1.1\r\n: {SECRET}\r\n\r\n".encode(),
    "space before colon": f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer {SECRET}\r\n\r\n".encode(),
    "folded header": f"GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n {SECRET}\r\n\r\n".encode(),
    "NUL": f"GET / HTTP/1.1\r\nHost: x\r\nX-A: \x00{SECRET}\r\n\r\n".encode(),
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
    "length and chunks": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: 1\r\n" % at for at in range(500)) + b"\r\n",
    "long header": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n",
    "long line": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("data", NO_HTTP.values(), ids=NO_HTTP.keys())
def test_what_is_no_http_is_refused(data: bytes, port: int) -> None:
    one = socket.create_connection(("127.0.0.1", port), 120)
    try:
        one.sendall(data)
        one.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    told = answered(one)
    assert not told or told.split(b" ", 2)[1][:1] in (b"4", b"5"), told
    if told:
        assert is_described(told), told
    assert ask(port) == 200


def is_described(told: bytes) -> bool:
    """Whether an answer has the headers of all others, and a body that quotes nothing."""
    head, _, body = told.partition(b"\r\n\r\n")
    named = all(f"\r\n{name}: {value}".lower() in head.decode().lower() for name, value in SECURITY.items())
    return named and json.loads(body)["resourceType"] == "OperationOutcome" and SECRET.encode() not in told


def test_trailers_that_are_none_are_the_clients_fault(port: int) -> None:
    broken = b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX A: 1\r\n\r\n"
    one = connected(port, HEAD + b"Connection: close\r\n" + broken)
    assert answered(one).startswith(b"HTTP/1.1 400")


def test_a_client_cannot_say_where_the_service_is_mounted(port: int) -> None:
    """Else what a proxy on this machine lets through is another path than the one that is answered."""
    told = answered(
        connected(port, b"GET /a/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nSCRIPT_NAME: /a\r\n\r\n")
    )
    assert told.startswith(b"HTTP/1.1 404"), told


def test_the_log_of_all_this_holds_no_secret_and_no_control(port: int) -> None:
    assert ask(port) == 200
    text = LOG.path.read_text(encoding="utf-8", errors="backslashreplace")
    assert '"status":200' in text
    assert SECRET not in text
    assert "\x1b" not in text
    assert "Traceback" not in text
