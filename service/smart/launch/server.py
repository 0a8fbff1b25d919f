"""What a FHIR server says of its authorization: ``.well-known/smart-configuration``, checked before it is used."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from service.addresses import Base, parse_place
from service.smart.ports import CannotShow, Trouble, Web

FRESH_S = 300.0  # for which what a server said is used again
FAILED_S = 5.0  # for which one that did not answer is not asked again: launches need no login, and each would wait
WAITED_S = 1.0  # for which one launch waits for what another asks already: no more than one thread is held by a server
_MOST_KEPT = 64
_LONGEST = 2000  # characters of an address
_PATH = "/.well-known/smart-configuration"


@dataclass(frozen=True, slots=True)
class Configuration:
    """``authorize``, ``token``: endpoints. ``first_version``: whether scopes are those of SMART 1 (``.read``).
    ``issuer``: what answers must name themselves as (RFC 9207); empty if they need not."""

    authorize: str
    token: str
    first_version: bool = False
    issuer: str = ""


def configuration_of(iss: str, document: object) -> Configuration:
    """Check what a server says.

    Raises:
        CannotShow: it cannot be launched from; the reason names the member and quotes nothing.
    """
    if not isinstance(document, Mapping):
        raise CannotShow(Trouble.NO_SMART, "smart-configuration is not a JSON object")
    here = parse_place(iss)
    authorize, token = (_endpoint(document, name, here) for name in ("authorization_endpoint", "token_endpoint"))
    methods = _texts(document.get("code_challenge_methods_supported"))
    if "S256" not in methods:
        words = "code_challenge_methods_supported of smart-configuration must name S256 (PKCE)"
        raise CannotShow(Trouble.NO_SMART, words)
    issuer = document.get("issuer")
    named = document.get("authorization_response_iss_parameter_supported") is True and isinstance(issuer, str)
    return Configuration(authorize, token, _is_first(document), str(issuer) if named else "")


def _is_first(document: Mapping[str, Any]) -> bool:
    """Whether scopes of SMART 2 are not understood: only those of 1 are named as a capability, or as supported."""
    able = _texts(document.get("capabilities"))
    if "permission-v2" in able:
        return False
    scopes = _texts(document.get("scopes_supported"))
    return "permission-v1" in able or any(scope.endswith((".read", ".*")) for scope in scopes)


def _endpoint(document: Mapping[str, Any], name: str, here: Base | None) -> str:
    """An address: https, or on this machine if the FHIR server is; else by name, or on the FHIR server's own host."""
    url = document.get(name)
    place = parse_place(url) if isinstance(url, str) and len(url) <= _LONGEST and "#" not in url else None
    if place is None or here is None:
        raise CannotShow(Trouble.NO_SMART, f"{name} of smart-configuration is missing, or no usable address")
    if place.scheme != "https" and not place.loopback:
        raise CannotShow(Trouble.NO_SMART, f"{name} of smart-configuration is not an https address")
    literal = ":" in place.host or place.host.rpartition(".")[2].isdigit()
    if place.host != here.host and ((literal and not place.loopback) or place.loopback != here.loopback):
        raise CannotShow(Trouble.NO_SMART, f"{name} of smart-configuration is on a machine that only it can mean")
    return str(url)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


class Configurations:
    """What servers said, kept for some minutes."""

    def __init__(self, web: Web, clock: Callable[[], float] = time.monotonic):
        self._web, self._clock = web, clock
        self._kept: OrderedDict[str, tuple[float, Configuration | CannotShow]] = OrderedDict()
        self._lock = threading.Lock()
        self._asking: dict[str, threading.Event] = {}

    def of(self, iss: str) -> Configuration:
        """What the server of a registration says.

        Args:
            iss: its base address, without a slash at its end.

        Raises:
            CannotShow: it does not answer, or cannot be launched from.
        """
        with self._lock:
            at, known = self._kept.get(iss, (0.0, None))
        age = self._clock() - at
        if isinstance(known, Configuration) and age < FRESH_S:
            return known
        if isinstance(known, CannotShow) and age < FAILED_S:
            raise CannotShow(known.trouble, known.detail)
        with self._lock:
            another = self._asking.get(iss)
            if another is None:
                self._asking[iss] = threading.Event()
        if another is not None:
            return self._told_by(another, iss)
        try:
            read = self._ask(iss)
            self._keep(iss, read)
        except CannotShow as problem:
            self._keep(iss, problem)
            raise
        finally:
            with self._lock:
                self._asking.pop(iss).set()
        return read

    def _told_by(self, another: threading.Event, iss: str) -> Configuration:
        """What another thread is told. Raises CannotShow: nothing in time, or that the server cannot be launched from."""
        another.wait(WAITED_S)
        with self._lock:
            _, known = self._kept.get(iss, (0.0, None))
        if isinstance(known, Configuration):
            return known  # if need be as it was some minutes ago
        if isinstance(known, CannotShow):
            raise CannotShow(known.trouble, known.detail)
        raise CannotShow(Trouble.SERVER_GONE, "smart-configuration: asked already, and no answer yet")

    def _ask(self, iss: str) -> Configuration:
        try:
            reply = self._web.get(f"{iss}{_PATH}")
        except OSError as error:
            raise CannotShow(Trouble.SERVER_GONE, f"smart-configuration: {error}") from None
        if reply.status != 200:
            trouble = Trouble.SERVER_GONE if reply.status >= 500 else Trouble.NO_SMART
            raise CannotShow(trouble, f"smart-configuration: status {reply.status}")
        return configuration_of(iss, reply.body)

    def _keep(self, iss: str, what: Configuration | CannotShow) -> None:
        with self._lock:
            self._kept[iss] = self._clock(), what
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
