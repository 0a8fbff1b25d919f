"""JSON web tokens as CDS clients sign them, and the false ones that a service must refuse."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from dataclasses import dataclass, replace
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.privatekeys import algorithm_of, public_jwk

LIFE_S = 300


@dataclass(frozen=True)
class Signer:
    """A client's key and how it names itself. ``jku``: sent in the header if given. ``key``: an EC or RSA private key."""

    key: Any
    issuer: str
    kid: str
    jku: str | None = None
    tenant: str | None = None

    @property
    def algorithm(self) -> str:
        """By the key: ES384 for P-384, RS384 for RSA."""
        return algorithm_of(self.key)

    def claims(self, audience: str | list[str], **changed: Any) -> dict[str, Any]:
        """The claims of a good token; ``changed`` replaces some, None takes them out."""
        now = int(time.time())
        made = {
            "iss": self.issuer, "aud": audience, "iat": now, "exp": now + LIFE_S, "jti": str(uuid.uuid4()),
            "tenant": self.tenant, **changed,
        }  # fmt: skip
        return {name: value for name, value in made.items() if value is not None}

    def header(self, **changed: Any) -> dict[str, Any]:
        made = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT", "jku": self.jku, **changed}
        return {name: value for name, value in made.items() if value is not None}

    def token(self, audience: str | list[str], header: dict[str, Any] | None = None, **changed: Any) -> str:
        """A signed token for an address; ``changed`` claims, and members of the ``header``, make it false."""
        claims = self.claims(audience, **changed)
        return jwt.encode(claims, self.key, self.algorithm, {**self.header(), **(header or {})})

    def unsigned(self, audience: str) -> str:
        """A token of the algorithm ``none``."""
        return f"{_part(self.header(alg='none'))}.{_part(self.claims(audience))}."

    def symmetric(self, audience: str) -> str:
        """A token signed by HMAC with the public key as the secret, the classic confusion of algorithms."""
        text = f"{_part(self.header(alg='HS256'))}.{_part(self.claims(audience))}"
        secret = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
        return f"{text}.{_base64(signature)}"

    def key_set(self) -> dict[str, Any]:
        """The public key as a JWK Set."""
        return {"keys": [{**public_jwk(self.key), "kid": self.kid, "alg": self.algorithm, "use": "sig"}]}

    def stranger(self) -> Signer:
        """The same client as a forger would play it: its names, another key of the same kind."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return replace(self, key=rsa.generate_private_key(65537, 2048))
        return replace(self, key=ec.generate_private_key(self.key.curve))


def _part(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
