"""A request that is refused before its body is read must not spoil the next one on its connection."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import pytest

from bench.clients import CALL
from bench.served import served
from service.commands.worker import REST_BYTES

JSON = {"Content-Type": "application/json"}
REFUSED = {
    "415": (CALL, {"Content-Type": "text/plain"}),
    "404": ("/cds-services/none", JSON),
    "405": ("/health", JSON),
    "compressed": (CALL, {**JSON, "Content-Encoding": "br"}),
}
SIZES = {
    "nothing": 0,
    "little": 1000,
    "beyond gunicorn's rest": 70_000,
    "beyond ours": REST_BYTES + 70_000,
    "much": 9_000_000,
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served({"ALLCUE_DATABASE_URL": "none", "ALLCUE_MAX_BODY_BYTES": "20000000"}) as found:
        yield found


def twice(port: int, path: str, headers: dict[str, str], size: int) -> tuple[int, bool]:
    """The status of a refused request, and whether its connection was good for another; that one must succeed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, b" " * size, headers)
    refused = connection.getresponse()
    refused.read()
    kept = connection.sock is not None  # closed by the library where the answer says so
    connection.request("GET", "/health")
    assert connection.getresponse().status == 200
    connection.close()
    return refused.status, kept


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
@pytest.mark.parametrize(("path", "headers"), REFUSED.values(), ids=REFUSED.keys())
def test_the_next_request_is_answered(path: str, headers: dict[str, str], size: int, port: int) -> None:
    status, kept = twice(port, path, headers, size)
    assert status in (404, 405, 415)
    assert kept == (size < REST_BYTES)


def test_so_it_is_beyond_the_size_and_the_rate() -> None:
    limits = {"ALLCUE_MAX_BODY_BYTES": "1000", "ALLCUE_RATE_LIMIT": "0.001", "ALLCUE_RATE_BURST": "3"}
    with served({"ALLCUE_DATABASE_URL": "none", **limits}) as port:
        assert twice(port, CALL, JSON, 20_000) == (413, True)
        assert twice(port, CALL, JSON, 2_000_000) == (413, False)
        assert twice(port, CALL, JSON, 500) == (400, True)
        assert twice(port, CALL, JSON, 20_000) == (429, True)
        assert twice(port, CALL, JSON, 2_000_000) == (429, False)


def test_chunks_and_a_body_that_stays_away(port: int) -> None:
    head = f"POST {CALL} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n".encode()
    second = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), 60) as one:
        one.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n")
        assert one.recv(65536).startswith(b"HTTP/1.1 415")
        one.sendall(second)
        answers = b"".join(iter(lambda: one.recv(65536), b""))
    assert b"HTTP/1.1 200" in answers
    with socket.create_connection(("127.0.0.1", port), 60) as one:  # the answer does not wait for it
        one.sendall(head + b"Content-Length: 100\r\n\r\n")
        answers = b"".join(iter(lambda: one.recv(65536), b""))
    assert answers.startswith(b"HTTP/1.1 415")
    assert b"Connection: close" in answers
