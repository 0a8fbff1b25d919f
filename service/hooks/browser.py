"""What browsers may do with answers (security headers), who may call from one (CORS), and in open mode only this machine."""

from __future__ import annotations

from collections.abc import Callable, Collection

from flask import Flask, Response, request

from service.hooks.calls import HEADER
from service.hooks.errors import HookError, Issue
from service.hooks.servers import is_loopback

METHODS = "GET, POST, OPTIONS"
HEADERS = "Authorization, Content-Type"
_PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
PUBLIC = frozenset({"/health", "/ready"})  # answered whoever asks, for load balancers


# Answers are data for one client: never cached, guessed at, framed or rendered as a page (OWASP REST Security).
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def install_security(app: Flask) -> None:
    """Put the security headers on every answer; a page that needs another policy sets its own."""

    def add(response: Response) -> Response:
        for name, value in SECURITY.items():
            response.headers.setdefault(name, value)
        return response

    app.after_request(add)


def install_cors(app: Flask, origins: Collection[str], is_page: Callable[[str], bool] = lambda _: False) -> None:
    """Let browser clients of these origins call; ``*`` lets all. A preflight needs no token.

    Args:
        is_page: tells of a path whether it is a page for people, which no other site's script may read: what it says of
            servers within reach (a launch that fails) is for who looks at it.
    """

    def add(response: Response) -> Response:
        if is_page(request.path):
            return response
        origin = request.headers.get("Origin", "")
        if "*" in origins:
            allowed = "*"
        else:
            response.vary.add("Origin")
            allowed = origin if origin in origins else ""
        if allowed:
            response.headers["Access-Control-Allow-Origin"] = allowed
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Allow-Headers"] = HEADERS
            response.headers["Access-Control-Expose-Headers"] = HEADER
            response.headers["Access-Control-Max-Age"] = "600"
        return response

    app.after_request(add)


def install_local_only(app: Flask) -> None:
    """Refuse (403) who does not call from this machine: without client trust, binding to loopback is the only guard,
    and another server process or a proxy may have published the application all the same."""

    def check() -> None:
        proxied = any(name in request.headers for name in _PROXY_HEADERS)
        if request.path not in PUBLIC and (proxied or not is_loopback(request.remote_addr or "")):
            words = "This service is open to its own machine only: client trust is not configured."
            raise HookError(403, Issue("forbidden", words))

    app.before_request(check)
