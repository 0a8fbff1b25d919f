"""Services served on this machine for the black-box checks: this one, and small ones in plain WSGI that can be broken."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from service.conformance.checks import CHECKS
from service.conformance.examples import Patient, patient_of
from service.conformance.model import Outcome, Result
from service.conformance.run import Run
from service.conformance.signing import Signer
from service.conformance.target import Target

Json = dict[str, Any]
logging.getLogger("werkzeug").setLevel(logging.ERROR)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"  # a body that never comes must not hold the connection


def _nothing_yet(environ: Json, start: Any) -> list[bytes]:
    start("503 X", [])
    return []


def served(app: Any) -> AbstractContextManager[str]:
    """The base address of a WSGI application while it is served."""
    return served_as(lambda _: app)


@contextmanager
def served_as(make: Callable[[str], Any]) -> Iterator[str]:
    """The same for an application that has to know its address before it is made."""
    server = make_server("127.0.0.1", 0, _nothing_yet, threaded=True, request_handler=_Handler)
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        server.app = make(base)
    except BaseException:
        server.server_close()
        raise
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield base
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


SMALL = patient_of(
    "small",
    {
        "entry": [
            {"resource": {"resourceType": "Patient", "id": "small-1"}},
            {"resource": {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/small-1"}}},
        ]
    },
)


def examined(
    base: str, names: str = "", signer: Signer | None = None, patients: tuple[Patient, ...] = (SMALL,)
) -> dict[str, Result]:
    """The results by name, of some checks or of all."""
    checks = [CHECKS[name] for name in names.split()] if names else list(CHECKS.values())
    return {r.check.name: r for r in Run(Target(base, signer, 10), patients).examine(checks)}


def failed(results: Mapping[str, Result]) -> set[str]:
    return {name for name, result in results.items() if result.outcome is Outcome.FAILED}


DISCOVERY: Json = {
    "services": [
        {
            "id": "small",
            "hook": "patient-view",
            "title": "Small",
            "description": "Says one thing of each patient",
            "usageRequirements": "None",
            "version": "3.0.0",
            "prefetch": {
                "patient": "Patient/{{context.patientId}}",
                "conditions": "Condition?patient={{context.patientId}}",
            },
        },
    ]
}
REASON = {"system": "https://example.org/reasons", "code": "no", "display": "Does not fit"}
ACTION = {
    "type": "create",
    "description": "Order it",
    "resource": {"resourceType": "ServiceRequest", "status": "draft"},
}
UPDATE = {"type": "update", "description": "Change it", "resource": {"resourceType": "Condition", "id": "c1"}}
DELETE = {"type": "delete", "description": "Take it back", "resourceId": "Condition/c1"}
CARD: Json = {
    "uuid": "11111111-1111-4111-8111-111111111111",
    "summary": "Something to know",
    "indicator": "info",
    "detail": "**More** of it",
    "source": {
        "label": "A source",
        "url": "https://example.org/source",
        "icon": "https://example.org/icon.png",
        "topic": {"system": "https://example.org/topics", "code": "t", "display": "Topic"},
    },
    "suggestions": [
        {"label": "Do it", "uuid": "s1", "isRecommended": True, "actions": [ACTION]},
        {"label": "Change it", "uuid": "s2", "actions": [UPDATE]},
        {"label": "Take it back", "uuid": "s3", "actions": [DELETE]},
    ],
    "selectionBehavior": "at-most-one",
    "overrideReasons": [REASON],
    "links": [
        {"label": "Source", "url": "https://example.org/source", "type": "absolute"},
        {"label": "App", "url": "https://example.org/launch", "type": "smart", "appContext": "card"},
    ],
    "extension": {"org.example.more": 1},
}


class Refused(Exception):
    def __init__(self, status: int):
        self.status = status


Answer = tuple[int, Any]
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]}


def is_nobody(body: Json) -> bool:
    """Whether a call is about the patient of whom nothing is known."""
    return str(body["context"]["patientId"]).startswith("conformance-nobody")


@dataclass
class Small:
    """A sound service of one hook. Each member may be replaced to break it; ``check_token`` refuses by returning False."""

    discovery: Any = field(default_factory=lambda: json.loads(json.dumps(DISCOVERY)))
    cards: Callable[[Json], Any] = lambda body: [] if is_nobody(body) else [json.loads(json.dumps(CARD))]
    headers: Mapping[str, str] = field(default_factory=lambda: dict(CORS))
    content_type: str = "application/json"
    before: Callable[[Json, str, str], Answer | None] = lambda environ, method, path: None
    check_token: Callable[[str, str], bool] | None = None
    outcomes: bool = True

    def __call__(self, environ: Json, start: Any) -> list[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length < 5_000_000:  # read whatever the answer, or the server waits for the end of what nobody read
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        status, body = self._answer(environ)
        if status >= 400 and body is None and self.outcomes:
            body = OUTCOME
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        start(f"{status} X", [("Content-Type", self.content_type), *self.headers.items()])
        return [data]

    def _answer(self, environ: Json) -> Answer:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        early = self.before(environ, method, path)
        if early is not None:
            return early
        if method == "OPTIONS":
            return 200, None
        if self.check_token is not None:
            scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
            url = f"http://{environ['HTTP_HOST']}{path}"
            if scheme != "Bearer" or not self.check_token(token, url):
                return 401, {}
        if path == "/cds-services":
            return 200, self.discovery
        try:
            return 200, self._called(environ, method, path)
        except Refused as refused:
            return refused.status, None

    def _called(self, environ: Json, method: str, path: str) -> Any:
        feedback = path.endswith("/feedback")
        if path.removesuffix("/feedback") != "/cds-services/small":
            raise Refused(404)
        if method != "POST":
            raise Refused(405)
        if int(environ.get("CONTENT_LENGTH") or 0) > 5_000_000:
            raise Refused(413)
        if not environ.get("CONTENT_TYPE", "").startswith("application/json"):
            raise Refused(415)
        try:
            body = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        except (ValueError, RecursionError):
            raise Refused(400) from None
        return self.feedback(body) if feedback else self._cards(body)

    def _cards(self, body: Any) -> Any:
        if not isinstance(body, dict) or body.get("hook") != "patient-view" or "hookInstance" not in body:
            raise Refused(400)
        context = body.get("context")
        if not isinstance(context, dict) or not isinstance(context.get("patientId"), str):
            raise Refused(400)
        sent = body.get("prefetch", {})
        if any(
            key not in sent or (sent[key] or {}).get("resourceType") == "OperationOutcome" for key in ("conditions",)
        ):
            raise Refused(412)
        found = self.cards(body)
        return found if isinstance(found, dict) else {"cards": found}

    def feedback(self, body: Any) -> Any:
        items = body.get("feedback") if isinstance(body, dict) else None
        if not isinstance(items, list):
            raise Refused(400)
        for item in items:
            if item.get("outcome") not in ("accepted", "overridden") or "card" not in item:
                raise Refused(400)
            if "T" not in item.get("outcomeTimestamp", ""):
                raise Refused(400)
        return {}
