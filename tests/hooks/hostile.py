"""A server that misbehaves below the level of HTTP libraries: each test writes its bytes to the socket itself."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass
class Hostile:
    """``heads``: start line and headers of every request that came, one string each."""

    url: str
    stopped: threading.Event
    heads: list[str] = field(default_factory=list)
    connections: int = 0


Act: TypeAlias = Callable[[socket.socket, Hostile], None]


@contextmanager
def hostile(act: Act, tls: ssl.SSLContext | None = None) -> Iterator[Hostile]:
    """Serve on loopback until the block ends; ``act`` answers each request, and the connection is closed after it."""
    listener = socket.create_server(("127.0.0.1", 0))
    scheme = "https" if tls else "http"
    server = Hostile(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/fhir", threading.Event())
    threads: list[threading.Thread] = []

    def serve() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            threads.append(threading.Thread(target=talk, args=(raw,)))
            threads[-1].start()

    def talk(raw: socket.socket) -> None:
        with suppress(OSError):
            raw.settimeout(10)
            used = tls.wrap_socket(raw, server_side=True) if tls else raw
            with used:
                if head := _head(used):
                    server.heads.append(head)
                    act(used, server)

    accepting = threading.Thread(target=serve)
    accepting.start()
    try:
        yield server
    finally:
        server.stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in [accepting, *threads]:
            thread.join()


def say(data: bytes) -> Act:
    """Answers with these bytes as they are."""
    return lambda used, _: used.sendall(data)


def ok(body: bytes, *headers: str) -> bytes:
    """A whole answer with status 200."""
    return "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


def drip(start: bytes, piece: bytes, every: float = 0.02) -> Act:
    """Begins, then sends pieces without end: no single wait is long."""

    def act(used: socket.socket, server: Hostile) -> None:
        used.sendall(start)
        while not server.stopped.wait(every):
            used.sendall(piece)

    return act


def flood(start: bytes, piece: bytes) -> Act:
    """Begins, then sends pieces without end, as fast as it can."""

    def act(used: socket.socket, server: Hostile) -> None:
        used.sendall(start)
        while not server.stopped.is_set():
            used.sendall(piece)

    return act


def _head(used: socket.socket) -> str:
    found = b""
    while b"\r\n\r\n" not in found:
        piece = used.recv(65536)
        if not piece:
            return ""
        found += piece
    return found.decode("latin-1")
