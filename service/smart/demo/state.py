"""What the demo page carries from one form to the next: all of it is in the form, nothing on the server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from typing import Any

from service.smart.session import Seal

FIRST = "relapsed-ph-positive-t315i"  # the example that is picked when the page opens
SEALED_S = 12 * 3600
_MOST_DRAFTS = 100


@dataclass(slots=True)
class Told:
    """Feedback that was given on a card, and what the service said. ``suggestion``: uuid of the one that was applied."""

    card: str
    outcome: str
    sent: str
    status: int
    body: str
    suggestion: str = ""
    changes: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Sent:
    """What only the server writes, sealed in the form. ``context``: as it was made up; ``context_of``, ``drafts_of``: the
    patient and hook for which that and the drafts were made; ``loaded``: the example of orders that the drafts come from; ``body``, ``status``, ``ms``, ``headers``: the last answer; ``digest``: of the request that was answered.
    """

    service: str = ""
    hook: str = ""
    context_of: str = ""
    context: str = ""
    drafts_of: str = ""
    loaded: str = ""
    made_up: bool = False
    not_sent: dict[str, int] = field(default_factory=dict)
    profile: str = ""
    digest: str = ""
    status: int = 0
    ms: float = 0.0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""
    told: list[Told] = field(default_factory=list)

    def sealed(self, seal: Seal) -> str:
        """As text for a hidden field."""
        return seal.close(asdict(self))

    @staticmethod
    def opened(seal: Seal, text: str) -> Sent:
        """From a hidden field; empty where it is none, too old, or of another version."""
        found = seal.open(text, SEALED_S) if text else None
        if found is None or set(found) != {one.name for one in fields(Sent)}:
            return Sent()
        try:
            found["told"] = [Told(**row) for row in found["told"]]
        except TypeError:  # of another version
            return Sent()
        return Sent(**found)


@dataclass(slots=True)
class State:
    """The fields of the form. ``example``: empty where the patient is pasted; ``orders``: an example of orders, whose record
    goes with its patient; ``emptied``: whether drafts were taken out by hand.
    """

    example: str = FIRST
    pasted: str = ""
    day: str = ""
    orders: str = ""
    hook: str = ""
    profile: str = ""
    words: str = ""
    orderable: str = ""
    own: str = ""
    context: str = ""
    request: str = ""
    emptied: bool = False
    drafts: list[Any] = field(default_factory=list)
    chosen: list[int] = field(default_factory=list)
    sent: Sent = field(default_factory=Sent)

    @property
    def who(self) -> str:
        """The patient, as a key."""
        return self.example or sha256(self.pasted.encode("utf-8", "replace")).hexdigest()


def from_form(form: Mapping[str, str], chosen: list[str], seal: Seal) -> State:
    """The state of a form; what is missing or unreadable in it counts as not given.

    Args:
        chosen: numbers of the drafts that are ticked.
    """
    state = State(example=form.get("example", ""))
    for name in ("pasted", "day", "orders", "hook", "profile", "words", "orderable", "own", "context", "request"):
        setattr(state, name, form.get(name, "").replace("\r\n", "\n"))
    state.words, state.day = state.words.strip()[:500], state.day.strip()
    state.emptied = form.get("emptied") == "1"
    state.drafts = _drafts(form.get("drafts", ""))
    state.chosen = sorted({int(text) for text in chosen if text.isascii() and text.isdecimal() and len(text) < 4})
    state.sent = Sent.opened(seal, form.get("sent", ""))
    return state


def _drafts(text: str) -> list[Any]:
    try:
        found = json.loads(text or "[]")
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()  # half a character has no place on a page
    except (ValueError, RecursionError):
        return []
    return found[:_MOST_DRAFTS] if isinstance(found, list) else []
