"""SMART Backend Services: access tokens for a key that the server knows (SMART App Launch 2.2, "Backend Services")."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt

from service.population.bulk.keys import NoKey, algorithm_of, read_key, thumbprint
from service.population.bulk.problems import ExportProblem, clean
from service.population.bulk.wire import Wire, shown

_LIFE = 240  # seconds of an assertion; five minutes are the most that is allowed
_EARLY = 60.0  # seconds before its end at which a token is renewed, or a quarter of its life if that is less
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750, section 2.1
_SCOPE = re.compile(r"system/(\*|[A-Z][A-Za-z]*)\.(read|\*|[cruds]+)(\?.*)?")
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks: the client id and a private EC or RSA key that the server knows as ``kid``."""

    client_id: str
    kid: str
    key: Any = field(repr=False)


def read_credentials(client_id: str, key_file: Path, key_id: str | None = None) -> Credentials:
    """The credentials with a key in PEM or JWK.

    Raises:
        ExportProblem: no such file, or no key that can sign. The key is never quoted.
    """
    try:
        key, kid = read_key(key_file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ExportProblem(f"{key_file} cannot be read ({type(error).__name__})") from None
    except NoKey as error:
        raise ExportProblem(f"{key_file}: {error}") from None
    return Credentials(client_id, key_id or kid or thumbprint(key), key)


@dataclass(frozen=True, slots=True)
class Discovered:
    """What ``/.well-known/smart-configuration`` says. ``v2``: scopes are written as ``.rs``, else as ``.read``."""

    token_url: str
    v2: bool
    algorithms: tuple[str, ...] = ()


def discover(wire: Wire, base: str) -> Discovered:
    """How a server gives tokens.

    Raises:
        ExportProblem: it does not say.
    """
    url = base.rstrip("/") + "/.well-known/smart-configuration"
    body = wire.ask("GET", url, {"Accept": "application/json"}, token=False).body
    found = body if isinstance(body, Mapping) else {}
    token_url = found.get("token_endpoint")
    if not isinstance(token_url, str):
        raise ExportProblem(f"{url} names no token_endpoint; name it with --token-url")
    scopes = _texts(found.get("scopes_supported"))
    v2 = "permission-v2" in _texts(found.get("capabilities")) or any(scope.endswith(".rs") for scope in scopes)
    old = any(scope.startswith("system/") and scope.endswith(".read") for scope in scopes)
    rs = any(scope.startswith("system/") and scope.endswith(".rs") for scope in scopes)
    algorithms = _texts(found.get("token_endpoint_auth_signing_alg_values_supported"))
    return Discovered(token_url, v2 and (rs or not old), algorithms)


def scope_for(types: Iterable[str], v2: bool) -> str:
    """The least that lets these types be read."""
    return " ".join(f"system/{name}.{'rs' if v2 else 'read'}" for name in sorted(types))


def granted(scope: object, types: Iterable[str]) -> frozenset[str]:
    """The types that a granted scope lets be read; all of them where the server does not say what it granted."""
    if not isinstance(scope, str):
        return frozenset(types)
    readable = set()
    for word in scope.split():
        found = _SCOPE.fullmatch(word)
        # A scope with a query gives some of a type, which is not the type
        if found and not found[3] and (found[2] in ("read", "*") or {"r", "s"} <= set(found[2])):
            readable.add(found[1])
    return frozenset(types) if "*" in readable else frozenset(types) & readable


class BackendTokens:
    """Gets access tokens and keeps the newest, in memory alone."""

    def __init__(
        self, wire: Wire, credentials: Credentials, discovered: Discovered, scope: str,
        now: Callable[[], float] = time.monotonic,
    ):  # fmt: skip
        self._wire, self._credentials, self._url, self._now = wire, credentials, discovered.token_url, now
        self._scope = scope
        self._algorithm = algorithm_of(credentials.key)
        if discovered.algorithms and self._algorithm not in discovered.algorithms:
            allowed = ", ".join(sorted(clean(name) for name in discovered.algorithms))
            raise ExportProblem(f"the key signs with {self._algorithm}. The server takes: {allowed}")
        self._token: str | None = None
        self._until: float | None = None
        self.granted: object = None  # as the server said

    def current(self) -> str:
        """The token, renewed before it ends."""
        if self._token is None or (self._until is not None and self._now() >= self._until):
            return self.renew()
        return self._token

    def renew(self) -> str:
        """A new token.

        Raises:
            ExportProblem: the server gives none, and what it says about that.
        """
        form = {
            "grant_type": "client_credentials", "scope": self._scope,
            "client_assertion_type": _ASSERTION, "client_assertion": self._assertion(),
        }  # fmt: skip
        asked = self._now()
        body = self._wire.ask("POST", self._url, {"Accept": "application/json"}, form=form, token=False).body
        found = body if isinstance(body, Mapping) else {}
        token = found.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise ExportProblem(f"{shown(self._url)} gave no access token")
        if str(found.get("token_type", "bearer")).lower() != "bearer":
            raise ExportProblem(f"{shown(self._url)} gave a token that is no bearer token")
        life = found.get("expires_in")
        known = isinstance(life, int | float) and not isinstance(life, bool) and life > 0
        self._until = asked + life - min(_EARLY, life / 4) if known and life is not None else None
        self._token, self.granted = token, found.get("scope")
        return token

    def _assertion(self) -> str:
        """Made anew for each request: servers take one only once."""
        now = int(time.time())
        client = self._credentials.client_id
        claims = {
            "iss": client, "sub": client, "aud": self._url, "iat": now, "exp": now + _LIFE, "jti": str(uuid.uuid4()),
        }  # fmt: skip
        headers = {"kid": self._credentials.kid, "typ": "JWT"}
        return jwt.encode(claims, self._credentials.key, self._algorithm, headers)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
