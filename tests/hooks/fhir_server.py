"""A FHIR server on loopback that answers as a test tells it to, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE_SIZE = "&_count=250"


@dataclass
class Answer:
    """``drip``: seconds between single bytes of the body. ``wait``: seconds before anything is sent."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    drip: float = 0.0

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class FakeFhir:
    """``answers``: by path with query, a list of them one after the other. Paths without an answer get 404 and an
    OperationOutcome. A POST search is told by its path, a blank and its body. ``asked``, without the usual page size;
    ``sized``: those that named it."""

    url: str
    answers: dict[str, Any] = field(default_factory=dict)
    sized: list[str] = field(default_factory=list)
    connections: int = 0
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return sorted(path for path, _ in self.asked)


@contextmanager
def fake_fhir(keep: bool = False) -> Iterator[FakeFhir]:
    """Serve until the block ends. ``keep``: keep connections open between answers, as most servers do."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None  # a reader that gives up is no error here
    fake = FakeFhir(f"http://127.0.0.1:{server.server_port}/fhir")
    stop = threading.Event()
    server.RequestHandlerClass = _handler(fake, stop.wait, keep)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        stop.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(fake: FakeFhir, pause: Callable[[float], bool], keep: bool) -> type[BaseHTTPRequestHandler]:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-found"}]}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if keep else "HTTP/1.0"

        def setup(self) -> None:
            fake.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(f"{self.path} {body}")

        def do_GET(self) -> None:
            self._answer(self.path)

        def _answer(self, asked: str) -> None:
            if asked.endswith(PAGE_SIZE):
                asked = asked.removesuffix(PAGE_SIZE)
                fake.sized.append(asked)
            fake.asked.append((asked, dict(self.headers)))
            found = fake.answers.get(asked.removeprefix("/fhir/"), Answer(outcome, 404))
            answer = found.pop(0) if isinstance(found, list) else found
            pause(answer.wait)
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.data)))
                self.end_headers()
                self._send(answer)
            except OSError:
                self.close_connection = True  # the reader gave up, as it should

        def _send(self, answer: Answer) -> None:
            if not answer.drip:
                self.wfile.write(answer.data)
                return
            for byte in answer.data:
                self.wfile.write(bytes([byte]))
                if pause(answer.drip):
                    return

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextmanager
def faster_than(seconds: float) -> Iterator[None]:
    """Fail if the block takes longer."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds
