"""The claims of a token whose signature is verified (CDS Hooks 2.0, "Trusting CDS Clients"; RFC 7519, section 4.1)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

LEEWAY_S = 60  # by which clocks may differ
MAX_JTI = 256
_LATEST = 2**40  # seconds; far enough, and safe to calculate with


class BadClaim(ValueError):
    """A claim that does not allow the call. The message is for the service's own log."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims of a token that may be used. ``expires``: seconds since 1970, leeway included."""

    issuer: str
    jti: str
    expires: float
    tenant: str | None


def check_claims(
    claims: Mapping[str, Any], *, audiences: Collection[str], tenants: Collection[str], max_lifetime: float, now: float
) -> Claims:
    """Check what a token claims.

    Args:
        audiences: addresses, one of which the token must be for.
        tenants: those that may call; empty: any, or none named.
        max_lifetime: seconds from ``iat`` to ``exp``.
        now: seconds since 1970.

    Raises:
        BadClaim: a claim is missing, of the wrong type or not right for this call; says which.
    """
    _check_audience(claims.get("aud"), audiences)
    expires, issued = _time(claims, "exp"), _time(claims, "iat")
    if now >= expires + LEEWAY_S:
        raise BadClaim(f"expired {now - expires:.0f} s ago (exp)")
    if issued > now + LEEWAY_S:
        raise BadClaim(f"issued {issued - now:.0f} s in the future (iat): do the clocks agree?")
    if "nbf" in claims and (begins := _time(claims, "nbf")) > now + LEEWAY_S:
        raise BadClaim(f"not valid for another {begins - now:.0f} s (nbf)")
    if not 0 < expires - issued <= max_lifetime:
        raise BadClaim(f"valid for {expires - issued:.0f} s (iat to exp), allowed are at most {max_lifetime:.0f} s")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI:
        raise BadClaim(f"jti is missing or not a text of at most {MAX_JTI} characters")
    tenant = claims.get("tenant")
    if tenant is not None and not isinstance(tenant, str):
        raise BadClaim("tenant is not a text")
    if tenants and tenant not in tenants:
        raise BadClaim("tenant is missing" if tenant is None else f"tenant {tenant!r:.100} is not registered")
    return Claims(str(claims["iss"]), jti, expires + LEEWAY_S, tenant)


def endpoint(address: str) -> str:
    """An address in the form in which they are compared: no slash at its end, none doubled in its path.

    >>> endpoint("https://cds.example.org//cds-services//some-service/")
    'https://cds.example.org/cds-services/some-service'
    """
    return re.sub(r"(?<!:)/{2,}", "/", address).rstrip("/")


def _check_audience(found: object, audiences: Collection[str]) -> None:
    named = [found] if isinstance(found, str) else found
    if not isinstance(named, list) or not named or not all(isinstance(one, str) for one in named):
        raise BadClaim("aud is missing or neither a text nor a list of texts")
    allowed = {endpoint(one) for one in audiences}
    if allowed.isdisjoint(map(endpoint, named)):
        raise BadClaim(f"aud is {', '.join(named)!r:.300}, expected is {' or '.join(sorted(allowed))!r:.600}")


def _time(claims: Mapping[str, Any], name: str) -> float:
    """A time in seconds. NaN, which no comparison would stop, and text are refused."""
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= _LATEST:
        raise BadClaim(f"{name} is missing or not a number of seconds")
    return float(found)
