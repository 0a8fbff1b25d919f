"""A launch under way: what must be known when the browser comes back, sealed in a cookie that only this launch has."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from hashlib import sha256

from service.smart.session import Seal

LIFE_S = 600  # in which a login must be done
_MOST = 3500  # characters of a cookie
_LONGEST_STATE = 100


@dataclass(frozen=True, slots=True)
class Pending:
    """``state``, ``verifier``: made for this launch. ``iss``: the FHIR server; ``scope``: as asked for. ``redirect``:
    where the browser comes back to. ``card``: the uuid that the launch was called with, if any."""

    state: str
    verifier: str
    iss: str
    scope: str
    redirect: str
    card: str = ""


def cookie_name(state: str) -> str:
    """The cookie of a launch. Each has its own, so that two tabs may log in at once."""
    return f"allcue-launch-{sha256(state.encode('utf-8', 'replace')).hexdigest()[:16]}"


def sealed(seal: Seal, pending: Pending) -> str:
    """A launch as the value of its cookie.

    Raises:
        ValueError: it is larger than a cookie, which only a registration with very many scopes makes it.
    """
    found = seal.close(asdict(pending))
    if len(found) > _MOST:
        raise ValueError("address and scopes are too long to be kept during the login")
    return found


def pending_of(seal: Seal, state: str, cookies: Mapping[str, str]) -> Pending | None:
    """The launch of a state; None where this browser has begun none, or too long ago."""
    if not 0 < len(state) <= _LONGEST_STATE:
        return None
    value = cookies.get(cookie_name(state), "")
    found = seal.open(value, LIFE_S) if value else None
    if found is None or set(found) != {field.name for field in fields(Pending)}:
        return None
    pending = Pending(**found)
    same = hmac.compare_digest(pending.state.encode(), state.encode("utf-8", "replace"))
    return pending if same else None
