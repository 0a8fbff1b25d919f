"""GET /metrics, for the monitoring of who runs the service and for nobody else.

What is told holds no patient values, but it tells of use: which clients call, which rules apply how often. On a ward
with few patients that says more than a passer-by should know. So it is answered to who asks directly from a private
network, never through a proxy that publishes the service; or, where the site sets a token, to who has it.
"""

from __future__ import annotations

import hmac
from ipaddress import IPv6Address, ip_address

from flask import Blueprint, Response, request

from service.hooks.errors import HookError, Issue
from service.watch.watch import Watching

PATH = "/metrics"
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


def metrics(watch: Watching, token: str = "") -> Blueprint:
    """The endpoint.

    Args:
        token: what every request must carry (``Authorization: Bearer``), from wherever it comes; empty: requests that
            come from a private address, straight.
    """
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get(PATH)
    def tell() -> Response:
        if token:
            _check_token(token)
        else:
            _check_place()
        text, content_type = watch.exposed(request.headers.get("Accept", ""))
        return Response(text, content_type=content_type)

    return blueprint


def _check_token(token: str) -> None:
    kind, _, told = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not hmac.compare_digest(told.strip().encode(), token.encode()):
        raise HookError(401, Issue("login", "The metrics ask for the token of ALLCUE_METRICS_TOKEN."))


def _check_place() -> None:
    proxied = any(name in request.headers for name in _FORWARDED)
    by_script = request.headers.get("Sec-Fetch-Site", "none") != "none"  # of a page, whichever name it reached us by
    if proxied or by_script or not is_private(request.remote_addr or ""):
        words = (
            "Metrics are told to machines of private networks that ask directly, not through a proxy. "
            "For others set ALLCUE_METRICS_TOKEN."
        )
        raise HookError(403, Issue("forbidden", words))


def is_private(address: str) -> bool:
    """Whether an address is none of the public Internet: this machine, a private, shared or link-local network.

    >>> is_private("10.1.2.3"), is_private("::ffff:192.168.0.7"), is_private("8.8.8.8"), is_private("100.64.0.1")
    (True, True, False, True)
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return not found.is_global and not found.is_multicast and not found.is_unspecified
