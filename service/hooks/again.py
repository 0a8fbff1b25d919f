"""Answers given again: the same input brings the same answer, so it is worked out once.

EHRs call whenever a chart, a list or a basket of orders is opened, mostly with what they sent a minute ago. Such a call
is compared with those before it: the same service, caller and day, and the same body to the byte but for its
``hookInstance`` and access token. Only if all are the same the answer is given again, with uuids of its own, as if it had
been worked out anew. An answer for which a FHIR server was asked is never kept, since that may say something else next time.

What is kept holds texts of charts. It stays in the memory of one process for some minutes and is never written anywhere.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.hooks.calls import Call
from service.hooks.contract import Prefetched, Repeat
from service.hooks.envelope import HookRequest

KEPT_SECONDS = 900.0
KEPT_BYTES = 8_000_000
_STEP = 251  # bytes from one to the next of those that are looked at first
_OVERHEAD = 2_000  # bytes, about, of one answer besides its texts


class Key(NamedTuple):
    """All that an answer rests on. ``about``: the service, the caller, the day and the like; ``texts``: of the body."""

    about: tuple[Hashable, ...]
    texts: tuple[bytes, ...]

    @property
    def mark(self) -> Hashable:
        """What nearly always tells two keys apart: to hash all of a chart takes longer than to compare it with another."""
        return self.about, tuple((len(text), text[::_STEP]) for text in self.texts)

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self.texts))


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it was sent. ``pieces``: its text around the ids of the call; ``order``: which of ``repeat.ids`` stands
    between them. ``envelope``: of the call, without what is of that call alone. ``states``, ``cards``, ``cleaned``,
    ``remarks``: what is logged of it."""

    pieces: tuple[bytes, ...]
    order: tuple[int, ...]
    envelope: HookRequest
    repeat: Repeat
    states: Mapping[str, Prefetched]
    cards: int
    cleaned: int
    remarks: Mapping[str, Any]

    @classmethod
    def of(cls, text: bytes, envelope: HookRequest, repeat: Repeat, record: Call) -> Given:
        """Take an answer apart."""
        pieces, order = _parted(text, repeat.ids)
        states = {key: Prefetched(key, found.state, detail=found.detail) for key, found in record.prefetched.items()}
        remarks = {**record.remarks, "again": True}
        return cls(pieces, order, envelope.of_any_call(), repeat, states, record.cards or 0, record.cleaned, remarks)

    def to(self, hook_instance: str) -> bytes:
        """The answer to another call, which is told."""
        new = self.repeat.again(hook_instance)
        self.repeat.tell(dict(zip(self.repeat.ids, new, strict=True)))
        made = [self.pieces[0]]
        for number, piece in zip(self.order, self.pieces[1:], strict=True):
            made += (new[number].encode(), piece)
        return b"".join(made)

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self.pieces))


def _parted(text: bytes, ids: Sequence[str]) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
    """The text around ids, and the number of each id between its pieces."""
    found = sorted((place, number) for number, name in enumerate(ids) for place in _places(text, name.encode()))
    pieces, end = [], 0
    for place, number in found:
        pieces.append(text[end:place])
        end = place + len(ids[number])
    return (*pieces, text[end:]), tuple(number for _, number in found)


def _places(text: bytes, name: bytes) -> list[int]:
    found, place = [], text.find(name)
    while place >= 0:
        found.append(place)
        place = text.find(name, place + len(name))
    return found


class Again:
    """Answers by all that they rest on; the oldest go first. Of two charts with one mark the later is kept. Safe to share between threads.

    Args:
        most: bytes of texts kept; 0 keeps nothing.
        now: seconds.
    """

    def __init__(self, most: int = KEPT_BYTES, now: Callable[[], float] = time.monotonic):
        self._most, self._now = most, now
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[float, int, Key, Given]] = OrderedDict()
        self._bytes = 0

    def find(self, key: Key) -> Given | None:
        """What was kept under a key, unless it is too old or does not stand any more."""
        if not self._most:
            return None
        mark = key.mark
        with self._lock:
            self._forget()
            found = self._kept.get(mark)
        if found is None or found[2] != key:
            return None
        return found[3] if found[3].repeat.stands() else None

    def keep(self, key: Key, given: Given) -> None:
        """Keep an answer, if there is room for it."""
        size = key.size + given.size + _OVERHEAD
        if size > self._most // 4:  # else one chart would drive out all others
            return
        with self._lock:
            self._forget()
            mark = key.mark
            before = self._kept.pop(mark, None)
            self._bytes += size - (before[1] if before is not None else 0)
            self._kept[mark] = (self._now(), size, key, given)
            while self._bytes > self._most:
                self._drop()

    def _forget(self) -> None:
        """Let go of everything that is too old, also of what nobody asks for again; the oldest stand first."""
        now = self._now()
        while self._kept and now - next(iter(self._kept.values()))[0] > KEPT_SECONDS:
            self._drop()

    def _drop(self) -> None:
        self._bytes -= self._kept.popitem(last=False)[1][1]
