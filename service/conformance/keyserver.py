"""A key set served on this machine: bait for services that fetch an address which only a token names."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Bait:
    """``url``: where the key set is. ``fetched``: how often it was asked for."""

    url: str
    fetched: list[str] = field(default_factory=list)


@contextmanager
def published(keys: dict[str, Any]) -> Iterator[Bait]:
    """Serve a JWK Set on loopback while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            bait.fetched.append(self.path)
            body = json.dumps(keys).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the report tells what was fetched."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bait = Bait(f"http://127.0.0.1:{server.server_address[1]}/jwks.json")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield bait
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
