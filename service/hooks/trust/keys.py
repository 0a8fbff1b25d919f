"""Public keys of clients: JSON Web Keys (RFC 7517) read into keys that each know which algorithms they verify.

The algorithm is a property of the key. A token says which one it used, and is believed only where the key agrees: so
neither ``none`` nor an HMAC made with a public key as its secret can pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.api_jws import PyJWS

PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_BY_CURVE = {"P-256": ("ES256",), "P-384": ("ES384",), "P-521": ("ES512",), "Ed25519": ("EdDSA",)}
ALGORITHMS = ("ES256", "ES384", "ES512", *_RSA, "EdDSA")
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_RSA_BITS = range(2048, 8193)  # below: too weak (RFC 7518, 3.3); above: too slow to verify
_READERS: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "RSA": RSAAlgorithm.from_jwk,
    "EC": ECAlgorithm.from_jwk,
    "OKP": OKPAlgorithm.from_jwk,
}
_MEMBER = 20_000  # characters; certificates (x5c) stand in a list and do not count
MAX_KEYS = 100


class UnusableKey(ValueError):
    """A JSON Web Key that cannot verify a token. The message says why and never quotes the key."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key. ``algorithms``: the signatures it can verify."""

    kid: str
    algorithms: tuple[str, ...]
    public: PublicKey

    def verifies(self, token: str, algorithm: str) -> bool:
        """Whether the token was signed with this key and this algorithm, which must be one of the key's own."""
        if algorithm not in self.algorithms:
            return False
        try:
            PyJWS(algorithms=[algorithm]).decode_complete(token, key=self.public, algorithms=[algorithm])
        except jwt.PyJWTError:
            return False
        return True


def read_key(jwk: object) -> Key:
    """Read one public JSON Web Key.

    Raises:
        UnusableKey: not a key, private or symmetric, too weak, of an unknown kind, or without kid.
    """
    if not isinstance(jwk, Mapping):
        raise UnusableKey("is not a JSON object")
    if jwk.get("kty") == "oct":
        raise UnusableKey(
            "is a symmetric key (kty oct), with which the service could sign itself. Allowed: EC, RSA, OKP"
        )
    if _PRIVATE & jwk.keys():
        raise UnusableKey("holds its private part: give the public one only, and take this key out of use")
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not kid:
        raise UnusableKey("has no kid, the name by which a token refers to it")
    possible = _possible(jwk)
    uses = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(uses, list) or "verify" not in uses:
        raise UnusableKey("is not for signatures (use, key_ops)")
    named = jwk.get("alg")
    if named is not None and named not in possible:
        raise UnusableKey(f"names an algorithm (alg) that it cannot verify. Allowed for it: {', '.join(possible)}")
    return Key(kid, (named,) if named is not None else possible, _public(jwk))


def read_keys(document: object) -> tuple[dict[str, Key], list[str]]:
    """Read a JWK Set (RFC 7517, section 5), leaving out what cannot be used.

    Returns:
        The usable keys by kid, and for each other one why not, without quoting it.

    Raises:
        UnusableKey: the document is not a JWK Set, or one with too many keys.
    """
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, list):
        raise UnusableKey('is not a JWK Set, which looks like {"keys": [...]}')
    if len(keys) > MAX_KEYS:
        raise UnusableKey(f"has more than {MAX_KEYS} keys")
    twice = doubled(keys)
    found: dict[str, Key] = {}
    refused = []
    for place, jwk in enumerate(keys):
        try:
            key = read_key(jwk)
            if key.kid in twice:
                raise UnusableKey("has a kid that another key has too")
            found[key.kid] = key
        except UnusableKey as error:
            refused.append(f"keys[{place}] {error}")
    return found, refused


def doubled(keys: Iterable[object]) -> frozenset[str]:
    """The kids that more than one key has; which of them a token means cannot be told."""
    kids = (jwk.get("kid") for jwk in keys if isinstance(jwk, Mapping))
    return frozenset(kid for kid, times in Counter(k for k in kids if isinstance(k, str)).items() if times > 1)


def _possible(jwk: Mapping[str, Any]) -> tuple[str, ...]:
    kind = jwk.get("kty")
    if kind == "RSA":
        return _RSA
    curve = jwk.get("crv")
    if kind not in ("EC", "OKP"):
        raise UnusableKey("is of an unknown kind (kty). Allowed: EC, RSA, OKP")
    if not isinstance(curve, str) or curve not in _BY_CURVE or (kind == "OKP") != (curve == "Ed25519"):
        raise UnusableKey("is on an unknown curve (crv). Allowed: P-256, P-384, P-521 for EC, Ed25519 for OKP")
    return _BY_CURVE[curve]


def _public(jwk: Mapping[str, Any]) -> PublicKey:
    if any(isinstance(value, str) and len(value) > _MEMBER for value in jwk.values()):
        raise UnusableKey(f"has a member of more than {_MEMBER} characters")
    try:
        key = _READERS[jwk["kty"]](dict(jwk))
    except Exception:  # whatever numbers that a server made up may lead to
        raise UnusableKey("cannot be read: its numbers are missing or wrong") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size not in _RSA_BITS:
        raise UnusableKey(f"has {key.key_size} bits. Allowed: {_RSA_BITS.start} to {_RSA_BITS.stop - 1}")
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise UnusableKey("is not a public key")
    return key
