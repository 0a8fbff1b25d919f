"""The OpenAPI document says what the service does: requests made from it at random are answered as it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner

from bench.served import ROOT, served
from fhir_examples.request import day_of, names, request_of
from service.app import is_page
from service.cli import main
from service.hooks.named import Named
from service.hooks.openapi import document
from service.services import SERVICES
from service.settings import Settings
from tests.apps import app_of, client_of
from tests.test_examples import bundle
from tests.test_order_examples import NAMES
from tests.test_order_examples import request as order_request
from tests.test_order_examples import story as order_story

Raw = dict[str, Any]
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


@cache
def surface() -> Raw:
    found: Raw = client_of(Settings()).get("/openapi.json").json
    return found


def validator(schema: Raw) -> Any:
    """A validator of one schema of the document, with the document's own schemas at hand."""
    return jsonschema_rs.validator_for({**schema, "components": surface()["components"]})


def answer_schema(path: str, method: str, status: int) -> Raw:
    response = surface()["paths"][path][method]["responses"][str(status)]
    name = response.get("$ref", "").rpartition("/")[2]
    content = (surface()["components"]["responses"][name] if name else response)["content"]
    found: Raw = content["application/json"]["schema"]
    return found


def test_it_is_openapi_3_1() -> None:
    assert surface()["openapi"] == "3.1.0"
    for service in SERVICES:
        path = f"/cds-services/{service.id}"
        schema = surface()["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert jsonschema_rs.meta.is_valid(schema)
        validator(schema)


KEYS = "/smart/jwks.json"  # beside the pages, for the servers that the app logs in to


@pytest.mark.parametrize("whole", [False, True], ids=["bare", "with a store and metrics"])
def test_every_address_is_in_it(whole: bool, tmp_path: Path) -> None:
    """What Flask routes and what the document lists are the same, but for the double slash that is tolerated and the pages
    for people."""
    settings = (
        Settings(database_url=f"sqlite:///{tmp_path / 'allcue.db'}", metrics=True) if whole else Settings(metrics=False)
    )
    app = app_of(settings)
    routed = set()
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if "//" not in rule.rule and (not is_page(rule.rule) or rule.rule == KEYS):
                routed.add((rule.rule, method.lower()))
    document_of: Raw = app.test_client().get("/openapi.json").json
    told = {(path, method) for path, item in document_of["paths"].items() for method in item}
    per_service = {
        (rule.replace("<service_id>", service.id), method)
        for rule, method in routed
        for service in SERVICES
        if "<service_id>" in rule
    }
    assert told == {(rule, method) for rule, method in routed if "<service_id>" not in rule} | per_service
    assert whole == ("/metrics" in document_of["paths"])
    assert whole == any(path.endswith("/feedback") for path in document_of["paths"])
    assert [one["name"] for one in document_of["paths"]["/ready"]["get"]["parameters"]] == ["store"]
    launched = {rule.rule for rule in app.url_map.iter_rules()}
    assert set(document_of["info"]["x-smart"].values()) <= launched


@pytest.mark.parametrize(
    "variables", [{}, {"ALLCUE_METRICS": "off", "ALLCUE_DATABASE_URL": "none"}, {"ALLCUE_HOOKS": "order-sign"}]
)
def test_the_command_writes_what_the_service_answers(
    variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLCUE_DATABASE_URL", f"sqlite:///{tmp_path / 'allcue.db'}")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "openapi.json"
    assert CliRunner().invoke(main, ["openapi", "--output", str(file)]).exit_code == 0
    answered = app_of(Settings.from_env(os.environ)).test_client().get("/openapi.json").json
    assert json.loads(file.read_text(encoding="utf-8")) == answered


def test_the_command_tells_settings_that_would_not_be_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLCUE_HOST", "0.0.0.0")
    refused = CliRunner().invoke(main, ["openapi"])
    assert refused.exit_code == 1
    assert "client trust is not configured" in refused.output


def test_the_command_tells_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    refused = CliRunner().invoke(main, ["openapi", "--output", str(tmp_path / "missing" / "openapi.json")])
    assert refused.exit_code == 1
    assert "No such file or directory" in refused.output
    assert "Traceback" not in refused.output


def test_it_says_where_a_token_is_due() -> None:
    open_one = document(SERVICES, Named("x", "1"))
    closed = document(SERVICES, Named("x", "1"), "https://cds.example.org", secured=True)
    for path in ("/cds-services", *(f"/cds-services/{service.id}" for service in SERVICES)):
        method = "get" if path == "/cds-services" else "post"
        assert open_one["paths"][path][method]["security"] == []
        assert closed["paths"][path][method]["security"] == [{"jwt": []}]
        assert "401" in closed["paths"][path][method]["responses"]
    assert closed["servers"] == [{"url": "https://cds.example.org"}]


@pytest.mark.parametrize("path", ["/", "/health", "/ready", "/openapi.json", "/cds-services", KEYS])
def test_what_is_read_is_as_described(path: str) -> None:
    validator(answer_schema(path, "get", 200)).validate(client_of(Settings()).get(path).json)


def asked() -> list[Any]:
    found = [pytest.param(name, "patient-view", id=name) for name in names()[::6]]
    return found + [pytest.param(name, "order-sign", id=f"order {name}") for name in NAMES[::25]]


@pytest.mark.parametrize(("name", "hook"), asked())
def test_examples_and_their_answers_are_as_described(name: str, hook: str) -> None:
    is_order = hook == "order-sign"
    request = order_request(name, hook) if is_order else request_of(bundle(name), name)
    day = day_of(order_story(name)["patient"] if is_order else name)
    path = f"/cds-services/allcue-{hook}"
    validator(surface()["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]).validate(
        request
    )
    answer = client_of(Settings(as_of=day)).post(path, json=request)
    validator(answer_schema(path, "post", answer.status_code)).validate(answer.json)


def test_a_refusal_is_as_described() -> None:
    path = "/cds-services/allcue-patient-view"
    answer = client_of(Settings()).post(path, json={})
    assert answer.status_code == 400
    validator(answer_schema(path, "post", 400)).validate(answer.json)


def test_random_requests_are_answered_as_described(tmp_path: Path) -> None:
    """A short run of what ``python -m bench.fuzz`` does for long: a fixed seed, a few requests for each address."""
    command = [
        str(SCHEMATHESIS), "--config-file", str(ROOT / "bench/schemathesis.toml"), "run", "--checks", "all", "--seed", "1",
        "--max-examples", "6", "--phases", "coverage,fuzzing", "--suppress-health-check", "all",
    ]  # fmt: skip
    with served() as port:
        run = subprocess.run(
            [*command, f"http://127.0.0.1:{port}/openapi.json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-1000:]
