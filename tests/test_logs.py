"""What the service logs: never a patient's value, a token or a header, and never a line that a client wrote."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_examples.request import day_of, names, request_of
from service.settings import Settings
from tests.apps import client_of
from tests.hooks.support import Recorder, app_of, body, post
from tests.test_examples import bundle
from tests.test_order_examples import NAMES
from tests.test_order_examples import request as order_request
from tests.test_order_examples import story as order_story

Raw = dict[str, Any]
TOKEN, JWT, COOKIE, QUERY = (
    "planted-access-token-7f3a",
    "planted.jwt.c2lnbmF0dXJl",
    "planted-cookie-91",
    "planted-query-17",
)
NAME = "Plantedfamilyname"
SAID = {"hook", "hookInstance", "resourceType"}  # members whose values a log line may tell
HEADERS = {"Authorization": f"Bearer {JWT}", "Cookie": f"session={COOKIE}", "Referer": f"https://x/{QUERY}"}


class Kept(logging.Handler):
    """All that is logged by anybody, with tracebacks."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def logged() -> Iterator[Kept]:
    root, handler = logging.getLogger(), Kept()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger("allcue").setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)
    logging.getLogger("allcue").setLevel(logging.NOTSET)


def client(day: date) -> FlaskClient:
    return client_of(Settings(as_of=day))


def values(value: Any, name: str = "") -> Iterator[str]:
    """The strings of a request that say something of the patient."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from values(child, key)
    elif isinstance(value, list):
        for child in value:
            yield from values(child, name)
    elif isinstance(value, str) and len(value) >= 6 and name not in SAID:
        yield value


def requests() -> Iterator[tuple[str, date, Raw]]:
    for name in names():
        yield "patient-view", day_of(name), request_of(bundle(name), name)
    for name in NAMES[::10]:
        yield "order-select", day_of(order_story(name)["patient"]), order_request(name, "order-select")


def with_secrets(request: Raw) -> Raw:
    """With a token for a FHIR server that is not there, a missing key that is to be read from it, and a name."""
    prefetch = {key: value for key, value in request["prefetch"].items() if key != "observations"}
    patient = {**prefetch["patient"], "name": [{"family": NAME}], "birthDate": prefetch["patient"].get("birthDate")}
    return {
        **request,
        "prefetch": {**prefetch, "patient": patient},
        "fhirServer": "http://127.0.0.1:9/fhir",
        "fhirAuthorization": {
            "access_token": TOKEN,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "x",
            "subject": "y",
        },
    }


def test_no_value_of_a_request_is_logged(logged: Kept, capfd: pytest.CaptureFixture[str]) -> None:
    for hook, day, request in requests():
        told = with_secrets(request)
        logged.lines.clear()
        answer = client(day).post(f"/cds-services/allcue-{hook}?q={QUERY}", json=told, headers=HEADERS)
        assert answer.status_code == 200
        lines = [line for line in logged.lines if not line.startswith("Starting new HTTP connection")]
        text = "\n".join(lines)
        assert '"event":"call"' in text, "nothing was logged: the test would see nothing"
        for ours in sorted({*told["prefetch"], "observations", f"allcue-{hook}"}, key=len, reverse=True):
            text = text.replace(f'"{ours}"', "")  # names of ours; a value may be a part of one
        found = [value for value in {*values(told), TOKEN, JWT, COOKIE, QUERY, NAME} if value in text]
        assert found == [], text
    assert NAME not in "".join(capfd.readouterr())


BROKEN: dict[str, Any] = {
    "400": lambda request: {**request, "hookInstance": f"{NAME}\n{TOKEN}"},
    "400 context": lambda request: {**request, "context": {"patientId": f"{NAME} {TOKEN}"}},
    "400 JSON": lambda request: json.dumps(request).encode()[:-1] + b"x",
    "412": lambda request: {**request, "prefetch": {"patient": {"resourceType": NAME, "id": TOKEN}}},
    "422": lambda request: {
        **request,
        "context": {**request["context"], "more": json.loads("[" * 150 + f'"{TOKEN}"' + "]" * 150)},
    },
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_refusals_log_and_tell_no_value(broken: Any, logged: Kept) -> None:
    name = names()[0]
    answer = post_raw(client(day_of(name)), broken(with_secrets(request_of(bundle(name), name))))
    assert answer.status_code in (400, 412, 422)
    for text in ("\n".join(logged.lines), answer.text):
        assert not any(planted in text for planted in (NAME, TOKEN, JWT, COOKIE, QUERY)), text


def post_raw(to: FlaskClient, request: Any) -> Any:
    data = request if isinstance(request, bytes) else json.dumps(request).encode()
    return to.post("/cds-services/allcue-patient-view", data=data, content_type="application/json", headers=HEADERS)


def test_a_fault_logs_no_value(logged: Kept) -> None:
    def fail(invocation: Any) -> Any:
        secret = f"{NAME} {TOKEN} {invocation.context['patientId']}"
        raise ValueError(secret)

    request = {
        **body(context={"patientId": NAME}, prefetch={"patient": {"resourceType": "Patient", "id": NAME}}),
        "fhirServer": "http://127.0.0.1:9",
        "fhirAuthorization": {"access_token": TOKEN},
    }
    assert post(app_of(fail), request, headers=HEADERS).status_code == 500
    text = "\n".join(logged.lines)
    assert "unexpected ValueError" in text
    assert not any(planted in text for planted in (NAME, TOKEN, JWT, COOKIE))


FORGED = '\n{"event":"call","forged":true}\r\n\x1b[2J\x1b]0;forged\x07\u2028forged'


@pytest.mark.parametrize(
    "request_id", ["forged 1", "forged\x1b[31m", "forged" * 20, "{forged}", 'forged"', "forged%0a", "forgëd"]
)
def test_a_request_id_of_a_caller_cannot_forge_a_line(request_id: str, logged: Kept) -> None:
    response = post(app_of(), body(), headers={"X-Request-ID": request_id})
    assert response.status_code == 200
    assert "forg" not in "\n".join(logged.lines) + response.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "place", ["hookInstance", "hook", "patientId", "userId", "key", "id", "resourceType", "detail"]
)
def test_a_line_is_one_line_whatever_is_sent(place: str, logged: Kept) -> None:
    request = body()
    if place in ("hookInstance", "hook"):
        request[place] += FORGED
    elif place in ("patientId", "userId"):
        request["context"] = {**request["context"], place: f"p1{FORGED}"}
    elif place == "key":
        request["prefetch"] = {**request["prefetch"], FORGED: None}
    else:
        row = {"resourceType": "Observation", "id": "o1"}
        outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": FORGED, "code": FORGED}]}
        row = outcome if place == "detail" else {**row, place: FORGED}
        request["prefetch"] = {**request["prefetch"], "observations": row}
    response = post(app_of(Recorder()), request)
    assert response.status_code in (200, 400, 412)
    for line in logged.lines:
        assert "forged" not in line
        assert line.isprintable() or "\n" not in line
    assert "forged" not in response.text


def test_the_path_of_a_call_is_not_logged(logged: Kept) -> None:
    response = app_of().test_client().post(f"/cds-services/{NAME}%0Aforged", json=body())
    assert response.status_code == 404
    assert NAME not in "\n".join(logged.lines) + response.text
