"""Who calls, as far as it was checked: set once a request by client trust, asked wherever it matters."""

from __future__ import annotations

from flask import g


def identify(client: str) -> None:
    """State who the present request comes from, by the name it is registered under."""
    g.client = client


def client() -> str:
    """The client of the present request; empty in open mode, where nobody is asked who they are."""
    return str(g.get("client", ""))
