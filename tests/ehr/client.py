"""An EHR as the specification describes a CDS client, over real HTTP. It shares no code with the service but the making of keys.

It signs each request, fills prefetch templates from its own FHIR server, holds draft orders, applies suggestions to them,
and keeps feedback until it is acknowledged.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

import jwt
import requests

from service.hooks.trust.sign import new_key, public_part
from tests.ehr.drafts import Drafts
from tests.ehr.fhir import EhrServer

Raw = dict[str, Any]
ISSUER = "https://ehr.example.org/oauth2"
USER = "Practitioner/oncologist"
TOKEN = re.compile(r"\{\{\s*(?:context\.)?(\w+)\s*\}\}")


@dataclass
class Ehr:
    """``service``: the base address of the CDS service. ``key``: the private JWK that signs. ``outbox``: feedback by
    service that was not acknowledged yet. ``authorized``: whether calls carry an access token of the FHIR server."""

    server: EhrServer
    service: str
    key: Raw = field(default_factory=lambda: new_key("ES384", "first"))
    outbox: dict[str, list[Raw]] = field(default_factory=dict)
    authorized: bool = True
    templates: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.publish(self.key)

    def publish(self, *keys: Raw) -> None:
        """The keys that are public from now on."""
        self.server.jwks = {"keys": [public_part(key) for key in keys]}

    def token(self, audience: str) -> str:
        """A token for one request (CDS Hooks 2.0, "Trusting CDS Clients")."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": audience, "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())}
        header = {"kid": self.key["kid"], "jku": f"{self.server.origin}/jwks", "typ": "JWT"}
        return jwt.encode(claims, jwt.PyJWK.from_dict(self.key).key, self.key["alg"], header)

    def send(self, path: str, body: Any = None, token: str | None = None) -> requests.Response:
        """One signed request: GET without a body, else POST. ``token``: instead of a new one."""
        url = f"{self.service}/cds-services{path}"
        headers = {"Authorization": f"Bearer {token or self.token(url)}", "Accept": "application/json"}
        if body is None:
            return requests.get(url, headers=headers, timeout=120)
        return requests.post(url, json=body, headers=headers, timeout=120)

    def discover(self) -> list[Raw]:
        """The services; their prefetch templates are kept."""
        answer = self.send("")
        assert answer.status_code == 200, answer.text
        found: list[Raw] = answer.json()["services"]
        self.templates = {one["id"]: one.get("prefetch", {}) for one in found}
        return found

    def fill(self, template: str, context: Raw) -> Any:
        """The data of one prefetch template, all pages; None for a template with a token that the context does not bring."""
        values = {name: value for name, value in context.items() if isinstance(value, str | int)}
        if any(name not in values for name in TOKEN.findall(template)):
            return None
        found = self.read(TOKEN.sub(lambda match: str(values[match[1]]), template))
        entries, page = found.get("entry", []), found
        while following := next((one["url"] for one in page.get("link", ()) if one["relation"] == "next"), None):
            page = self.read(following)
            entries = [*entries, *page["entry"]]
        if found.pop("link", None):
            found["entry"] = entries
        return found

    @staticmethod
    def fill_path(template: str, patient: str) -> str:
        return TOKEN.sub(patient, template)

    def read(self, path: str) -> Raw:
        headers = {"Authorization": f"Bearer {self.server.token}"} if self.server.token else {}
        answer = requests.get(urljoin(f"{self.server.url}/", path), headers=headers, timeout=120)
        assert answer.status_code == 200, answer.text
        body: Raw = answer.json()
        return body

    def request(self, hook: str, patient: str, keys: Collection[str] | None = None, **context: Any) -> Raw:
        """The body of a call; ``keys``: the prefetch keys to be filled, all if not given."""
        if not self.templates:
            self.discover()
        told = {"userId": USER, "patientId": patient, **context}
        wanted = self.templates[f"allcue-{hook}"]
        body: Raw = {"hook": hook, "hookInstance": str(uuid.uuid4()), "context": told, "fhirServer": self.server.url}
        body["prefetch"] = {
            key: self.fill(template, told) for key, template in wanted.items() if keys is None or key in keys
        }
        if self.authorized and self.server.token:
            body["fhirAuthorization"] = {
                "access_token": self.server.token,
                "token_type": "Bearer",
                "expires_in": 300,
                "scope": "patient/*.read",
                "subject": "allcue",
                "patient": patient,
            }
        return body

    def call(self, hook: str, patient: str, keys: Collection[str] | None = None, **context: Any) -> list[Raw]:
        """The cards of a call."""
        answer = self.send(f"/allcue-{hook}", self.request(hook, patient, keys, **context))
        assert answer.status_code == 200, answer.text
        cards: list[Raw] = answer.json()["cards"]
        return cards

    def select(self, drafts: Drafts, chosen: Iterable[str]) -> list[Raw]:
        return self.call("order-select", drafts.patient, draftOrders=drafts.bundle(), selections=list(chosen))

    def sign(self, drafts: Drafts) -> list[Raw]:
        return self.call("order-sign", drafts.patient, draftOrders=drafts.bundle())

    def accepted(self, hook: str, card: Raw, *suggestions: Raw) -> None:
        """Note that suggestions of a card were taken."""
        taken = [{"id": one["uuid"]} for one in suggestions]
        self._note(hook, {"card": card["uuid"], "outcome": "accepted", "acceptedSuggestions": taken})

    def overridden(self, hook: str, card: Raw, code: str | None = None) -> None:
        """Note that a card was dismissed, for one of its reasons if a code is given."""
        item: Raw = {"card": card["uuid"], "outcome": "overridden"}
        if code is not None:
            (reason,) = (one for one in card["overrideReasons"] if one["code"] == code)
            item["overrideReason"] = {"reason": {"code": code, "system": reason["system"]}}
        self._note(hook, item)

    def _note(self, hook: str, item: Raw) -> None:
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.outbox.setdefault(f"allcue-{hook}", []).append({**item, "outcomeTimestamp": moment})

    def report(self, *, lost: bool = False) -> None:
        """Send what is in the outbox; it is emptied by the acknowledgement. ``lost``: the answer never arrives."""
        for service, items in self.outbox.items():
            answer = self.send(f"/{service}/feedback", {"feedback": items})
            assert answer.status_code == 200, answer.text
        if not lost:
            self.outbox.clear()
