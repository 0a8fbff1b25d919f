"""Clients with keys, a clock that stands still, and the application that trusts them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from flask import Flask

from service.hooks import calls, errors
from service.hooks.blueprint import cds_services, operations
from service.hooks.browser import install_cors
from service.hooks.fhir_access import Limits
from service.hooks.named import Named
from service.hooks.ports import ReplayGuard
from service.hooks.servers import AllowedServers
from service.hooks.trust import guard
from service.hooks.trust.clients import Client, Clients
from service.hooks.trust.fetch import Unfetched
from service.hooks.trust.keystore import KeyStore
from service.hooks.trust.replay import MemoryReplayGuard
from service.hooks.trust.sign import claims_for, new_key, public_part, sign
from service.hooks.trust.verify import Verifier
from tests.hooks.support import SELECT, VIEW, Recorder

BASE = "https://cds.example.org/allcue"
NOW = 1_790_000_000.0
ISS = "https://ehr.example.org/oauth2"
JWKS = "https://ehr.example.org/jwks"
DISCOVERY = f"{BASE}/cds-services"


@cache
def key_of(algorithm: str = "ES384", kid: str = "k1") -> Mapping[str, Any]:
    """A private key, the same for the same arguments."""
    return new_key(algorithm, kid)


def client_of(**more: Any) -> Client:
    given: dict[str, Any] = {"name": "ehr", "iss": ISS, "jwks_urls": [JWKS], **more}
    return Client.model_validate(given)


def given_keys(*keys: Mapping[str, Any]) -> dict[str, Any]:
    """Members of a client whose public keys are given in the file."""
    return {"keys": [public_part(key) for key in keys]}


@dataclass
class Keys:
    """What clients publish: JWK Sets by address. ``asked``: the addresses that were fetched, in order."""

    published: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def publish(self, *keys: Mapping[str, Any], url: str = JWKS) -> None:
        self.published[url] = {"keys": [public_part(key) for key in keys]}

    def __call__(self, url: str) -> Any:
        self.asked.append(url)
        if url not in self.published:
            raise Unfetched("no connection (Refused)")
        return self.published[url]


@dataclass
class Trust:
    """A verifier with a clock and published keys that a test can change."""

    clients: tuple[Client, ...]
    keys: Keys = field(default_factory=Keys)
    now: float = NOW
    ticks: float = 0.0
    replay: ReplayGuard | None = None

    def __post_init__(self) -> None:
        self.keys.publish(key_of())
        store = KeyStore(self.keys, lambda: self.ticks)
        replay = self.replay or MemoryReplayGuard(lambda: datetime.fromtimestamp(self.now, UTC))
        self.verifier = Verifier(Clients.of(self.clients), BASE, replay, store, lambda: self.now)

    def app(self, engine: Callable[..., Any] | None = None) -> Flask:
        app = Flask("trusting", static_folder=None)
        errors.install(app)
        calls.install(app)
        install_cors(app, ("*",))
        guard.install(app, self.verifier)
        app.register_blueprint(cds_services((VIEW, SELECT), engine or Recorder(), AllowedServers(), Limits()))
        app.register_blueprint(operations(Named("x", "1"), BASE, lambda: True))
        return app


def trust(*clients: Client, **more: Any) -> Trust:
    return Trust(clients or (client_of(),), **more)


def claims(audience: Any = DISCOVERY, **more: Any) -> dict[str, Any]:
    """Good claims; ``more`` replaces some, None takes them out."""
    found = {**claims_for(ISS, audience, now=NOW), **more}
    return {name: value for name, value in found.items() if value is not None}


def bearer(payload: Mapping[str, Any] | None = None, key: Mapping[str, Any] | None = None, **header: Any) -> str:
    """An Authorization header."""
    return f"Bearer {sign(key or key_of(), claims() if payload is None else payload, **header)}"


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()
