"""Which FHIR servers may be read: addresses compared by origin, and by path where a path was allowed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Base:
    """A FHIR base address: origin (scheme, host, port) and path without a slash at the end."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def loopback(self) -> bool:
        """Whether the host is this machine, by name or by address."""
        return is_loopback(self.host)

    def covers(self, other: Base) -> bool:
        """Same origin, and at or below this path."""
        return self.origin == other.origin and (other.path + "/").startswith(self.path + "/")


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine. An empty host does not."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def parse_base(url: str) -> Base | None:
    """Read a base address; None for anything but a plain http(s) address without user, query or fragment.

    >>> parse_base("https://ehr.example.org/fhir/").path
    '/fhir'
    >>> parse_base("https://ehr.example.org@elsewhere.example.org/fhir") is None
    True
    """
    found = _parse(url)
    return found if found is not None and not any(c in url for c in "?#") else None


def origin_of(url: str) -> tuple[str, str, int] | None:
    """The origin of any http(s) address, query or not; None where it cannot be told safely."""
    found = _parse(url)
    return found.origin if found else None


def _parse(url: str) -> Base | None:
    if "\\" in url or not url.isprintable() or " " in url:
        return None  # parsers disagree about these
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc:
        return None
    if ".." in unquote(unquote(parts.path)).split("/"):
        return None
    return Base(parts.scheme, host, port if port is not None else _PORTS[parts.scheme], parts.path.rstrip("/"))


@dataclass(frozen=True, slots=True)
class AllowedServers:
    """The servers that may be read with the token of a request.

    ``open_loopback``: servers on this machine may be read too, also without a token (trying things out locally).
    """

    bases: tuple[Base, ...] = ()
    open_loopback: bool = False

    @classmethod
    def of(cls, urls: Iterable[str], open_loopback: bool = False) -> AllowedServers:
        """From addresses. Raises ValueError naming the first that is not usable."""
        bases = []
        for url in urls:
            base = parse_base(url)
            if base is None:
                raise ValueError(f"not the http(s) address of a FHIR server: {url!r}")
            bases.append(base)
        return cls(tuple(bases), open_loopback)

    def may_read(self, url: str, token: str | None) -> bool:
        """Whether this server may be read with this token, or without one."""
        base = parse_base(url)
        if base is None:
            return False
        if self.open_loopback and base.loopback:
            return True
        return token is not None and any(allowed.covers(base) for allowed in self.bases)
