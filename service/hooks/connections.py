"""Connections that go to an address which was checked, and nowhere else.

A name on the allow-list may be made to resolve to any address (DNS rebinding). So the name is resolved once, the addresses
are judged, and the connection is made to one that passed; nothing resolves the name again in between.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from service.hooks.lifeline import Unreachable, current
from service.hooks.servers import is_loopback

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
_NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Reachable:
    """Which addresses a name may lead to: public ones, and those in ``networks``.

    An address that was allowed as such, not by name, is what it says; ``localhost`` leads to this machine only.
    """

    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[str]) -> Reachable:
        """From networks such as ``10.20.0.0/16``. Raises ValueError naming the first that is none."""
        found = []
        for text in networks:
            try:
                found.append(ip_network(text))
            except ValueError:
                raise ValueError(f"not a network such as 10.20.0.0/16 or fd00:1::/32: {text!r}") from None
        return cls(tuple(found))

    def allows(self, host: str, address: Address) -> bool:
        """Whether a host may be reached at an address it resolved to."""
        if is_loopback(host):
            return _plain(address).is_loopback
        if _literal(host):
            return True
        plain = _plain(address)
        if plain.is_multicast or plain.is_unspecified or plain.is_link_local:
            return False  # 169.254.169.254 hands out the credentials of cloud machines
        inside = any(plain.version == network.version and plain in network for network in self.networks)
        return inside or (plain.is_global and not plain.is_reserved)


def _plain(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that only carries it (mapped, NAT64, 6to4, Teredo)."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def _literal(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _connect(host: str, port: int, reachable: Reachable) -> socket.socket:
    """A socket connected to a checked address of the host that this thread's exchange is with.

    Raises:
        Unreachable: another host, no address, none that may be used, none that answers in time.
    """
    lifeline = current()
    _require_origin(host, port)
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("its name could not be resolved") from None
    allowed = [row for row in found if reachable.allows(host, ip_address(str(row[4][0]).partition("%")[0]))]
    if not allowed:
        raise Unreachable("its name leads to an address that is not public and was not allowed")
    for family, kind, protocol, _, address in allowed:
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(lifeline.left())
            lifeline.hold(made)
            made.connect(address)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            made.close()
        except BaseException:
            made.close()
            raise
        else:
            return made
    lifeline.left()
    raise Unreachable("it takes no connection")


def _require_origin(host: str, port: int | None) -> None:
    """What the HTTP library made of the address is the host that was allowed: parsers of addresses disagree."""
    _, allowed_host, allowed_port = current().origin
    if (host.strip("[]").rstrip(".").lower(), port) != (allowed_host, allowed_port):
        raise Unreachable("its address was understood in two ways")


class _Checked:
    """What both kinds of connection add. ``reachable`` is set by `CheckedAdapter`."""

    reachable: Reachable
    host: str
    port: int
    sock: Any

    def _new_conn(self) -> socket.socket:
        return _connect(self.host, self.port, self.reachable)

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        current().hold(self.sock)

    def request(self, *args: Any, **more: Any) -> None:
        _require_origin(self.host, self.port)
        if self.sock is not None:  # kept from an earlier exchange
            current().hold(self.sock)
        super().request(*args, **more)  # type: ignore[misc]


class CheckedAdapter(HTTPAdapter):
    """Keeps connections for later exchanges; each was made to an address that passed."""

    def __init__(self, reachable: Reachable, kept: int):
        self._reachable = reachable
        super().__init__(pool_connections=16, pool_maxsize=kept, max_retries=0)

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        given = {"reachable": self._reachable}
        http = type("CheckedHTTP", (_Checked, HTTPConnection), given)
        https = type("CheckedHTTPS", (_Checked, HTTPSConnection), given)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("CheckedHTTPPool", (HTTPConnectionPool,), {"ConnectionCls": http}),
            "https": type("CheckedHTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": https}),
        }
