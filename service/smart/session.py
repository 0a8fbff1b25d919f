"""What a launch opened, sealed in cookies of the browser: encrypted and authenticated (Fernet), for one path only.

The access token is kept nowhere else. Each session has its own path, so that two charts in two tabs never mix: the
cookie of one is not even sent with the requests of the other.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SID = re.compile(r"[A-Za-z0-9_-]{22}")
_PIECE = 3500  # characters of a cookie; browsers take 4096 bytes with name and attributes
_MOST = 6  # cookies of a session


@dataclass(frozen=True, slots=True)
class Opened:
    """What a session is about.

    ``base``: the FHIR server; ``patient``: the bare id there; ``token``: empty for servers that need none; ``scope``: as
    granted; ``expires``: seconds since 1970 at which the token ends, 0 if not known; ``card``: uuid of the card that
    the launch came from; ``given``: of the demo, what names a patient who was given and is on no server.
    """

    patient: str
    base: str = ""
    token: str = ""
    scope: str = ""
    expires: int = 0
    card: str = ""
    given: str = ""


class TooLarge(ValueError):
    """More than cookies can carry."""


class Seal:
    """Encrypts with one key; another key, as after a restart without a secret, opens nothing."""

    def __init__(self, secret: str = "", purpose: str = "session"):
        """``secret``: the site's, from which the key is derived; a random key for this process and its children if empty.
        ``purpose``: what is sealed; what was sealed for one purpose opens for no other.
        """
        raw = secret.encode() if secret else secrets.token_bytes(32)
        key = HKDF(SHA256(), 32, None, f"allcue smart {purpose} 1".encode()).derive(raw)
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def close(self, value: Mapping[str, Any]) -> str:
        """A value as text that says nothing."""
        return self._fernet.encrypt(json.dumps(value, separators=(",", ":")).encode()).decode("ascii")

    def open(self, sealed: str, seconds: int) -> dict[str, Any] | None:
        """The value, unless it was sealed longer ago, by another key, or changed."""
        try:
            found = json.loads(self._fernet.decrypt(sealed.encode("ascii", "replace"), ttl=seconds))
        except (InvalidToken, ValueError):
            return None
        return found if isinstance(found, dict) else None


def new_sid() -> str:
    """A name for a session that nobody can guess (128 bits)."""
    return secrets.token_urlsafe(16)


def to_cookies(seal: Seal, sid: str, opened: Opened) -> dict[str, str]:
    """A session as cookies by name.

    Raises:
        TooLarge: a token that does not fit.
    """
    sealed = seal.close({**asdict(opened), "sid": sid})
    pieces = [sealed[at : at + _PIECE] for at in range(0, len(sealed), _PIECE)]
    if len(pieces) > _MOST:
        raise TooLarge(f"the access token is too large to be kept: {len(opened.token)} characters")
    return {_name(sid, number): piece for number, piece in enumerate(pieces)}


def from_cookies(seal: Seal, sid: str, cookies: Mapping[str, str], seconds: int) -> Opened | None:
    """The session of an id; None where the browser has none that is whole and new enough."""
    if not SID.fullmatch(sid):
        return None
    pieces = []
    for number in range(_MOST):
        piece = cookies.get(_name(sid, number))
        if piece is None:
            break
        pieces.append(piece)
    found = seal.open("".join(pieces), seconds) if pieces else None
    if found is None or found.pop("sid", "") != sid or set(found) != {field.name for field in fields(Opened)}:
        return None
    return Opened(**found)


def _name(sid: str, number: int) -> str:
    return f"allcue-{sid}-{number}"
