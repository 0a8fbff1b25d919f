"""What is refused, with which status, code and element."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from service.settings import Settings
from tests.hooks.support import HOOK_INSTANCE, PATIENT, Recorder, app_of, body, issue_of, post

R = "CDSHooksRequest"
CONTEXT = {"userId": "Practitioner/u1", "patientId": "p1"}
TOKEN = {"access_token": "secret", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs", "subject": "s"}
SERVER = "https://ehr.example.org/fhir"
SELECT = {"hook": "order-select"}

ENVELOPE: dict[str, tuple[str, Any, str, str]] = {
    "no hook": ("view", body(hook=None), "required", f"{R}.hook"),
    "hook is no string": ("view", body(hook=3), "value", f"{R}.hook"),
    "hook of another service": ("view", body(hook="order-sign"), "value", f"{R}.hook"),
    "no hookInstance": ("view", body(hookInstance=None), "required", f"{R}.hookInstance"),
    "hookInstance is no UUID": ("view", body(hookInstance="42"), "value", f"{R}.hookInstance"),
    "hookInstance is empty": ("view", body(hookInstance=""), "value", f"{R}.hookInstance"),
    "no context": ("view", body(context=None), "required", f"{R}.context"),
    "context is an array": ("view", body(context=[]), "value", f"{R}.context"),
    "no patientId": ("view", body(context={"userId": "Practitioner/u1"}), "required", f"{R}.context.patientId"),
    "patientId is null": ("view", body(context={"patientId": None}), "required", f"{R}.context.patientId"),
    "no patientId, but a member without a name": (
        "view", body(context={"userId": "Practitioner/u1", "": "p1"}), "required", f"{R}.context.patientId",
    ),
    "patientId holds markup": ("view", body(context={"patientId": "p1<b>"}), "value", f"{R}.context.patientId"),
    "patientId is blank": ("view", body(context={"patientId": " "}), "value", f"{R}.context.patientId"),
    "patientId is a number": ("view", body(context={"patientId": 1}), "value", f"{R}.context.patientId"),
    "patientId is of another type": ("view", body(context={"patientId": "Group/1"}), "value", f"{R}.context.patientId"),
    "patientId holds a path": ("view", body(context={"patientId": "a/b"}), "value", f"{R}.context.patientId"),
    "patientId holds a space": ("view", body(context={"patientId": "a b"}), "value", f"{R}.context.patientId"),
    "userId is an object": ("view", body(context={**CONTEXT, "userId": {}}), "value", f"{R}.context.userId"),
    "prefetch is an array": ("view", body(prefetch=[]), "value", f"{R}.prefetch"),
    "fhirServer is a number": ("view", body(fhirServer=1), "value", f"{R}.fhirServer"),
    "fhirServer is no address": ("view", body(fhirServer="ehr"), "value", f"{R}.fhirServer"),
    "fhirServer is a file": ("view", body(fhirServer="file:///etc"), "value", f"{R}.fhirServer"),
    "token without server": ("view", body(fhirAuthorization=TOKEN), "required", f"{R}.fhirServer"),
    "authorization without token": (
        "view", body(fhirServer=SERVER, fhirAuthorization={"scope": "x"}), "required",
        f"{R}.fhirAuthorization.access_token",
    ),
    "token with a line break": (
        "view", body(fhirServer=SERVER, fhirAuthorization={**TOKEN, "access_token": "a\nb"}), "value",
        f"{R}.fhirAuthorization.access_token",
    ),
    "token type": (
        "view", body(fhirServer=SERVER, fhirAuthorization={**TOKEN, "token_type": "mac"}), "value",
        f"{R}.fhirAuthorization.token_type",
    ),
    "token of another patient": (
        "view", body(fhirServer=SERVER, fhirAuthorization={**TOKEN, "patient": "p2"}), "value",
        f"{R}.fhirAuthorization.patient",
    ),
    "no draftOrders": ("select", body(**SELECT), "required", f"{R}.context.draftOrders"),
    "draftOrders is an array": (
        "select", body(**SELECT, context={**CONTEXT, "draftOrders": []}), "value", f"{R}.context.draftOrders",
    ),
    "selections is a string": (
        "select", body(**SELECT, context={**CONTEXT, "draftOrders": {"resourceType": "Bundle"}, "selections": "x"}),
        "value", f"{R}.context.selections",
    ),
    "body is an array": ("view", [], "structure", R),
}  # fmt: skip


@pytest.mark.parametrize(("service", "request_body", "code", "expression"), ENVELOPE.values(), ids=ENVELOPE.keys())
def test_envelope_is_refused_with_its_element(service: str, request_body: Any, code: str, expression: str) -> None:
    engine = Recorder()
    response = post(app_of(engine), request_body, service)
    assert response.status_code == 400
    issue = issue_of(response)
    assert (issue["code"], issue["expression"]) == (code, [expression])
    assert engine.asked == []


def test_all_that_is_wrong_is_said_at_once() -> None:
    response = post(app_of(), {"prefetch": 1, "context": {}})
    found = {issue["expression"][0] for issue in response.json["issue"]}
    assert found == {f"{R}.hook", f"{R}.hookInstance", f"{R}.prefetch"}


JSON: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "blank": (b" \n", "empty"),
    "cut off": (b'{"hook":', "line 1"),
    "second line": (b'{"hook": 1,\n  oops}', "line 2, column 3"),
    "not UTF-8": (b'{"hook": "\xff"}', "UTF-8"),
    "NaN": (b'{"a": NaN}', "line 1"),
    "too deep": (b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}", "depth limit"),
    "much too deep": (b"[" * 100_000, "JSON"),
}


@pytest.mark.parametrize(("data", "words"), JSON.values(), ids=JSON.keys())
def test_unreadable_json(data: bytes, words: str) -> None:
    response = post(app_of(), data)
    assert response.status_code == 400
    issue = issue_of(response)
    assert issue["code"] == "structure"
    assert words in issue["diagnostics"]


CONTENT_TYPES = {
    "application/json": 200,
    "application/json; charset=utf-8": 200,
    "application/json;charset=UTF-8": 200,
    "application/fhir+json": 200,
    "application/vnd.ehr+json; charset=utf8": 200,
    "application/json; charset=iso-8859-1": 200,
    "application/json; charset=utf-7": 415,
    "text/plain": 415,
    "application/xml": 415,
    "application/x-www-form-urlencoded": 415,
    "": 415,
}


@pytest.mark.parametrize(("content_type", "status"), CONTENT_TYPES.items())
def test_content_type(content_type: str, status: int) -> None:
    response = post(app_of(), body(), content_type=content_type)
    assert response.status_code == status
    if status != 200:
        assert issue_of(response)["code"] == "not-supported"


def test_charset_is_read_and_a_wrong_one_is_refused() -> None:
    engine = Recorder()
    name = {**PATIENT, "name": [{"text": "Zoë"}]}
    data = json.dumps(body(prefetch={"patient": name}), ensure_ascii=False)
    latin = "application/json; charset=iso-8859-1"
    assert post(app_of(engine), data.encode("latin-1"), content_type=latin).status_code == 200
    assert engine.keys["patient"].resources == (name,)
    response = post(app_of(), b"\xff\xfe{\x00x", content_type="application/json; charset=utf-16")
    assert response.status_code == 400
    assert "charset" in issue_of(response)["diagnostics"]


def test_byte_order_mark_is_read() -> None:
    assert post(app_of(), b"\xef\xbb\xbf" + json.dumps(body()).encode()).status_code == 200


def test_compressed_body() -> None:
    assert post(app_of(), body(), headers={"Content-Encoding": "gzip"}).status_code == 415


def test_body_too_large() -> None:
    app = app_of(settings=Settings(max_body=2000))
    assert post(app, body()).status_code == 200
    response = post(app, body(extension={"x": "y" * 2000}))
    assert response.status_code == 413
    assert issue_of(response)["code"] == "too-long"


@pytest.mark.parametrize(("extra", "status"), [(0, 200), (1, 413), (9000, 413)])
def test_body_of_unknown_length_too_large(extra: int, status: int) -> None:
    data = json.dumps(body()).encode()
    response = (
        app_of(settings=Settings(max_body=len(data)))
        .test_client()
        .post(
            "/cds-services/view",
            input_stream=io.BytesIO(data + b" " * extra),
            content_type="application/json",
            headers={"Transfer-Encoding": "chunked"},
            environ_overrides={"wsgi.input_terminated": True},
        )
    )
    assert response.status_code == status


ROUTES = [
    ("POST", "/cds-services/none", 404, "not-found"),
    ("GET", "/cds-services/none/deeper", 404, "not-found"),
    ("GET", "/nowhere", 404, "not-found"),
    ("GET", "/cds-services/view", 405, "not-supported"),
    ("DELETE", "/cds-services/view", 405, "not-supported"),
    ("POST", "/cds-services", 405, "not-supported"),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), ROUTES)
def test_routes(method: str, path: str, status: int, code: str) -> None:
    response = app_of().test_client().open(path, method=method, json=body())
    assert response.status_code == status
    assert issue_of(response)["code"] == code
    assert ("Allow" in response.headers) == (status == 405)


def test_a_fault_shows_and_logs_nothing_of_the_patient(caplog: pytest.LogCaptureFixture) -> None:
    def fail(invocation: Any) -> Any:
        raise KeyError(f"born {invocation.prefetched['patient'].resources[0]['birthDate']}")

    with caplog.at_level(logging.DEBUG):
        response = post(
            app_of(fail), body(prefetch={"patient": {**PATIENT, "birthDate": "1951-03-07"}}),
            headers={"X-Request-ID": "abc-1"},
        )  # fmt: skip
    assert response.status_code == 500
    assert issue_of(response)["code"] == "exception"
    assert "abc-1" in issue_of(response)["diagnostics"]
    assert "KeyError" not in response.text
    assert "KeyError request_id=abc-1" in caplog.text
    assert "1951" not in response.text + caplog.text


@pytest.mark.parametrize("answer", [{}, {"cards": None}, {"cards": {}}])
def test_an_answer_without_cards_is_a_fault_not_silence(answer: Any) -> None:
    assert post(app_of(Recorder(answer)), body()).status_code == 500


def test_refusals_do_not_quote_what_was_sent() -> None:
    response = post(app_of(), body(hookInstance="SENT-1", context={"patientId": "SENT 2"}))
    assert response.status_code == 400
    assert "SENT" not in response.text


PATIENT_IDS = ["p1", "Patient/p1", "https://ehr.example.org/fhir/Patient/p1", " p1 "]


@pytest.mark.parametrize("sent", PATIENT_IDS)
def test_patient_id_is_made_bare(sent: str) -> None:
    engine = Recorder()
    assert post(app_of(engine), body(context={"patientId": sent})).status_code == 200
    assert engine.asked[0].context["patientId"] == "p1"


TOLERATED: dict[str, dict[str, Any]] = {
    "no userId": {"context": {"patientId": "p1"}},
    "bare userId": {"context": {**CONTEXT, "userId": "COREPRACTITIONER1"}},
    "userId is a patient": {"context": {**CONTEXT, "userId": "Patient/p1"}},
    "userId is an address": {"context": {**CONTEXT, "userId": "https://ehr.example.org/Practitioner/1"}},
    "null encounterId": {"context": {**CONTEXT, "encounterId": None}},
    "more context": {"context": {**CONTEXT, "com.example.more": [1]}},
    "extension object": {"extension": {"com.example": {"a": 1}}},
    "extension array": {"extension": [{"url": "x"}]},
    "unknown member": {"com.example": 1},
    "hookInstance with urn": {"hookInstance": f"urn:uuid:{HOOK_INSTANCE}"},
    "server without token": {"fhirServer": SERVER},
    "short authorization": {"fhirServer": SERVER, "fhirAuthorization": {"access_token": "x"}},
    "odd authorization": {"fhirServer": SERVER, "fhirAuthorization": {**TOKEN, "scope": [], "patient": "Patient/p1"}},
}


@pytest.mark.parametrize("more", TOLERATED.values(), ids=TOLERATED.keys())
def test_what_is_odd_but_answerable_is_answered(more: dict[str, Any]) -> None:
    engine = Recorder()
    assert post(app_of(engine), body(**more)).status_code == 200
    assert engine.asked[0].hook_instance == HOOK_INSTANCE
