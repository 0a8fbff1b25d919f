"""Request ids and one log line per service call. Ids, counts, states and timings; never a patient's values."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, g, request

from service.hooks import caller
from service.hooks.contract import NOT_SENT, Prefetched
from service.hooks.lines import Line
from service.hooks.watching import UNWATCHED, Watch

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

    def states(self) -> dict[str, str]:
        """The states of the keys that were looked at."""
        return {key: found.state for key, found in self.prefetched.items()}

    def line(self, request_id: str, status: int, seconds: float, states: Mapping[str, str]) -> dict[str, Any]:
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
            "ms": round(seconds * 1000, 2),
            "cards": self.cards,
            "cleaned": self.cleaned,
            **self.remarks,
            "keys": states,
            **({"reasons": reasons} if reasons else {}),
        }


def begin(service: str, hook: str) -> Call:
    """Start the record of a call; it is logged when the answer leaves."""
    call = Call(service, hook, caller.client() or None)
    g.call = call
    return call


def install(app: Flask, watch: Watch = UNWATCHED, about: Mapping[str, str] | None = None) -> None:
    """Give every request an id (the caller's own where it is usable), echo it, and log service calls.

    Args:
        about: further members of each line, such as the version.
    """
    always = dict(about or {})

    def identify() -> None:
        sent = request.headers.get(HEADER, "")
        g.request_id = sent if _USABLE_ID.fullmatch(sent) else str(uuid.uuid4())
        watch.arrived()

    def finish(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        status = response.status_code
        call: Call | None = g.get("call")
        if call is not None:
            seconds, states = time.perf_counter() - call.started, call.states()
            watch.called(call.service, call.hook, call.client or "", status, seconds, states, call.remarks)
            if log.isEnabledFor(logging.INFO):
                log.info("%s", Line(**call.line(g.request_id, status, seconds, states), **always))
        watch.left(request.endpoint, status)
        return response

    app.before_request(identify)
    app.after_request(finish)
