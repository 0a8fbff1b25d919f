"""From an Authorization header to who calls (CDS Hooks 2.0, "Trusting CDS Clients" and "JWT Signing Algorithm")."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import jwt
from jwt.api_jws import PyJWS

from service.hooks.caller import Caller
from service.hooks.ports import ReplayGuard
from service.hooks.trust.claims import BadClaim, check_claims, endpoint
from service.hooks.trust.clients import Client, Clients
from service.hooks.trust.keys import Key
from service.hooks.trust.keystore import KeyStore
from service.hooks.wire import Unreadable, parse

MAX_TOKEN = 8192  # characters; tokens of EHRs have 500 to 1500
_BEARER = re.compile(r"Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+) *", re.IGNORECASE)


class Refused(Exception):
    """A call that is not trusted. The reason is for the service's log; it quotes names and addresses, never the token.

    ``client``: the name of the registered client whose issuer the token names, proven or not.
    """

    def __init__(self, reason: str, client: str | None = None):
        super().__init__(reason)
        self.client = client


class Verifier:
    """Checks tokens of registered clients.

    ``base_url``: the public address of the service, with which ``aud`` is compared; the address of the request is
    what a proxy or an attacker made it. ``now``: seconds since 1970.
    """

    def __init__(
        self,
        clients: Clients,
        base_url: str,
        replay: ReplayGuard,
        keys: KeyStore | None = None,
        now: Callable[[], float] = time.time,
    ):
        self._clients = clients
        self._base = base_url.rstrip("/")
        self._replay = replay
        self._keys = keys or KeyStore()
        self._now = now

    def verify(self, authorization: str | None, path: str) -> Caller:
        """Check the token of one request; a token is good for one.

        Args:
            authorization: value of the header; None if there is none.
            path: of the request, below the public address.

        Raises:
            Refused: says why.
        """
        token = _token(authorization)
        header, unproven = _read(token)
        client = self._client(unproven)
        try:
            key = self._key(client, header)
            algorithm = _algorithm(client, key, header)
            if not key.verifies(token, algorithm):
                raise Refused(f"the signature is not that of key {key.kid!r:.100}")
            claims = check_claims(
                unproven,  # proven now
                audiences=(endpoint(self._base + path), *client.audiences),
                tenants=client.tenants,
                max_lifetime=client.max_lifetime_s,
                now=self._now(),
            )
            if not self._replay.first_use(claims.issuer, claims.jti, datetime.fromtimestamp(claims.expires, UTC)):
                raise Refused("used before (jti)")
        except BadClaim as error:
            raise Refused(str(error), client.name) from None
        except Refused as error:
            raise Refused(str(error), client.name) from None
        return client.caller(claims.tenant)

    def _client(self, claims: Mapping[str, Any]) -> Client:
        issuer = claims.get("iss")
        client = self._clients.by_issuer.get(issuer) if isinstance(issuer, str) else None
        if client is None:
            raise Refused(f"issuer {_quoted(issuer, 200)} is not registered (iss)" if issuer else "iss is missing")
        return client

    def _key(self, client: Client, header: Mapping[str, Any]) -> Key:
        kid, jku = header.get("kid"), header.get("jku")
        if not isinstance(kid, str) or not kid:
            raise Refused("kid is missing or not a text")
        if jku is not None and jku not in client.jwks_urls:  # compared with a list, never fetched for being named
            raise Refused(f"jku {_quoted(jku, 300)} is not registered for this issuer")
        if client.keys:
            key = client.given_keys.get(kid)
            if key is None:
                raise Refused(f"key {kid!r:.100} is not among the registered ones (kid)")
            return key
        urls = client.jwks_urls if jku is None else (str(jku),)
        for url in urls:
            if key := self._keys.find(url, kid):
                return key
        troubles = [trouble for url in urls if (trouble := self._keys.trouble(url))]
        why = f"; keys cannot be read: {', '.join(troubles)}" if troubles else ""
        raise Refused(f"key {kid!r:.100} is not among the published ones (kid){why}")


def _quoted(value: object, most: int) -> str:
    """A member of a token for the log, cut; of what is no text only the kind, since writing it out recurses into it."""
    return f"{value!r:.{most}}" if isinstance(value, str) else f"that is no text but {type(value).__name__}"


def _token(authorization: str | None) -> str:
    if not authorization:
        raise Refused("no token")
    if len(authorization) > MAX_TOKEN:
        raise Refused(f"the Authorization header has more than {MAX_TOKEN} characters")
    found = _BEARER.fullmatch(authorization)
    if found is None:
        raise Refused("the Authorization header is not Bearer with a signed token")
    return found[1]


def _read(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims of a token, of which nothing is proven yet."""
    try:
        parts = PyJWS().decode_complete(token, options={"verify_signature": False})
        claims = parse(parts["payload"])
    except (jwt.PyJWTError, Unreadable, ValueError):
        raise Refused("the token cannot be read") from None
    header = parts["header"]
    if not isinstance(claims, dict):
        raise Refused("the claims of the token are not a JSON object")
    if "crit" in header or "b64" in header:
        raise Refused("the token demands extensions that are not known here (crit)")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise Refused("typ is not JWT")
    return header, claims


def _algorithm(client: Client, key: Key, header: Mapping[str, Any]) -> str:
    """The algorithm of the signature: one that the key is for and the client is registered with."""
    allowed = [one for one in key.algorithms if one in client.algorithms]
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in allowed:
        raise Refused(
            f"alg {_quoted(algorithm, 40)} is not allowed for key {key.kid!r:.100}; "
            f"allowed: {', '.join(allowed) or 'none'}"
        )
    return algorithm
