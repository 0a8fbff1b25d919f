"""What the protocol side needs from outside and does not know the making of."""

from __future__ import annotations

from typing import Protocol


class RateLimiter(Protocol):
    """Says whether one more call of a client is within its share."""

    def allow(self, client: str) -> bool:
        """Count one call; False if it is beyond the share and must be refused."""
        ...
