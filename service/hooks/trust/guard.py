"""The check of every request before it is answered."""

from __future__ import annotations

import logging
from collections.abc import Collection

from flask import Flask, Response, g, request

from service.hooks.caller import identify
from service.hooks.errors import Issue, operation_outcome
from service.hooks.lines import Line
from service.hooks.trust.verify import Refused, Verifier
from service.hooks.wire import reply

log = logging.getLogger("allcue.trust")
PUBLIC = frozenset({"/", "/health", "/ready"})  # tell nothing of patients or services


def install(app: Flask, verifier: Verifier, public: Collection[str] = PUBLIC, under: tuple[str, ...] = ()) -> None:
    """Ask every request for a token, except for ``public`` paths, those that begin with one of ``under``, and the preflights
    of browsers, which carry none.

    What is not named here is closed, so that an endpoint added later is not open by oversight.
    """

    def check() -> Response | None:
        if request.method == "OPTIONS" or request.path in public or request.path.startswith(under):
            return None
        try:
            identify(verifier.verify(request.headers.get("Authorization"), request.path))
        except Refused as refused:
            return _refuse(refused)
        return None

    app.before_request(check)


def _refuse(refused: Refused) -> Response:
    """A 401 that is the same whatever is wrong, so that it helps nobody to guess; the reason goes to the log."""
    line = {
        "event": "refused",
        "request_id": g.get("request_id"),
        "method": request.method,
        "path": request.path[:200],
        "client": refused.client,
        "reason": str(refused),
    }
    log.warning("%s", Line(line))
    response = reply(operation_outcome([Issue("login", "This service asks for a valid token.")]), 401)
    response.headers["WWW-Authenticate"] = "Bearer"
    return response
