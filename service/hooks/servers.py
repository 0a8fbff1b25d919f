"""Which FHIR servers may be read: addresses compared by origin, and by path where a path was allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from service.addresses import Base, is_loopback, origin_of, parse_base, parse_place

__all__ = ["AllowedServers", "Base", "is_loopback", "origin_of", "parse_base", "parse_place"]


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
        return self.area(url, token) is not None

    def area(self, url: str, token: str | None) -> Base | None:
        """The address at or below which this server may be read, its next pages too; None if it may not be read."""
        base = parse_base(url)
        if base is None:
            return None
        if token is not None and (listed := next((one for one in self.bases if one.covers(base)), None)):
            return listed
        return replace(base, path="") if self.open_loopback and base.loopback else None
