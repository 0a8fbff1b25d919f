"""The body of a call, of which only as much is read as is asked for.

The charts of most patients hold nothing for this service, which two small prefetch keys tell. So the text of a body is
first split into its members and the values of ``prefetch`` (which also tells whether it is JSON); each of them is
parsed, and held against the limits of a body, when it is asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from service.hooks.errors import HookError, bad_request
from service.hooks.limits import BodyLimits, Meter, check_unread
from service.hooks.wire import Unreadable, parse

ROOT = "CDSHooksRequest"


class _Members(msgspec.Struct, rename="camel"):
    """The members of a body that are read at all, each as its text."""

    hook: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    hook_instance: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    context: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    fhir_server: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    fhir_authorization: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    prefetch: dict[str, msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET


_split = msgspec.json.Decoder(_Members).decode


class Values(Mapping[str, Any]):
    """Values by name, each parsed when it is first asked for. Safe to share between threads.

    To ask for one raises HookError: 400 where it is no JSON after all, 413 or 422 where it is beyond a limit.
    """

    def __init__(self, texts: Mapping[str, bytes], body: bytes, meter: Meter):
        self.texts = texts
        self._body, self._meter = body, meter
        self._lock = threading.Lock()
        self._read: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        with self._lock:
            if name not in self._read:
                self._read[name] = _value(self.texts[name], self._body, self._meter)
            return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)

    def __contains__(self, name: object) -> bool:  # the mixin's would parse it
        return name in self.texts


@dataclass(frozen=True, slots=True)
class Split:
    """A body in parts: ``members`` without ``prefetch``, parsed; ``prefetch``: None where it was not sent or is null."""

    members: dict[str, Any]
    prefetch: Values | None


def split(body: bytes, limits: BodyLimits) -> Split:
    """Take a body apart.

    Raises:
        HookError: 400 for what is no JSON object, 413 or 422 for what is beyond a limit.
    """
    check_unread(body, limits)
    try:
        found = _split(body)
        if not body.isascii():
            body.decode()  # the text of what is not read has to be text too
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _whole(body, limits)  # a byte order mark, a prefetch that is no object; else it is refused there
    meter = Meter(limits)
    members = {
        name: _value(bytes(text), body, meter)
        for name, text in (
            ("hook", found.hook),
            ("hookInstance", found.hook_instance),
            ("context", found.context),
            ("fhirServer", found.fhir_server),
            ("fhirAuthorization", found.fhir_authorization),
        )
        if isinstance(text, msgspec.Raw)
    }
    if not isinstance(found.prefetch, dict):
        return Split(members, None)
    return Split(members, Values({name: bytes(text) for name, text in found.prefetch.items()}, body, meter))


def _whole(body: bytes, limits: BodyLimits) -> Split:
    """The same of a body that has to be parsed as one."""
    value = _value(body, body, Meter(limits))
    if not isinstance(value, dict):
        raise bad_request("structure", "The body must be a JSON object.", ROOT)
    return Split(value, None)


def _value(text: bytes, body: bytes, meter: Meter) -> Any:
    try:
        value = parse(text)
    except Unreadable as error:
        raise unreadable(_as_a_whole(body, error)) from None
    meter.take(value, len(text))
    return value


def _as_a_whole(body: bytes, error: Unreadable) -> Unreadable:
    """The error as the whole body has it, whose lines and columns are those that a client knows."""
    try:
        parse(body)
    except Unreadable as found:
        return found
    return error


def unreadable(error: Unreadable, root: str = ROOT) -> HookError:
    """A 400 that says what is wrong with a body as JSON. ``root``: what the error calls the body."""
    words = str(error)
    return bad_request("structure", f"{words[:1].upper()}{words[1:]}.", root)
