"""Reading the clients file (YAML or JSON); everything wrong with it is told at once, with its line."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from service.hooks.trust.clients import Client, Clients
from service.listing import MAX_BYTES, Listing, ListProblems, near, read_listing

__all__ = ["MAX_BYTES", "ClientsProblems", "clients_of", "read_clients"]
_NAME = "small letters, digits, . _ and -, at most 64"
_PATTERNS = {"name": _NAME, "profile": _NAME}


class ClientsProblems(ListProblems):
    """A clients file that must not be used."""


def read_clients(path: Path, profiles: Collection[str] | None = None) -> Clients:
    """Read the registered clients.

    Args:
        profiles: the profiles that there are; None leaves a client's profile unchecked.

    Raises:
        ClientsProblems: the file cannot be read, or says something that is not allowed.
    """
    try:
        text = read_listing(path)
    except ListProblems as error:
        raise ClientsProblems(error.problems) from None
    return clients_of(text, str(path), profiles)


def clients_of(text: str, name: str, profiles: Collection[str] | None = None) -> Clients:
    """Read the text of a clients file; ``name`` stands before each problem. Arguments and errors as `read_clients`."""
    try:
        listing = Listing(text, name, "clients", "client")
    except ListProblems as error:
        raise ClientsProblems(error.problems) from None
    clients = listing.items(Client, _PATTERNS)
    for number, client in clients.items():
        if profiles is not None and client.profile is not None and client.profile not in profiles:
            words = f"{client.profile!r} is no profile. Allowed: {', '.join(profiles)}.{near(client.profile, profiles)}"
            listing.wrong((number, "profile"), words)
    try:
        registered = Clients.of(clients.values())
    except ValueError as error:
        listing.problems.append(f"{name}: clients: {error}")
    if listing.problems:
        raise ClientsProblems(listing.problems)
    return registered
