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
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

LIFE_S = 300
_EC = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


class NoKey(ValueError):
    """A key that cannot sign. The message says what is wanted; it never quotes the key."""


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
        if isinstance(self.key, rsa.RSAPrivateKey):
            return "RS384"
        return _EC[self.key.curve.name]

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
        rs = isinstance(self.key, rsa.RSAPrivateKey)
        made = RSAAlgorithm.to_jwk if rs else ECAlgorithm.to_jwk
        jwk: dict[str, Any] = made(self.key.public_key(), as_dict=True)
        return {"keys": [{**jwk, "kid": self.kid, "alg": self.algorithm, "use": "sig"}]}

    def stranger(self) -> Signer:
        """The same client as a forger would play it: its names, another key of the same kind."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return replace(self, key=rsa.generate_private_key(65537, 2048))
        return replace(self, key=ec.generate_private_key(self.key.curve))


def read_key(text: str) -> tuple[Any, str | None]:
    """A private key in PEM, as JWK or in a JWK set of one, with its kid where it has one.

    Raises:
        NoKey: not a private EC or RSA key.
    """
    kid = None
    try:
        if text.lstrip().startswith("{"):
            found = json.loads(text)
            (jwk,) = found.get("keys", (found,))
            kid, key = jwk.get("kid"), jwt.PyJWK.from_dict(jwk).key
        else:
            key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, KeyError, AttributeError, jwt.PyJWTError):
        raise NoKey("the key must be one private EC or RSA key without password, as PEM or JWK") from None
    if isinstance(key, rsa.RSAPrivateKey) or (isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _EC):
        return key, kid if isinstance(kid, str) else None
    raise NoKey("the key must be a private EC (P-256, P-384, P-521) or RSA key")


def _part(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
