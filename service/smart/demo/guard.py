"""Who may use the demo page: pages of other sites may not make a browser post to it, nor reach it by a name of their own."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Blueprint, request
from werkzeug.exceptions import Forbidden

_SAME = ("same-origin", "none")  # Fetch Metadata; "none": typed, or from a bookmark


def install(blueprint: Blueprint, *, local_only: bool, base: str = "") -> None:
    """Refuse (403) what does not come from the page itself.

    Args:
        local_only: open to this machine alone: then also a Host that is not this machine is refused, since a name that
            leads here (DNS rebinding) would make a foreign page one of ours.
        base: the public address, whose host the page may have in a browser, whatever a proxy tells.
    """

    def check() -> None:
        if local_only and not _is_loopback(request.host):
            raise Forbidden("The demo page is open to its own machine only: use http://127.0.0.1 or http://localhost.")
        if request.method == "POST" and not _from_here(urlsplit(base).netloc):
            raise Forbidden("The demo page takes forms from itself only.")

    blueprint.before_request(check)


def _from_here(public: str) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in _SAME
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc in (request.host, public or request.host)  # neither: no browser


def _is_loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
