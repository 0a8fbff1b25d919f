"""The private key with which the app shows who it is (SMART App Launch 2.2, "Client Authentication: Asymmetric")."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

LIFETIME_S = 240  # the text allows five minutes; clocks differ
_RSA_BITS = 2048
_ALLOWED = (
    "Allowed: an RSA key of at least 2048 bits (RS384) or an EC key on P-384 (ES384), PEM without password or JWK"
)


class UnusableKey(ValueError):
    """A key that cannot sign. The message never quotes it."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """``algorithm``: RS384 or ES384. ``public``: the public JSON Web Key."""

    kid: str
    algorithm: str
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)
    public: dict[str, Any] = field(compare=False)

    def assertion(self, client: str, audience: str, now: float | None = None) -> str:
        """A token that says who asks, for one request to the token endpoint ``audience``."""
        issued = int(time.time() if now is None else now)
        claims = {"iss": client, "sub": client, "aud": audience, "iat": issued, "exp": issued + LIFETIME_S}
        header = {"kid": self.kid, "typ": "JWT"}
        return jwt.encode({**claims, "jti": str(uuid.uuid4())}, self.private, self.algorithm, header)


def signing_key(text: str, kid: str | None) -> SigningKey:
    """Read a private key: PEM, or a JSON Web Key.

    Args:
        kid: its name at the server; that of the JSON Web Key if None.

    Raises:
        UnusableKey: no key, one that is not meant for signing so, or one without a name.
    """
    private, own = _read(text)
    name = kid or own
    if not name:
        raise UnusableKey("has no kid, the name by which the server knows it. Give it as kid")
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= _RSA_BITS:
        algorithm, public = "RS384", RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    elif isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP384R1):
        algorithm, public = "ES384", ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    else:
        raise UnusableKey(f"is of a kind that SMART does not name. {_ALLOWED}")
    public = {part: value for part, value in public.items() if part in ("kty", "crv", "x", "y", "n", "e")}
    return SigningKey(name, algorithm, private, {**public, "kid": name, "alg": algorithm, "use": "sig"})


def _read(text: str) -> tuple[object, str]:
    """The key and its kid, if it has one."""
    try:
        if not text.lstrip().startswith("{"):
            return load_pem_private_key(text.encode(), None), ""
        found = json.loads(text)
        kid = found.get("kid", "")
        kind = {"RSA": RSAAlgorithm, "EC": ECAlgorithm}[found["kty"]]
        return kind.from_jwk(found), kid if isinstance(kid, str) else ""  # type: ignore[attr-defined]
    except Exception:  # whatever numbers of a key may lead to; the text of an error may quote it
        raise UnusableKey(f"is no private key that can be read. {_ALLOWED}") from None
