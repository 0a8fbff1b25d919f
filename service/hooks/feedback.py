"""The feedback endpoint of CDS Hooks (2.0, "Feedback"): what became of a card, saved before it is acknowledged."""

from __future__ import annotations

import logging
from collections.abc import Collection

from flask import Blueprint, Response, g, request

from service.hooks import caller
from service.hooks.body import read_body
from service.hooks.errors import HookError, Issue
from service.hooks.feedback_body import ROOT, read_feedback
from service.hooks.limits import BodyLimits
from service.hooks.lines import Line
from service.hooks.ports import FeedbackLog
from service.hooks.wire import reply

log = logging.getLogger("allcue.calls")
BODY_MOST = 1_000_000  # bytes
RETRY_S = 30


def feedback(services: Collection[str], store: FeedbackLog, body_limits: BodyLimits | None = None) -> Blueprint:
    """POST /cds-services/{id}/feedback.

    200 with an empty object: all is saved. The specification leaves status and body open. Cards that are not known
    are accepted too, since a client cannot repair what it told. Repeating the same is safe, and right after 503.

    Args:
        services: ids of the services there are.
        store: saves all items or none before it returns.
        body_limits: what a body may hold.
    """
    blueprint = Blueprint("feedback", __name__)

    # With two slashes as for service calls.
    @blueprint.post("/cds-services//<service_id>/feedback", strict_slashes=False, merge_slashes=False)
    @blueprint.post("/cds-services/<service_id>/feedback", strict_slashes=False)
    def tell(service_id: str) -> Response:
        if service_id not in services:
            raise HookError(404, Issue("not-found", "There is no such service. GET /cds-services lists the services."))
        most = request.max_content_length
        request.max_content_length = min(BODY_MOST, most) if most is not None else BODY_MOST
        items = read_feedback(read_body(body_limits or BodyLimits(), ROOT))
        try:
            saved = store.record(service_id, caller.client(), items)
        except OSError as error:
            log.error("feedback not saved: %s request_id=%s", type(error).__name__, g.get("request_id", "-"))
            raise _later() from None
        line = {"event": "feedback", "request_id": g.get("request_id", "-"), "service": service_id}
        line |= {"items": len(items), "new": saved.new, "unknown_cards": saved.unknown}
        log.info("%s", Line(line))
        return reply({})

    return blueprint


def _later() -> HookError:
    words = "The feedback was not saved. Send it again later: what was saved already is not counted twice."
    return HookError(503, Issue("transient", words), retry_after=RETRY_S)
