"""What a service must not answer with advice. The specification leaves most of these statuses open; the basis says so."""

from __future__ import annotations

import uuid
from typing import Any

from service.conformance.model import Problems, Skip, check
from service.conformance.run import Called, Run
from service.conformance.target import Answer

_PRACTICE = "practice; status open in 2.0"
_HUGE = 10**12  # bytes that a Content-Length promises and that never come
_WAIT_S = 10.0
_OF_SERVERS = (401, 403, 404, 405, 413, 502, 503)  # refusals that a server or proxy in front may give


@check("a service that does not exist: 404", _PRACTICE)
def unknown_service(run: Run) -> Problems:
    called = run.answered
    name = f"no-such-service-{uuid.uuid4().hex[:8]}"
    yield from _expect(run.target.post(run.target.service_url(name), called.request), 404)


@check("a call of another hook than the service is for: 400", _PRACTICE)
def hook_mismatch(run: Run) -> Problems:
    yield from _changed(run, hook="org.example.no-such-hook")


@check("a body that is no JSON: 400", _PRACTICE)
def malformed_json(run: Run) -> Problems:
    yield from _expect(_sent(run, b'{"hook": "patient-view", '), 400)


@check("a body that is no object: 400", _PRACTICE)
def body_no_object(run: Run) -> Problems:
    yield from _expect(_sent(run, b"[1, 2]"), 400)


@check("an empty body: 400", _PRACTICE)
def body_empty(run: Run) -> Problems:
    yield from _expect(_sent(run, b""), 400)


@check("a call without hook: 400", _PRACTICE)
def hook_missing(run: Run) -> Problems:
    yield from _changed(run, hook=None)


@check("a call without hookInstance: 400", _PRACTICE)
def hook_instance_missing(run: Run) -> Problems:
    yield from _changed(run, hookInstance=None)


@check("a call without context: 400", _PRACTICE)
def context_missing(run: Run) -> Problems:
    yield from _changed(run, context=None)


@check("a context that is no object: 400", _PRACTICE)
def context_no_object(run: Run) -> Problems:
    yield from _changed(run, context=["patientId"])


@check("a Content-Type that is no JSON: 415", _PRACTICE)
def content_type(run: Run) -> Problems:
    called = run.answered
    yield from _expect(run.call(called.service, called.request, headers={"Content-Type": "text/plain"}), 415)


@check("a body announced larger than any service takes: 413, without waiting for it", _PRACTICE)
def body_too_large(run: Run) -> Problems:
    called = run.answered
    headers = {"Content-Type": "application/json", "Content-Length": str(_HUGE)}
    url = run.target.service_url(called.service["id"])
    # Nothing of the body is sent: what a server leaves unread when it closes may cost the client the answer.
    yield from _expect(run.target.send("POST", url, b"", None, headers, _WAIT_S), 413)


@check("GET of a service is no call", _PRACTICE)
def wrong_method(run: Run) -> Problems:
    answer = run.target.get(run.target.service_url(run.answered.service["id"]))
    if not 400 <= answer.status < 500:
        yield f"GET of a service {answer.words}, not 405"


@check("a body nested deep does not break the service", "abuse")
def deep_nesting(run: Run) -> Problems:
    answer = _sent(run, b'{"a":' * 50_000 + b"1" + b"}" * 50_000)
    if not 400 <= answer.status < 500:
        yield f"{answer.words}, not 400"


@check("what is refused is explained by an OperationOutcome", "3.0 SHOULD")
def error_outcome(run: Run) -> Problems:
    places = {"malformed JSON": _sent(run, b"{"), "no context": _sent_changed(run, context=None)}
    refused = {place: answer for place, answer in places.items() if answer.status >= 400}
    if not refused:
        raise Skip("nothing was refused")
    for place, answer in refused.items():
        found = answer.json
        if not isinstance(found, dict) or found.get("resourceType") != "OperationOutcome":
            yield f"{place}: {answer.words} without an OperationOutcome"


@check("a refusal does not quote the patient or show the code", "privacy")
def error_quiet(run: Run) -> Problems:
    secret = "zq7-conformance-secret"  # noqa: S105 - a word to look for in the answer
    answer = _sent_changed(run, context={"patientId": [secret], "userId": {secret: secret}})
    if secret.encode() in answer.content:
        yield "the answer quotes a value of the request"
    if b"Traceback (most recent" in answer.content:
        yield "the answer shows a stack trace"


@check(
    "every answer is JSON, but for refusals that a server or proxy in front gives (401, 403, 404, 405, 413, 502, 503)"
)
def json_answers(run: Run) -> Problems:
    seen = [("GET /cds-services", run.discovery), *run.target.answers]
    if not any(answer.content for _, answer in seen):
        raise Skip("nothing was answered")
    for place, answer in seen:
        fronted = answer.status in _OF_SERVERS or place.startswith("OPTIONS")
        if answer.content and not fronted and not answer.is_json:
            kind = answer.headers.get("content-type", "no Content-Type")
            yield f"{place}: {answer.words} as {kind}"


def _expect(answer: Answer, status: int) -> Problems:
    if answer.status != status:
        yield f"{answer.words}, not {status}"


def _called(run: Run) -> Called:
    return run.answered


def _sent(run: Run, body: bytes) -> Answer:
    return run.call(_called(run).service, body)


def _sent_changed(run: Run, **changed: Any) -> Answer:
    called = _called(run)
    body = {name: value for name, value in {**called.request, **changed}.items() if value is not None}
    return run.call(called.service, body)


def _changed(run: Run, **changed: Any) -> Problems:
    if not run.services:
        raise Skip("no service is listed")
    yield from _expect(_sent_changed(run, **changed), 400)
