"""What the protocol side needs from outside, as ports: whoever puts the application together says what stands behind them.

What cannot be reached or cannot save raises OSError, so that no port has to know whose error it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class ReplayGuard(Protocol):
    """Remembers the token ids that were used, for all processes of a service (CDS Hooks 2.0, claim ``jti``)."""

    def first_use(self, issuer: str, jti: str, expires: datetime) -> bool:
        """Whether this call is the first to present the id. Of several at the same moment exactly one is.

        Args:
            expires: aware; from when on the token is refused anyway, leeway included, so that its id may be forgotten.

        Raises:
            OSError: it could not be told.
        """
        ...
