"""Discovery, browser access, request ids and the log line."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest

from service import __version__
from service.hooks.contract import ServiceDefinition
from service.hooks.discovery import check_services
from service.settings import Settings
from tests.hooks.support import HOOK_INSTANCE, SELECT, VIEW, Recorder, app_of, body, post, searchset


def test_document() -> None:
    response = app_of().test_client().get("/cds-services")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    first, second = response.json["services"]
    assert first == {
        "hook": "patient-view",
        "title": "View",
        "description": "Looks at a chart",
        "id": "view",
        "version": "3.0.0",
        "hookVersion": "1.0",
        "prefetch": dict(VIEW.prefetch),
        "usageRequirements": "None",
    }
    assert "prefetch" not in second
    assert "usageRequirements" not in second


def test_no_services_is_an_empty_list_and_not_ready() -> None:
    client = app_of(services=()).test_client()
    assert client.get("/cds-services").data == b'{"services":[]}'
    assert client.get("/ready").status_code == 503


@pytest.mark.parametrize("path", ["/cds-services", "/cds-services/"])
def test_discovery_with_and_without_slash(path: str) -> None:
    assert app_of().test_client().get(path).status_code == 200


@pytest.mark.parametrize("path", ["/cds-services/view", "/cds-services/view/", "/cds-services//view"])
def test_call_with_and_without_slashes(path: str) -> None:
    assert app_of().test_client().post(path, json=body()).status_code == 200
    assert app_of().test_client().options(path).status_code == 200


WRONG: dict[str, tuple[tuple[ServiceDefinition, ...], str]] = {
    "doubled id": ((VIEW, replace(SELECT, id="view")), "view: id used twice"),
    "id is no segment": ((replace(VIEW, id="a/b"),), "no URL segment"),
    "no description": ((replace(VIEW, description=""),), "title or description"),
    "required without template": ((replace(VIEW, required=frozenset({"x"})),), "no template for the key x"),
    "types without template": ((replace(VIEW, resource_types={"y": ("A",)}),), "no template for the key y"),
    "unknown hook": ((replace(VIEW, hook="chart-open"),), "unknown hook chart-open. Allowed: patient-view"),
    "unknown token": ((replace(VIEW, prefetch={**VIEW.prefetch, "z": "Z/{{context.zId}}"}),), "no token context.zId"),
}


@pytest.mark.parametrize(("services", "words"), WRONG.values(), ids=WRONG.keys())
def test_definitions_that_contradict_themselves(services: tuple[ServiceDefinition, ...], words: str) -> None:
    with pytest.raises(ValueError, match="service definitions") as problem:
        check_services(services)
    assert words in str(problem.value)


def test_every_user_token_is_known() -> None:
    users = {"p": "Practitioner/{{userPractitionerId}}", "e": "Encounter/{{ context.encounterId }}"}
    assert check_services([replace(VIEW, prefetch=users, required=frozenset(), resource_types={})])


ORIGIN = "https://sandbox.example.org"


@pytest.mark.parametrize(
    ("settings", "origin", "allowed"),
    [
        (Settings(), ORIGIN, "*"),
        (Settings(cors_origins=(ORIGIN,)), ORIGIN, ORIGIN),
        (Settings(cors_origins=(ORIGIN,)), "https://other.example.org", None),
        (Settings(cors_origins=(ORIGIN,)), None, None),
        (Settings(cors_origins=()), ORIGIN, None),
    ],
)
def test_cors(settings: Settings, origin: str | None, allowed: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    client = app_of(settings=settings).test_client()
    for response in (
        client.options("/cds-services/view", headers={**headers, "Access-Control-Request-Method": "POST"}),
        client.post("/cds-services/view", json=body(), headers=headers),
        client.post("/cds-services/none", json=body(), headers=headers),
        client.get("/cds-services", headers=headers),
    ):
        assert response.headers.get("Access-Control-Allow-Origin") == allowed
        if allowed:
            assert response.headers["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS"
            assert response.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
        if allowed != "*":
            assert "Origin" in response.headers["Vary"]


@pytest.mark.parametrize(("sent", "echoed"), [("abc-1.2_3", True), ("a b", False), ("x" * 65, False), ("", False)])
def test_request_id(sent: str, echoed: bool) -> None:
    response = app_of().test_client().get("/health", headers={"X-Request-ID": sent})
    assert (response.headers["X-Request-ID"] == sent) is echoed
    assert response.headers["X-Request-ID"]


def test_one_log_line_per_call_without_patient_values(caplog: pytest.LogCaptureFixture) -> None:
    name = {"resourceType": "Patient", "id": "p-secret", "name": [{"family": "Secret"}]}
    request = body(context={"patientId": "p-secret"}, prefetch={"patient": name, "conditions": searchset()})
    with caplog.at_level(logging.INFO, "allcue"):
        post(app_of(Recorder({"cards": [{"summary": "x", "detail": ""}]})), request, headers={"X-Request-ID": "r1"})
    (record,) = caplog.records
    line = json.loads(record.getMessage())
    assert line.pop("ms") >= 0
    assert line.pop("version") == __version__
    assert line == {
        "event": "call",
        "request_id": "r1",
        "service": "view",
        "hook": "patient-view",
        "client": None,
        "hook_instance": HOOK_INSTANCE,
        "status": 200,
        "cards": 1,
        "cleaned": 1,
        "keys": {"patient": "provided", "conditions": "empty", "observations": "absent"},
    }
    assert "secret" not in caplog.text.lower()


@pytest.mark.parametrize(
    ("request_body", "status"), [(body(hook="x"), 400), (body(prefetch={}), 412), ({"hook": "secret"}, 400)]
)
def test_refused_calls_are_logged_too(request_body: object, status: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "allcue"):
        post(app_of(), request_body)
    (record,) = caplog.records
    line = json.loads(record.getMessage())
    assert (line["status"], line["cards"]) == (status, None)
    assert "secret" not in caplog.text


def test_unknown_service_is_not_logged_as_a_call(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "allcue"):
        post(app_of(), body(), service="whoever")
    assert caplog.records == []
