"""Who calls: set once for each request by the check of its token, read by whoever needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from service.hooks.servers import AllowedServers

DEFAULT_PROFILE = "cds-hooks-2.0"


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller whose token was verified, or anybody in open mode.

    ``client``: its name in the clients file; ``open`` if nobody was asked. ``issuer``, ``tenant``: claims of the
    token. ``profile``: which kind of client it is. ``servers``: the FHIR servers that its calls may name; None: those
    that all calls may name.
    """

    client: str
    issuer: str | None = None
    tenant: str | None = None
    profile: str = DEFAULT_PROFILE
    servers: AllowedServers | None = None


ANYBODY = Caller("open")


def set_caller(caller: Caller) -> None:
    """Note who makes the request that is being answered."""
    g.caller = caller


def current_caller() -> Caller:
    """Who makes the request that is being answered; `ANYBODY` where tokens are not asked for."""
    caller: Caller = g.get("caller", ANYBODY)
    return caller
