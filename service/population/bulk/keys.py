"""Private keys that Allcue signs with as a client: read from PEM or JWK, with what names them to a server."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

_EC = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_NAMING = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}  # RFC 7638, section 3.2


class NoKey(ValueError):
    """A key that cannot sign. The message says what is wanted; it never quotes the key."""


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


def algorithm_of(key: Any) -> str:
    """How a private key signs: ES384 for P-384, RS384 for RSA (SMART App Launch 2, client-confidential-asymmetric)."""
    return "RS384" if isinstance(key, rsa.RSAPrivateKey) else _EC[key.curve.name]


def public_jwk(key: Any) -> dict[str, Any]:
    """The public part of a private key as JWK, without kid."""
    made = RSAAlgorithm.to_jwk if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm.to_jwk
    jwk: dict[str, Any] = made(key.public_key(), as_dict=True)
    jwk.pop("key_ops", None)
    return jwk


def thumbprint(key: Any) -> str:
    """The JWK thumbprint (RFC 7638, SHA-256), by which a key without a kid is named."""
    jwk = public_jwk(key)
    text = json.dumps({name: jwk[name] for name in _NAMING[jwk["kty"]]}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
