"""Keyed hashes by the site's secret (HMAC-SHA-256, RFC 2104): what is stored says nothing to who lacks the secret."""

from __future__ import annotations

import hashlib
import hmac

SHORTEST = 32  # characters of a secret


class Pseudonyms:
    """Hashes with one secret; another secret gives other hashes, so that what was stored before matches nothing."""

    def __init__(self, secret: str):
        """Raises ValueError for a secret that is too short to be one."""
        if len(secret) < SHORTEST:
            raise ValueError(f"must have at least {SHORTEST} characters")
        self._key = secret.encode()

    def __repr__(self) -> str:
        return "Pseudonyms(...)"

    def of(self, purpose: str, *parts: str) -> str:
        """The hash of some texts for one purpose, 64 hexadecimal digits.

        >>> Pseudonyms("x" * 32).of("patient", "a", "bc") == Pseudonyms("x" * 32).of("patient", "ab", "c")
        False
        """
        made = hmac.new(self._key, digestmod=hashlib.sha256)
        for part in (purpose, *parts):
            written = part.encode("utf-8", "surrogatepass")
            made.update(len(written).to_bytes(4, "big"))
            made.update(written)
        return made.hexdigest()
