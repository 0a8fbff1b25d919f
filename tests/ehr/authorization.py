"""An EHR's authorization server as SMART App Launch 2.2 describes it, beside the FHIR server of `tests.ehr.fhir`.

It lets everybody in without a login page, as nothing else depends on one; what it checks of an app it checks for real: the
registered address, PKCE, that codes work once and for who asked for them, secrets, and signed assertions.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import jwt

from tests.ehr.fhir import EhrServer, Raw

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Refused(Exception):
    """An OAuth error: its code, and why for who reads a failing test."""

    def __init__(self, code: str, why: str = ""):
        self.code = code
        super().__init__(f"{code}: {why}")


@dataclass
class Client:
    """An app as it was registered. ``secret`` and ``jwk``: how it shows who it is; without both it is public."""

    redirect: str
    secret: str = ""
    jwk: Raw | None = None


@dataclass
class SmartEhr:
    """``fhir``: the FHIR server; it asks for a token that was given here and has not ended. ``launches``: context by launch
    value; ``picks``: the patient who is chosen in a standalone launch. ``lifetime``: of tokens in seconds; None: not told.
    ``configuration``, ``token``: change what is answered; ``status``: by path; ``deny``: an error in place of a code.
    ``ends``: when tokens end. ``seen``: authorization requests; ``tokens``: forms that came to the token endpoint."""

    fhir: EhrServer
    clients: dict[str, Client] = field(default_factory=dict)
    launches: dict[str, Raw] = field(default_factory=dict)
    picks: str | None = None
    lifetime: int | None = 300
    deny: str = ""
    configuration: Callable[[Raw], Any] = lambda found: found
    token: Callable[[Raw], Any] = lambda found: found
    status: dict[str, int] = field(default_factory=dict)
    codes: dict[str, Raw] = field(default_factory=dict)
    ends: dict[str, float] = field(default_factory=dict)
    seen: list[Raw] = field(default_factory=list)
    tokens: list[Raw] = field(default_factory=list)
    jti: set[str] = field(default_factory=set)

    @property
    def iss(self) -> str:
        return self.fhir.url

    def launch(self, patient: str | None, **more: Any) -> str:
        """The launch value for a patient, as an EHR makes one when its user opens the app."""
        name = secrets.token_urlsafe(8)
        self.launches[name] = {**({"patient": patient} if patient is not None else {}), **more}
        return name

    def answer(self, method: str, target: str, form: str, authorization: str) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(target)
        if parts.path == "/fhir/.well-known/smart-configuration":
            return self._json(parts.path, self.configuration(self._about()))
        if parts.path == "/auth/authorize":
            return 302, {"Location": self._authorize(dict(parse_qsl(parts.query)))}, b""
        if parts.path == "/auth/token":
            try:
                return self._json(parts.path, self.token(self._token(dict(parse_qsl(form)), authorization)))
            except Refused as error:
                self.status.setdefault("error", 400)
                words = {"error": error.code, "error_description": "<script>alert(1)</script>"}
                return self.status["error"], {"Content-Type": "application/json"}, json.dumps(words).encode()
        ended = self.ends.get(authorization.removeprefix("Bearer "), 0) <= time.time()
        if parts.path != "/fhir/metadata" and ended:
            return 401, {"Content-Type": "application/json"}, b"{}"
        status, body = self.fhir.answer(target, form, authorization)
        return self.status.get(parts.path, status), {"Content-Type": "application/fhir+json"}, json.dumps(body).encode()

    def _json(self, path: str, body: Any) -> tuple[int, dict[str, str], bytes]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.status.get(path, 200), {"Content-Type": "application/json"}, data

    def _about(self) -> Raw:
        origin = self.fhir.origin
        return {
            "issuer": origin,
            "authorization_endpoint": f"{origin}/auth/authorize",
            "token_endpoint": f"{origin}/auth/token",
            "grant_types_supported": ["authorization_code"],
            "code_challenge_methods_supported": ["S256"],
            "capabilities": ["launch-ehr", "launch-standalone", "client-public", "permission-patient", "permission-v2"],
        }

    def _authorize(self, asked: Raw) -> str:
        self.seen.append(asked)
        client = self.clients[asked["client_id"]]
        assert asked["redirect_uri"] == client.redirect, "an address that is not registered gets no answer"
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert asked["aud"] == self.iss
        assert len(asked["state"]) >= 22
        back = {"state": asked["state"]}
        if self.deny:
            return f"{client.redirect}?{urlencode({**back, 'error': self.deny, 'error_description': '<b>no</b>'})}"
        context = self.launches.pop(asked["launch"]) if "launch" in asked else {"patient": self.picks}
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "context": context}
        return f"{client.redirect}?{urlencode({**back, 'code': code})}"

    def _token(self, form: Raw, authorization: str) -> Raw:
        self.tokens.append(form)
        if form.get("grant_type") != "authorization_code":
            raise Refused("unsupported_grant_type")
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None:
            raise Refused("invalid_grant", "unknown or used code")
        self._authenticate(asked["client_id"], form, authorization)
        made = base64.urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if made != asked["code_challenge"] or form.get("redirect_uri") != asked["redirect_uri"]:
            raise Refused("invalid_grant", "another verifier or address")
        token = secrets.token_urlsafe(32)
        self.ends[token] = time.time() + (300 if self.lifetime is None else self.lifetime)
        found = {"access_token": token, "token_type": "Bearer", "scope": asked["scope"], **asked["context"]}
        return found if self.lifetime is None else {**found, "expires_in": self.lifetime}

    def _authenticate(self, name: str, form: Raw, authorization: str) -> None:
        client = self.clients[name]
        if client.secret:
            kind, _, given = authorization.partition(" ")
            pair = base64.b64decode(given).decode().split(":") if kind == "Basic" else []
            if [unquote_plus(part) for part in pair] != [name, client.secret]:
                raise Refused("invalid_client", "wrong secret")
        elif client.jwk is not None:
            if form.get("client_assertion_type") != ASSERTION:
                raise Refused("invalid_client", "no assertion")
            key = jwt.PyJWK.from_dict(client.jwk)
            token = form["client_assertion"]
            try:
                claims = jwt.decode(token, key.key, [client.jwk["alg"]], audience=f"{self.fhir.origin}/auth/token")
            except jwt.PyJWTError as error:
                raise Refused("invalid_client", str(error)) from None
            named = claims["iss"] == claims["sub"] == name and jwt.get_unverified_header(token)["kid"]
            short = claims["exp"] <= time.time() + 300
            if named != client.jwk["kid"] or not short or claims["jti"] in self.jti:
                raise Refused("invalid_client", "not for here, or used")
            self.jti.add(claims["jti"])
        elif form.get("client_id") != name:
            raise Refused("invalid_client", "another client")


@contextmanager
def smart_ehr() -> Iterator[SmartEhr]:
    """Serve until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None  # who cuts a connection makes no noise
    ehr = SmartEhr(EhrServer(f"http://127.0.0.1:{server.server_port}"))
    server.RequestHandlerClass = _handler(ehr)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield ehr
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(ehr: SmartEhr) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

        def _answer(self, form: str) -> None:
            status, headers, data = ehr.answer(self.command, self.path, form, self.headers.get("Authorization", ""))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
