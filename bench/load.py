"""A small load generator: concurrent kept connections, each call with a ``hookInstance`` of its own, as EHRs send them."""

from __future__ import annotations

import itertools
import re
import selectors
import socket
import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

_INSTANCE = re.compile(rb'"hookInstance": ?"([0-9a-f-]{36})"')
_UUID = 36
_LONGEST_S = 60.0


@dataclass(frozen=True)
class Result:
    """Requests a second, and latency in milliseconds."""

    rate: float
    p50: float
    p99: float
    answered: int


def measure(
    port: int,
    path: str,
    bodies: bytes | Sequence[bytes] | Iterator[bytes],
    seconds: float,
    clients: int,
    warm_up: float = 0.0,
) -> Result:
    """Load one address of this machine for a while.

    Args:
        bodies: what is sent, in turns, each time with another ``hookInstance``; of an iterator as it comes.
        warm_up: seconds of the same load before it, not counted.

    Raises:
        RuntimeError: an answer that is not 200, or none.
    """
    requests = _requests(port, path, [bodies] if isinstance(bodies, bytes) else bodies)
    try:
        if warm_up:
            _load(port, requests, warm_up, clients)
        latencies, elapsed = _load(port, requests, seconds, clients)
    except OSError as error:
        raise RuntimeError(f"{path}: no answer: {error}") from None
    except RuntimeError as error:
        raise RuntimeError(f"{path}: {error}") from None
    latencies.sort()
    p50, p99 = statistics.median(latencies), latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))]
    return Result(len(latencies) / elapsed, p50 * 1000, p99 * 1000, len(latencies))


def _load(port: int, requests: Iterator[bytes], seconds: float, clients: int) -> tuple[list[float], float]:
    """Seconds of each call, and of all. One thread serves all connections, so that it costs the service little."""
    with ExitStack() as opened:
        waits = opened.enter_context(selectors.DefaultSelector())

        def connect() -> socket.socket:
            one = opened.enter_context(socket.create_connection(("127.0.0.1", port), 30))
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            waits.register(one, selectors.EVENT_READ)
            return one

        for _ in range(clients):
            connect()
        return _load_over(waits, requests, seconds, connect)


def _load_over(
    waits: selectors.BaseSelector, requests: Iterator[bytes], seconds: float, connect: Callable[[], socket.socket]
) -> tuple[list[float], float]:
    sent: dict[socket.socket, tuple[float, bytearray]] = {}
    latencies: list[float] = []
    began = time.perf_counter()
    for key in list(waits.get_map().values()):
        _send(key.fileobj, requests, sent)  # type: ignore[arg-type]
    while sent:
        ready = waits.select(_LONGEST_S)
        if not ready:
            raise RuntimeError(f"no answer within {_LONGEST_S:g} seconds")
        for key, _ in ready:
            one: socket.socket = key.fileobj  # type: ignore[assignment]
            start, answer = sent[one]
            piece = one.recv(1 << 18)
            if not piece:
                raise RuntimeError("the connection was closed")
            answer += piece
            if not _is_whole(answer):
                continue
            now = time.perf_counter()
            latencies.append(now - start)
            del sent[one]
            goes_on = now - began < seconds
            if not goes_on or _closes(answer):
                waits.unregister(one)
                one.close()
            if goes_on:
                _send(connect() if _closes(answer) else one, requests, sent)
    return latencies, time.perf_counter() - began


def _send(one: socket.socket, requests: Iterator[bytes], sent: dict[socket.socket, tuple[float, bytearray]]) -> None:
    text = next(requests)
    sent[one] = (time.perf_counter(), bytearray())
    one.sendall(text)


def _requests(port: int, path: str, bodies: Sequence[bytes] | Iterator[bytes]) -> Iterator[bytes]:
    """Whole requests without end."""
    if isinstance(bodies, Iterator):
        yield from (_head(port, path, body) + body for body in bodies)
        return
    made = [(_head(port, path, body) + body, _INSTANCE.search(body)) for body in bodies]
    for text, found in itertools.cycle(made):
        if found is None:
            yield text
        else:
            start = len(text) - len(found.string) + found.start(1)
            yield b"".join((text[:start], str(uuid.uuid4()).encode(), text[start + _UUID :]))


def _head(port: int, path: str, body: bytes) -> bytes:
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*lines, "", "")).encode()


def _closes(answer: bytearray) -> bool:
    """Whether the server keeps no connection, as gunicorn's sync worker does."""
    return b"\r\nconnection: close\r\n" in answer[: answer.find(b"\r\n\r\n") + 2].lower()


def _is_whole(answer: bytearray) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"answered {answer[9:12].decode()}: {bytes(answer[end : end + 200])!r}")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", answer[: end + 2])
    if length is None:
        return answer.endswith(b"0\r\n\r\n")  # in chunks
    return len(answer) >= end + 4 + int(length[1])
