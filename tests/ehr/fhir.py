"""An EHR's side of the network: a small FHIR R4 server with the records of some patients, and the EHR's public keys.

It answers what the prefetch templates and the public sandbox ask: a capability statement, reads, and searches of a type by
``patient`` or ``subject``, in pages, as GET and as POST ``_search``, to any origin. It checks nothing and stores nothing else.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

Raw = dict[str, Any]
PATIENT = ("patient", "subject")
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
}
METADATA: Raw = {
    "resourceType": "CapabilityStatement",
    "status": "active",
    "kind": "instance",
    "fhirVersion": "4.0.1",
    "format": ["json"],
    "rest": [{"mode": "server"}],
}


@dataclass
class EhrServer:
    """``origin`` of everything, ``url`` of the FHIR server. ``jwks``: what ``/jwks`` publishes. ``token``: the only
    access token that is good; None asks for none. ``page``: most entries of a page. ``asked``: paths with queries that were read."""

    origin: str
    records: dict[str, dict[str, Raw]] = field(default_factory=dict)
    jwks: Raw = field(default_factory=lambda: {"keys": []})
    token: str | None = None
    page: int = 50
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.origin}/fhir"

    def put(self, bundle: Raw, patient: str | None = None) -> str:
        """Take the resources of a Bundle, each under an id of this server's own; the id of its patient.

        Args:
            patient: the id that the patient gets; the Bundle's own if not given.

        Raises:
            ValueError: there is a patient of that id already.
        """
        found = with_own_ids(bundle, patient)
        (name,) = (row["id"] for row in resources(found) if row["resourceType"] == "Patient")
        if name in self.records.get("Patient", {}):
            raise ValueError(f"there is a patient {name} already")
        for row in resources(found):
            self.records.setdefault(row["resourceType"], {})[row["id"]] = row
        return str(name)

    def answer(self, target: str, form: str, token: str) -> tuple[int, Raw]:
        """Status and body for a path with query; ``form``: the body of a POST search."""
        parts = urlsplit(target)
        if parts.path == "/jwks":
            return 200, self.jwks
        self.asked.append(f"{target}{'?' if form else ''}{form}")
        path = parts.path.removeprefix("/fhir/").removesuffix("/_search").split("/")
        if path == ["metadata"]:
            return 200, METADATA
        if self.token is not None and token != f"Bearer {self.token}":
            return 401, outcome("login", "The access token is missing or not good.")
        rows = self.records.get(path[0], {})
        if len(path) == 2:
            found = rows.get(path[1])
            return (200, found) if found else (404, outcome("not-found", "There is no such resource."))
        return 200, self.search(path[0], parse_qsl(parts.query) + parse_qsl(form))

    def search(self, kind: str, query: list[tuple[str, str]]) -> Raw:
        """One page of a searchset."""
        wanted = {value.removeprefix("Patient/") for name, value in query if name in PATIENT}
        rows = [row for row in self.records.get(kind, {}).values() if not wanted or patient_of(row) in wanted]
        asked = dict(query)
        size, start = min(int(asked.get("_count", self.page)), self.page), int(asked.get("page", 0))
        bundle: Raw = {"resourceType": "Bundle", "type": "searchset", "total": len(rows)}
        if rows[start : start + size]:
            bundle["entry"] = [
                {"fullUrl": f"{self.url}/{kind}/{row['id']}", "resource": row} for row in rows[start : start + size]
            ]
        if start + size < len(rows):
            further = urlencode({**asked, "page": str(start + size)})
            bundle["link"] = [{"relation": "next", "url": f"{self.url}/{kind}?{further}"}]
        return bundle


def resources(bundle: Raw) -> list[Raw]:
    return [entry["resource"] for entry in bundle.get("entry", ())]


def with_own_ids(bundle: Raw, patient: str | None = None) -> Raw:
    """The Bundle with ids, and references to them, that no other patient's resources have: those of examples are short."""
    rows = [(row["resourceType"], row["id"]) for row in resources(bundle)]
    (old,) = (own for kind, own in rows if kind == "Patient")
    new = patient or old
    names = {(kind, own): new if kind == "Patient" else f"{new}-{own}" for kind, own in rows}
    text = json.dumps(bundle)
    for (kind, own), name in names.items():
        text = text.replace(f'"{kind}/{own}"', f'"{kind}/{name}"')
    found: Raw = json.loads(text)
    for row in resources(found):
        row["id"] = names[row["resourceType"], row["id"]]
    return found


def patient_of(row: Mapping[str, Any]) -> str | None:
    """The id of the patient that a resource is about."""
    for name in PATIENT:
        if isinstance(row.get(name), dict):
            return str(row[name].get("reference", "")).removeprefix("Patient/")
    return None


def outcome(code: str, words: str) -> Raw:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code, "diagnostics": words}]}


@contextmanager
def ehr_server() -> Iterator[EhrServer]:
    """Serve until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None  # a browser that leaves is no error here
    ehr = EhrServer(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _handler(ehr)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield ehr
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(ehr: EhrServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_OPTIONS(self) -> None:
            self._send(204, b"")

        def do_GET(self) -> None:
            self._answer("")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

        def _answer(self, form: str) -> None:
            status, body = ehr.answer(self.path, form, self.headers.get("Authorization", ""))
            self._send(status, json.dumps(body).encode())

        def _send(self, status: int, data: bytes) -> None:
            self.send_response(status)
            for name, value in CORS.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
