"""Signing requests as a client does, for trying a service out and for tests. A service itself never signs."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.api_jws import PyJWS

from service.hooks.trust.keys import ALGORITHMS

_CURVES: Mapping[str, type[ec.EllipticCurve]] = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
_RSA_BITS = 3072
_PUBLIC = frozenset({"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"})


def new_key(algorithm: str = "ES384", kid: str | None = None) -> dict[str, Any]:
    """A new private JSON Web Key for an algorithm; its kid is random if not given.

    Raises:
        ValueError: no such algorithm.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"no such algorithm: {algorithm}. Allowed: {', '.join(ALGORITHMS)}")
    if algorithm in _CURVES:
        made = ECAlgorithm.to_jwk(ec.generate_private_key(_CURVES[algorithm]()), as_dict=True)
    elif algorithm == "EdDSA":
        made = OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate(), as_dict=True)
    else:
        made = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, _RSA_BITS), as_dict=True)
    made.pop("key_ops", None)
    return {**made, "kid": kid or str(uuid.uuid4()), "alg": algorithm, "use": "sig"}


def public_part(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """The public JSON Web Key of a private one."""
    return {name: value for name, value in jwk.items() if name in _PUBLIC}


def claims_for(issuer: str, audience: str | list[str], lifetime: int = 300, now: float | None = None) -> dict[str, Any]:
    """The claims of a token that is good for one request from now on, for ``lifetime`` seconds."""
    issued = int(time.time() if now is None else now)
    return {"iss": issuer, "aud": audience, "iat": issued, "exp": issued + lifetime, "jti": str(uuid.uuid4())}


def sign(jwk: Mapping[str, Any], claims: Mapping[str, Any], **header: Any) -> str:
    """A token signed with a private JSON Web Key; ``header`` adds members such as ``jku`` and replaces others.

    Raises:
        ValueError: the key is not a private one, or names no algorithm.
    """
    algorithm = jwk.get("alg")
    if "d" not in jwk or algorithm not in ALGORITHMS:
        raise ValueError(f"not a private JSON Web Key that names its algorithm (alg). Allowed: {', '.join(ALGORITHMS)}")
    kind = {"EC": ECAlgorithm, "RSA": RSAAlgorithm, "OKP": OKPAlgorithm}[jwk["kty"]]
    key = kind.from_jwk(dict(jwk))  # type: ignore[attr-defined]
    members = {"typ": "JWT", "kid": jwk.get("kid"), **header}
    headers = {name: value for name, value in members.items() if value is not None}
    return PyJWS().encode(json.dumps(claims).encode(), key, algorithm=algorithm, headers=headers)
