"""The uuids of the cards and suggestions of one call (RFC 9562, version 5): made from the call, the content and what they
say, so that a call that is repeated gets the same ones, from whichever process.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

_URL = uuid.NAMESPACE_URL.bytes


class CallIds:
    """Makes the uuids of one call and keeps account of them, so that the same answer can be given to another call.

    Args:
        call_id: the ``hookInstance``.
        digest: of the content that speaks.
    """

    def __init__(self, call_id: str, digest: str):
        self._digest = digest
        self._space = _v5(_URL, f"{call_id}/{digest}")
        self._names: dict[str, tuple[str, str | None]] = {}

    def card(self, key: str) -> CardId:
        """The id of the card of that key."""
        made = _v5(self._space, key)
        return CardId(self._noted(made, key, None), key, made, self)

    def _noted(self, made: bytes, card: str, suggestion: str | None) -> str:
        text = _text(made)
        self._names[text] = (card, suggestion)
        return text

    @property
    def made(self) -> tuple[str, ...]:
        """All that were made so far, in their order."""
        return tuple(self._names)

    def again(self, call_id: str) -> list[str]:
        """Those of another call with the same answer, in the order of `made`."""
        space = _v5(_URL, f"{call_id}/{self._digest}")
        cards: dict[str, bytes] = {}
        found = []
        for card, suggestion in self._names.values():
            own = cards.get(card) or cards.setdefault(card, _v5(space, card))
            found.append(_text(own if suggestion is None else _v5(own, suggestion)))
        return found


@dataclass(frozen=True, slots=True)
class CardId:
    """The id of one card. ``uuid``: as text."""

    uuid: str
    key: str
    _made: bytes
    _ids: CallIds

    def suggestion(self, key: str) -> str:
        """The uuid of a suggestion on the card."""
        return self._ids._noted(_v5(self._made, key), self.key, key)


def _v5(space: bytes, name: str) -> bytes:
    """As ``uuid.uuid5``, without its objects."""
    made = bytearray(hashlib.sha1(space + name.encode(), usedforsecurity=False).digest()[:16])
    made[6] = made[6] & 0x0F | 0x50
    made[8] = made[8] & 0x3F | 0x80
    return bytes(made)


def _text(made: bytes) -> str:
    digits = made.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
