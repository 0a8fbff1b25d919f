"""What the protocol side needs from outside, as ports: whoever puts the application together says what stands behind them.

What cannot be reached or cannot save raises OSError, so that no port has to know whose error it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


class RateLimiter(Protocol):
    """Counts the calls of each client."""

    def allow(self, client: str) -> bool:
        """Whether one more call of this client is within its limit."""
        ...


class Lease(Protocol):
    """Calls of a client that a process may answer for the next second. ``wait``: where there are none, the seconds
    until there is one."""

    @property
    def calls(self) -> int: ...

    @property
    def wait(self) -> float: ...


class SharedBuckets(Protocol):
    """The shares of clients, counted for all processes of a service."""

    def take(self, client: str, back: int) -> Lease:
        """Take some calls from the share of a client, several at once where the share is far from used up.

        Args:
            back: calls of an earlier lease that were not made.

        Raises:
            OSError: it could not be told.
        """
        ...


@dataclass(frozen=True, slots=True)
class FeedbackItem:
    """One outcome of one card, as the client told it (CDS Hooks 2.0, "Feedback").

    ``outcome``: "accepted" or "overridden". ``suggestions``: ids of those accepted. ``reason``: (system, code) of the
    override reason; either may be empty. ``comment``: the clinician's words, which may hold anything.
    ``at``: aware.
    """

    card: str
    outcome: str
    at: datetime
    suggestions: tuple[str, ...] = ()
    reason: tuple[str, str] | None = None
    comment: str | None = None


class Receipt(Protocol):
    """What became of some feedback: how many entries are new, and how many of the cards are not known."""

    @property
    def new(self) -> int: ...

    @property
    def unknown(self) -> int: ...


class FeedbackLog(Protocol):
    """Keeps feedback for good and in the order in which it came."""

    def record(self, service_id: str, client: str, items: Sequence[FeedbackItem]) -> Receipt:
        """Save all items or none; they are saved when this returns. What was saved before is not saved again.

        Raises:
            OSError: they could not be saved.
        """
        ...
