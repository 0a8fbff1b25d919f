"""What browsers may do with answers (security headers), who may call from one (CORS), and in open mode only this machine."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeAlias

from flask import Flask, request

from service.hooks.calls import HEADER
from service.hooks.errors import HookError, Issue
from service.hooks.servers import is_loopback

METHODS = "GET, POST, OPTIONS"
HEADERS = "Authorization, Content-Type"
_PROXIED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")
Environ: TypeAlias = dict[str, Any]
Headers: TypeAlias = list[tuple[str, str]]
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
    always = [(name, name.lower(), value) for name, value in SECURITY.items()]

    def add(_: Environ, headers: Headers) -> None:
        there = {name.lower() for name, _ in headers}
        headers += [(name, value) for name, low, value in always if low not in there]

    _with_headers(app, add)


def install_cors(app: Flask, origins: Collection[str], is_page: Callable[[str], bool] = lambda _: False) -> None:
    """Let browser clients of these origins call; ``*`` lets all. A preflight needs no token.

    Args:
        is_page: tells of a path whether it is a page for people, which no other site's script may read: what it says of
            servers within reach (a launch that fails) is for who looks at it.
    """
    allowed = [
        ("Access-Control-Allow-Methods", METHODS),
        ("Access-Control-Allow-Headers", HEADERS),
        ("Access-Control-Expose-Headers", HEADER),
        ("Access-Control-Max-Age", "600"),
    ]
    everybody = "*" in origins

    def add(environ: Environ, headers: Headers) -> None:
        if is_page(environ.get("PATH_INFO", "")):
            return
        origin = environ.get("HTTP_ORIGIN", "")
        if not everybody:
            _vary(headers, "Origin")
        if origin and (everybody or origin in origins):  # without an Origin it is no browser that asks across sites
            headers += [("Access-Control-Allow-Origin", "*" if everybody else origin), *allowed]

    _with_headers(app, add)


def _vary(headers: Headers, name: str) -> None:
    for place, (header, value) in enumerate(headers):
        if header.lower() == "vary":
            headers[place] = (header, f"{value}, {name}")
            return
    headers.append(("Vary", name))


def _with_headers(app: Flask, add: Callable[[Environ, Headers], None]) -> None:
    """Add headers to every answer as it leaves: a framework's own way costs more than all else of a short answer."""
    inner = app.wsgi_app

    def outer(environ: Environ, start_response: Any) -> Any:
        def start(status: str, headers: Headers, *more: Any) -> Any:
            add(environ, headers)
            return start_response(status, headers, *more)

        return inner(environ, start)

    app.wsgi_app = outer  # type: ignore[method-assign]


def install_local_only(app: Flask) -> None:
    """Refuse (403) who does not call from this machine: without client trust, binding to loopback is the only guard,
    and another server process or a proxy may have published the application all the same."""

    def check() -> None:
        environ = request.environ
        proxied = any(name in environ for name in _PROXIED)
        if (proxied or not is_loopback(environ.get("REMOTE_ADDR", ""))) and request.path not in PUBLIC:
            words = "This service is open to its own machine only: client trust is not configured."
            raise HookError(403, Issue("forbidden", words))

    app.before_request(check)
