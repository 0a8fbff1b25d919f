"""Who calls: set once for each request by the check of its token, read by whoever needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from service.hooks.servers import AllowedServers


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller whose token was verified, or anybody in open mode.

    ``client``: its name in the clients file; empty if nobody was asked. ``issuer``, ``tenant``: claims of the
    token. ``profile``: which kind of client it is; None: that of the settings. ``servers``: the FHIR servers that its calls may name; None: those
    that all calls may name.
    """

    client: str
    issuer: str | None = None
    tenant: str | None = None
    profile: str | None = None
    servers: AllowedServers | None = None


ANYBODY = Caller("")


def identify(caller: Caller) -> None:
    """State who makes the present request; ``g.client`` is its name, for what only counts."""
    g.caller, g.client = caller, caller.client


def client() -> str:
    """The client of the present request, by its name; empty in open mode, where nobody is asked who they are."""
    return current().client


def current() -> Caller:
    """Who makes the present request; `ANYBODY` in open mode."""
    caller: Caller = g.get("caller", ANYBODY)
    return caller
