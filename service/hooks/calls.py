"""Request ids and one log line per service call. Ids, counts, states and timings; never a patient's values."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import Flask, Response, g, request

from service.hooks import caller
from service.hooks.contract import NOT_SENT, Prefetched

log = logging.getLogger("allcue.calls")
HEADER = "X-Request-ID"
_USABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(slots=True)
class Call:
    """What is logged of one call; filled in as it becomes known, so a refused call is logged as far as it came.

    ``client``: None in open mode. ``cleaned``: how many empty values were taken out of the answer, which only a fault of the engine leaves there.
    """

    service: str
    hook: str
    client: str | None
    started: float = field(default_factory=time.perf_counter)
    hook_instance: str | None = None
    prefetched: Mapping[str, Prefetched] = field(default_factory=dict)
    cards: int | None = None
    cleaned: int = 0
    remarks: Mapping[str, Any] = field(default_factory=dict)

    def line(self, request_id: str, status: int) -> dict[str, Any]:
        """The members of the log line; ``ms`` from the start of the call, ``reasons`` why keys are not complete."""
        details = {key: found.detail for key, found in self.prefetched.items()}
        reasons = {key: detail for key, detail in details.items() if detail and detail != NOT_SENT}
        return {
            "event": "call",
            "request_id": request_id,
            "service": self.service,
            "hook": self.hook,
            "client": self.client,
            "hook_instance": self.hook_instance,
            "status": status,
            "ms": round((time.perf_counter() - self.started) * 1000, 2),
            "cards": self.cards,
            "cleaned": self.cleaned,
            **self.remarks,
            "keys": {key: found.state for key, found in self.prefetched.items()},
            **({"reasons": reasons} if reasons else {}),
        }


def begin(service: str, hook: str) -> Call:
    """Start the record of a call; it is logged when the answer leaves."""
    call = Call(service, hook, caller.client() or None)
    g.call = call
    return call


def install(app: Flask) -> None:
    """Give every request an id (the caller's own where it is usable), echo it, and log service calls."""
    app.before_request(_identify)
    app.after_request(_finish)


def _identify() -> None:
    sent = request.headers.get(HEADER, "")
    g.request_id = sent if _USABLE_ID.fullmatch(sent) else str(uuid.uuid4())


def _finish(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    call: Call | None = g.get("call")
    if call is not None and log.isEnabledFor(logging.INFO):
        log.info("%s", orjson.dumps(call.line(g.request_id, response.status_code)).decode())
    return response
