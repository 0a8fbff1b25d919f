"""Addresses of servers: read in one way only, and compared by origin and path. What parsers disagree about is no address."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


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


@lru_cache(maxsize=1024)
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


def parse_place(url: str) -> Base | None:
    """Read any http(s) address, query or not; None where it cannot be told safely where it leads."""
    return _parse(url)


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
    host = _host(parts.hostname or "")
    if parts.scheme not in _PORTS or host is None or "@" in parts.netloc or port == 0 or _climbs(parts.path):
        return None
    return Base(parts.scheme, host, port if port is not None else _PORTS[parts.scheme], parts.path.rstrip("/"))


def _host(written: str) -> str | None:
    """The host as it is compared: a name in ASCII, or an address in its one usual form.

    None for what one library takes for a name and another for an address (``127.1``, ``0x7f000001``, ``2130706433``),
    for percent-encoded hosts, and for addresses with a zone.
    """
    name = written.lower().removesuffix(".")
    try:
        return str(ipaddress.IPv6Address(name)) if ":" in name and "%" not in name else _name(name)
    except ValueError:
        return None


def _name(name: str) -> str | None:
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return str(ipaddress.IPv4Address(name))
    return name if _HOST.fullmatch(name) and ".." not in name else None


def _climbs(path: str) -> bool:
    """Whether a path leads upwards for any reader: encoded once or more, with a backslash, or with parameters."""
    plain = path
    for _ in range(5):
        plain, before = unquote(plain), plain
        if plain == before:
            break
    else:
        return True
    segments = [segment.partition(";")[0] for segment in plain.replace("\\", "/").split("/")]
    return any(segment in (".", "..") for segment in segments)
