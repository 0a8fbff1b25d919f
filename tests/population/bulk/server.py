"""A small real server with Bulk Data Access 2.0 and SMART Backend Services on loopback, which fails where a test says so."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import jwt

from service.population.bulk.keys import algorithm_of, thumbprint

CLIENT = "cohort-reader"
TIME = "2026-03-01T00:00:00Z"


@dataclass
class Told:
    """An answer that a test wants in place of the usual one. ``cut``: bytes of the body after which the line breaks."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None


Fault: TypeAlias = "Told | Callable[[Bulk], Told | None]"


@dataclass
class Bulk:
    """What the server holds and what it was asked. Set ``key`` to want tokens.

    ``files``: NDJSON by name, ``Type.anything``. ``faults``: by what is asked (``kick-off``, ``status``, ``token``, ``delete``,
    ``metadata``, or the name of a file), used up one after the other. ``manifest``: replaces members of the manifest.
    """

    files: dict[str, bytes]
    key: Any = None
    types: tuple[str, ...] = ("Patient", "Condition", "Observation", "MedicationRequest")
    scopes: tuple[str, ...] = ("system/*.rs",)
    polls: int = 2
    life: int = 300
    granted: str | None = None
    faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    manifest: dict[str, Any] = field(default_factory=dict)
    other: str | None = None
    url: str = ""
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    jtis: set[str] = field(default_factory=set)
    grants: list[str] = field(default_factory=list)
    deleted: bool = False
    polled: int = 0

    @property
    def base(self) -> str:
        return f"{self.url}/fhir"

    def times(self, what: str) -> int:
        return sum(1 for name, _, _ in self.asked if name == what)

    def heads(self, what: str) -> list[dict[str, str]]:
        return [headers for name, _, headers in self.asked if name == what]

    def queries(self, what: str) -> list[dict[str, list[str]]]:
        return [parse_qs(urlsplit(path).query) for name, path, _ in self.asked if name == what]

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Told:
        what = _what(method, urlsplit(path).path)
        self.asked.append((what, path, headers))
        if self.faults[what]:
            fault = self.faults[what].popleft()
            told = fault(self) if callable(fault) else fault
            if told is not None:
                return told
        if what in ("metadata", "configuration", "token"):
            return getattr(self, f"_{what}")(body)
        if self.key is not None and headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return outcome(401, "login", "the token is not known")
        if what == "kick-off":
            if headers.get("prefer") != "respond-async" or headers.get("accept") != "application/fhir+json":
                return outcome(400, "invalid", "Prefer and Accept are required")
            return Told(202, headers={"Content-Location": f"{self.url}/jobs/1"})
        if what == "status":
            return self._status()
        if what == "delete":
            self.deleted = True
            return Told(202)
        return Told(200, self.files[what], {"Content-Type": "application/fhir+ndjson"})

    def _metadata(self, _: bytes) -> Told:
        rest = [{"mode": "server", "resource": [{"type": name} for name in self.types]}]
        return as_json(200, {"resourceType": "CapabilityStatement", "rest": rest})

    def _configuration(self, _: bytes) -> Told:
        return as_json(
            200,
            {
                "token_endpoint": f"{self.url}/auth/token", "scopes_supported": self.scopes,
                "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
                "capabilities": ["client-confidential-asymmetric"],
            },
        )  # fmt: skip

    def _token(self, body: bytes) -> Told:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        try:
            assert form["grant_type"] == "client_credentials"
            assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            head = jwt.get_unverified_header(form["client_assertion"])
            claims = jwt.decode(
                form["client_assertion"], self.key.public_key(), [algorithm_of(self.key)], audience=f"{self.url}/auth/token",
                options={"require": ["iss", "sub", "aud", "exp", "jti"]},
            )  # fmt: skip
            assert head["kid"] == thumbprint(self.key)
            assert claims["iss"] == claims["sub"] == CLIENT
            assert claims["exp"] <= time.time() + 300
            assert claims["jti"] not in self.jtis
        except (AssertionError, KeyError, jwt.PyJWTError):
            return as_json(400, {"error": "invalid_client", "error_description": "the assertion was not accepted"})
        self.jtis.add(claims["jti"])
        token = f"token-{len(self.jtis)}"
        self.tokens.add(token)
        self.grants.append(form["scope"])
        scope = form["scope"] if self.granted is None else self.granted
        made = {"access_token": token, "token_type": "bearer", "expires_in": self.life, "scope": scope}
        return as_json(200, made)

    def _status(self) -> Told:
        self.polled += 1
        if self.polled <= self.polls:
            return Told(202, headers={"X-Progress": f"{self.polled} of {self.polls} done", "Retry-After": "3"})
        output = [
            {"type": name.split(".")[0], "url": f"{self.other or self.url}/files/{name}", "count": held.count(b"\n")}
            for name, held in self.files.items()
        ]
        made = {
            "transactionTime": TIME,
            "request": "",
            "requiresAccessToken": self.key is not None,
            "output": output,
            "error": [],
        }
        return as_json(200, {**made, **self.manifest}, {"Expires": "Sun, 01 Mar 2026 12:00:00 GMT"})


def outcome(status: int, code: str, words: str, **headers: str) -> Told:
    """An error with an OperationOutcome."""
    issue = [{"severity": "error", "code": code, "diagnostics": words}]
    return as_json(status, {"resourceType": "OperationOutcome", "issue": issue}, {k.replace("_", "-"): v for k, v in headers.items()})  # fmt: skip


def as_json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Told:
    return Told(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})


def lines(*resources: Mapping[str, Any]) -> bytes:
    """NDJSON."""
    return b"".join(json.dumps(resource).encode() + b"\n" for resource in resources)


def _what(method: str, path: str) -> str:
    if path.endswith("$export"):
        return "kick-off"
    if path.startswith("/jobs/"):
        return "delete" if method == "DELETE" else "status"
    if path.endswith("smart-configuration"):
        return "configuration"
    return path.rpartition("/")[2]


@contextmanager
def serving(bulk: Bulk) -> Iterator[Bulk]:
    """The server on a free port of loopback, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = bulk.answer(self.command, self.path, headers, self.rfile.read(length))
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body[: told.cut])
            self.close_connection = told.cut is not None

        do_POST = do_DELETE = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bulk.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield bulk
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
