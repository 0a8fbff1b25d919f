"""Every refusal and failure as a FHIR OperationOutcome: the one place that maps errors to status and body."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, g
from werkzeug.exceptions import HTTPException

from service.hooks.wire import reply

log = logging.getLogger("allcue.errors")


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue: an IssueType code, a sentence without patient values, the element that it is about."""

    code: str
    diagnostics: str
    expression: str | None = None


class HookError(Exception):
    """A call that is answered with an error. ``status`` is the HTTP status; ``retry_after``: seconds to come again."""

    def __init__(self, status: int, *issues: Issue, retry_after: int | None = None):
        self.status = status
        self.retry_after = retry_after
        self.issues = issues
        super().__init__(f"{status}: " + "; ".join(issue.diagnostics for issue in issues))


def bad_request(code: str, diagnostics: str, expression: str | None = None) -> HookError:
    """A 400 with one issue."""
    return HookError(400, Issue(code, diagnostics, expression))


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """An OperationOutcome (FHIR R4) with one issue of severity error for each."""
    return {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in issues]}


PageOf = Callable[[int, str], Response | None]
"""An error as a page for people, from its status and words; None for addresses that clients call."""
_PAGES = "allcue-error-pages"


def install(app: Flask) -> None:
    """Answer every error of the application with an OperationOutcome."""
    app.register_error_handler(HookError, _hook_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def install_pages(app: Flask, page_of: PageOf) -> None:
    """Answer errors at addresses for people with a page."""
    app.extensions[_PAGES] = page_of


def _answered(status: int, *issues: Issue) -> Response:
    """An error as who called can read it."""
    page_of: PageOf | None = current_app.extensions.get(_PAGES)
    if page_of is not None:
        try:
            page = page_of(status, "; ".join(issue.diagnostics for issue in issues))
        except Exception as error:  # what broke the page may break this one too; the text may hold values
            log.error("no page of an error: unexpected %s", type(error).__name__)
        else:
            if page is not None:
                return page
    return reply(operation_outcome(issues), status)


def _issue(issue: Issue) -> dict[str, Any]:
    found: dict[str, Any] = {"severity": "error", "code": issue.code, "diagnostics": issue.diagnostics}
    if issue.expression:
        found["expression"] = [issue.expression]
    return found


def _hook_error(error: HookError) -> Response:
    response = _answered(error.status, *error.issues)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


# Status of the web framework -> IssueType code and our words; the framework's own pages may quote the request.
_HTTP = {
    404: ("not-found", "There is nothing at this address. GET /cds-services lists the services."),
    405: ("not-supported", "This method is not allowed here: discovery is GET, a service call is POST."),
    408: ("timeout", "The request body did not arrive in time."),
    413: ("too-long", "The request body is larger than this service accepts (ALLCUE_MAX_BODY_BYTES)."),
    415: ("not-supported", "The request body must be JSON: Content-Type application/json."),
}


def _http_error(error: HTTPException) -> Response | HTTPException:
    status = error.code or 500
    if status < 400:
        return error  # a redirect is not an error
    code, words = _HTTP.get(status, ("invalid" if status < 500 else "exception", error.name))
    response = _answered(status, Issue(code, words))
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _unexpected(error: Exception) -> Response:
    # The message of an exception may quote a patient's data, so only its type and the places in the code are logged.
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    request_id = g.get("request_id", "-")
    log.error("unexpected %s request_id=%s at %s", type(error).__name__, request_id, places)
    words = f"The service failed to answer. Quote request id {request_id} to its operator."
    return _answered(500, Issue("exception", words))
